"""The map page's words and choices, from the filters and the rows."""

import tomllib
from collections.abc import Set
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy.orm import Session

from app.core.settings import Settings
from app.maps import basemap, items, queries
from app.maps.queries import Box, Row
from app.maps.rules import LAYERS, PERIODS, SOURCES, Filters
from app.reference import queries as reference

BOTH_BOROUGHS = (-0.40, 51.33, -0.23, 51.49)


class Layer(NamedTuple):
    label: str
    url: str
    chosen: bool


class Choice(NamedTuple):
    value: str
    label: str
    chosen: bool


class Tag(NamedTuple):
    """A filter in force, and the address without it."""

    label: str
    remove_url: str


@cache
def _partnership(path: Path) -> dict[str, Any]:
    return tomllib.loads(path.read_text())


def partner_codes(settings: Settings) -> list[str]:
    return [borough["code"] for borough in _partnership(settings.partnership)["borough"]]


def page(session: Session, filters: Filters, settings: Settings, shows: Set[str]) -> dict[str, Any]:
    """Everything map/map.html shows; of layers that are not in `shows` not even a zero."""
    partners = partner_codes(settings)
    rows = queries.rows(session, filters, partners)
    choices = _choices(session, filters)
    return {
        "filters": {"value": filters, "choices": choices},
        "query": filters.query(),
        "tags": _tags(filters, choices),
        "rows": rows,
        "count_sentence": sentence(rows, with_clusters="clusters" in shows),
        "off_map": [row for row in rows if row.lon is None],
        "totals": queries.totals(session, filters, partners),
        "bounds": bounds(rows),
        "basemap": basemap.page(settings.basemap),
        "shows": shows,
        "layers": [
            Layer(label, filters.query(layer=key), key == filters.layer)
            for key, label in LAYERS.items()
            if key in shows
        ],
        "own_to": _own_to(filters),
    }


def items_in(
    session: Session, filters: Filters, partners: list[str], *, box: Box, zoom: int
) -> dict[str, Any]:
    """Of the places in view only those told of one by one are read whole: a group is a number."""
    rows = {row.id: row for row in queries.clusters(session, filters, partners)}
    seen = [spot for spot in map(items.spot, rows.values()) if items.inside(spot, box)]
    if filters.layer == "places":
        seen += queries.in_box(session, filters, partners, box)
    groups, mode = items.grouped(seen, zoom)
    if refs := items.named(groups, zoom):
        rows |= {row.id: row for row in queries.places(session, filters, partners, refs)}
    return {"mode": mode, "in_view": len(seen), "items": items.told(groups, rows, zoom)}


def counted(session: Session, filters: Filters, partners: list[str]) -> dict[str, Any]:
    """`matches` = those on the map + `off_map`; a place without geometry is listed beside it."""
    clusters, found = len(queries.clusters(session, filters, partners)), queries.NO_PLACES
    if filters.layer == "places":
        found = queries.counts(session, filters, partners)
    return {
        "matches": clusters + found.matches,
        "on_map": clusters + found.on_map,
        "off_map": {key: getattr(found, key) for key in ("online", "address", "line", "area")},
    }


def sentence(rows: list[Row], *, with_clusters: bool = True) -> str:
    """Count what is listed: 38 places, 7 clusters. 33 on the map, 5 not on the map."""
    places = sum(row.kind == "place" for row in rows)
    clusters = len(rows) - places
    missing = sum(row.lon is None for row in rows)
    crossing = sum(row.kind == "cluster" and row.cross_borough for row in rows)
    counted = [_many(places, "place")] + [_many(clusters, "cluster")] * with_clusters
    parts = [f"{', '.join(counted)}."]
    if crossing:
        parts.append(f"{_many(crossing, 'cluster')} with incidents in more than one borough.")
    parts.append(f"{len(rows) - missing} on the map, {missing} not on the map.")
    return " ".join(parts)


def bounds(rows: list[Row]) -> tuple[float, float, float, float]:
    """Around what is shown; both boroughs when nothing is."""
    at = [(row.lon, row.lat) for row in rows if row.lon is not None and row.lat is not None]
    if not at:
        return BOTH_BOROUGHS
    lons, lats = [lon for lon, _ in at], [lat for _, lat in at]
    return min(lons) - 0.005, min(lats) - 0.004, max(lons) + 0.005, max(lats) + 0.004


def _many(n: int, noun: str) -> str:
    return f"{n:,} {noun}" if n == 1 else f"{n:,} {noun}s"


def _choices(session: Session, filters: Filters) -> dict[str, list[Choice]]:
    types = [("all", "All types")]
    types += [(c.code, c.label) for c in reference.codes(session, "place_group")]
    types += [(t.code, f"- {t.label}") for t in reference.place_types(session)]
    harms = [("all", "All harms"), *((h.code, h.label) for h in reference.harms(session))]
    boroughs = [("both", "All boroughs")]
    boroughs += sorted(((b.code, b.name) for b in reference.boroughs(session)), key=lambda b: b[1])
    boroughs.append(("outside", "Outside the partnership"))
    listed = {
        "period": list(PERIODS.items()),
        "source": list(SOURCES.items()),
        "type": types,
        "harm": harms,
        "borough": boroughs,
    }
    return {
        key: [Choice(value, label, value == getattr(filters, key)) for value, label in pairs]
        for key, pairs in listed.items()
    }


def _tags(filters: Filters, choices: dict[str, list[Choice]]) -> list[Tag]:
    tags = []
    for key, listed in choices.items():
        chosen = next((c for c in listed if c.chosen), None)
        if chosen is not None and not listed[0].chosen:
            label = chosen.label.removeprefix("- ")
            if key == "period" and filters.period == "own":
                label = _own_dates(filters)
            changed = {key: ""} | ({"from": "", "to": ""} if key == "period" else {})
            tags.append(Tag(label, f"/map?{filters.query(**changed)}"))
    if filters.run is not None:
        tags.append(Tag("One cluster run", f"/map?{filters.query(run='')}"))
    return tags


def _own_dates(filters: Filters) -> str:
    first = filters.from_on.strftime("%-d %B %Y") if filters.from_on else "the beginning"
    last = filters.to_on.strftime("%-d %B %Y") if filters.to_on else "today"
    return f"From {first} until {last}"


def _own_to(filters: Filters) -> str:
    """The last day, as typed; the window itself ends before the next."""
    if filters.period != "own" or filters.to_on is None:
        return ""
    return (filters.to_on - timedelta(days=1)).isoformat()
