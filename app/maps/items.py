"""Things on the map that can be touched: at most 300, grouped beyond; nothing is left out."""

from collections.abc import Sequence
from math import cos, radians
from typing import Any

from app.maps.queries import Row

MOST = 300
PIXELS = 64
APART_PX = (36, 26)
DEEPEST = 18
SHAPES = {
    "PG_OPEN": "circle",
    "PG_CENTRE": "square",
    "PG_TRANSPORT": "diamond",
    "PG_COMMUNITY": "triangle",
    "PG_HOMES": "pentagon",
    "PG_ONLINE": "hexagon",
}
Box = tuple[float, float, float, float]


def answer(rows: Sequence[Row], box: Box, zoom: int) -> dict[str, Any]:
    """`matches` = those on the map + `off_map`; a place without geometry is listed beside it."""
    located = [row for row in rows if row.lon is not None]
    seen = [row for row in located if _inside(row, box)]
    shown, mode = _shown(seen, zoom)
    return {
        "mode": mode,
        "matches": len(rows),
        "in_view": len(seen),
        "on_map": len(located),
        "off_map": off_map(rows),
        "items": shown,
    }


def off_map(rows: Sequence[Row]) -> dict[str, int]:
    """Places without a shape, by why."""
    missing = [row for row in rows if row.lon is None]
    return {
        "online": sum(row.geom_kind == "N" for row in missing),
        "address": sum(row.residential for row in missing),
        "line": sum(row.geom_kind == "L" for row in missing),
        "area": sum(row.geom_kind == "A" for row in missing),
    }


def _inside(row: Row, box: Box) -> bool:
    west, south, east, north = box
    return west <= (row.lon or 0) <= east and south <= (row.lat or 0) <= north


def _shown(seen: Sequence[Row], zoom: int) -> tuple[list[dict[str, Any]], str]:
    if len(seen) <= MOST:
        return _apart(seen, zoom), "places"
    cell = PIXELS * 360 / 256 / 2**zoom
    while True:
        groups = _groups(seen, cell)
        if len(groups) <= MOST:
            return groups, "groups"
        cell *= 2


def _apart(seen: Sequence[Row], zoom: int) -> list[dict[str, Any]]:
    """Things that would cover each other are one group: a finger and an eye need the room."""
    wide = APART_PX[0] * 360 / 256 / 2**zoom
    high = APART_PX[1] * 360 / 256 / 2**zoom * cos(radians(seen[0].lat or 0)) if seen else 0
    held: list[list[Row]] = []
    for row in seen:
        for group in held:
            near = abs((group[0].lon or 0) - (row.lon or 0)) < wide
            if near and abs((group[0].lat or 0) - (row.lat or 0)) < high:
                group.append(row)
                break
        else:
            held.append([row])
    return [_item(group[0]) if len(group) == 1 else _group(group) for group in held]


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


def _groups(seen: Sequence[Row], cell_deg: float) -> list[dict[str, Any]]:
    """By a grid of the world, so that the groups do not change while the map moves."""
    cells: dict[tuple[int, int], list[Row]] = {}
    for row in seen:
        key = int((row.lon or 0) // cell_deg), int((row.lat or 0) // (cell_deg * 0.62))
        cells.setdefault(key, []).append(row)
    return [
        _item(found[0]) if len(found) == 1 else _group(found) for _, found in sorted(cells.items())
    ]


def _group(members: Sequence[Row]) -> dict[str, Any]:
    lon = sum(row.lon or 0 for row in members) / len(members)
    lat = sum(row.lat or 0 for row in members) / len(members)
    nearest = min(members, key=lambda r: (abs((r.lon or 0) - lon) + abs((r.lat or 0) - lat), r.id))
    return {
        "id": f"group:{min(row.id for row in members)}",
        "kind": "group",
        "name": f"Group of {len(members)} near {nearest.name}",
        "level": max(int(row.level[2:] or 0) if row.level else 0 for row in members),
        "shape": "circle",
        "lon": round(lon, 5),
        "lat": round(lat, 5),
        "count": len(members),
        "cross_borough": any(row.kind == "cluster" and row.cross_borough for row in members),
        "members": [_item(row) for row in members] if len(members) <= 30 else [],
        "href": "",
    }
