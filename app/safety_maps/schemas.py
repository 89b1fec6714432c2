"""What people send about drawings."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from app.core.types import Day, StrictModel, Text

AreaCode = Literal["NEAR", "WAYS", "WIDE"]
Light = Literal["day", "dark"]
GroupSize = Annotated[int, Field(ge=1, le=60)]


class SessionIn(StrictModel):
    """A group that draws: when, how many, what of the place, and in which light."""

    on: Day
    area: AreaCode
    light: Light
    group: GroupSize

    @property
    def after_dark(self) -> bool:
        return self.light == "dark"


class OpenIn(SessionIn):
    """The same, by a worker who has read out the sentence on consent."""

    consent: Literal["yes"]
    how: Literal["draw", "type", "paper"] = "draw"


class DrawingIn(StrictModel):
    """One drawing: names of squares by colour. The key is made with the form, and random."""

    sheet: UUID
    red: Annotated[Text, Field(max_length=400)] = ""
    amber: Annotated[Text, Field(max_length=400)] = ""
    green: Annotated[Text, Field(max_length=400)] = ""
    note: Annotated[Text, Field(max_length=200)] | None = None

    @property
    def typed(self) -> dict[str, str]:
        return {"RED": self.red, "AMBER": self.amber, "GREEN": self.green}
