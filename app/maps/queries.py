"""What the map shows: tiles, items to touch, and the same rows as a table."""

from datetime import UTC, date, datetime, time
from functools import cache, lru_cache
from math import atan, degrees, pi, sinh
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
import psycopg
from sqlalchemy import TextClause, text
from sqlalchemy.orm import Session

from app.core import morton
from app.maps.rules import Filters
from geo import crs

LONDON = ZoneInfo("Europe/London")
SQL = Path(__file__).parent
LAYERS = ("areas", "places", "incidents", "clusters")
SINGLE_ZOOM = 15  # from here each point; counts below
GRID_ZOOMS = range(8, 14)  # kept ready by the import
Box = tuple[float, float, float, float]


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


class Spot(NamedTuple):
    """As little of a thing on the map as grouping it with its neighbours needs."""

    id: str
    kind: str
    name: str
    level: str
    cross_borough: bool
    lon: float
    lat: float


class Counts(NamedTuple):
    """Places on the map, places beside it by why, and all of them."""

    on_map: int
    online: int
    address: int
    line: int
    area: int
    matches: int


NO_PLACES = Counts(0, 0, 0, 0, 0, 0)


class Totals(NamedTuple):
    events: int
    points: int
    incidents: int


@cache
def _sql(name: str) -> bytes:
    return (SQL / f"{name}.sql").read_bytes()


@cache
def _asked(name: str) -> TextClause:
    return text((SQL / f"{name}.sql").read_text())


def tile(cursor: psycopg.Cursor[Any], layer: str, given: dict[str, Any]) -> bytes:
    """One layer of one tile; empty when there is nothing."""
    row = cursor.execute(_sql(statement(layer, given)), given).fetchone()
    return bytes(row[0]) if row and row[0] else b""


def statement(layer: str, given: dict[str, Any]) -> str:
    """The file that answers: points when close, counts when far, ready ones when unfiltered."""
    if layer != "incidents" or given["z"] >= SINGLE_ZOOM:
        return layer
    return "incident_grid" if given["grid"] else "incident_cells"


def tile_parameters(
    layer: str, zxy: tuple[int, int, int], filters: Filters, partners: list[str]
) -> dict[str, Any]:
    """Everything a tile's statement may ask, bound and typed there."""
    z, x, y = zxy
    given: dict[str, Any] = {"z": z, "x": x, "y": y, "partners": partners}
    if layer == "areas":
        return given
    given |= {"type": filters.type, "harm": filters.harm, "borough": filters.borough}
    given["first_key"], given["past_key"] = morton.tile_range(z, x, y)
    if layer == "incidents":
        return given | _incident_parameters(z, filters)
    return given | _reach(z, x, y) | _run(filters)


def _run(filters: Filters) -> dict[str, Any]:
    return {
        "run": filters.run,
        "source": filters.source,
        "first_day": filters.first_day,
        "past_day": filters.last_day,
    }


@lru_cache(maxsize=512)
def _incident_parameters(z: int, filters: Filters) -> dict[str, Any]:
    first_at, past_at = instants(filters)
    police = filters.source in {"all", "police"} and filters.harm == "all"
    unfiltered = not filters.by_date and filters.borough == "both"
    return {
        "shift": 18 - z,
        "cell_shift": 24 - z,
        "grid": police and unfiltered and z in GRID_ZOOMS,
        "police": police,
        "partnership": filters.source in {"all", "partnership"},
        "by_date": filters.by_date,
        "first_month": month_number(filters.first_day),
        # A month counts when a day of it is inside: the publisher gives no finer time.
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
    """The tile's box with a margin in British National Grid metres, for the index.

    Far from Great Britain the grid bends back on itself: there it is all or nothing.
    """
    if z < 7 or not _near_britain(z, x, y):
        return dict.fromkeys(("west", "south"), 0.0) | {
            "east": 700_000.0 if z < 7 else 0.0,
            "north": 1_300_000.0 if z < 7 else 0.0,
        }
    corners = [(a, b) for a in (x - 0.05, x + 1.05) for b in (y - 0.05, y + 1.05)]
    metres = crs.to_bng([_lonlat(z, a, b) for a, b in corners])
    (west, south), (east, north) = metres.min(axis=0), metres.max(axis=0)
    return {"west": west, "south": south, "east": east, "north": north}


def _near_britain(z: int, x: int, y: int) -> bool:
    longitude_deg, latitude_deg = _lonlat(z, x, y)
    return -15 < longitude_deg < 10 and 45 < latitude_deg < 65


def _lonlat(z: int, x: float, y: float) -> tuple[float, float]:
    n = 2.0**z
    return x / n * 360 - 180, degrees(atan(sinh(pi * (1 - 2 * y / n))))


def rows(session: Session, filters: Filters, partners: list[str]) -> list[Row]:
    """Clusters, the largest first, then places: what the map and its table both show."""
    found = clusters(session, filters, partners)
    return found + places(session, filters, partners) if filters.layer == "places" else found


def clusters(session: Session, filters: Filters, partners: list[str]) -> list[Row]:
    given = _table_parameters(filters, partners)
    return [Row._make(row) for row in session.execute(_asked("cluster_rows"), given)]


def places(
    session: Session, filters: Filters, partners: list[str], refs: list[str] | None = None
) -> list[Row]:
    """All places within the filters, or those of `refs` only."""
    given = _table_parameters(filters, partners) | {"refs": refs}
    return [Row._make(row) for row in session.execute(_asked("place_rows"), given)]


def in_box(session: Session, filters: Filters, partners: list[str], box: Box) -> list[Spot]:
    """Places whose middle is in a box of degrees, by name."""
    given = _table_parameters(filters, partners) | around(box)
    return [Spot._make(row) for row in session.execute(_asked("place_view"), given)]


def counts(session: Session, filters: Filters, partners: list[str]) -> Counts:
    given = _table_parameters(filters, partners)
    return Counts._make(session.execute(_asked("place_counts"), given).one())


def around(box: Box) -> dict[str, float]:
    """A box of degrees, and one of British National Grid metres that holds all of it."""
    west, south, east, north = box
    edges = {"west": west, "south": south, "east": east, "north": north}
    if not (west > -9 and east < 3 and south > 49 and north < 61):
        return edges | {"min_x": -1e7, "min_y": -1e7, "max_x": 1e7, "max_y": 1e7}
    # Its edges are curves there: nine points and a hundredth of its size hold them.
    steps = (0.0, 0.5, 1.0)
    metres = crs.to_bng(
        [(west + a * (east - west), south + b * (north - south)) for a in steps for b in steps]
    )
    margin_m = 1 + 0.01 * np.ptp(metres, axis=0).max()
    (min_x, min_y), (max_x, max_y) = metres.min(axis=0) - margin_m, metres.max(axis=0) + margin_m
    return edges | {"min_x": min_x, "min_y": min_y, "max_x": max_x, "max_y": max_y}


def _table_parameters(filters: Filters, partners: list[str]) -> dict[str, Any]:
    given = _incident_parameters(SINGLE_ZOOM, filters) | _run(filters)
    given |= {"type": filters.type, "harm": filters.harm}
    return given | {"borough": filters.borough, "partners": partners}


def totals(session: Session, filters: Filters, partners: list[str]) -> Totals:
    """Events behind the incidents layer within the filters."""
    given = _table_parameters(filters, partners)
    return Totals._make(session.execute(_asked("totals"), given).one())
