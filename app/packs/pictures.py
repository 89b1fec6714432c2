"""Where the shape of a place and the dots of its scale go on a page: numbers in, positions out.

Drawn by the server, with nothing that a reader must fetch. Pure.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import shapely

from app.packs.content import Json

WIDTH, HEIGHT = 360, 260
AROUND = 1.5  # so many times as wide as the place
LEAST_M = 600  # across: so far a reader sees names to find the way by
SCALES_M = (2000, 1000, 500, 200, 100, 50, 20)
At = Callable[[float, float], tuple[int, int]]
KINDS = ("STATION", "TOWN", "PARK", "SCHOOL", "STREET")
MOST_NAMES, LINE = 7, 15


class Name(NamedTuple):
    """Something of open data near the place, to find one's way by."""

    kind: str
    label: str
    easting_m: float
    northing_m: float


def box(shape: str, wider: int = 1) -> tuple[float, float, float, float]:
    """West, south, east, north in metres of what the picture shows, in its proportions."""
    found = shapely.from_wkt(shape)
    west, south, east, north = found.bounds
    middle = ((west + east) / 2, (south + north) / 2)
    wide = max((east - west) * AROUND, LEAST_M) * wider
    high = max((north - south) * AROUND, wide * HEIGHT / WIDTH)
    wide = high * WIDTH / HEIGHT
    return (
        middle[0] - wide / 2, middle[1] - high / 2, middle[0] + wide / 2, middle[1] + high / 2,
    )  # fmt: skip


def shape(drawn: str, names: Iterable[Name], wider: int = 1) -> Json:
    """`drawn` in EPSG:27700 as text; positions are whole units of the picture."""
    west, _, east, north = box(drawn, wider)
    scale = WIDTH / (east - west)

    def at(x: float, y: float) -> tuple[int, int]:
        return round((x - west) * scale), round((north - y) * scale)

    found = shapely.from_wkt(drawn)
    length = next((m for m in SCALES_M if m * scale <= WIDTH / 3), SCALES_M[-1])
    return {
        "width": WIDTH,
        "height": HEIGHT,
        "paths": [_path(part, at) for part in _parts(found) if part.geom_type != "Point"],
        "points": [list(at(part.x, part.y)) for part in _parts(found) if part.geom_type == "Point"],
        "closed": found.geom_type.endswith("Polygon"),
        "names": _placed(names, at),
        "scale_m": length,
        "scale": round(length * scale),
    }


def _parts(found: shapely.Geometry) -> Sequence[shapely.Geometry]:
    return [part for part in shapely.get_parts(found) if not part.is_empty]


def _path(part: shapely.Geometry, at: At) -> str:
    rings = [part.exterior, *part.interiors] if part.geom_type == "Polygon" else [part]
    end = "Z" if part.geom_type == "Polygon" else ""
    return "".join(_line([at(*point) for point in ring.coords]) + end for ring in rings)


def _line(points: Sequence[tuple[int, int]]) -> str:
    return "M" + "L".join(f"{x} {y}" for x, y in points)


def _placed(names: Iterable[Name], at: At) -> list[Json]:
    """Those nearest the middle of the picture first; no two on each other, none cut off."""
    where = [(one, *at(one.easting_m, one.northing_m)) for one in names if one.kind in KINDS]
    where.sort(key=lambda n: (KINDS.index(n[0].kind), _far(n[1], n[2]), n[0].label))
    kept: list[Json] = []
    taken: list[tuple[float, float, float, float]] = []
    known = set()
    for one, x, y in where:
        half = 3.4 * len(one.label)
        spot = (x - half, y - LINE, x + half, y + 4)
        inside = spot[0] >= 4 and spot[2] <= WIDTH - 4 and 16 <= y <= HEIGHT - 30
        if not inside or one.label in known or any(_meet(spot, other) for other in taken):
            continue
        kept.append({"label": one.label, "kind": one.kind, "x": x, "y": y})
        taken.append(spot)
        known.add(one.label)
        if len(kept) == MOST_NAMES:
            break
    return kept


def _far(x: int, y: int) -> int:
    return (x - WIDTH // 2) ** 2 + (y - HEIGHT // 2) ** 2


def _meet(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    apart = one[2] < other[0] or other[2] < one[0] or one[3] < other[1] or other[3] < one[1]
    return not apart
