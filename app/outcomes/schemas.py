"""What the forms of outcomes ask."""

from typing import Annotated, Literal

from pydantic import Field

from app.assessments.schemas import ScaleIn
from app.core.types import Day, StrictModel, Text

Note = Annotated[Text, Field(max_length=300)]


class ObservationIn(StrictModel):
    """A measure on one day: a value; of a share, how many said so and how many were asked."""

    on_date: Day
    value: Annotated[float, Field(ge=0, le=100_000)] | None = None
    k: Annotated[int, Field(ge=0, le=100_000)] | None = None
    n: Annotated[int, Field(ge=1, le=100_000)] | None = None
    method: Text | None = None
    note: Note | None = None


class ReleaseIn(StrictModel):
    """A share of safety maps again: the release says it."""

    release: Annotated[Text, Field(max_length=20)]
    note: Note | None = None


class DesignIn(StrictModel):
    """Which windows, which harms, and a larger place whose size somebody declares."""

    starts_on: Day
    weeks: Annotated[int, Field(ge=4, le=104)] = 26
    harms: Literal["PLACE", "ALL"] = "PLACE"
    larger: Text | None = None
    weight: Annotated[float, Field(gt=1, le=20)] | None = None


class CompareIn(StrictModel):
    """Whether incidents were recorded in the same way throughout."""

    recording: Literal["SAME", "CHANGED"]


class ReviewIn(StrictModel):
    """An outcome review before it is decided."""

    version: int = 0
    round: Literal["M3", "M6", "M12", "EXTRA"]
    held_on: Day
    voice: Literal["HEARD", "NOT_HEARD"]
    no_voice_reason: Annotated[Text, Field(min_length=40, max_length=500)] | None = None
    displacement: Literal["NONE_SEEN", "SEEN", "NOT_CHECKED"]
    displacement_text: Annotated[Text, Field(max_length=500)] | None = None


class ScoreIn(ScaleIn):
    """What one group says from 0 to 10, and the version that was looked at."""

    version: int = 0


class DecisionIn(StrictModel):
    """What follows from a review, and why."""

    version: int
    decision: Literal[
        "CONTINUE", "CHANGE_PLAN", "STEP_DOWN", "STEP_UP", "CLOSE_SAFER", "CLOSE_OTHER"
    ]
    reason: Annotated[Text, Field(min_length=20, max_length=500)]


class AgreeIn(StrictModel):
    """A second person agrees with what they looked at."""

    version: int


class VerdictOut(StrictModel):
    """A place that may be named, and sentences without numbers."""

    place: str
    sentences: list[str]


class VerdictsOut(StrictModel):
    """By name of the place."""

    items: list[VerdictOut]
