"""Incidents in the areas and windows of a design, and what is known of places that might compare.

Incidents are counted, not reports: reports rise when trust rises. Street points of the open police
files are no incidents, and what was found in open data is left out too.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import NamedTuple
from uuid import UUID

from geoalchemy2.shape import to_shape
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app.core.clock import LONDON
from app.places.models import Place
from app.plans.models import Plan
from app.reference import queries as reference
from geo.evaluation import Design, Site

FILTER = "INCIDENTS_NOT_WITHDRAWN_NOT_OPEN_DATA"
MONTHS = 12
# An incident belongs to the first of the areas that has it: the place before its ring.
INSIDE = text("""
    with area as (
        select role, place_id, ST_GeomFromText(shape, 27700) as shape, sort
        from unnest(cast(:roles as text[]), cast(:places as uuid[]), cast(:shapes as text[]))
            with ordinality as given (role, place_id, shape, sort)
    )
    select distinct on (incident.id) area.role,
           (incident.occurred_from at time zone 'Europe/London')::date as day,
           incident.discovered_by in ('PROACTIVE_PATROL', 'STOP_SEARCH') as proactive
    from app.incident
    join area on ST_Intersects(incident.geom, area.shape)
        or area.role in ('T', 'C') and exists (
            select from app.incident_place as link
            where link.incident_id = incident.id and link.place_id = area.place_id)
    where incident.deleted_at is null and incident.state <> 'WITHDRAWN'
      and incident.discovered_by <> 'OPEN_DATA'
      and (incident.harm_code = any (cast(:harms as text[]))
           or incident.other_harm_codes && cast(:harms as text[]))
      and incident.occurred_from >= :since and incident.occurred_from < :until
    order by incident.id, area.sort
""")
BY_MONTH = text("""
    select link.place_id,
           (incident.occurred_from at time zone 'Europe/London')::date as day, count(*)
    from app.incident_place as link
    join app.incident on incident.id = link.incident_id
    where incident.deleted_at is null and incident.state <> 'WITHDRAWN'
      and incident.discovered_by <> 'OPEN_DATA'
      and (incident.harm_code = any (cast(:harms as text[]))
           or incident.other_harm_codes && cast(:harms as text[]))
      and incident.occurred_from >= :since and incident.occurred_from < :until
    group by link.place_id, day
""")
WITHOUT_PLACE = text("""
    select count(*), count(*) filter (where incident.geom is null and not exists (
        select from app.place where place.id = incident.place_id and place.geom is not null))
    from app.incident
    where incident.deleted_at is null and incident.state <> 'WITHDRAWN'
      and incident.discovered_by <> 'OPEN_DATA'
      and (incident.harm_code = any (cast(:harms as text[]))
           or incident.other_harm_codes && cast(:harms as text[]))
      and incident.occurred_from >= :since and incident.occurred_from < :until
      and borough_code = any (cast(:boroughs as text[]))
""")
FIRST = text("select min(occurred_from) from app.incident where deleted_at is null")


@dataclass(frozen=True, slots=True)
class Item:
    """An incident inside one of the areas."""

    role: str
    day: date
    proactive: bool


class Outside(NamedTuple):
    """Incidents of the boroughs, and how many of them have no place."""

    items: int
    without: int


def inside(session: Session, design: Design) -> list[Item]:
    """Every incident of the design, in either window."""
    asked = {
        "roles": [area.role for area in design.areas],
        "places": [area.place_id for area in design.areas],
        "shapes": [area.wkt for area in design.areas],
    }
    found = []
    for span in (design.windows.before, design.windows.after):
        rows = session.execute(INSIDE, asked | _asked(design.harm_codes, *span))
        found += [Item(row.role, row.day, row.proactive) for row in rows]
    return found


def outside(session: Session, design: Design, boroughs: Sequence[str]) -> Outside:
    items = without = 0
    for span in (design.windows.before, design.windows.after):
        asked = _asked(design.harm_codes, *span) | {"boroughs": list(boroughs)}
        row = session.execute(WITHOUT_PLACE, asked).one()
        items, without = items + row[0], without + row[1]
    return Outside(items, without)


def history_from(session: Session, today: date) -> date:
    """From when on incidents are on record."""
    first = session.scalar(FIRST)
    return today if first is None else first.astimezone(LONDON).date()


def sites(session: Session, harms: Sequence[str], until: date) -> list[Site]:
    """Every place with a shape, its incidents in the twelve months before a day, and its plans."""
    first = until.replace(day=1)
    since = first.replace(year=first.year - 1)
    months: dict[UUID, list[int]] = {}
    for key, day, n in session.execute(BY_MONTH, _asked(harms, since, first)):
        at = 12 * (day.year - since.year) + day.month - since.month
        months.setdefault(key, [0] * MONTHS)[at] += n
    groups = {kind.code: kind.group_code or kind.code for kind in reference.place_types(session)}
    planned = with_plans(session)
    places = session.scalars(
        select(Place)
        .where(Place.geom.is_not(None), Place.deleted_at.is_(None), Place.merged_into_id.is_(None))
        .order_by(Place.id)
    )
    return [
        Site(
            id=str(place.id),
            group=groups.get(place.type_code, place.type_code),
            borough=min(place.borough_codes, default=""),
            shape=None if place.geom is None else to_shape(place.geom),
            months=tuple(months.get(place.id, [0] * MONTHS)),
            planned=place.id in planned,
        )
        for place in places
    ]


def with_plans(session: Session) -> frozenset[UUID]:
    """Places with a plan that was agreed."""
    return frozenset(
        session.scalars(
            select(Plan.place_id).where(Plan.deleted_at.is_(None), Plan.agreed_on.is_not(None))
        )
    )


def planned_within(session: Session, place_id: UUID, since: date, until: date) -> bool:
    """Whether a place got a plan in these days."""
    return bool(
        session.scalar(
            select(Plan.id)
            .where(
                Plan.place_id == place_id,
                Plan.deleted_at.is_(None),
                Plan.agreed_on >= since,
                Plan.agreed_on < until,
            )
            .limit(1)
        )
    )


def _asked(harms: Sequence[str], since: date, until: date) -> dict[str, object]:
    return {"harms": list(harms), "since": _midnight(since), "until": _midnight(until)}


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), LONDON)
