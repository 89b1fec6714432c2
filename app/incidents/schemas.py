"""Incidents on the wire."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, NamedTuple, Self

from pydantic import BaseModel, BeforeValidator, Field

from app.children.rules import IncidentRole
from app.core.types import Instant, StrictModel, Text
from app.incidents.models import Incident
from app.incidents.rules import (
    LONDON,
    ChildCount,
    Confidence,
    DiscoveredBy,
    Outcome,
    Precision,
    State,
    interval,
)
from app.places.schemas import Code, Codes, WhereIn


def _several(value: Any) -> Any:  # noqa: ANN401 - whatever was sent
    """A form sends references with commas or spaces between them."""
    return value.replace(",", " ").split() if isinstance(value, str) else value


class IncidentIn(WhereIn):
    """A new incident, at a `place` (its reference), at a point, or both.

    Without `occurred_to` the period is what `time_precision` makes of `occurred_from`. A time
    without zone is London's. In the order of the form, as problems are told in this order.
    """

    harm_code: Code
    other_harm_codes: Codes = ()
    summary: Annotated[Text, Field(max_length=500)] | None = None
    occurred_from: Instant
    occurred_to: Instant | None = None
    time_precision: Annotated[Precision, Field(strict=False)] = Precision.DAY
    time_about: bool = False
    place: Annotated[Text, Field(max_length=20)] | None = None
    uncertainty_m: Annotated[int, Field(ge=0, le=5000)] | None = None
    line_linked: bool = False
    confidence: Annotated[Confidence, Field(strict=False)] = Confidence.REPORTED
    discovered_by: Annotated[DiscoveredBy, Field(strict=False)] = DiscoveredBy.OTHER
    source_agency: Code
    child_count_band: Annotated[ChildCount, Field(strict=False)] = ChildCount.NOT_KNOWN
    outcome_band: Annotated[Outcome, Field(strict=False)] = Outcome.NOT_KNOWN

    def period(self) -> tuple[datetime, datetime]:
        return period(self.occurred_from, self.occurred_to, self.time_precision)


def period(
    begin: datetime, end: datetime | None, precision: Precision
) -> tuple[datetime, datetime]:
    if end is None:
        return interval(_zoned(begin), precision)
    return _zoned(begin), _zoned(end)


def _zoned(at: datetime) -> datetime:
    return at if at.tzinfo else at.replace(tzinfo=LONDON)


Reason = Annotated[Text, Field(min_length=3, max_length=300)]
Version = Annotated[int, Field(ge=1)]
Ref = Annotated[Text, Field(max_length=20)]
Refs = Annotated[Sequence[Ref], BeforeValidator(_several), Field(max_length=40)]


class IncidentChange(WhereIn):
    """A correction: the version that was looked at, why, and what is different. Left out: kept.

    Places are added and taken away one by one, so that those the writer may not see stay. One
    that is taken away stays away, even if the point lies inside it.
    """

    version: Version
    reason: Reason
    occurred_from: Instant | None = None
    occurred_to: Instant | None = None
    time_precision: Annotated[Precision, Field(strict=False)] | None = None
    time_about: bool | None = None
    add_places: Refs = ()
    remove_places: Refs = ()
    uncertainty_m: Annotated[int, Field(ge=0, le=5000)] | None = None
    harm_code: Code | None = None
    other_harm_codes: Codes | None = None
    line_linked: bool | None = None
    confidence: Annotated[Confidence, Field(strict=False)] | None = None
    discovered_by: Annotated[DiscoveredBy, Field(strict=False)] | None = None
    source_agency: Code | None = None
    child_count_band: Annotated[ChildCount, Field(strict=False)] | None = None
    outcome_band: Annotated[Outcome, Field(strict=False)] | None = None
    summary: Annotated[Text, Field(max_length=500)] | None = None


class RestoreIn(StrictModel):
    """Make an earlier version the newest one again; `version` is the one that was looked at."""

    version: Version
    restore: Version
    reason: Reason


class MoveIn(StrictModel):
    """The lead's decision. A withdrawal says why."""

    version: Version
    to: Annotated[State, Field(strict=False)]
    reason: Annotated[Text, Field(max_length=300)] | None = None


class ChildLinkIn(StrictModel):
    """What the incident was to a child."""

    child: Annotated[Text, Field(max_length=20)]
    role: Annotated[IncidentRole, Field(strict=False)]


class Belongs(NamedTuple):
    """A place of an incident, and why: CHOSEN by a person, or inside its FOOTPRINT."""

    ref: str
    name: str
    how: str


class IncidentOut(BaseModel):
    """An incident for staff."""

    ref: str
    occurred_from: datetime
    occurred_to: datetime
    time_precision: str
    time_about: bool
    harm_code: str
    other_harm_codes: list[str]
    line_linked: bool
    confidence: str
    discovered_by: str
    source_agency: str
    child_count_band: str
    outcome_band: str
    summary: str | None
    borough_code: str | None
    borough_codes: list[str]
    uncertainty_m: int | None
    state: str
    version: int
    created_at: datetime
    updated_at: datetime
    is_synthetic: bool
    longitude: float | None
    latitude: float | None
    places: list[dict[str, str]]

    @classmethod
    def of(
        cls,
        incident: Incident,
        lonlat_deg: tuple[float, float] | None,
        places: Sequence[Belongs],
    ) -> Self:
        own = {name: getattr(incident, name) for name in cls.model_fields if name in COLUMNS}
        longitude, latitude = lonlat_deg or (None, None)
        return cls(
            **own,
            longitude=longitude,
            latitude=latitude,
            places=[place._asdict() for place in places],
        )


class VersionOut(BaseModel):
    """A version: who made it, why, and the incident as it was from then on.

    Places are those that the reader may see.
    """

    version: int
    at: datetime
    role: str | None
    agency: str | None
    reason: str | None
    incident: dict[str, Any]


COLUMNS = frozenset(Incident.__table__.columns.keys())
