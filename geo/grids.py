"""Square cells of the British National Grid, and the outline of a cluster drawn from them."""

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
    cells = np.unique(square(xy_m, cell_m), axis=0)
    centres = shapely.MultiPoint((cells + 0.5) * cell_m).convex_hull
    if centres.geom_type == "Polygon":
        return centres
    corners = np.concatenate([cells + offset for offset in ((0, 0), (0, 1), (1, 0), (1, 1))])
    return shapely.MultiPoint(corners * cell_m).convex_hull
