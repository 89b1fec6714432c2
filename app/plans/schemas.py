"""What people send about plans and actions."""

from decimal import Decimal
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from app.core.types import Day, ListCode, StrictModel, Text

Version = Annotated[int, Field(ge=1)]
Amount = Annotated[Decimal, Field(max_digits=9, decimal_places=3)]
Show = Literal["mine", "overdue", "help", "confirm", "all", "over"]
Kind = (
    Literal["SURVEY_SHARE", "SAFETY_SCALE", "SAFETY_MAP_SHARE", "INDICATOR", "OBSERVATION"]
    | Literal["TAKEDOWN_DAYS", "GUARDIAN_HOURS", "INCIDENT_WDD", "EFFORT"]
)


class MeasureIn(StrictModel):
    """How change is seen."""

    goal: UUID
    kind: Kind
    body: Annotated[Text, Field(min_length=3, max_length=200)]
    unit: Annotated[Text, Field(max_length=40)] = ""
    direction: Literal["UP", "DOWN"]
    baseline: Amount | None = None
    baseline_n: Annotated[int, Field(ge=0, le=100_000)] | None = None
    baseline_on: Day | None = None
    target: Amount | None = None
    due_on: Day | None = None
    is_change: bool = False
    method_code: ListCode | None = None
    release: Annotated[Text, Field(max_length=20)] | None = None  # of safety maps: the baseline
    version: Version = 1


class ActionIn(StrictModel):
    """Who does what by when."""

    response_code: ListCode
    goal: UUID | None = None
    body: Annotated[Text, Field(min_length=3, max_length=200)]
    owner_agency: ListCode
    owner: Annotated[Text, Field(max_length=20)] | None = None
    due_on: Day
    version: Version = 1


class WordsIn(StrictModel):
    """What a plan says beside its goals and actions; the first two are frozen when it is agreed."""

    equality_check: Annotated[Text, Field(max_length=1000)] | None = None
    ring_m: Annotated[int, Field(ge=50, le=2000)] | None = None
    consultation: Annotated[Text, Field(max_length=1000)] | None = None
    summary_plain: Annotated[Text, Field(max_length=600)] | None = None
    shown_on: Day | None = None
    version: Version


class MoveIn(StrictModel):
    """A step of a plan; `version` is the one looked at."""

    to: Literal["AGREED", "ACTIVE", "REVIEWED", "COMPLETED", "ABANDONED"]
    reason: Annotated[Text, Field(max_length=500)] | None = None
    version: Version


class TellIn(StrictModel):
    """What the owner of an action says of it."""

    state: Literal["OPEN", "IN_PROGRESS", "DONE_PENDING_EVIDENCE"]
    evidence: Annotated[Text, Field(max_length=500)] | None = None
    help_wanted: bool = False
    version: Version


class DecisionIn(StrictModel):
    """What a lead decides about an action."""

    to: Literal["DONE", "WITHDRAWN"]
    reason: Annotated[Text, Field(max_length=500)] | None = None
    version: Version
