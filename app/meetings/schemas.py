"""What the forms of a meeting may say."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from app.core.types import Day, ListCode, StrictModel, Text

Yes = Literal["yes"] | None
Points = Annotated[int, Field(ge=0, le=100)]
Words = Annotated[Text, Field(min_length=3, max_length=500)]


class MeetingIn(StrictModel):
    """A meeting that is planned; people are named after it."""

    kind: ListCode
    on: Day
    at: Annotated[Text, Field(pattern=r"^([01]?\d|2[0-3]):[0-5]\d$")]
    places: Annotated[Text, Field(max_length=500)] = ""
    chair: Yes = None


class PersonIn(StrictModel):
    """Somebody is named."""

    user: Text
    chair: Yes = None
    rates: Yes = None


class ItemIn(StrictModel):
    """A line of the agenda: of a child the reference alone, of others words."""

    section: Literal["V", "L", "T", "S"]
    place: Text = ""
    body: Annotated[Text, Field(max_length=500)] = ""


class DecisionIn(StrictModel):
    """What was decided about one line."""

    decision: Words
    version: int


class ActionIn(StrictModel):
    """Who does what by when."""

    place: Text
    response_code: ListCode
    body: Annotated[Text, Field(min_length=3, max_length=200)]
    owner_agency: ListCode
    due_on: Day


class MinutesIn(StrictModel):
    """What was said, of the context; who was there is said beside it."""

    minutes: Annotated[Text, Field(min_length=3, max_length=5000)]
    version: int


class RatingIn(StrictModel):
    """100 points over seven contexts; an empty box is none."""

    place: Text = ""
    rater_kind: Literal["PRACTITIONER", "POLICE", "SCHOOL", "PARENT_CARER", "CHILD", "OTHER"]
    HOME: Points = 0
    PEER: Points = 0
    SCHOOL: Points = 0
    NEIGHBOURHOOD: Points = 0
    ONLINE: Points = 0
    SERVICES: Points = 0
    STRUCTURAL: Points = 0
    must_change_first: ListCode
    rationale: Annotated[Text, Field(min_length=1, max_length=500)]


class AbsentIn(StrictModel):
    """Somebody who was asked to rate did not come."""

    place: Text = ""
    member: UUID
    absent_reason: Annotated[Text, Field(min_length=10, max_length=300)]


class ConclusionIn(StrictModel):
    """What the conference decided after it had seen everybody's points."""

    place: Text = ""
    decision: Words
