"""Who is known where, as a table of 0 and 1: places (rows) by children (columns)."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geo.errors import GeoInputError

Array = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Incidence:
    """A 0/1 table by its ones (CSR): row r has the columns `indices[indptr[r]:indptr[r + 1]]`.

    Columns rise within each row. Rows and columns are numbers from 0; what they stand for is
    the caller's.
    """

    indptr: Array
    indices: Array
    cols: int

    @property
    def rows(self) -> int:
        return len(self.indptr) - 1

    @property
    def links(self) -> int:
        return len(self.indices)

    @property
    def row(self) -> Array:
        """Row of each one, shape (links,)."""
        return np.repeat(np.arange(self.rows), self.row_degree)

    @property
    def row_degree(self) -> Array:
        return np.diff(self.indptr)

    @property
    def col_degree(self) -> Array:
        return np.bincount(self.indices, minlength=self.cols)

    def dense(self) -> Array:
        """The whole table as int64, shape (rows, cols)."""
        table = np.zeros((self.rows, self.cols), dtype=np.int64)
        table[self.row, self.indices] = 1
        return table


@dataclass(frozen=True, slots=True)
class Shared:
    """Columns that two rows have in common: row `i` < `j`, in order of (i, j)."""

    i: Array
    j: Array
    n: Array


def incidence(
    row: ArrayLike, col: ArrayLike, *, rows: int | None = None, cols: int | None = None
) -> Incidence:
    """A table from its links.

    Parameters
    ----------
    row, col : array_like of int, shape (links,)
        Numbers from 0. A link said twice counts once; the order does not matter.
    rows, cols : int, optional
        Size of the table; the largest number and one when left out.

    Returns
    -------
    Incidence

    Raises
    ------
    GeoInputError
        Lists of different lengths, numbers below 0 or beyond the table.

    Examples
    --------
    >>> incidence([0, 0, 1, 0], [2, 1, 1, 2]).dense().tolist()
    [[0, 1, 1], [0, 1, 0]]
    """
    r, c = _numbers(row), _numbers(col)
    if len(r) != len(c):
        raise GeoInputError(f"{len(r):,} rows and {len(c):,} columns are no list of links.")
    height, width = _size(r, rows), _size(c, cols)
    ones = np.unique(r * max(width, 1) + c)
    r, c = ones // max(width, 1), ones % max(width, 1)
    return Incidence(np.searchsorted(r, np.arange(height + 1)), c, width)


def from_table(table: ArrayLike) -> Incidence:
    """A table that is written out.

    Parameters
    ----------
    table : array_like, shape (rows, cols)
        Of 0 and 1, or true and false.

    Returns
    -------
    Incidence

    Raises
    ------
    GeoInputError
        Other numbers, or no rows and columns: counts have to be made yes or no by the caller.

    Examples
    --------
    >>> from_table([[1, 0], [1, 1]]).links
    3
    """
    cells = np.asarray(table)
    if cells.ndim != 2 or not np.isin(cells, (0, 1)).all():
        raise GeoInputError("A table of who is known where has rows and columns of 0 and 1 only.")
    row, col = np.nonzero(cells)
    return incidence(row, col, rows=cells.shape[0], cols=cells.shape[1])


def shared(known: Incidence, *, at_least: int = 1) -> Shared:
    """Pairs of rows with columns in common; pairs that share less are not held.

    Parameters
    ----------
    known : Incidence
    at_least : int
        1 or more.

    Returns
    -------
    Shared

    Examples
    --------
    >>> pairs = shared(from_table([[1, 1, 0], [0, 1, 1], [0, 0, 1]]))
    >>> list(zip(pairs.i.tolist(), pairs.j.tolist(), pairs.n.tolist()))
    [(0, 1, 1), (1, 2, 1)]
    """
    from scipy.sparse import csr_array, triu

    ones = np.ones(known.links, dtype=np.int64)
    table = csr_array((ones, known.indices, known.indptr), shape=(known.rows, known.cols))
    pairs = triu(table @ table.T, k=1).tocoo()
    some = pairs.data >= at_least
    i, j, n = pairs.row[some].astype(np.int64), pairs.col[some].astype(np.int64), pairs.data[some]
    by = np.lexsort((j, i))
    return Shared(i[by], j[by], n[by])


def shared_of(known: Incidence, i: ArrayLike, j: ArrayLike) -> Array:
    """Columns in common of given pairs of rows, those without any as 0.

    Parameters
    ----------
    known : Incidence
    i, j : array_like of int, shape (pairs,)

    Returns
    -------
    ndarray of int, shape (pairs,)

    Examples
    --------
    >>> shared_of(from_table([[1, 1, 0], [0, 1, 1], [0, 0, 1]]), [0, 0, 1], [1, 2, 1]).tolist()
    [1, 0, 2]
    """
    first, second = np.asarray(i, dtype=np.int64), np.asarray(j, dtype=np.int64)
    long = known.row_degree[first]
    pair = np.repeat(np.arange(len(first)), long)
    at = np.arange(len(pair)) + np.repeat(known.indptr[first] - np.cumsum(long) + long, long)
    ones = known.row * known.cols + known.indices
    asked = second[pair] * known.cols + known.indices[at]
    found = np.searchsorted(ones, asked)
    both = (found < len(ones)) & (ones[np.minimum(found, len(ones) - 1)] == asked)
    return np.bincount(pair[both], minlength=len(first))


def all_pairs(rows: int) -> tuple[Array, Array]:
    """Every pair i < j of so many rows, in order.

    Examples
    --------
    >>> [x.tolist() for x in all_pairs(3)]
    [[0, 0, 1], [1, 2, 2]]
    """
    i, j = np.triu_indices(rows, k=1)
    return i, j


def _numbers(of: ArrayLike) -> Array:
    numbers = np.asarray(of)
    if numbers.ndim != 1 or (numbers.size and numbers.dtype.kind not in "iu"):
        raise GeoInputError("Rows and columns of links are whole numbers from 0.")
    return numbers.astype(np.int64)


def _size(numbers: Array, given: int | None) -> int:
    most = int(numbers.max()) + 1 if len(numbers) else 0
    if (len(numbers) and int(numbers.min()) < 0) or (given is not None and given < most):
        raise GeoInputError("A link names a row or a column that the table does not have.")
    return most if given is None else given
