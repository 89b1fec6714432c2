"""How likely each link is if only the degrees are known: the bipartite configuration model."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geo.bipartite.table import Incidence
from geo.errors import GeoInputError

Array = NDArray[Any]

TOLERANCE = 1e-10
ROUNDING = 1e-13  # of a sum of thousands, beside its size
FIXED_POINT = 500
ROUNDS = 1_000
NO_TABLE = "No table of 0 and 1 has these row and column sums."


@dataclass(frozen=True, slots=True)
class Bicm:
    """Chances of links by classes of equal degree: all rows of one class have the same."""

    p: Array  # (row classes, column classes)
    row_class: Array
    col_class: Array
    converged: bool
    rounds: int

    def table(self) -> Array:
        """Chance of each link, shape (rows, cols). For small tables."""
        p: Array = self.p[np.ix_(self.row_class, self.col_class)]
        return p

    @property
    def cols_of_class(self) -> Array:
        return np.bincount(self.col_class, minlength=self.p.shape[1])


@dataclass(frozen=True, slots=True)
class _Block:
    """Classes that are free among each other, what is left of their degrees, how many of each."""

    rows: Array
    cols: Array
    r: Array
    c: Array
    m: Array
    n: Array

    def part(self, rows: slice, cols: slice, r: int, c: int) -> "_Block":
        return _Block(
            self.rows[rows], self.cols[cols], self.r[rows] - r, self.c[cols] - c,
            self.m[rows], self.n[cols],
        )  # fmt: skip


def bicm(known: Incidence) -> Bicm:
    """Chances of links that give every row and column its degree on average, and nothing else.

    Parameters
    ----------
    known : Incidence

    Returns
    -------
    Bicm

    Notes
    -----
    The chances are x_i y_k / (1 + x_i y_k). Links that the degrees force, as those of a row that
    has every column or none, have no finite x and y: they are taken out first, as 1 or 0.

    References
    ----------
    Saracco, Di Clemente, Gabrielli and Squartini (2015), Scientific Reports 5:10595; Vallarano et
    al. (2021), Scientific Reports 11:15227 (fixed point).

    Examples
    --------
    >>> from geo.bipartite.table import from_table
    >>> bicm(from_table([[0, 0, 1], [0, 1, 0], [1, 0, 1]])).table().round(3).tolist()
    [[0.216, 0.216, 0.568], [0.216, 0.216, 0.568], [0.568, 0.568, 0.863]]
    """
    return bicm_of(known.row_degree, known.col_degree)


def bicm_of(row_degree: ArrayLike, col_degree: ArrayLike) -> Bicm:
    """The same from the degrees alone.

    Parameters
    ----------
    row_degree, col_degree : array_like of int, shapes (rows,) and (cols,)
        Of one table: no other margins have an answer.

    Returns
    -------
    Bicm

    Raises
    ------
    GeoInputError
        Degrees that no table of 0 and 1 has.

    Examples
    --------
    >>> bicm_of([1, 1], [1, 1]).p.round(6).tolist()
    [[0.5]]
    """
    row, col = np.asarray(row_degree), np.asarray(col_degree)
    if row.sum() != col.sum():
        raise GeoInputError(NO_TABLE)
    # Largest first: what is forced stands in the corners.
    r, row_class, m = np.unique(-row, return_inverse=True, return_counts=True)
    c, col_class, n = np.unique(-col, return_inverse=True, return_counts=True)
    p = np.zeros((len(r), len(c)))
    left = _parts(_Block(np.arange(len(r)), np.arange(len(c)), -r, -c, m, n))
    rounds = [0]
    while left:
        block = left.pop()
        split = _forced(block)
        if split is None:
            p[np.ix_(block.rows, block.cols)], spent = _free(block)
            rounds.append(spent)
            continue
        a, b = split
        p[np.ix_(block.rows[:a], block.cols[:b])] = 1.0
        parts = [
            block.part(slice(a), slice(b, None), int(block.n[:b].sum()), 0),
            block.part(slice(a, None), slice(b), 0, int(block.m[:a].sum())),
        ]
        left += _parts(*parts)
    return Bicm(p, row_class, col_class, max(rounds) < ROUNDS, max(rounds))


def _parts(*blocks: _Block) -> list[_Block]:
    return [block for block in blocks if len(block.rows) and len(block.cols)]


def _forced(block: _Block) -> tuple[int, int] | None:
    """Where the first a row classes must have all of the first b column classes, the rest none.

    That is so when their degrees need every one of those cells and all the rest of the columns
    has (Gale 1957; Ryser 1957).
    """
    need = _sums(block.m * block.r)[:, None] - (
        _sums(block.n * block.c)[-1] - _sums(block.n * block.c)
    )
    spare = _sums(block.m)[:, None] * _sums(block.n) - need
    if (spare < 0).any():
        raise GeoInputError(NO_TABLE)
    spare[0, -1] = spare[-1, 0] = 1  # no rows or no columns at all force nothing
    tight = np.argwhere(spare == 0)
    return (int(tight[0, 0]), int(tight[0, 1])) if len(tight) else None


def _sums(of: Array) -> Array:
    return np.concatenate([[0], np.cumsum(of)])


def _free(block: _Block) -> tuple[Array, int]:
    """Chances inside a block where nothing is forced, and the rounds it took.

    The fixed point creeps where links are all but forced; Newton's method goes on from there.
    """
    m, n = block.m.astype(float), block.n.astype(float)
    r, c = block.r.astype(float), block.c.astype(float)
    x, y = r / np.sqrt((m * r).sum()), c / np.sqrt((n * c).sum())
    enough = max(TOLERANCE, ROUNDING * max(r.max(), c.max()))
    p, spent = _chance(x, y), 0
    while spent < ROUNDS and _off(p, block) > enough:
        if spent < FIXED_POINT:
            x = r / (n * y / (1 + np.outer(x, y))).sum(1)
            y = c / (m * x / (1 + np.outer(y, x))).sum(1)
        else:
            x, y = _newton(x, y, m * (r - p @ n), n * (c - m @ p), np.outer(m, n) * p * (1 - p))
        p, spent = _chance(x, y), spent + 1
    return p, spent


def _chance(x: Array, y: Array) -> Array:
    odds = np.outer(x, y)
    p: Array = odds / (1 + odds)
    return p


def _off(p: Array, block: _Block) -> float:
    """How far the worst class is from its degree."""
    rows, cols = p @ block.n - block.r, block.m @ p - block.c
    return float(max(np.abs(rows).max(), np.abs(cols).max()))


def _newton(x: Array, y: Array, over_x: Array, over_y: Array, spread: Array) -> tuple[Array, Array]:
    """One step in log x and log y; y of the last class stays, as only products count."""
    slope = np.block([[np.diag(spread.sum(1)), spread], [spread.T, np.diag(spread.sum(0))]])
    step = np.append(np.linalg.solve(slope[:-1, :-1], np.append(over_x, over_y)[:-1]), 0.0)
    step = np.clip(step, -1, 1)
    return x * np.exp(step[: len(x)]), y * np.exp(step[len(x) :])
