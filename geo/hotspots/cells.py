"""Hot and cold cells of a map, in words."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from geo import grids
from geo.hotspots.gi import gi_grid
from geo.hotspots.links import Status

Array = NDArray[Any]

MORE = "More than expected"
AS_EXPECTED = "As expected"
FEWER = "Fewer than expected"
UNKNOWN = "Not enough information"
LEAST_EXPECTED = 3.0
ALPHA = 0.05


@dataclass(frozen=True, slots=True)
class HotCells:
    """Every cell of the study area, by row and column of the British National Grid.

    `n` is the cell's own count, `around` that of the cell with its neighbours, and `expected` what
    `around` would be if all cells had the mean. `mask` is where the cells lie in the table of all
    (geo.weights.Grid takes it). `p` is two-sided, with the tail of counts (geo.hotspots.tails),
    `q` its false discovery rate over all cells. `outside` counts events that lie in no cell.
    """

    column: Array
    row: Array
    n: Array
    around: Array
    expected: Array
    z: Array
    p: Array
    q: Array
    word: Array
    mask: Array
    cell_m: float
    outside: int
    status: Status


def on_grid(
    xy_m: Array,
    weight: Array,
    cell_m: float,
    window: shapely.Geometry,
    *,
    halo_m: float = 0.0,
    order: int = 1,
) -> HotCells:
    """Gi* of events on square cells.

    Parameters
    ----------
    xy_m : ndarray, shape (n, 2), EPSG:27700 metres
    weight : ndarray of int, shape (n,)
        Events at each point.
    cell_m : float
    window : Polygon or MultiPolygon, EPSG:27700
        The study area.
    halo_m : float
        How far around it cells count too.
    order : int
        Neighbours are the cells up to so many rows and columns away.

    Returns
    -------
    HotCells

    Raises
    ------
    GeoInputError
        Points that are no British National Grid metres, or a window without ground.

    References
    ----------
    Ord and Getis (1995), Geographical Analysis 27(4), 286-306.

    Examples
    --------
    >>> xy = np.repeat([[1125.0, 1125.0], [125.0, 125.0]], [40, 1], axis=0)
    >>> found = on_grid(xy, np.ones(41, int), 250, shapely.box(0, 0, 2500, 2500))
    >>> int((found.word == MORE).sum()), found.outside
    (9, 0)
    """
    held = grids.counts(xy_m, weight, cell_m, window, halo_m=halo_m)
    found = gi_grid(held.n, held.mask, order=order, alternative="two-sided", tail="counts")
    row, column = np.nonzero(held.mask)
    inside = held.mask
    z, q, expected = found.z[inside], found.q[inside], found.expected[inside]
    return HotCells(
        column=column + held.corner[0],
        row=row + held.corner[1],
        n=held.n[inside],
        around=found.around[inside].astype(np.int64),
        expected=expected,
        z=z,
        p=found.p[inside],
        q=q,
        word=words(z, q, expected),
        mask=held.mask,
        cell_m=cell_m,
        outside=held.outside,
        status=found.status,
    )


def words(z: Array, q: Array, expected: Array) -> Array:
    """What a map says of each cell. Where little is expected, few events say nothing.

    Examples
    --------
    >>> words(np.array([3.0, -3.0]), np.array([0.01, 0.2]), np.array([3.0, 9.0])).tolist()
    ['More than expected', 'As expected']
    """
    told = q <= ALPHA
    rules = [expected < LEAST_EXPECTED, told & (z > 0), told & (z < 0)]
    return np.select(rules, [UNKNOWN, MORE, FEWER], AS_EXPECTED)
