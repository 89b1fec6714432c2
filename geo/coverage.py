"""Simplified copies of a set of adjoining polygons, with the shared edges kept shared."""

from typing import Any, NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

Shapes = NDArray[Any]

MAX_VERTICES = 256


class ZoomRange(NamedTuple):
    """Map zooms served by one copy, and how far (metres) its edges may move."""

    min_zoom: int
    max_zoom: int
    tolerance_m: float


# Half a pixel of a 4,096-unit tile at the largest zoom of each range, at 51 degrees north.
ZOOM_RANGES = (
    ZoomRange(0, 9, 48.0),
    ZoomRange(10, 11, 12.0),
    ZoomRange(12, 13, 3.0),
    ZoomRange(14, 24, 0.0),
)


def simplified(shapes_m: Shapes, tolerance_m: float) -> Shapes:
    """Fewer vertices; neighbours still meet, and no shape is lost.

    Parameters
    ----------
    shapes_m : array of Polygon or MultiPolygon, shape (n,), EPSG:27700 metres
    tolerance_m : float
        Side of the smallest triangle that is kept, roughly. 0 leaves the shapes as they are.

    Returns
    -------
    array of MultiPolygon, shape (n,)
        Simplified together where they form a valid coverage. Where they overlap or leave gaps,
        each is simplified alone. A shape that would vanish stays as it was.

    Examples
    --------
    >>> left, right = shapely.box(0, 0, 10, 10), shapely.box(10, 0, 20, 10)
    >>> both = simplified(np.array([left, right]), 1.0)
    >>> float(shapely.intersection(both[0], both[1]).length)
    10.0
    """
    if tolerance_m <= 0:
        return _multi(shapes_m)
    if bool(shapely.coverage_is_valid(shapes_m)):
        less = shapely.coverage_simplify(shapes_m, tolerance_m)
    else:
        less = shapely.simplify(shapes_m, tolerance_m, preserve_topology=True)
    lost = shapely.is_empty(less) | ~shapely.is_valid(less)
    return _multi(np.where(lost, shapes_m, less))


def pieces(shape_m: shapely.Geometry, max_vertices: int = MAX_VERTICES) -> list[shapely.Polygon]:
    """Cut a polygon into parts of at most `max_vertices`, so that an overlap test reads little.

    Halved across its longer side until small enough; the parts cover the shape exactly once.

    Examples
    --------
    >>> ring = shapely.Point(0, 0).buffer(100, quad_segs=200)
    >>> parts = pieces(ring, 100)
    >>> bool(max(shapely.get_num_coordinates(p) for p in parts) <= 100)
    True
    >>> round(sum(p.area for p in parts) / ring.area, 9)
    1.0
    """
    waiting = [part for part in shapely.get_parts(shape_m) if part.area > 0]
    done: list[shapely.Polygon] = []
    while waiting:
        part = waiting.pop()
        if shapely.get_num_coordinates(part) <= max_vertices:
            done.append(part)
        else:
            waiting.extend(_halves(part))
    return done


def outline(
    shape_m: shapely.Geometry, max_vertices: int = MAX_VERTICES
) -> list[shapely.LineString]:
    """Return the border of a polygon in parts of at most `max_vertices`.

    Examples
    --------
    >>> parts = outline(shapely.Point(0, 0).buffer(100, quad_segs=200), 100)
    >>> len(parts), round(sum(p.length for p in parts))
    (9, 628)
    """
    rings = shapely.get_rings(shapely.get_parts(shape_m))
    runs = [shapely.get_coordinates(ring) for ring in rings]
    return [
        shapely.LineString(points[start : start + max_vertices])
        for points in runs
        for start in range(0, len(points) - 1, max_vertices - 1)
    ]


def _halves(part: shapely.Polygon) -> list[shapely.Polygon]:
    west, south, east, north = part.bounds
    if east - west >= north - south:
        middle = (west + east) / 2
        boxes = [(west, south, middle, north), (middle, south, east, north)]
    else:
        middle = (south + north) / 2
        boxes = [(west, south, east, middle), (west, middle, east, north)]
    cut = [shapely.intersection(part, shapely.box(*box)) for box in boxes]
    return [p for one in cut for p in shapely.get_parts(one) if p.geom_type == "Polygon" and p.area]


def _multi(shapes_m: Shapes) -> Shapes:
    """Every shape as a MultiPolygon, so that one column type holds all."""
    wrapped = [
        shapely.multipolygons([shape]) if shape.geom_type == "Polygon" else shape
        for shape in shapes_m
    ]
    return np.array(wrapped, dtype=object)
