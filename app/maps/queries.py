"""What the map shows: tiles, items to touch, and the same rows as a table."""

from datetime import UTC, date, datetime, time
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

import psycopg
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.core import morton
from app.maps.rules import Filters
from geo import crs

LONDON = ZoneInfo("Europe/London")
SQL = Path(__file__).parent
LAYERS = ("areas", "places", "incidents", "clusters")
SINGLE_ZOOM = 15  # from here each point; counts below
GRID_ZOOMS = range(8, 14)  # kept ready by the import


class Row(NamedTuple):
    """One line of the table under the map, and one thing on it (or beside it)."""

    id: str
    kind: str  # place | cluster
    name: str
    type_code: str
    type_label: str
    group: str
    boroughs: list[str]
    level: str
    state: str
    n: int
    first_on: date | None
    last_on: date | None
    cross_borough: bool
    geom_kind: str
    residential: bool
    lon: float | None
    lat: float | None
    href: str


class Totals(NamedTuple):
    events: int
    points: int
    incidents: int


@cache
def _sql(name: str) -> bytes:
    return (SQL / f"{name}.sql").read_bytes()


def tile(
    cursor: psycopg.Cursor[Any], layer: str, zxy: tuple[int, int, int], given: dict[str, Any]
) -> bytes:
    """One layer of one tile; empty when there is nothing."""
    z = zxy[0]
    name = "incident_cells" if layer == "incidents" and z < SINGLE_ZOOM else layer
    row = cursor.execute(_sql(name), given).fetchone()
    return bytes(row[0]) if row and row[0] else b""


def tile_parameters(
    layer: str, zxy: tuple[int, int, int], filters: Filters, partners: list[str]
) -> dict[str, Any]:
    """Everything a tile's statement may ask, bound and typed there."""
    z, x, y = zxy
    first, past = morton.tile_range(z, x, y)
    given: dict[str, Any] = {
        "z": z,
        "x": x,
        "y": y,
        "first_key": first,
        "past_key": past,
        "type": filters.type,
        "harm": filters.harm,
        "borough": filters.borough,
    }
    if layer == "areas":
        given["partners"] = partners
    if layer in {"places", "clusters"}:
        given |= _reach(z, x, y)
    if layer == "incidents":
        given |= _incident_parameters(z, filters)
    return given


def _incident_parameters(z: int, filters: Filters) -> dict[str, Any]:
    first_at, past_at = instants(filters)
    police = filters.source in {"all", "police"} and filters.harm == "all"
    grid = police and not filters.by_date and z in GRID_ZOOMS
    return {
        "shift": 18 - z,
        "cell_shift": 24 - z,
        "grid": grid,
        "police": police and not grid,
        "partnership": filters.source in {"all", "partnership"},
        "by_date": filters.by_date,
        "first_month": month_number(filters.first_day),
        # A month counts when its first day is inside: the publisher gives no finer time.
        "past_month": month_number(filters.last_day) + (filters.last_day.day > 1),
        "first_at": first_at,
        "past_at": past_at,
    }


def month_number(day: date) -> int:
    """Months since January 2000, as the counts of a place are packed."""
    return (day.year - 2000) * 12 + day.month - 1


def instants(filters: Filters) -> tuple[datetime, datetime]:
    """The window's London days as instants."""
    first = datetime.combine(filters.first_day, time(), LONDON)
    return first.astimezone(UTC), datetime.combine(filters.last_day, time(), LONDON).astimezone(UTC)


def _reach(z: int, x: int, y: int) -> dict[str, float]:
    """The tile's box with a margin in British National Grid metres, for the index."""
    corners = [(a, b) for a in (x - 0.05, x + 1.05) for b in (y - 0.05, y + 1.05)]
    metres = crs.to_bng([_lonlat(z, a, b) for a, b in corners])
    (west, south), (east, north) = metres.min(axis=0), metres.max(axis=0)
    return {"west": west, "south": south, "east": east, "north": north}


def _lonlat(z: int, x: float, y: float) -> tuple[float, float]:
    from math import atan, degrees, pi, sinh

    n = 2.0**z
    clipped = min(max(y, 0.001), n - 0.001)
    return min(max(x / n * 360 - 180, -180), 180), degrees(atan(sinh(pi * (1 - 2 * clipped / n))))


def newest_runs(session: Session, filters: Filters) -> list[UUID]:
    """The run asked for, or the newest finished one of each source shown."""
    if filters.run is not None:
        return [filters.run]
    found = session.execute(
        text("""
            select distinct on (source) id from app.cluster_run
            where state = 'DONE' and (:source = 'all' or source = :source)
            order by source, finished_at desc, id
        """),
        {"source": filters.source},
    )
    return [run for (run,) in found]


def newest_runs_raw(cursor: psycopg.Cursor[Any], source: str) -> list[UUID]:
    cursor.execute(
        "select distinct on (source) id from app.cluster_run where state = 'DONE' "
        "and (%s::text = 'all' or source = %s::text) order by source, finished_at desc, id",
        (source, source),
    )
    return [run for (run,) in cursor.fetchall()]


BOROUGH_NAMES = """
    named as materialized (
        select distinct on (code) code, name from reference.area
        where kind in ('borough', 'district') order by code, vintage desc, id desc
    )
"""

PLACES = text(f"""
    with {BOROUGH_NAMES}
    select place.ref, 'place', place.name, place.type_code, type.label,
           coalesce(type.group_code, ''),
           array(select coalesce(named.name, c) from unnest(place.borough_codes) as c
                 left join named on named.code = c order by 1),
           place.level, place.state,
           (select count(*) from app.incident_place as link where link.place_id = place.id)::int,
           null::date, (place.last_information_at at time zone 'Europe/London')::date,
           cardinality(place.borough_codes) > 1, place.geom_kind,
           place.sensitivity = 'RESIDENTIAL',
           ST_X(at.point), ST_Y(at.point), '/places/' || place.ref
    from app.place
    join reference.place_type as type on type.code = place.type_code
    cross join lateral (
        select ST_Transform(ST_PointOnSurface(place.geom), 4326) as point) as at
    where place.deleted_at is null and place.state <> 'CLOSED'
      and (:type = 'all' or place.type_code = :type or type.group_code = :type)
      and (:harm = 'all' or :harm = any(place.harm_codes))
      and (:borough = 'both' or :borough = any(place.borough_codes))
    order by place.name, place.ref
""")

CLUSTERS = text(f"""
    with {BOROUGH_NAMES}
    select rtrim(cluster.content_id::text), 'cluster', cluster.name, '',
           case run.source when 'police' then 'Cluster of published police events'
                else 'Cluster of partnership incidents' end, '',
           array(select coalesce(named.name, c) || ' ' || (cluster.borough_counts ->> c)
                 from unnest(cluster.borough_codes) as c left join named on named.code = c
                 order by (cluster.borough_counts ->> c)::int desc, 1),
           '', cluster.state, cluster.n_incidents, cluster.first_on, cluster.last_on,
           cluster.cross_borough, 'A', false,
           ST_X(at.point), ST_Y(at.point), '/clusters/' || rtrim(cluster.content_id::text)
    from app.cluster
    join app.cluster_run as run on run.id = cluster.run_id
    cross join lateral (
        select ST_Transform(ST_PointOnSurface(cluster.hull), 4326) as point) as at
    where cluster.run_id = any(:runs)
      and (:borough = 'both' or :borough = any(cluster.borough_codes))
    order by cluster.n_incidents desc, cluster.content_id
""")


def rows(session: Session, filters: Filters) -> list[Row]:
    """Clusters, the largest first, then places: what the map and its table both show."""
    given = {"type": filters.type, "harm": filters.harm, "borough": filters.borough}
    found: list[Row] = []
    runs = newest_runs(session, filters)
    asked = {"runs": runs, "borough": filters.borough}
    found += [Row._make(row) for row in session.execute(CLUSTERS, asked)]
    if filters.layer == "places":
        found += [Row._make(row) for row in session.execute(PLACES, given)]
    return found


def totals(session: Session, filters: Filters) -> Totals:
    """Events behind the incidents layer within the filters."""
    first_at, past_at = instants(filters)
    given = _incident_parameters(15, filters) | {"first_at": first_at, "past_at": past_at}
    police = session.execute(
        text("""
            select coalesce(sum(n), 0)::int, count(*) from (
                select case when :by_date then (
                    select coalesce(sum(packed & 65535), 0) from unnest(months) as packed
                    where packed >> 16 >= :first_month and packed >> 16 < :past_month
                ) else n_events end as n
                from reference.place_point where :police and n_events > 0) as point
            where n > 0
        """),
        given,
    ).one()
    own = session.scalar(
        text("""
            select count(*) from app.incident
            where :partnership and deleted_at is null and state <> 'WITHDRAWN'
              and occurred_from >= :first_at and occurred_from < :past_at
              and (:harm = 'all' or harm_code = :harm)
        """),
        given | {"harm": filters.harm},
    )
    return Totals(int(police[0]), int(police[1]), int(own or 0))
