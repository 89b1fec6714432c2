"""Hot spots: squares of 250 m of a calculation, to touch and as a table, and who reported."""

from collections import Counter
from collections.abc import Sequence
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import TextClause, text
from sqlalchemy.orm import Session

from app.core.paging import Page
from app.maps import items, table
from app.maps.boxes import Box
from app.maps.items import Group
from app.maps.queries import Spot
from app.maps.rules import NOT_OF_CLUSTERS, Filters
from app.maps.table import Asked

SQUARES = {
    "MORE": "More than expected",
    "EXPECTED": "As expected",
    "FEWER": "Fewer than expected",
    "UNKNOWN": "Not enough information",
}
NOT_OF_SQUARES = (*NOT_OF_CLUSTERS, "q")
NOTHING = "No calculation of hot spots has been stored for this choice yet."
COUNTED = {"police": "published police events", "partnership": "partnership incidents"}


class Square(NamedTuple):
    """One square that holds a record, or where none is itself unusual."""

    id: str
    name: str
    code: str
    boroughs: list[str]
    n: int
    agencies: list[str]
    days: int
    lon: float
    lat: float
    ring: list[list[float]]

    @property
    def word(self) -> str:
        return SQUARES[self.code]


class Run(NamedTuple):
    """The calculation that is shown, and how many squares hold nothing and are not listed."""

    id: UUID
    source: str
    first_on: date
    last_on: date
    done_on: date
    every_side: bool
    without_record: int

    @property
    def counted(self) -> str:
        return COUNTED[self.source]


class Reporter(NamedTuple):
    agency: str
    n: int
    days: int


def squares(session: Session, filters: Filters) -> list[Square]:
    """Those that stand out first, then by number."""
    given = _given(filters)
    return [Square._make(row) for row in session.execute(_asked("hotspot_rows"), given)]


def instead(session: Session, filters: Filters, asked: Asked) -> dict[str, Any]:
    """What the page says of this layer where others list places and clusters; else nothing."""
    if filters.layer != "hotspots":
        return {"hot": None}
    row = session.execute(_asked("hotspot_run"), _given(filters)).one_or_none()
    run = None if row is None else Run._make(row)
    found = squares(session, filters)
    most, skipped = asked.limits(len(found))
    later = skipped + most < len(found)
    shown = found[skipped : skipped + most]
    return {
        "hot": {
            "squares": shown,
            "run": run,
            "reporters": [] if run is None else _reporters(session, filters, run),
            "differs": run is not None and _differs(filters),
            "nothing": NOTHING,
        },
        "pages": Page(
            shown,
            len(found),
            asked.page,
            table.address(filters, asked._replace(page=asked.page + 1)) if later else None,
            table.address(filters, asked._replace(page=asked.page - 1)) if asked.page > 1 else None,
        ),
        "count_sentence": sentence(found),
        "rows": [],
        "off_map": None,
        "left_out": "",
        "without": [],
    }


def sentence(found: Sequence[Square]) -> str:
    said = Counter(square.code for square in found)
    parts = [f"{said[code]:,} {words.lower()}" for code, words in SQUARES.items() if said[code]]
    counted = _many(len(found), "square")
    detail = f": {', '.join(parts)}" if parts else ""
    return f"{counted}{detail}. {len(found):,} on the map, 0 not on the map."


def items_in(session: Session, filters: Filters, *, box: Box, zoom: int) -> dict[str, Any]:
    """At most 300 things to touch; beyond, and where they would cover each other, groups."""
    found = {square.id: square for square in squares(session, filters)}
    seen = [spot for spot in map(_spot, found.values()) if items.inside(spot, box)]
    groups, mode = items.grouped(seen, zoom)
    told = [_group(group) if len(group) > 1 else _item(found[group[0].id]) for group in groups]
    return {
        "mode": "cells" if mode == "places" else mode,
        "in_view": len(seen),
        "in_view_words": _many(len(seen), "square"),
        "items": told,
    }


def counted(session: Session, filters: Filters) -> dict[str, Any]:
    n = len(squares(session, filters))
    off_map = dict.fromkeys(("online", "address", "line", "area"), 0)
    return {"matches": n, "on_map": n, "off_map": off_map}


@cache
def _asked(name: str) -> TextClause:
    return text((Path(__file__).parent / f"{name}.sql").read_text())


def _given(filters: Filters) -> dict[str, Any]:
    return {"run": filters.run, "source": filters.source, "borough": filters.borough}


def _reporters(session: Session, filters: Filters, run: Run) -> list[Reporter]:
    if run.source == "police":
        return []
    given = {"borough": filters.borough, "first_on": run.first_on, "last_on": run.last_on}
    rows = session.execute(_asked("hotspot_reporters"), given)
    return [Reporter._make(row) for row in rows]


def _differs(filters: Filters) -> bool:
    """Whether a filter is in force that a calculation made before cannot follow."""
    return filters.by_date or bool(filters.sets(NOT_OF_SQUARES))


def _spot(square: Square) -> Spot:
    return Spot(square.id, "cell", square.name, "", False, square.lon, square.lat)


def _item(square: Square) -> dict[str, Any]:
    return {
        "id": square.id,
        "kind": "cell",
        "name": square.name,
        "class": square.code,
        "type": square.word,
        "level": 0,
        "shape": "square",
        "boroughs": square.boroughs,
        "lon": round(square.lon, 5),
        "lat": round(square.lat, 5),
        "ring": square.ring,
        "count": square.n,
        "words": f"{square.word}, {_many(square.n, 'incident')}, {square.id}",
        "lines": _lines(square),
        "href": "",
    }


def _lines(square: Square) -> list[str]:
    """What the panel beside the map says of it."""
    said = [f"{square.word}: {_many(square.n, 'incident')} in this square of 250 metres."]
    if square.boroughs:
        said.append(f"In {' and '.join(square.boroughs)}.")
    if square.agencies:
        said.append(f"Recorded by {', '.join(square.agencies)}, on {_many(square.days, 'day')}.")
    return [*said, square.id]


def _many(n: int, noun: str) -> str:
    return f"{n:,} {noun}" if n == 1 else f"{n:,} {noun}s"


def _group(members: Group) -> dict[str, Any]:
    lon = sum(one.lon for one in members) / len(members)
    lat = sum(one.lat for one in members) / len(members)
    lons, lats = [one.lon for one in members], [one.lat for one in members]
    nearest = min(members, key=lambda one: (abs(one.lon - lon) + abs(one.lat - lat), one.id))
    return {
        "id": f"group:{min(one.id for one in members)}",
        "kind": "group",
        "name": f"Group of {len(members):,} squares near {nearest.name.removeprefix('Around ')}",
        "level": 0,
        "shape": "square",
        "lon": round(lon, 5),
        "lat": round(lat, 5),
        "count": len(members),
        "cross_borough": False,
        "box": [round(v, 5) for v in (min(lons), min(lats), max(lons), max(lats))],
        "members": [],
        "href": "",
    }
