"""Reads of incidents. Row-level security has already limited them to what the actor may see."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from geoalchemy2.shape import to_shape
from sqlalchemy import (
    ColumnElement,
    Select,
    Text,
    and_,
    column,
    func,
    literal,
    literal_column,
    or_,
    select,
    table,
    union,
)
from sqlalchemy.orm import Session, aliased

from app.core.errors import NotFoundError
from app.core.ids import read_reference
from app.core.paging import Page
from app.incidents.models import INSTANT, Incident, IncidentPlace
from app.incidents.rules import LONDON, Confidence, State
from app.incidents.schemas import Belongs, IncidentOut
from app.places.features import as_feature, collected
from app.places.models import Place
from app.places.queries import within
from app.places.schemas import ALWAYS, Box, Period, geojson
from app.reference import queries as reference

PAGE_SIZE = 25

HARM = table("harm", column("code"), column("label"), schema="reference")


# Not a value of the statement: without knowing which state it is, a plan that is kept reckons that
# nothing is left where all are in one, and then sorts every incident for the first thousand.
WITHDRAWN = literal_column("'WITHDRAWN'", Text)

# Held to a list by the table itself, and never null.
CODES = frozenset({"harm_code", "time_precision", "confidence", "state"})


class Listed(NamedTuple):
    """A row of the list."""

    ref: str
    harm_code: str
    harm_label: str
    occurred_from: datetime
    occurred_to: datetime
    time_precision: str
    place_ref: str | None
    place_name: str | None
    borough_codes: list[str]
    confidence: str
    source_agency: str
    state: str
    is_synthetic: bool


@dataclass(frozen=True, slots=True)
class Standing:
    """How far an incident may be relied on."""

    state: State | None = None
    confidence: Confidence | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        """What was withdrawn is in no list, unless somebody asks for just that."""
        if self.state is None:
            found = [Incident.state != WITHDRAWN]
        else:
            found = [Incident.state == self.state]
        if self.confidence:
            found.append(Incident.confidence == self.confidence)
        return found


STANDING = Standing()


@dataclass(frozen=True, slots=True)
class Filters:
    """What a reader asked for; None asks for everything."""

    harm: str | None = None
    source: str | None = None
    place: str | None = None
    borough: str | None = None
    box: Box | None = None
    period: Period = ALWAYS
    standing: Standing = STANDING

    def conditions(self) -> list[ColumnElement[bool]]:
        found: list[ColumnElement[bool]] = [
            Incident.deleted_at.is_(None),
            *self.standing.conditions(),
        ]
        if self.harm:
            found.append(Incident.harm_code == self.harm)
        if self.source:
            found.append(Incident.source_agency == self.source)
        if self.place:
            found.append(_at_place(self.place))
        if self.borough:
            found.append(Incident.borough_codes.contains([self.borough]))  # scope: chosen filter
        if self.box:
            found.append(_inside(self.box))
        if self.period.since:
            found.append(_not_over_by(self.period.since))
        if self.period.until:
            found.append(Incident.occurred_from < self.period.until)
        return found


def _inside(box: Box) -> ColumnElement[bool]:
    """By its own point or by its place: two questions, since one OR of two tables has no index."""
    own, other, place = aliased(Incident), aliased(Incident), aliased(Place)
    at_point = select(own.id).where(within(own.geom, box))
    at_place = (
        select(other.id).join(place, place.id == other.place_id).where(within(place.geom, box))
    )
    return Incident.id.in_(union(at_point, at_place))


def _not_over_by(since: datetime) -> ColumnElement[bool]:
    """Periods are half-open; an exact instant has no length.

    That nothing of it begins before a certain time is implied, and found by the order of incidents.
    """
    earliest = select(func.app.earliest_reaching(literal(since, INSTANT))).scalar_subquery()
    lasts = or_(Incident.occurred_to > since, Incident.occurred_from >= since)
    return and_(Incident.occurred_from >= earliest, lasts)


def _at_place(ref: str) -> ColumnElement[bool]:
    belonging = (
        select(IncidentPlace.incident_id)
        .join(Place, Place.id == IncidentPlace.place_id)
        .where(Place.ref == read_reference(ref, "PL"))
    )
    return Incident.id.in_(belonging)


def listed(session: Session, filters: Filters, *, number: int) -> Page[Listed]:
    """One numbered page, newest first."""
    conditions = filters.conditions()
    found = (
        select(
            Incident.ref,
            Incident.harm_code,
            HARM.c.label,
            Incident.occurred_from,
            Incident.occurred_to,
            Incident.time_precision,
            Place.ref,
            Place.name,
            Incident.borough_codes,
            Incident.confidence,
            Incident.source_agency,
            Incident.state,
            Incident.is_synthetic,
        )
        .join(HARM, HARM.c.code == Incident.harm_code)
        .outerjoin(Place, Place.id == Incident.place_id)
        .where(*conditions)
    )
    total = session.scalar(
        select(func.count())
        .select_from(Incident)
        .outerjoin(Place, Place.id == Incident.place_id)
        .where(*conditions)
    )
    rows = session.execute(
        found.order_by(Incident.occurred_from.desc(), Incident.ref)
        .limit(PAGE_SIZE)
        .offset((number - 1) * PAGE_SIZE)
    )
    return Page([_local(Listed._make(row)) for row in rows], total or 0, number)


def _local(row: Listed) -> Listed:
    """In London's time, in which a day begins and ends."""
    begin, end = (at.astimezone(LONDON) for at in (row.occurred_from, row.occurred_to))
    return row._replace(occurred_from=begin, occurred_to=end)


def features(
    filters: Filters, *, limit: int, also: Sequence[ColumnElement[bool]] = ()
) -> Select[int, str | None]:
    """For a GeoJSON FeatureCollection, newest first; an incident at a home has no geometry.

    One without a point of its own is shown at a point of its place.
    """
    at = func.coalesce(Incident.geom, func.ST_PointOnSurface(Place.geom))
    properties = {
        "harm_code": Incident.harm_code,
        "occurred_from": Incident.occurred_from,
        "occurred_to": Incident.occurred_to,
        "time_precision": Incident.time_precision,
        "uncertainty_m": Incident.uncertainty_m,
        "confidence": Incident.confidence,
        "source_agency": Incident.source_agency,
        "discovered_by": Incident.discovered_by,
        "borough": Incident.borough_code,
        "place": Place.ref,
        "state": Incident.state,
        "is_synthetic": Incident.is_synthetic,
    }
    return collected(
        select(as_feature(Incident.ref, at, properties, CODES))
        .outerjoin(Place, Place.id == Incident.place_id)
        .where(*filters.conditions(), *also)
        .order_by(Incident.occurred_from.desc(), Incident.ref),
        limit=limit,
    )


def find(session: Session, ref: str) -> Incident:
    known = read_reference(ref, "IC")
    found = select(Incident).where(Incident.ref == known, Incident.deleted_at.is_(None))
    incident = session.scalar(found)
    if incident is None:
        raise NotFoundError("There is no such incident.")
    return incident


def lock(session: Session, ref: str) -> Incident:
    """The same, kept from others until the transaction ends; it must be one's own to change."""
    found = select(Incident).where(Incident.ref == ref, Incident.deleted_at.is_(None))
    incident = session.scalar(found.with_for_update().execution_options(populate_existing=True))
    if incident is None:
        raise NotFoundError("There is no such incident.")
    return incident


def boroughs_at(session: Session, place_id: UUID) -> list[str]:
    found = session.scalar(select(Place.borough_codes).where(Place.id == place_id))
    return list(found or [])


def places_of(session: Session, incident_id: UUID) -> list[Belongs]:
    """The chosen place first, then those whose footprint holds the point."""
    found = (
        select(Place.ref, Place.name, IncidentPlace.how)
        .join(IncidentPlace, IncidentPlace.place_id == Place.id)
        .where(IncidentPlace.incident_id == incident_id)
        .order_by(IncidentPlace.how, Place.ref)
    )
    return [Belongs._make(row) for row in session.execute(found)]


def shown(session: Session, incident: Incident) -> IncidentOut:
    point = None
    if incident.geom is not None:
        longitude, latitude = geojson(to_shape(incident.geom))["coordinates"]
        point = (longitude, latitude)
    return IncidentOut.of(incident, point, places_of(session, incident.id))


def harms(session: Session) -> dict[str, str]:
    return {h.code: h.label for h in reference.harms(session) if h.valid_to is None}


def sources(session: Session) -> list[str]:
    """Agencies that any visible incident came from."""
    return list(
        session.scalars(select(Incident.source_agency).distinct().order_by("source_agency"))
    )
