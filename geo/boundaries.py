"""Which local authority district (LAD) a point or shape belongs to."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from geo.crs import Points

Index = NDArray[np.int32]

NEAREST_M = 250.0
LEAST_SHARE = 1e-6


@dataclass(frozen=True, slots=True)
class Lads:
    """Districts: GSS codes and their polygons in EPSG:27700, in the same order."""

    codes: tuple[str, ...]
    shapes: NDArray[Any]


def lad_of(xy_m: Points, lads: Lads, *, nearest_m: float = NEAREST_M) -> Index:
    """District of each point.

    Parameters
    ----------
    xy_m : ndarray, shape (n, 2), EPSG:27700 metres
    lads : Lads
    nearest_m : float
        A point in none goes to the nearest within this distance: the boundaries that ship leave
        the tidal Thames out, so bridges and towpaths lie in none. 0 leaves them in none.

    Returns
    -------
    ndarray of int32, shape (n,)
        Index into `lads.codes`, -1 for none. A point on a boundary is inside; of several the
        lowest code wins. Points without coordinates get -1.

    Examples
    --------
    >>> two = Lads(("E1", "E2"), np.array([shapely.box(0, 0, 10, 10), shapely.box(10, 0, 20, 10)]))
    >>> lad_of(np.array([[5.0, 5.0], [10.0, 5.0], [15.0, 5.0], [30.0, 5.0], [999.0, 5.0]]), two)
    array([ 0,  0,  1,  1, -1], dtype=int32)
    """
    found = np.full(len(xy_m), -1, dtype=np.int32)
    # By easting, so that each polygon looks only at the points beside it.
    by_east = np.argsort(xy_m[:, 0], kind="stable")
    east = xy_m[by_east, 0]
    for i in sorted(range(len(lads.codes)), key=lambda i: lads.codes[i]):
        west, south, right, north = shapely.bounds(lads.shapes[i])
        near = by_east[np.searchsorted(east, west) : np.searchsorted(east, right, "right")]
        north_m = xy_m[near, 1]
        near = near[(north_m >= south) & (north_m <= north) & (found[near] < 0)]
        shapely.prepare(lads.shapes[i])
        found[near[shapely.intersects_xy(lads.shapes[i], xy_m[near, 0], xy_m[near, 1])]] = i
    if nearest_m > 0:
        _take_nearest(found, xy_m, lads, nearest_m)
    return found


def shares(geometry: shapely.Geometry, lads: Lads) -> list[tuple[str, float]]:
    """Districts of a shape, with the share of its area, length or points in each.

    Parameters
    ----------
    geometry : shapely geometry, EPSG:27700
    lads : Lads

    Returns
    -------
    list of (code, share)
        Largest first, ties by code; shares sum to 1, those below 1e-6 left out. Nothing overlapped:
        the nearest within 250 m. Nothing at all (an empty shape): empty.

    Examples
    --------
    >>> two = Lads(("E1", "E2"), np.array([shapely.box(0, 0, 10, 10), shapely.box(10, 0, 20, 10)]))
    >>> shares(shapely.box(8, 2, 12, 4), two)
    [('E1', 0.5), ('E2', 0.5)]
    """
    if shapely.get_dimensions(geometry) == 0:
        at = lad_of(shapely.get_coordinates(geometry), lads)
        return _ranked(np.bincount(at[at >= 0], minlength=len(lads.codes)), lads)
    measure = shapely.area if shapely.get_dimensions(geometry) == 2 else shapely.length
    amounts = measure(shapely.intersection(lads.shapes, geometry))
    return _ranked(amounts, lads) or _nearest_share(geometry, lads)


def _ranked(amounts: NDArray[Any], lads: Lads) -> list[tuple[str, float]]:
    """Shares of the total, the largest first; nothing where there is nothing."""
    total = float(amounts.sum())
    if total == 0:
        return []
    found = [
        (code, float(amount) / total)
        for code, amount in zip(lads.codes, amounts, strict=True)
        if amount / total >= LEAST_SHARE
    ]
    return sorted(found, key=lambda pair: (-pair[1], pair[0]))


def _take_nearest(found: Index, xy_m: Points, lads: Lads, nearest_m: float) -> None:
    """Fill `found` in place for the points in no polygon; ties by code."""
    lost = np.flatnonzero((found < 0) & np.isfinite(xy_m).all(axis=1))
    if not len(lost) or not len(lads.codes):
        return
    order = sorted(range(len(lads.codes)), key=lambda i: lads.codes[i])
    tree = shapely.STRtree(lads.shapes[order])
    points = shapely.points(xy_m[lost])
    (point_at, shape_at), metres = tree.query_nearest(
        points, max_distance=nearest_m, return_distance=True, all_matches=True
    )
    ranked = np.lexsort((shape_at, np.round(metres, 3), point_at))
    first = ranked[np.unique(point_at[ranked], return_index=True)[1]]
    found[lost[point_at[first]]] = np.asarray(order, dtype=np.int32)[shape_at[first]]


def _nearest_share(geometry: shapely.Geometry, lads: Lads) -> list[tuple[str, float]]:
    metres = np.round(shapely.distance(lads.shapes, geometry), 3)
    near = [(m, code) for m, code in zip(metres, lads.codes, strict=True) if m <= NEAREST_M]
    return [(min(near)[1], 1.0)] if near else []
