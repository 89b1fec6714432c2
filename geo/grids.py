"""Square cells of the British National Grid, and the outline of a cluster drawn from them."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from geo.crs import Points, require_bng
from geo.errors import GeoInputError

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


@dataclass(frozen=True, slots=True)
class Counts:
    """Events by cell of a study area, rows from south to north.

    Parameters
    ----------
    n : ndarray of int64, shape (rows, columns)
        0 outside the mask.
    mask : ndarray of bool, shape (rows, columns)
    corner : tuple of int
        Column and row of the grid of which n[0, 0] is.
    cell_m : float
    outside : int
        Events that lie in no cell of the mask.
    """

    n: Cells
    mask: NDArray[np.bool_]
    corner: tuple[int, int]
    cell_m: float
    outside: int


def counts(
    xy_m: Points,
    weight: NDArray[Any],
    cell_m: float,
    window: shapely.Geometry,
    *,
    halo_m: float = 0.0,
) -> Counts:
    """Add up events by cell.

    Parameters
    ----------
    xy_m : ndarray, shape (n, 2), EPSG:27700 metres
    weight : ndarray of int, shape (n,)
        Events at each point.
    cell_m : float
    window : Polygon or MultiPolygon, EPSG:27700
        The mask holds the cells whose centre is in it, its border included.
    halo_m : float
        Or at most so far from it.

    Returns
    -------
    Counts

    Raises
    ------
    GeoInputError
        Points that are no British National Grid metres, or a window without ground.

    Examples
    --------
    >>> found = counts(np.array([[600.0, 100.0]]), np.array([2]), 250, shapely.box(0, 0, 900, 250))
    >>> found.n.tolist(), found.mask.tolist()
    ([[0, 0, 2, 0]], [[True, True, True, True]])
    """
    points = require_bng(xy_m)
    ground = shapely.buffer(window, halo_m) if halo_m else window
    if not cell_m > 0 or ground.is_empty:
        raise GeoInputError("Counts need a study area, and cells with a side of more than 0 m.")
    west, south, east, north = shapely.bounds(ground)
    low, high = square(np.array([[west, south], [east, north]]), cell_m)
    x = (np.arange(low[0], high[0] + 1) + 0.5) * cell_m
    y = (np.arange(low[1], high[1] + 1) + 0.5) * cell_m
    shapely.prepare(ground)
    mask = shapely.intersects_xy(ground, *np.meshgrid(x, y))
    mask = mask[: mask.any(axis=1).nonzero()[0].max(initial=-1) + 1]
    mask = mask[:, : mask.any(axis=0).nonzero()[0].max(initial=-1) + 1]
    rows, columns = mask.shape
    at = square(points, cell_m) - low
    inside = ((at >= 0) & (at < (columns, rows))).all(axis=1)
    inside[inside] = mask[at[inside, 1], at[inside, 0]]
    flat = at[inside, 1] * columns + at[inside, 0]
    n = np.zeros(mask.size, dtype=np.int64)
    np.add.at(n, flat, np.asarray(weight)[inside])
    outside = int(np.asarray(weight)[~inside].sum())
    corner = (int(low[0]), int(low[1]))
    return Counts(n.reshape(mask.shape), mask, corner, cell_m, outside)


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
