"""Things on the map that can be touched: at most 300, grouped beyond; nothing is left out."""

from collections.abc import Mapping, Sequence
from math import cos, radians
from typing import Any

from app.maps.queries import Box, Row, Spot

MOST = 300
PIXELS = 64
APART_PX = (36, 26)
CLOSE, LISTED = 17, 30
SHAPES = {
    "PG_OPEN": "circle",
    "PG_CENTRE": "square",
    "PG_TRANSPORT": "diamond",
    "PG_COMMUNITY": "triangle",
    "PG_HOMES": "pentagon",
    "PG_ONLINE": "hexagon",
}

Group = Sequence[Spot]


def grouped(spots: Sequence[Spot], zoom: int) -> tuple[list[Group], str]:
    """Each thing alone, or with those it would cover; beyond 300 by a grid that is doubled."""
    if len(spots) <= MOST:
        return _apart(spots, zoom), "places"
    cell = PIXELS * 360 / 256 / 2**zoom
    while True:
        groups = _by_grid(spots, cell)
        if len(groups) <= MOST:
            return groups, "groups"
        cell *= 2


def named(groups: Sequence[Group], zoom: int) -> list[str]:
    """Ids of the places that are told of one by one: single ones, and members of close groups."""
    return [
        spot.id
        for group in groups
        if len(group) == 1 or _opens(group, zoom)
        for spot in group
        if spot.kind == "place"
    ]


def told(groups: Sequence[Group], rows: Mapping[str, Row], zoom: int) -> list[dict[str, Any]]:
    """What the map is given. A place that went away since it was counted is left out."""
    made = []
    for group in groups:
        if len(group) > 1:
            made.append(_group(group, rows if _opens(group, zoom) else {}))
        elif group[0].id in rows:
            made.append(_item(rows[group[0].id]))
    return made


def spot(row: Row) -> Spot:
    """A row that has a place on the map, for grouping."""
    return Spot(
        row.id, row.kind, row.name, row.level, row.cross_borough, row.lon or 0, row.lat or 0
    )


def inside(at: Spot, box: Box) -> bool:
    west, south, east, north = box
    return west <= at.lon <= east and south <= at.lat <= north


def _opens(group: Group, zoom: int) -> bool:
    """Farther out a group is gone into; here its members are a list."""
    return zoom >= CLOSE and len(group) <= LISTED


def _apart(seen: Sequence[Spot], zoom: int) -> list[Group]:
    """Things that would cover each other are one group: a finger and an eye need the room."""
    wide = APART_PX[0] * 360 / 256 / 2**zoom
    high = APART_PX[1] * 360 / 256 / 2**zoom * cos(radians(seen[0].lat)) if seen else 0
    held: list[list[Spot]] = []
    for one in seen:
        for group in held:
            if abs(group[0].lon - one.lon) < wide and abs(group[0].lat - one.lat) < high:
                group.append(one)
                break
        else:
            held.append([one])
    return list[Group](held)


def _by_grid(seen: Sequence[Spot], cell_deg: float) -> list[Group]:
    """By a grid of the world, so that the groups do not change while the map moves."""
    cells: dict[tuple[int, int], list[Spot]] = {}
    for one in seen:
        key = int(one.lon // cell_deg), int(one.lat // (cell_deg * 0.62))
        cells.setdefault(key, []).append(one)
    return [found for _, found in sorted(cells.items())]


def _item(row: Row) -> dict[str, Any]:
    line = row.geom_kind == "L"
    return {
        "id": row.id,
        "kind": row.kind,
        "name": row.name,
        "level": int(row.level[2:] or 0) if row.level else 0,
        "shape": "line" if line else SHAPES.get(row.group, "circle"),
        "type": row.type_label,
        "boroughs": row.boroughs,
        "cross_borough": row.cross_borough,
        "first_on": row.first_on.isoformat() if row.first_on else None,
        "last_on": row.last_on.isoformat() if row.last_on else None,
        "lon": round(row.lon or 0, 5),
        "lat": round(row.lat or 0, 5),
        "count": row.n,
        "href": row.href,
    }


def _group(members: Group, rows: Mapping[str, Row]) -> dict[str, Any]:
    lon = sum(one.lon for one in members) / len(members)
    lat = sum(one.lat for one in members) / len(members)
    nearest = min(members, key=lambda one: (abs(one.lon - lon) + abs(one.lat - lat), one.id))
    return {
        "id": f"group:{min(one.id for one in members)}",
        "kind": "group",
        "name": f"Group of {len(members)} near {nearest.name}",
        "level": max(int(one.level[2:] or 0) if one.level else 0 for one in members),
        "shape": "circle",
        "lon": round(lon, 5),
        "lat": round(lat, 5),
        "count": len(members),
        "cross_borough": any(one.kind == "cluster" and one.cross_borough for one in members),
        "members": [_item(rows[one.id]) for one in members if one.id in rows],
        "href": "",
    }
