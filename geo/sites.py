"""Which places are within reach of each other, where some are areas or lines."""

from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from geo.neighbourhood import Pairs, reach_m

Shapes = NDArray[Any]


def neighbours(shapes: Shapes, eps_m: float) -> Pairs:
    """Sites at most `eps_m` apart, each pair once; inside an area is 0 m from it.

    Parameters
    ----------
    shapes : array of shapely geometries, EPSG:27700 metres
    eps_m : float

    Returns
    -------
    density.Pairs
        Rows i < j, millimetres, and 0 days (sites have no date).

    Notes
    -----
    A large place (minimum bounding circle with a radius above `eps_m`) and a line have no
    neighbours: a park of 900 ha or a bus route must not join its far ends.

    Examples
    --------
    >>> park, gate = shapely.box(0, 0, 60, 60), shapely.Point(60, 120)
    >>> neighbours(np.array([park, gate, shapely.Point(0, 400)]), 60).mm
    array([60000.])
    """
    small = np.flatnonzero(~large(shapes, eps_m))
    tree = shapely.STRtree(shapes[small])
    a, b = tree.query(shapes[small], predicate="dwithin", distance=reach_m(eps_m))
    once = a < b
    i, j = small[a[once]], small[b[once]]
    mm = np.rint(shapely.distance(shapes[i], shapes[j]) * 1000)
    keep = mm <= eps_m * 1000 + 1e-6
    return Pairs(i[keep], j[keep], mm[keep], np.zeros(int(keep.sum()), dtype=np.int64))


def large(shapes: Shapes, eps_m: float) -> NDArray[np.bool_]:
    """Too large, or too long, to stand near anything but itself.

    Examples
    --------
    >>> large(np.array([shapely.Point(0, 0), shapely.box(0, 0, 900, 900)]), 250)
    array([False,  True])
    """
    wide = shapely.minimum_bounding_radius(shapes) > eps_m
    found: NDArray[np.bool_] = wide | (shapely.get_dimensions(shapes) == 1)
    return found
