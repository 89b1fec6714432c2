"""Square cells of the British National Grid, and the outline of a cluster drawn from them."""

from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from geo.crs import Points

Cells = NDArray[np.int64]

HULL_CELL_M = 500.0


def square(xy_m: Points, cell_m: float) -> Cells:
    """Column and row of the half-open cell of each point.

    Parameters
    ----------
    xy_m : ndarray, shape (n, 2), EPSG:27700 metres
    cell_m : float

    Returns
    -------
    ndarray of int64, shape (n, 2)

    Examples
    --------
    >>> square(np.array([[518000.0, 169250.0], [518249.9, 169249.9]]), 250).tolist()
    [[2072, 677], [2072, 676]]
    """
    return np.floor(np.asarray(xy_m) / cell_m).astype(np.int64)


def cell_id(column: int, row: int, cell_m: int) -> str:
    """Name a cell, as in stored results.

    Examples
    --------
    >>> cell_id(2073, 676, 250)
    'c250:2073:676'
    """
    return f"c{cell_m}:{column}:{row}"


def hull(xy_m: Points, cell_m: float = HULL_CELL_M) -> shapely.Polygon:
    """Outline for display: of cells, never of points, so that no point can be read from it.

    Parameters
    ----------
    xy_m : ndarray, shape (n, 2), EPSG:27700 metres
        Member sites.

    Returns
    -------
    Polygon
        Convex hull of the centres of the members' cells; of the whole cells where they are one,
        two, or in a line.

    Examples
    --------
    >>> hull(np.array([[100.0, 100.0]])).bounds
    (0.0, 0.0, 500.0, 500.0)
    """
    return hulls(xy_m, np.zeros(len(xy_m), dtype=np.int64), cell_m)[0]


def hulls(xy_m: Points, group: NDArray[Any], cell_m: float = HULL_CELL_M) -> NDArray[Any]:
    """Outlines of many clusters at once.

    Parameters
    ----------
    xy_m : ndarray, shape (n, 2), EPSG:27700 metres
    group : ndarray of int, shape (n,)
        Cluster of each point, 0, 1, 2 ... without a gap, ascending.

    Returns
    -------
    ndarray of Polygon
        As `hull`, by cluster.

    Examples
    --------
    >>> hulls(np.array([[100.0, 100.0], [700.0, 100.0]]), np.array([0, 1]))[1].bounds
    (500.0, 0.0, 1000.0, 500.0)
    """
    if not len(group):
        return np.empty(0, dtype=object)
    cells = np.unique(np.column_stack([group, square(xy_m, cell_m)]), axis=0)
    of = cells[:, 0]
    centres = shapely.points((cells[:, 1:] + 0.5) * cell_m)
    found: NDArray[Any] = shapely.convex_hull(shapely.multipoints(centres, indices=of))
    flat = np.flatnonzero(shapely.get_dimensions(found) < 2)
    some = np.isin(of, flat)
    corners = (cells[some, None, 1:] + CORNERS).reshape(-1, 2) * cell_m
    of_corner = np.repeat(np.searchsorted(flat, of[some]), len(CORNERS))
    if len(flat):
        whole = shapely.multipoints(shapely.points(corners), indices=of_corner)
        found[flat] = shapely.convex_hull(whole)
    return found


CORNERS = np.array([(0, 0), (0, 1), (1, 0), (1, 1)])
