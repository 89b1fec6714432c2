"""What people send about the life of a place."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from app.core.types import Day, StrictModel, Text
from app.places.guards import Close
from app.places.rules import State
from app.places.schemas import Code
from app.places.weeks import WeekIn

Level = Literal["CL0", "CL1", "CL2", "CL3", "CL4"]
Why = Annotated[Text, Field(min_length=10, max_length=500)]
Version = Annotated[int, Field(ge=1)]


class MoveIn(StrictModel):
    """A decision about a place: where it goes on, and why. `version` is the one looked at."""

    to: Annotated[State, Field(strict=False)]
    reason: Why
    version: Version
    class_confirmed: bool = False
    level: Level | None = None
    close_code: Annotated[Close, Field(strict=False)] | None = None
    review_on: Day | None = None
    assessor: Annotated[Text, Field(max_length=20)] | None = None
    boundary: Annotated[Text, Field(max_length=500)] | None = None


class LevelIn(StrictModel):
    level: Level
    reason: Why
    version: Version


class UrgentIn(StrictModel):
    """Urgent, with what has to be done within a day; or, by a lead, no longer."""

    urgent: bool
    reason: Annotated[Text, Field(min_length=10, max_length=300)]
    version: Version


class RenewalIn(StrictModel):
    reason: Why
    version: Version


class AliasIn(StrictModel):
    name: Annotated[Text, Field(min_length=1, max_length=80)]


class LinkIn(StrictModel):
    to: Annotated[Text, Field(max_length=20)]
    relation: Code
    since_on: Day | None = None
    note: Annotated[Text, Field(max_length=300)] | None = None


class GuardianIn(StrictModel):
    """Who looks after children at a place, and when. `week` as for times of concern."""

    kind: (
        Literal["YOUTH_WORKER", "STAFF", "TRANSPORT", "POLICE", "VOLUNTEER", "PARENTS"]
        | (Literal["VENUE_OPEN"])
    )
    agency: Code
    week: WeekIn
    trained: bool | None = None
    trusted: Literal["YES", "MIXED", "NO", "NOT_ASKED"] = "NOT_ASKED"
    valid_from_on: Day
    valid_to_on: Day | None = None
    note: Annotated[Text, Field(max_length=300)] | None = None

    def period_problem(self) -> str | None:
        until: date | None = self.valid_to_on
        return (
            "The last day is before the first."
            if until is not None and until < self.valid_from_on
            else None
        )


class MergeIn(StrictModel):
    """Make this place part of another one."""

    into: Annotated[Text, Field(max_length=20)]
    reason: Why
    version: Version


class SplitIn(StrictModel):
    """What goes to the new place: keys of incidents, reports, guardians, names and links."""

    reason: Why
    version: Version
    keys: Annotated[Sequence[str], Field(max_length=500)] = ()
