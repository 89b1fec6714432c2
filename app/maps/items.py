"""Things on the map that can be touched: at most 300, grouped beyond; nothing is left out."""

from collections.abc import Mapping, Sequence
from math import cos, radians
from typing import Any

import numpy as np

from app.clusters import telling
from app.clusters.evidence import Evidence
from app.maps.boxes import Box
from app.maps.queries import Row, Spot

MOST = 300
PIXELS = 64
APART_PX = (36, 26)
CENTRES_PX = 28  # a finger needs 24 of them, and a symbol is as wide
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
        return _merged(_apart(spots, zoom), zoom), "places"
    cell = PIXELS * 360 / 256 / 2**zoom
    while True:
        groups = _by_grid(spots, cell)
        if len(groups) <= MOST:
            return _merged(groups, zoom), "groups"
        cell *= 2


def named(groups: Sequence[Group], zoom: int) -> list[str]:
    """Ids of the places that are told of one by one: single ones, and members of close groups."""
    return [
        spot.id
        for group in groups
        if len(group) == 1 or zoom >= CLOSE
        for spot in listed(group)
        if spot.kind == "place"
    ]


# What partners are not told: not even that there is such a thing.
STAFF_ONLY = ("level", "first_on", "last_on", "count", "cross_borough")


def told(
    groups: Sequence[Group],
    rows: Mapping[str, Row],
    zoom: int,
    spots: Sequence[str],
    *,
    in_full: bool = True,
) -> list[dict[str, Any]]:
    """What the map is given; `spots` says where each group is, in words.

    A place that went away since it was counted is left out.
    """
    made = _told(groups, rows, zoom, spots)
    return made if in_full else [_as_shape(item, rows) for item in made]


def _as_shape(item: dict[str, Any], rows: Mapping[str, Row]) -> dict[str, Any]:
    """The stage instead of level, dates and numbers; how many a group holds is no secret."""
    counted = ("count",) if item["kind"] == "group" else ()
    kept = {k: v for k, v in item.items() if k in counted or k not in STAFF_ONLY}
    if item["kind"] == "group":
        return kept | {"members": [_as_shape(one, rows) for one in item["members"]]}
    return kept | {"stage": rows[item["id"]].state}


def _told(
    groups: Sequence[Group], rows: Mapping[str, Row], zoom: int, spots: Sequence[str]
) -> list[dict[str, Any]]:
    made = []
    where = iter(spots)
    for group in groups:
        if len(group) > 1:
            made.append(_group(group, rows if zoom >= CLOSE else {}, next(where)))
        elif group[0].id in rows:
            made.append(_item(rows[group[0].id]))
    return made


def middles(groups: Sequence[Group]) -> list[tuple[float, float]]:
    """Where each group is shown that is more than one thing, in degrees."""
    return [_middle(group) for group in groups if len(group) > 1]


def listed(group: Group) -> Sequence[Spot]:
    """Members that a close group names, by reference; a thing alone is itself."""
    return sorted(group)[:LISTED] if len(group) > 1 else group


def spot(row: Row) -> Spot:
    """A row that has a place on the map, for grouping."""
    return Spot(
        row.id, row.kind, row.name, row.level, row.cross_borough, row.lon or 0, row.lat or 0
    )


def inside(at: Spot, box: Box) -> bool:
    west, south, east, north = box
    return west <= at.lon <= east and south <= at.lat <= north


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


def _merged(groups: list[Group], zoom: int) -> list[Group]:
    """No two centres closer than a symbol: a group is shown in the middle of its members."""
    if len(groups) < 2:
        return groups
    kept: list[Group | None] = list(groups)
    pixel = 360 / 256 / 2**zoom
    sides = np.array((pixel, pixel * cos(radians(groups[0][0].lat))))
    px = np.array([_middle(group) for group in groups]) / sides
    near = np.hypot(*(px[:, None, :] - px[None, :, :]).transpose(2, 0, 1))
    np.fill_diagonal(near, np.inf)
    while near.min() < CENTRES_PX:
        first, second = sorted(divmod(int(near.argmin()), len(groups)))
        both = [*(kept[first] or ()), *(kept[second] or ())]
        kept[first], kept[second] = both, None
        px[first], px[second] = np.array(_middle(both)) / sides, np.inf
        near[second, :] = near[:, second] = np.inf
        far = np.hypot(*(px - px[first]).T)
        far[[first, *(i for i, group in enumerate(kept) if group is None)]] = np.inf
        near[first, :] = near[:, first] = far
    return [group for group in kept if group is not None]


def _middle(group: Group) -> tuple[float, float]:
    n = len(group)
    return sum(one.lon for one in group) / n, sum(one.lat for one in group) / n


def _by_grid(seen: Sequence[Spot], cell_deg: float) -> list[Group]:
    """By a grid of the world, so that the groups do not change while the map moves."""
    cells: dict[tuple[int, int], list[Spot]] = {}
    for one in seen:
        key = int(one.lon // cell_deg), int(one.lat // (cell_deg * 0.62))
        cells.setdefault(key, []).append(one)
    return [found for _, found in sorted(cells.items())]


def _item(row: Row) -> dict[str, Any]:
    line = row.geom_kind == "L"
    sure = _how_sure(row) if row.kind == "cluster" else {}
    return sure | {
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


def _how_sure(row: Row) -> dict[str, Any]:
    """As the page of the cluster says it; of the other side only that there is one."""
    evidence = Evidence.of(row.evidence or {})
    said = telling.verdict(row, evidence, exact=not row.in_words).sentences
    return {"sure": said, "across": telling.ACROSS if row.across else ""}


def _group(members: Group, rows: Mapping[str, Row], where: str) -> dict[str, Any]:
    lon, lat = _middle(members)
    lons, lats = [one.lon for one in members], [one.lat for one in members]
    return {
        "id": f"group:{min(one.id for one in members)}",
        "kind": "group",
        "name": f"Group of {_held(members)} {where}",
        "level": max(int(one.level[2:] or 0) if one.level else 0 for one in members),
        "shape": "circle",
        "lon": round(lon, 5),
        "lat": round(lat, 5),
        "count": len(members),
        "cross_borough": any(one.kind == "cluster" and one.cross_borough for one in members),
        "box": [round(v, 5) for v in (min(lons), min(lats), max(lons), max(lats))],
        "members": [_item(rows[one.id]) for one in listed(members) if one.id in rows],
        "href": "",
    }


def _held(members: Group) -> str:
    """With the number that is written on it: whoever speaks to a computer says what is seen."""
    told = many(members)
    return told if told.startswith(f"{len(members):,} ") else f"{len(members):,}: {told}"


def many(spots: Sequence[Spot]) -> str:
    """`12 places and 2 clusters`; what there is none of is not told."""
    clusters = sum(one.kind == "cluster" for one in spots)
    counts = (("place", len(spots) - clusters), ("cluster", clusters))
    said = [f"{n:,} {noun}{'' if n == 1 else 's'}" for noun, n in counts if n]
    return " and ".join(said)
