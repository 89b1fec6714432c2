"""Incidents on the wire."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, NamedTuple, Self

from pydantic import BaseModel, Field

from app.children.rules import IncidentRole
from app.core.types import Instant, StrictModel, Text
from app.incidents.models import Incident
from app.incidents.rules import LONDON, ChildCount, Confidence, DiscoveredBy, Precision, interval
from app.places.schemas import Code, Codes, WhereIn


class IncidentIn(WhereIn):
    """A new incident, at a `place` (its reference), at a point, or both.

    Without `occurred_to` the period is what `time_precision` makes of `occurred_from`. A time
    without zone is London's.
    """

    occurred_from: Instant
    occurred_to: Instant | None = None
    time_precision: Annotated[Precision, Field(strict=False)] = Precision.DAY
    place: Annotated[Text, Field(max_length=20)] | None = None
    uncertainty_m: Annotated[int, Field(ge=0, le=5000)] | None = None
    harm_code: Code
    other_harm_codes: Codes = ()
    line_linked: bool = False
    confidence: Annotated[Confidence, Field(strict=False)] = Confidence.REPORTED
    discovered_by: Annotated[DiscoveredBy, Field(strict=False)] = DiscoveredBy.OTHER
    source_agency: Code
    child_count_band: Annotated[ChildCount, Field(strict=False)] = ChildCount.NOT_KNOWN
    summary: Annotated[Text, Field(max_length=500)] | None = None

    def period(self) -> tuple[datetime, datetime]:
        if self.occurred_to is None:
            return interval(_zoned(self.occurred_from), self.time_precision)
        return _zoned(self.occurred_from), _zoned(self.occurred_to)


def _zoned(at: datetime) -> datetime:
    return at if at.tzinfo else at.replace(tzinfo=LONDON)


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
    harm_code: str
    other_harm_codes: list[str]
    line_linked: bool
    confidence: str
    discovered_by: str
    source_agency: str
    child_count_band: str
    summary: str | None
    borough_code: str | None
    borough_codes: list[str]
    uncertainty_m: int | None
    state: str
    version: int
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


COLUMNS = frozenset(Incident.__table__.columns.keys())
