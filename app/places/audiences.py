"""A place on the wire: one model for each audience, so that a field not written here cannot go out.

Partners see its shape, police analysts whether it may be named, practitioners whom to ring, and
leads who keeps the record and how long. The exact point of a home is in none of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, NamedTuple, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict
from shapely import Geometry

from app.places import weeks
from app.places.life_models import GuardianSlot, PlaceAlias
from app.places.models import OnlineSpace, Place
from app.places.rules import Remark, State
from app.places.schemas import geojson
from app.places.shown import STAGES


class Share(NamedTuple):
    """Part of a place in one borough, of its area or length; a point has one of 1."""

    code: str
    name: str
    share: float


class OnlineOut(BaseModel):
    """An online space as text: never a link."""

    model_config = ConfigDict(from_attributes=True)

    platform_code: str
    url_defanged: str
    audience: str


class GuardianOut(BaseModel):
    """Who looks after children at a place, and in which hours."""

    id: UUID
    kind: str
    agency: str
    week: dict[str, list[int]]
    trained: bool | None
    trusted: str
    valid_from_on: date
    valid_to_on: date | None

    @classmethod
    def of(cls, slot: GuardianSlot) -> Self:
        own = {name: getattr(slot, name) for name in cls.model_fields if hasattr(slot, name)}
        week = weeks.by_day(weeks.hours(slot.week_grid))
        return cls(**own, agency=slot.guardian_agency, week=week)


class OtherOut(BaseModel):
    """A place that this one has to do with."""

    ref: str
    name: str
    relation: str


@dataclass(frozen=True, slots=True)
class Around:
    """What hangs on a place, as far as the reader may see it."""

    shares: Sequence[Share]
    shape: Geometry | None = None
    online: OnlineSpace | None = None
    guardians: Sequence[GuardianSlot] = ()
    aliases: Sequence[PlaceAlias] = ()
    others: Sequence[OtherOut] = ()
    merged_into: str | None = None
    remarks: Sequence[Remark] = ()
    own: dict[str, Any] = field(default_factory=dict)

    def values(self) -> dict[str, Any]:
        """Every field that is not a column of the place."""
        return {
            "boroughs": [share._asdict() for share in self.shares],
            "geometry": None if self.shape is None else geojson(self.shape),
            "online": None if self.online is None else OnlineOut.model_validate(self.online),
            "guardians": [GuardianOut.of(slot) for slot in self.guardians],
            "aliases": [alias.name for alias in self.aliases],
            "related": list(self.others),
            "merged_into": self.merged_into,
            "remarks": [remark.sentence for remark in self.remarks],
        }


class PlaceShape(BaseModel):
    """A place for partners: what and where it is, its stage, who looks after children there."""

    ref: str
    type_code: str
    name: str
    stage: str
    boroughs: list[dict[str, Any]]
    geometry: dict[str, Any] | None
    online: OnlineOut | None
    guardians: list[GuardianOut]
    safe_features: list[str]
    is_synthetic: bool

    @classmethod
    def of(cls, place: Place, around: Around) -> Self:
        names = cls.model_fields
        own = {name: getattr(place, name) for name in names if hasattr(place, name)}
        grid = weeks.hours(place.week_grid)
        made = {"stage": STAGES[State(place.state)], "week": weeks.by_day(grid)}
        made |= {"times": weeks.in_words(grid)}
        every = own | made | around.values()
        return cls(**{name: every[name] for name in names})


class PlaceStaff(PlaceShape):
    """A place for staff."""

    description: str | None
    aliases: list[str]
    sensitivity: str
    tier: str
    state: str
    level: str
    close_code: str | None
    merged_into: str | None
    harm_codes: list[str]
    week: dict[str, list[int]]
    times: list[str]
    after_dark_concern: bool | None
    precision_m: int | None
    strengths: str | None
    managed_by_agency: str | None
    public_access: str | None
    related: list[OtherOut]
    agency_code: str
    lead_agency: str | None
    lead_user_id: UUID | None
    boundary_note: str | None
    urgent_since: datetime | None
    urgent_reason: str | None
    label_expires_on: date
    label_renewed_at: datetime | None
    next_review_on: date | None
    last_information_at: datetime | None
    created_at: datetime
    updated_at: datetime
    version: int
    remarks: list[str]


class PlacePractitioner(PlaceStaff):
    """With whom to ring at the place."""

    manager_contact: str | None


class PlacePolice(PlaceStaff):
    """With whether it may be named outside."""

    may_name: bool
    may_name_reason: str | None


class PlaceLead(PlacePractitioner, PlacePolice):
    """With who keeps the record, and how long."""

    purpose_code: str
    controller: str
    regime: str
    retain_until: date | None
    review_due: date | None
    hold_id: UUID | None


AnyPlace = PlaceShape | PlaceStaff | PlacePractitioner | PlacePolice | PlaceLead
BY_ROLE: dict[str, type[PlaceStaff]] = {
    "practitioner": PlacePractitioner,
    "police_analyst": PlacePolice,
    "cs_lead": PlaceLead,
}


def audience(role: str, view: str) -> type[PlaceShape]:
    """The model of whoever asks; a view that is not the whole record is the shape."""
    return BY_ROLE.get(role, PlaceShape) if view == "full" else PlaceShape
