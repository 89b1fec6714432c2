"""The ground that clusters cover, and the districts it reaches into (rule R2)."""

from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from geo import coverage
from geo.boundaries import Lads

Array = NDArray[Any]

LEAST_SHARE, LEAST_M2 = 0.01, 100.0
FEW_POINTS = 50


def shares(xy_m: Array, of: Array, radius_m: float, lads: Lads) -> list[dict[str, float]]:
    """Districts holding at least 1 % and 100 m2 of each cluster's footprint.

    Parameters
    ----------
    xy_m : ndarray, shape (n, 2), EPSG:27700 metres
        Core sites of all clusters; a site may come more than once.
    of : ndarray of int, shape (n,)
        Cluster of each, 0, 1, 2 ... without a gap.
    radius_m : float
        The footprint is the union of circles of this radius (16 segments a quarter).
    lads : Lads

    Returns
    -------
    list of dict
        Share of the footprint by code, in the order of `lads`; to four decimals.

    Examples
    --------
    >>> halves = np.array([shapely.box(0, 0, 500, 500), shapely.box(500, 0, 900, 500)])
    >>> two = Lads(("E1", "E2"), halves)
    >>> shares(np.array([[500.0, 250.0], [100.0, 250.0]]), np.array([0, 1]), 50, two)
    [{'E1': 0.5, 'E2': 0.5}, {'E1': 1.0}]
    """
    if not len(of):
        return []
    points = np.unique(np.column_stack([of, xy_m]), axis=0)
    ground = _footprints(shapely.points(points[:, 1:]), points[:, 0].astype(int), radius_m)
    part, lad = _cut(lads.shapes)
    at, piece = shapely.STRtree(part).query(ground, predicate="intersects")
    covered = np.zeros((len(ground), len(lads.codes)))
    shared = shapely.area(shapely.intersection(part[piece], ground[at]))
    np.add.at(covered, (at, lad[piece]), shared)
    share = covered / shapely.area(ground)[:, None]
    found: list[dict[str, float]] = [{} for _ in ground]
    for i, k in np.argwhere((covered >= LEAST_M2) & (share >= LEAST_SHARE)).tolist():
        found[i][lads.codes[k]] = round(float(share[i, k]), 4)
    return found


def near_border(xy_m: Array, radius_m: float, lads: Lads) -> Array:
    """Whether the buffer of each point reaches a district's edge: only these can straddle."""
    near = np.zeros(len(xy_m), dtype=bool)
    if not len(lads.codes) or not len(xy_m):
        return near
    west, south = xy_m.min(axis=0) - 2 * radius_m
    east, north = xy_m.max(axis=0) + 2 * radius_m
    edges = shapely.clip_by_rect(shapely.boundary(lads.shapes), west, south, east, north)
    lines = shapely.get_parts(edges)
    coordinates, line = shapely.get_coordinates(lines, return_index=True)
    joined = line[1:] == line[:-1]
    ends = np.stack([coordinates[:-1][joined], coordinates[1:][joined]], axis=1)
    tree = shapely.STRtree(shapely.linestrings(ends))
    hit = tree.query(shapely.points(xy_m), predicate="dwithin", distance=radius_m)[0]
    near[hit] = True
    return near


def _footprints(points: Array, of: Array, radius_m: float) -> Array:
    """Union of the circles of each hot spot: few at once, many one hot spot after the other.

    GEOS buffers a hundred small groups of points 1.7 times faster than it unites their circles,
    and one of ten thousand points ten times slower.
    """
    size = np.bincount(of)
    found = np.empty(len(size), dtype=object)
    few = size[of] <= FEW_POINTS
    small = np.flatnonzero(size <= FEW_POINTS)
    if len(small):
        together = shapely.multipoints(points[few], indices=np.searchsorted(small, of[few]))
        found[small] = shapely.buffer(together, radius_m, quad_segs=16)
    for i in np.flatnonzero(size > FEW_POINTS).tolist():
        found[i] = shapely.union_all(shapely.buffer(points[of == i], radius_m, quad_segs=16))
    return found


def _cut(shapes: Array) -> tuple[Array, Array]:
    """Small pieces of the districts, and which each is of: an overlap then reads little."""
    parts = [coverage.pieces(shape) for shape in shapes]
    of = np.repeat(np.arange(len(parts)), [len(part) for part in parts])
    return np.array([piece for part in parts for piece in part], dtype=object), of
