"""Who is whose neighbour: spatial weights as sparse matrices, and boxes of a grid without any.

A matrix holds one row for each place: w[i, j] > 0 where j is a neighbour of i; nobody is their own.
Places without neighbours (islands) stay in, are listed by `islands`, and are never joined to a far
neighbour. Distances are compared in whole millimetres, finer where the plane is smaller than one of
metres; limits are closed.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray

from geo.errors import GeoInputError
from geo.neighbourhood import joined
from geo.numbers import decimals, floats, points

Array = NDArray[Any]
Sparse = Any  # scipy.sparse.csr_array; scipy ships no types


def queen(shapes: ArrayLike) -> Sparse:
    """Neighbours share at least a point.

    Parameters
    ----------
    shapes : array_like of Polygon or MultiPolygon, shape (n,)
        In any plane. A missing or empty one is an island.

    Returns
    -------
    scipy.sparse.csr_array, shape (n, n)
        1.0 for neighbours.

    Examples
    --------
    >>> row = [shapely.box(x, 0, x + 1, 1) for x in range(3)]
    >>> queen(row).toarray().tolist()
    [[0.0, 1.0, 0.0], [1.0, 0.0, 1.0], [0.0, 1.0, 0.0]]
    """
    areas = _shapes(shapes)
    return _matrix(*_touching(areas), len(areas))


def rook(shapes: ArrayLike) -> Sparse:
    """Neighbours share a line, not only a corner.

    Parameters
    ----------
    shapes : array_like of Polygon or MultiPolygon, shape (n,)
        In any plane. A missing or empty one is an island.

    Returns
    -------
    scipy.sparse.csr_array, shape (n, n)
        1.0 for neighbours.

    Examples
    --------
    >>> corner = [shapely.box(0, 0, 1, 1), shapely.box(1, 1, 2, 2), shapely.box(1, 0, 2, 1)]
    >>> rook(corner).sum(axis=1).tolist()
    [1.0, 1.0, 2.0]
    """
    areas = _shapes(shapes)
    i, j = _touching(areas)
    once = i < j
    i, j = i[once], j[once]
    line = shapely.length(shapely.intersection(areas[i], areas[j])) > 0
    i, j = i[line], j[line]
    return _matrix(np.concatenate([i, j]), np.concatenate([j, i]), len(areas))


def band(xy: ArrayLike, r: float) -> Sparse:
    """Neighbours are at most `r` apart.

    Parameters
    ----------
    xy : array_like, shape (n, 2)
        In any plane, in the unit of `r`.
    r : float

    Returns
    -------
    scipy.sparse.csr_array, shape (n, n)
        1.0 for neighbours; two places at one point are neighbours.

    Raises
    ------
    GeoInputError
        A missing coordinate, or a distance below 0.

    Examples
    --------
    >>> band([(0, 0), (0, 30), (0, 61)], 30).sum(axis=1).tolist()
    [1.0, 1.0, 0.0]
    """
    from scipy.spatial import cKDTree

    places = points(xy)
    _distance(r)
    grain = decimals(places)
    limit = np.round(r, grain)
    pairs = cKDTree(places).query_pairs(limit + 10.0**-grain, output_type="ndarray")
    i, j = pairs[:, 0], pairs[:, 1]
    near = np.round(np.hypot(*(places[i] - places[j]).T), grain) <= limit
    i, j = i[near], j[near]
    return _matrix(np.concatenate([i, j]), np.concatenate([j, i]), len(places))


def within(distances: ArrayLike, r: float) -> Sparse:
    """Neighbours are at most `r` apart by a table of distances: walking, or along a great circle.

    Parameters
    ----------
    distances : array_like, shape (n, n)
        From row to column, in the unit of `r`; infinite where there is no way.
    r : float

    Returns
    -------
    scipy.sparse.csr_array, shape (n, n)

    Raises
    ------
    GeoInputError
        A table that is not square, a missing distance, or one below 0.

    Examples
    --------
    >>> within([[0, 90, 200], [90, 0, 100], [200, 100, 0]], 100).sum(axis=1).tolist()
    [1.0, 2.0, 1.0]
    """
    table = floats(distances, "A table of distances holds numbers.")
    if table.ndim != 2 or table.shape[0] != table.shape[1]:
        raise GeoInputError("A table of distances has as many rows as columns.")
    if not (table >= 0).all():
        raise GeoInputError("A distance is missing or below 0.")
    _distance(r)
    way = np.isfinite(table)
    grain = decimals(table[way])
    near = way & (np.round(table, grain) <= np.round(r, grain))
    np.fill_diagonal(near, val=False)
    i, j = np.nonzero(near)
    return _matrix(i, j, len(table))


def knn(xy: ArrayLike, k: int) -> Sparse:
    """Neighbours are the `k` nearest: ties by rounded distance, then by row number.

    Parameters
    ----------
    xy : array_like, shape (n, 2)
        In any plane.
    k : int

    Returns
    -------
    scipy.sparse.csr_array, shape (n, n)
        1.0 for neighbours; not symmetric. All others where there are fewer than `k`.

    Raises
    ------
    GeoInputError
        A missing coordinate, or less than one neighbour asked for.

    Examples
    --------
    >>> knn([(0, 0), (0, 10), (0, 20)], 1).toarray().tolist()
    [[0.0, 1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]
    """
    from scipy.spatial import cKDTree

    places = points(xy)
    n = len(places)
    if not k >= 1 or k != int(k):
        raise GeoInputError("Ask for a whole number of neighbours, at least one.")
    k = min(int(k), n - 1)
    if k < 1:
        return _matrix(np.empty(0, np.int64), np.empty(0, np.int64), n)
    tree = cKDTree(places)
    farthest = tree.query(places, k=k + 1)[0][:, -1]
    grain = decimals(places)
    found = tree.query_ball_point(places, farthest + 10.0**-grain)
    i = np.repeat(np.arange(n), [len(row) for row in found])
    j = np.concatenate([np.asarray(row, dtype=np.int64) for row in found])
    i, j = i[i != j], j[i != j]
    apart = np.round(np.hypot(*(places[i] - places[j]).T), grain)
    by = np.lexsort((j, apart, i))
    start = np.searchsorted(i[by], np.arange(n))
    at, _ = joined(start, np.full(n, k))
    return _matrix(i[by][at], j[by][at], n)


def islands(weights: Sparse) -> Array:
    """Rows without a neighbour.

    Examples
    --------
    >>> islands(band([(0, 0), (0, 1), (9, 9)], 2)).tolist()
    [2]
    """
    return np.flatnonzero(np.asarray(weights.sum(axis=1)).ravel() == 0)


def row_standardised(weights: Sparse) -> Sparse:
    """Divide each row by its sum, so that neighbours are averaged; islands stay 0.

    Examples
    --------
    >>> row_standardised(band([(0, 0), (0, 1), (0, 2)], 1)).toarray()[1].tolist()
    [0.5, 0.0, 0.5]
    """
    from scipy.sparse import csr_array, diags_array

    total = np.asarray(weights.sum(axis=1), dtype=np.float64).ravel()
    share = np.divide(1.0, total, out=np.zeros_like(total), where=total > 0)
    return csr_array(diags_array(share) @ weights)


@dataclass(frozen=True, slots=True)
class Grid:
    """Square cells inside a mask, with the cells around each as its neighbours.

    No matrix is made: sums over neighbours are sums over boxes, so that 100,000 cells take
    milliseconds.

    Parameters
    ----------
    mask : ndarray of bool, shape (rows, columns)
        Cells that count. Values come for these only, row by row.
    order : int
        How many cells to each side: 1 for the eight around a cell (queen).
    rook : bool
        Only along the row and the column.

    Examples
    --------
    >>> Grid(np.ones((2, 3), dtype=bool)).sums(np.ones(6)).tolist()
    [3.0, 5.0, 3.0, 3.0, 5.0, 3.0]
    """

    mask: Array
    order: int = 1
    rook: bool = False

    def __post_init__(self) -> None:
        if self.mask.ndim != 2 or self.mask.dtype != np.bool_:
            raise GeoInputError("A mask is a table of true and false, by rows and columns.")
        if self.order < 1:
            raise GeoInputError("A cell has at least the cells next to it as neighbours.")

    def sums(self, x: Array) -> Array:
        """Sum over the neighbours of each cell, the cell itself left out.

        Parameters
        ----------
        x : ndarray, shape (n,) or (n, T)
            Values of the n cells inside the mask.

        Returns
        -------
        ndarray of float64, shape of x
        """
        k = self.order
        rows, columns = self.mask.shape
        inside = np.pad(self.mask, k)
        table = np.zeros((*inside.shape, *x.shape[1:]))
        table[inside] = x
        across = _moving(table, columns, axis=1)
        if self.rook:
            upright = _moving(table[:, k : k + columns], rows, axis=0)
            upright += across[k : k + rows]
            return np.asarray(upright[self.mask] - 2.0 * x)
        around = _moving(across, rows, axis=0)[self.mask]
        around -= x
        return np.asarray(around)


def _moving(table: Array, length: int, axis: int) -> Array:
    """Sums of the runs that leave `length` of them along an axis; whole numbers stay exact."""
    along = np.moveaxis(table, axis, 0)
    total = along[:length].copy(order="K")
    for start in range(1, len(along) - length + 1):
        total += along[start : start + length]
    return np.moveaxis(total, 0, axis)


def _touching(areas: Array) -> tuple[Array, Array]:
    """Rows of shapes that share a point, both ways round."""
    tree = shapely.STRtree(areas)
    i, j = tree.query(areas, predicate="intersects")
    other = i != j
    return i[other], j[other]


def _matrix(i: Array, j: Array, n: int) -> Sparse:
    from scipy.sparse import csr_array

    return csr_array((np.ones(len(i)), (i, j)), shape=(n, n))


def _shapes(shapes: ArrayLike) -> Array:
    areas = np.atleast_1d(np.asarray(shapes, dtype=object))
    if not (shapely.is_geometry(areas) | shapely.is_missing(areas)).all():
        raise GeoInputError("Contiguity is of polygons.")
    return areas


def _distance(r: float) -> None:
    if not r >= 0:
        raise GeoInputError("A distance is 0 or more.")
