"""What the map shows: tiles, items to touch, and the same rows as a table."""

import re
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import psycopg
from sqlalchemy import ColumnElement, TextClause, text
from sqlalchemy.orm import Session

from app.core import dollars, morton
from app.core.lines import Statement
from app.incidents.models import Incident
from app.maps import boxes, conditions, table
from app.maps.boxes import Box
from app.maps.rules import Filters
from app.places.models import Place
from app.places.ranking import words
from app.places.rules import State
from app.places.shown import STAGES

SQL = Path(__file__).parent
LAYERS = ("areas", "context", "places", "routes", "incidents", "hotspots", "clusters")
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
    n_reports: int | None
    lead_agency: str
    next_review_on: date | None
    # Of a cluster: how sure, whether its reader is told no chances, and of no other side.
    evidence: dict[str, Any] | None
    p_emerging: float | None
    in_words: bool | None
    across: bool
    # Of a place, for staff: how it ranks and how sure that is.
    band: str | None
    confidence: str | None

    @property
    def priority(self) -> str:
        return words(self.band, self.confidence) if self.band and self.confidence else ""


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
    west: float | None = None
    south: float | None = None
    east: float | None = None
    north: float | None = None


class Listed(NamedTuple):
    """Which rows of the table: so many after so many in an order; or those not on the map."""

    sort: str = "name"
    most: int | None = None
    skipped: int = 0
    beside: bool = False


ALL = Listed()
NO_PLACES = Counts(0, 0, 0, 0, 0, 0)


class Totals(NamedTuple):
    events: int
    points: int
    incidents: int


# In the words of the statement, so that an index may be used.
WHICH = {
    "": "",
    "refs": "and place.ref = any (cast(:refs as text[]))",
    "beside": "and place.geom is null",
}
AROUND = "ST_Extent(place.geom)::geometry"
BOUND = re.compile(r"(?<!:):([a-z_]+)")


@lru_cache(maxsize=512)
def sql(name: str, filters: Filters, sort: str = "name", which: str = "") -> str:
    """A file with the conditions that are in force; of a tile in the words of its driver."""
    said = {
        "/* places */": conditions.places(filters),
        "/* places near */": conditions.places_near(filters),
        "/* near */": conditions.near(filters),
        "/* incidents */": conditions.incidents_in(filters, dated=False),
        "/* here */": conditions.incidents(filters, dated=False),
        "/* level */": "near.level," if filters.in_full else "",
        "/* window */": conditions.window(filters),
        "/* clusters */": conditions.clusters(filters),
        "/* order */": table.ORDERS[sort],
        "/* which */": WHICH[which],
        "/* around */": AROUND if filters.borough != "both" else "null::geometry",
        "/* numbers */": conditions.numbers(filters, sort),
        "/* reports */": conditions.reports(filters),
    }
    found = (SQL / f"{name}.sql").read_text()
    for mark, added in said.items():
        found = found.replace(mark, BOUND.sub(r"%(\1)s", added) if "%(" in found else added)
    return found


@lru_cache(maxsize=512)
def asked(name: str, filters: Filters, sort: str = "name", which: str = "") -> TextClause:
    return text(sql(name, filters, sort, which))


def tile(cursor: psycopg.Cursor[Any], layer: str, given: dict[str, Any], filters: Filters) -> bytes:
    """One layer of one tile; empty when there is nothing."""
    row = cursor.execute(tile_sql(statement(layer, given), filters), given).fetchone()
    return bytes(row[0]) if row and row[0] else b""


def tile_asked(
    layer: str, zxy: tuple[int, int, int], filters: Filters, partners: list[str]
) -> Statement:
    """The same question for the event loop."""
    given = tile_parameters(layer, zxy, filters, partners)
    return dollars.statement(sql(statement(layer, given), filters), given)


@lru_cache(maxsize=512)
def tile_sql(name: str, filters: Filters) -> bytes:
    return sql(name, filters).encode()


def statement(layer: str, given: dict[str, Any]) -> str:
    """The file that answers: points when close, counts when far, ready ones when unfiltered."""
    if layer != "incidents" or given["z"] >= SINGLE_ZOOM:
        return layer
    return str(given["counted"])


def tile_parameters(
    layer: str, zxy: tuple[int, int, int], filters: Filters, partners: list[str]
) -> dict[str, Any]:
    """Everything a tile's statement may ask, bound and typed there."""
    z, x, y = zxy
    given: dict[str, Any] = {"z": z, "x": x, "y": y, "partners": partners}
    if layer == "areas":
        return given
    given |= conditions.values(filters, partners)
    given["first_key"], given["past_key"] = morton.tile_range(z, x, y)
    if layer == "incidents":
        return given | _incident_parameters(z, filters)
    return given | boxes.reach(z, x, y) | _run(filters)


def _run(filters: Filters) -> dict[str, Any]:
    return {
        "run": filters.run,
        "source": filters.source,
        "first_day": filters.first_day,
        "past_day": filters.last_day,
    }


@lru_cache(maxsize=512)
def _incident_parameters(z: int, filters: Filters) -> dict[str, Any]:
    police = conditions.police(filters)
    return {
        "shift": 18 - z,
        "cell_shift": 24 - z,
        "counted": _counted(z, filters) if police else "incident_cells",
        "police": police,
        "by_date": filters.by_date,
        "first_month": month_number(filters.first_day),
        # A month counts when a day of it is inside: the publisher gives no finer time.
        "past_month": month_number(filters.last_day) + (filters.last_day.day > 1),
    }


def _counted(z: int, filters: Filters) -> str:
    """Where the counts of published events are: ready, ready by month and borough, or nowhere."""
    if z not in GRID_ZOOMS:
        return "incident_cells"
    return "incident_months" if filters.by_date or filters.borough != "both" else "incident_grid"


def month_number(day: date) -> int:
    """Months since January 2000, as the counts of a place are packed."""
    return (day.year - 2000) * 12 + day.month - 1


def clusters(session: Session, filters: Filters, partners: list[str]) -> list[Row]:
    given = _table_parameters(filters, partners)
    return [Row._make(row) for row in session.execute(asked("cluster_rows", filters), given)]


def places(
    session: Session,
    filters: Filters,
    partners: list[str],
    refs: list[str] | None = None,
    listed: Listed = ALL,
) -> list[Row]:
    """All places within the filters, or those of `refs` only, or some rows of the table."""
    given = _table_parameters(filters, partners) | listed._asdict() | {"refs": refs}
    which = "beside" if listed.beside else "" if refs is None else "refs"
    statement = asked("place_rows", filters, listed.sort, which)
    found = [Row._make(row) for row in session.execute(statement, given)]
    return found if filters.in_full else [_shape(row) for row in found]


def chosen(filters: Filters, partners: list[str]) -> list[ColumnElement[bool]]:
    """The same places as conditions on `Place`, for other questions; none without a filter."""
    asked = conditions.places(filters)
    return [Place.id.in_(_ids("place_ids", filters, partners).columns(Place.id))] if asked else []


def chosen_incidents(filters: Filters, partners: list[str]) -> list[ColumnElement[bool]]:
    """The incidents of the map's layer as conditions on `Incident`."""
    asked = conditions.incidents_in(filters)
    found = _ids("incident_ids", filters, partners).columns(Incident.id)
    return [Incident.id.in_(found)] if asked else []


def _ids(name: str, filters: Filters, partners: list[str]) -> TextClause:
    given, asked = conditions.values(filters, partners), sql(name, filters)
    return text(asked).bindparams(**{key: given[key] for key in BOUND.findall(asked)})


def _shape(row: Row) -> Row:
    """What partners see of a place: neither level nor numbers nor dates, of its state the stage."""
    seen = row._replace(level="", state=STAGES[State(row.state)], n=0, last_on=None)
    return seen._replace(n_reports=None, lead_agency="", next_review_on=None, band=None)


def in_box(session: Session, filters: Filters, partners: list[str], box: Box) -> list[Spot]:
    """Places whose middle is in a box of degrees, by name."""
    given = _table_parameters(filters, partners) | boxes.around(box)
    return [Spot._make(row) for row in session.execute(asked("place_view", filters), given)]


def counts(session: Session, filters: Filters, partners: list[str]) -> Counts:
    given = _table_parameters(filters, partners)
    return Counts._make(session.execute(asked("place_counts", filters), given).one())


def _table_parameters(filters: Filters, partners: list[str]) -> dict[str, Any]:
    given = _incident_parameters(SINGLE_ZOOM, filters) | _run(filters)
    return given | conditions.values(filters, partners)


def totals(session: Session, filters: Filters, partners: list[str]) -> Totals:
    """Events behind the incidents layer within the filters."""
    given = _table_parameters(filters, partners)
    return Totals._make(session.execute(asked("totals", filters), given).one())
