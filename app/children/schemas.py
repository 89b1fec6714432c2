"""Children on the wire: references only."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, NamedTuple, Self
from uuid import UUID

from pydantic import BaseModel, Field

from app.children.models import Child
from app.children.rules import AgeBand, Confidence, Role
from app.core.errors import InvalidError
from app.core.types import Day, StrictModel, Text
from app.places.rules import Purpose
from app.places.schemas import Code, Gss


class ChildIn(StrictModel):
    """A new reference. Anything more would be refused."""

    home_lad_code: Gss
    age_band: Annotated[AgeBand, Field(strict=False)]
    age_band_as_of: Day


class LinkIn(StrictModel):
    """What happened at the place."""

    place: Annotated[Text, Field(max_length=20)]
    role: Annotated[Role, Field(strict=False)]
    from_on: Day
    to_on: Day | None = None
    confidence: Annotated[Confidence, Field(strict=False)] = Confidence.REPORTED
    source_agency: Code
    basis: Annotated[Text, Field(min_length=1, max_length=200)]


class HomeIn(StrictModel):
    """What may change of a reference: the age band, and where home is from a day on."""

    version: Annotated[int, Field(strict=False)]
    age_band: Annotated[AgeBand, Field(strict=False)]
    age_band_as_of: Day
    home_lad_code: Gss
    moved_on: Day | None = None


class RecordIn(LinkIn):
    """A link by form: to a place or, by its own reference, to an incident."""

    place: Annotated[Text, Field(max_length=20)] = ""
    from_on: Day | None = None  # type: ignore[assignment]  # an incident has its own time
    source_agency: Code | None = None  # type: ignore[assignment]  # and its own source
    basis: Annotated[Text, Field(max_length=200)] = ""


class CorrectionIn(LinkIn):
    """What a link should say instead."""

    place: Annotated[Text, Field(max_length=20)] = ""
    version: Annotated[int, Field(strict=False)]


class WhyIn(StrictModel):
    """Why a link is taken back."""

    why: Annotated[Text, Field(min_length=1, max_length=200)]


class Listed(NamedTuple):
    """A row of the list."""

    id: UUID
    ref: str
    age_band: str
    age_band_as_of: date
    home_lad_code: str
    state: str
    is_synthetic: bool
    links: int


class There(NamedTuple):
    """A child linked to one place."""

    id: UUID
    ref: str
    age_band: str
    home_lad_code: str
    role: str
    from_on: date
    to_on: date | None
    source_agency: str


class HomeWas(NamedTuple):
    lad_code: str
    from_on: date
    to_on: date | None


class PlaceLinked(NamedTuple):
    """A link to a place, for its page."""

    id: UUID
    version: int
    place: str
    name: str
    role: str
    from_on: date
    to_on: date | None
    confidence: str
    source_agency: str
    basis: str


class Happened(NamedTuple):
    """A link to an incident."""

    id: UUID
    ref: str
    harm: str
    on: date
    role: str
    source_agency: str


class Was(NamedTuple):
    """What a link said before."""

    record: str | None
    role: str
    from_on: date | None
    to_on: date | None
    basis: str | None
    withdrawn: bool
    why: str | None
    at: datetime


class Linked(NamedTuple):
    """A link of a child as it is read back."""

    place: str
    role: str
    from_on: date
    to_on: date | None
    confidence: str
    source_agency: str
    basis: str


class LinkOut(BaseModel):
    place: str
    role: str
    from_on: date
    to_on: date | None
    confidence: str
    source_agency: str
    basis: str


class ChildOut(BaseModel):
    """For staff with a purpose."""

    ref: str
    home_lad_code: str
    age_band: str
    age_band_as_of: date
    state: str
    links: list[LinkOut]

    @classmethod
    def of(cls, child: Child, links: Sequence[Linked]) -> Self:
        return cls(
            ref=child.ref,
            home_lad_code=child.home_lad_code,
            age_band=child.age_band,
            age_band_as_of=child.age_band_as_of,
            state=child.state,
            links=[LinkOut(**link._asdict()) for link in links],
        )


def why(said: str | None) -> Purpose:
    """The purpose a reader gave; without one nothing about a child is read or written."""
    if said not in set(Purpose):
        raise InvalidError("Say why.", {"X-Purpose": "Select why you need to see this."})
    return Purpose(said)
