"""What people send while they assess a place."""

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field

from app.core.types import Day, StrictModel, Text
from app.places.schemas import Code, Codes

T200 = Annotated[Text, Field(max_length=200)]
T300 = Annotated[Text, Field(max_length=300)]
T500 = Annotated[Text, Field(max_length=500)]
T1000 = Annotated[Text, Field(max_length=1000)]
People = Annotated[int, Field(ge=0, le=5000)]
Prompt = Literal["REPORT", "INTEL", "CLUSTER", "PANEL", "REVIEW"]
Band = Literal["NONE", "B1_2", "B3_7", "B8_19", "B20_PLUS", "NOT_KNOWN"]
View = Literal[
    "CHILDREN", "PARENTS_CARERS", "GUARDIANS", "RESIDENTS", "PRACTITIONERS", "DATA", "SETTLED"
]


class BeginIn(StrictModel):
    """What made people look."""

    prompted_by: Prompt
    prompted_text: T500 | None = None


class BasicsIn(BeginIn):
    """Where, when and about what; the boundary and the hours are read apart."""

    boundary_reason: T500 | None = None
    scope: T1000 | None = None
    managed_by: T200 | None = None
    harm_codes: Codes = ()
    child_count_band: Band = "NOT_KNOWN"
    previous_responses: T1000 | None = None
    what_works: T1000 | None = None
    policing_history: T1000 | None = None
    consents: T500 | None = None
    limits: T500 | None = None
    started_on: Day | None = None
    due_on: Day | None = None


class SlotsIn(StrictModel):
    slots_reason: Annotated[Text, Field(min_length=20, max_length=500)] | None = None


class VoiceIn(StrictModel):
    """Why children were not heard yet, and by when they will be."""

    no_voice_reason: Annotated[Text, Field(min_length=40, max_length=500)] | None = None
    voice_due_on: Day | None = None


class MethodIn(StrictModel):
    """Planned, or held on a day; numbers of people, never who."""

    method_code: Code
    held_on: Day | None = None
    day_part: Code | None = None
    after_dark: Literal["yes", "no"] | None = None
    n_children: People | None = None
    n_adults: People | None = None
    note: T500 | None = None


class AnswerIn(StrictModel):
    """One indicator as one view sees it. NK: asked, and not known."""

    rating: Literal["", "NK", "0", "1", "2", "3", "4"] = ""
    confidence: Literal["L", "M", "H"] = "M"
    note: T1000 | None = None


class SignIn(StrictModel):
    column_code: Literal["WORKING", "WORRIED", "NEEDS"]
    body: Annotated[Text, Field(min_length=1, max_length=300)]
    view: View
    evidence: Sequence[str] = ()


class ScaleIn(StrictModel):
    party: Code
    n_people: Annotated[int, Field(ge=1, le=5000)]
    score: Annotated[int, Field(ge=0, le=10)]
    on_date: Day
    why: T300 | None = None
    one_point: T300 | None = None
