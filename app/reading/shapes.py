"""Shapes of other people: checked, brought onto the British National Grid, never repaired."""

from collections.abc import Iterator
from itertools import islice
from typing import Any

import numpy as np
import shapely

from app.reading import coordinates
from app.reading.rules import MAX_VERTICES, RefusedError
from app.reading.schemas import Box, Problem
from app.reading.tables import Row

WGS84, BNG = 4326, 27700
NAMES = {4326: "WGS 84", 4258: "ETRS89", 27700: "British National Grid", 3857: "web mercator"}
KINDS = {"Point", "LineString", "Polygon", "MultiPoint", "MultiLineString", "MultiPolygon"}
WKB_KINDS = {1: "Point", 2: "LineString", 3: "Polygon", 4: "MultiPoint", 5: "MultiLineString"}
WKB_KINDS[6] = "MultiPolygon"
EARTH_M = 6_378_137.0
BLOCK = 5000
EXTENT = (0.0, 0.0, 700_000.0, 1_300_000.0)

MANY = (
    f"The shape has more than {MAX_VERTICES} corners.",
    "Simplify it, or draw a simpler shape.",
)
CROSSES = ("The shape crosses itself.", "Draw it again without crossing lines.")
OUTSIDE = (
    "The shape lies outside the area of the partnership.",
    "Check its coordinates and the coordinate system of the file.",
)
NOT_ON_EARTH = (
    "The coordinates are not on the map.",
    "Check them and the coordinate system of the file.",
)
UNREADABLE = ("The shape cannot be read.", "Draw it again.")
KIND = (
    "The shape is of a kind that is not read.",
    "Use points, lines or areas.",
)

Shaped = tuple[Any, Problem | None]


def of_coordinates(kind: object, coordinates: object) -> Shaped:
    """A geometry from nested lists, as GeoJSON and KML have them."""
    if not isinstance(kind, str) or kind not in KINDS:
        return None, KIND
    if coordinates == []:
        return None, None
    if _more_than(coordinates, MAX_VERTICES):
        return None, MANY
    try:
        return _built(kind, coordinates), None
    except (TypeError, ValueError, IndexError, KeyError, shapely.GEOSException):
        return None, UNREADABLE


def of_wkb(blob: bytes) -> Shaped:
    """A geometry from well-known binary; its kind is looked at before GEOS sees it."""
    problem = _wkb_problem(blob)
    if problem is not None:
        return None, problem
    try:
        shape = shapely.from_wkb(blob)
    except (ValueError, shapely.GEOSException):
        return None, UNREADABLE
    if shapely.get_num_coordinates(shape) > MAX_VERTICES:
        return None, MANY
    return None if shapely.is_empty(shape) else _one_part(shapely.force_2d(shape)), None


def _wkb_problem(blob: bytes) -> Problem | None:
    if len(blob) < 5 or blob[0] not in {0, 1}:
        return UNREADABLE
    kind = int.from_bytes(blob[1:5], "little" if blob[0] else "big") & 0x0FFFFFFF
    if kind % 1000 not in WKB_KINDS or kind >= 4000:
        return KIND
    # A corner takes 16 bytes, with Z and M 32; a part of a multipoint 5 more.
    return MANY if len(blob) > 40 * MAX_VERTICES + 1000 else None


def _one_part(shape: Any) -> Any:  # noqa: ANN401 - shapely has no types
    """A collection of one is that one."""
    alone = shape.geom_type.startswith("Multi") and len(shape.geoms) == 1
    return shape.geoms[0] if alone else shape


def _more_than(coordinates: object, most: int) -> bool:
    """Whether there are more positions than that; looks no further than needed."""
    waiting, seen = [coordinates], 0
    while waiting:
        each = waiting.pop()
        if not isinstance(each, list):
            continue
        if each and not isinstance(each[0], list):
            seen += 1
            if seen > most:
                return True
            continue
        if len(each) > 2 * most:
            return True
        waiting += each
    return False


def _built(kind: str, coordinates: Any) -> Any:  # noqa: ANN401 - whatever a file has there
    if kind.startswith("Multi"):
        parts = [_built(kind.removeprefix("Multi"), part) for part in coordinates]
        return parts[0] if len(parts) == 1 else getattr(shapely, kind)(parts)
    if kind == "Point":
        return shapely.Point(_position(coordinates))
    if kind == "LineString":
        return shapely.LineString([_position(each) for each in coordinates])
    rings = [[_position(each) for each in ring] for ring in coordinates]
    return shapely.Polygon(rings[0], rings[1:])


def _position(each: Any) -> tuple[float, float]:  # noqa: ANN401 - whatever a file has there
    x, y = each[0], each[1]
    if type(x) not in {int, float} or type(y) not in {int, float}:
        raise ValueError("not a number")
    return float(x), float(y)


def supported(crs: int) -> int:
    if crs not in NAMES:
        raise RefusedError(
            f"The coordinate system EPSG:{crs} is not read. Save the file in WGS 84 (EPSG:4326) "
            "or British National Grid (EPSG:27700)."
        )
    return crs


def look_swapped(found: list[Any], crs: int | None, *, swapped: bool) -> bool:
    """Whether the first shapes lie in Britain only when their coordinates are exchanged."""
    kind = coordinates.METRES if crs == BNG else coordinates.DEGREES
    if crs not in {WGS84, 4258, BNG}:
        return False
    firsts = [tuple(shapely.get_coordinates(s)[0]) for s in found if s is not None]
    xs, ys = ([str(float(point[i])) for point in firsts] for i in (0, 1))
    return bool(firsts) and coordinates.look(*((ys, xs) if swapped else (xs, ys)), kind).swapped


def on_the_grid(
    rows: Iterator[Row], crs: int, *, swapped: bool, within: Box | None
) -> Iterator[Row]:
    """The same rows; a shape is now on the grid and good, or its row has a problem."""
    while block := list(islice(rows, BLOCK)):
        at = [i for i, row in enumerate(block) if row.shape is not None]
        shapes = np.array([block[i].shape for i in at], dtype=object)
        if at:
            projected = shapely.transform(shapes, lambda xy: _to_grid(xy, crs, swapped=swapped))
            for i, shape, problem in zip(at, projected, _problems(projected, within), strict=True):
                given = block[i].problem or problem
                block[i] = block[i]._replace(shape=None if given else shape, problem=given)
        yield from block


def _problems(shapes: Any, within: Box | None) -> list[Problem | None]:  # noqa: ANN401 - numpy of objects
    west, south, east, north = (
        np.array(side) for side in zip(*shapely.bounds(shapes), strict=True)
    )
    found: list[Problem | None] = [None] * len(shapes)
    with np.errstate(invalid="ignore"):
        on_map = _inside(west, south, east, north, EXTENT)
        near = _inside(west, south, east, north, within or EXTENT)
    sane = np.where(on_map, shapes, shapely.Point(0, 0))
    for where, problem in (
        (~shapely.is_valid(sane), CROSSES),
        (~near, OUTSIDE),
        (~on_map, NOT_ON_EARTH),
    ):
        for i in np.flatnonzero(where):
            found[i] = problem
    return found


def _inside(west: Any, south: Any, east: Any, north: Any, box: Box) -> Any:  # noqa: ANN401 - arrays
    return (west >= box[0]) & (south >= box[1]) & (east <= box[2]) & (north <= box[3])


def _to_grid(xy: Any, crs: int, *, swapped: bool) -> Any:  # noqa: ANN401 - arrays
    xy = np.array(xy[:, ::-1] if swapped else xy, dtype=np.float64)
    with np.errstate(all="ignore"):
        if crs != BNG:
            xy = _from_degrees(_degrees(xy) if crs == 3857 else xy)
        xy[~np.isfinite(xy).all(axis=1)] = -1e9
        return np.round(np.clip(xy, -1e9, 1e9), 1)


def _degrees(xy: Any) -> Any:  # noqa: ANN401 - arrays
    lat = np.degrees(2 * np.arctan(np.exp(np.clip(xy[:, 1] / EARTH_M, -4, 4))) - np.pi / 2)
    return np.column_stack([np.degrees(xy[:, 0] / EARTH_M), lat])


def _from_degrees(lonlat: Any) -> Any:  # noqa: ANN401 - arrays
    from geo import crs

    # Far from Britain the projection means nothing, and may be slow.
    odd = ~((np.abs(lonlat[:, 0]) <= 15) & (lonlat[:, 1] >= 45) & (lonlat[:, 1] <= 65))
    lonlat[odd] = (0, 51)
    projected = crs.to_bng(lonlat)
    projected[odd] = -1e9
    return projected
