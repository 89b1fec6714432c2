"""Weights of any kind in the form that the statistics need, and the words of their refusals."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geo.errors import GeoInputError
from geo.numbers import floats
from geo.weights import Grid

Array = NDArray[Any]
Sparse = Any  # scipy.sparse.csr_array; scipy ships no types
Weights = Any  # a matrix, dense or sparse, or a Grid

Status = Literal["ok", "constant", "not enough data"]
Alternative = Literal["greater", "less", "two-sided"]


@dataclass(frozen=True, slots=True)
class Links:
    """Weights of n places.

    Parameters
    ----------
    others : csr_array or Grid
        Weights without the diagonal.
    own : ndarray, shape (n,)
        Weight of each place for itself.
    total, square : ndarray, shape (n,)
        Sums of the weights of a row and of their squares, its own not included.
    """

    others: Any
    own: Array
    total: Array
    square: Array

    def sums(self, x: Array) -> Array:
        """Weighted sum over the others, of shape (n,) or (n, T)."""
        if isinstance(self.others, Grid):
            return self.others.sums(x)
        return np.asarray(self.others @ x)


def linked(weights: Weights, n: int, self_weight: float | None = None) -> Links:
    """Take weights apart.

    Parameters
    ----------
    weights : array_like, sparse matrix or Grid, shape (n, n)
        The diagonal is a place's weight for itself. Where all of it is 0 it is filled:
    n : int
        Number of values they must fit.
    self_weight : float, optional
        with this, or with the largest weight of the row (1 for an island).

    Raises
    ------
    GeoInputError
        Not n by n, or a weight that is missing, infinite or below 0.

    Examples
    --------
    >>> linked([[0, 0.5], [0, 0]], 2).own.tolist()
    [0.5, 1.0]
    """
    if isinstance(weights, Grid):
        if int(weights.mask.sum()) != n:
            raise GeoInputError(f"There are {n} values for {int(weights.mask.sum())} cells.")
        around = weights.sums(np.ones(n))
        own = np.full(n, 1.0 if self_weight is None else self_weight)
        return Links(weights, own, around, around)
    matrix = _checked(weights, n)
    own = matrix.diagonal()
    if own.any() and self_weight is None:
        others = _without_diagonal(matrix)
    else:
        others = _without_diagonal(matrix) if own.any() else matrix
        largest = others.max(axis=1).toarray().ravel() if n else np.empty(0)
        fill = np.where(largest > 0, largest, 1.0)
        own = fill if self_weight is None else np.full(n, float(self_weight))
    total = np.asarray(others.sum(axis=1)).ravel()
    square = np.asarray(others.power(2).sum(axis=1)).ravel()
    return Links(others, own, total, square)


def matrix_of(weights: Weights, n: int) -> Sparse:
    """Weights as a sparse matrix without its diagonal, for what cannot do with sums alone.

    Examples
    --------
    >>> matrix_of(Grid(np.ones((1, 3), dtype=bool)), 3).toarray()[1].tolist()
    [1.0, 0.0, 1.0]
    """
    if not isinstance(weights, Grid):
        return _without_diagonal(_checked(weights, n))
    linked(weights, n)
    from scipy.sparse import csr_array

    rows, columns = np.nonzero(weights.mask)
    at = np.full(weights.mask.shape, -1)
    at[weights.mask] = np.arange(n)
    k = weights.order
    at = np.pad(at, k, constant_values=-1)
    steps = range(-k, k + 1)
    beside = [(a, b) for a in steps for b in steps if (a or b) and not (weights.rook and a and b)]
    j = np.stack([at[rows + k + a, columns + k + b] for a, b in beside], axis=1)
    i = np.repeat(np.arange(n), len(beside))[j.ravel() >= 0]
    found = j.ravel()[j.ravel() >= 0]
    return csr_array((np.ones(len(i)), (i, found)), shape=(n, n))


def even(links: Links) -> tuple[Array, Array] | None:
    """Number of neighbours and the weight of each of them, where all of a row weigh the same.

    Examples
    --------
    >>> [part.tolist() for part in even(linked([[0, 0.5, 0.5], [3, 0, 0], [0, 0, 0]], 3))]
    [[2, 1, 0], [0.5, 3.0, 1.0]]
    >>> even(linked([[0, 1, 2], [0, 0, 0], [0, 0, 0]], 3)) is None
    True
    """
    if isinstance(links.others, Grid):
        return links.total.astype(np.int64), np.ones(len(links.total))
    start, data = links.others.indptr, links.others.data
    degree = np.diff(start)
    first = np.append(data, 1.0)[np.where(degree > 0, start[:-1], len(data))]
    return (degree, first) if (data == np.repeat(first, degree)).all() else None


def values(x: ArrayLike, ndim: int = 1) -> Array:
    """Numbers, one a place (and, with two axes, one a time step).

    Raises
    ------
    GeoInputError
        One is missing or infinite, or the shape is another.

    Examples
    --------
    >>> values([1, 2]).tolist()
    [1.0, 2.0]
    """
    shape = "one number for each place" if ndim == 1 else "a row for each place"
    found = floats(x, f"Values come as {shape}.")
    if found.ndim != ndim:
        raise GeoInputError(f"Values come as {shape}.")
    if not np.isfinite(found).all():
        row = int(np.argwhere(~np.isfinite(found))[0, 0])
        raise GeoInputError(f"Row {row} has no value. Leave the place out, or give it a number.")
    return found


def normal_p(z: Array, alternative: Alternative) -> Array:
    """Tail of a standard normal z.

    Raises
    ------
    GeoInputError
        An alternative of another name.

    Examples
    --------
    >>> normal_p(np.array([1.96]), "two-sided").round(3).tolist()
    [0.05]
    """
    from scipy.special import ndtr

    if alternative not in ("greater", "less", "two-sided"):
        raise GeoInputError('The alternative is "greater", "less" or "two-sided".')
    if alternative == "two-sided":
        return np.asarray(2.0 * ndtr(-np.abs(z)))
    return np.asarray(ndtr(-z if alternative == "greater" else z))


def _checked(weights: Weights, n: int) -> Sparse:
    from scipy.sparse import csr_array

    try:
        matrix = csr_array(weights, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise GeoInputError("Weights are a table of numbers.") from error
    if matrix.shape != (n, n):
        size = " by ".join(str(side) for side in matrix.shape)
        raise GeoInputError(f"There are {n} values, and weights of {size} places.")
    if not (np.isfinite(matrix.data) & (matrix.data >= 0)).all():
        raise GeoInputError("A weight is missing, infinite or below 0.")
    return matrix


def _without_diagonal(matrix: Sparse) -> Sparse:
    from scipy.sparse import csr_array

    pairs = matrix.tocoo()
    i, j = pairs.coords
    other = (i != j) & (pairs.data != 0)
    return csr_array((pairs.data[other], (i[other], j[other])), shape=matrix.shape)
