"""Where children who come to harm in a district live: counts beside what the margins explain.

For whole boroughs only; a table of smaller areas would tell of single children.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geo.errors import GeoInputError
from geo.significance import bh, poisson_sf

Array = NDArray[Any]

TOLERANCE = 1e-10
ROUNDING = 1e-14
ROUNDS = 1000
OTHER_LONDON, OUTSIDE_LONDON = "other London", "outside London"
LONDON = "E09"  # GSS codes of its boroughs begin so

Status = Literal["tested", "not enough data", "did not converge"]
EMPTY = "No child has a known home district and a known district of harm."
NOT_CONVERGED = f"The expected counts did not settle in {ROUNDS:,} rounds."


@dataclass(frozen=True, slots=True)
class FlowTable:
    """Distinct children by home district (rows) and district of the place (columns).

    `unknown` children have no link where both are known; they are in no cell.
    """

    homes: tuple[str, ...]
    places: tuple[str, ...]
    observed: Array
    unknown: int


@dataclass(frozen=True, slots=True)
class Expected:
    """Counts of a table by its margins alone, shape of the table."""

    counts: Array
    converged: bool
    rounds: int


@dataclass(frozen=True, slots=True)
class FlowTest:
    """Cells beside their expectation; NaN in `residual`, `p` and `q` where nothing was tested.

    `residual` = (observed - expected)/sqrt(expected); `p` = P(X >= observed) of a Poisson count;
    `q` over all cells that can hold somebody.
    """

    status: Status
    why: str | None
    expected: Array
    residual: Array
    p: Array
    q: Array


def grouped_homes(homes: ArrayLike, partners: Collection[str]) -> Array:
    """Home districts as they are told: those of the partnership, the rest in two groups.

    Parameters
    ----------
    homes : array_like of str
        GSS codes, "" where not known.
    partners : collection of str
        GSS codes that keep their own row.

    Returns
    -------
    ndarray of str
        The code, "other London", "outside London" or "".

    Examples
    --------
    >>> grouped_homes(["E09000021", "E09000001", "E07000207", ""], ["E09000021"]).tolist()
    ['E09000021', 'other London', 'outside London', '']
    """
    told = {"": "", **{code: code for code in partners}}
    return np.array(
        [
            told.get(code, OTHER_LONDON if code.startswith(LONDON) else OUTSIDE_LONDON)
            for code in np.asarray(homes, dtype=str).tolist()
        ],
        dtype=str,
    )


def flow_table(child: ArrayLike, home: ArrayLike, place: ArrayLike) -> FlowTable:
    """Count children by where they live and where they came to harm.

    Parameters
    ----------
    child : array_like of int, shape (links,)
        Opaque numbers. Each counts once in a cell.
    home, place : array_like of str, shape (links,)
        Districts, "" where not known.

    Returns
    -------
    FlowTable
        Districts by code.

    Raises
    ------
    GeoInputError
        Lists of different lengths.

    Examples
    --------
    >>> found = flow_table([1, 1, 2, 3], ["E2", "E2", "E1", ""], ["E1", "E1", "E1", "E1"])
    >>> found.homes, found.places, found.observed.tolist(), found.unknown
    (('E1', 'E2'), ('E1',), [[1], [1]], 1)
    """
    who = np.asarray(child)
    homes, places = np.asarray(home, dtype=str), np.asarray(place, dtype=str)
    if not len(who) == len(homes) == len(places):
        raise GeoInputError("Each link of a child has a home district and a district of harm.")
    known = (homes != "") & (places != "")
    row_of, row = np.unique(homes[known], return_inverse=True)
    col_of, col = np.unique(places[known], return_inverse=True)
    number = np.unique(who[known], return_inverse=True)[1]
    once = np.unique(np.column_stack([row.ravel(), col.ravel(), number.ravel()]), axis=0)
    observed = np.zeros((len(row_of), len(col_of)), dtype=np.int64)
    np.add.at(observed, (once[:, 0], once[:, 1]), 1)
    left_out = len(np.unique(who)) - len(np.unique(who[known]))
    return FlowTable(tuple(row_of.tolist()), tuple(col_of.tolist()), observed, left_out)


def expected(observed: ArrayLike, possible: ArrayLike | None = None) -> Expected:
    """Counts that keep both margins and favour no cell: iterative proportional fitting.

    Parameters
    ----------
    observed : array_like, shape (rows, columns)
    possible : array_like of bool, same shape, optional
        False for structural zeros, cells that cannot hold anybody.

    Returns
    -------
    Expected
        Both margins of `observed`, to 1e-10.

    Raises
    ------
    GeoInputError
        No table of counts, or somebody in a cell that cannot hold anybody.

    References
    ----------
    Deming and Stephan (1940), Annals of Mathematical Statistics 11(4), 427-444.

    Examples
    --------
    >>> expected([[4, 2], [2, 1]]).counts.tolist()
    [[4.0, 2.0], [2.0, 1.0]]
    """
    counts, able = _checked(observed, possible)
    rows, cols = counts.sum(1), counts.sum(0)
    enough = max(TOLERANCE, ROUNDING * float(counts.sum()))
    fitted, rounds = able.astype(np.float64), 0
    while _off(fitted, rows, cols) > enough and rounds < ROUNDS:
        fitted = fitted * _ratio(rows, fitted.sum(1))[:, None]
        fitted = fitted * _ratio(cols, fitted.sum(0))
        rounds += 1
    return Expected(fitted, _off(fitted, rows, cols) <= enough, rounds)


def flow_test(observed: ArrayLike, possible: ArrayLike | None = None) -> FlowTest:
    """Which flows are larger than the sizes of both districts explain.

    Parameters
    ----------
    observed : array_like of int, shape (homes, places)
    possible : array_like of bool, same shape, optional
        False for structural zeros, as those who live where they were harmed.

    Returns
    -------
    FlowTest

    Raises
    ------
    GeoInputError
        No table of counts, or somebody in a cell that cannot hold anybody.

    Examples
    --------
    >>> found = flow_test([[30, 5], [5, 30]])
    >>> found.expected[0].tolist(), found.residual[0].round(2).tolist()
    ([17.5, 17.5], [2.99, -2.99])
    """
    counts, able = _checked(observed, possible)
    fitted = expected(counts, able)
    blank = np.full(counts.shape, np.nan)
    if not counts.sum():
        return FlowTest("not enough data", EMPTY, fitted.counts, blank, blank, blank)
    if not fitted.converged:
        return FlowTest("did not converge", NOT_CONVERGED, fitted.counts, blank, blank, blank)
    root = np.sqrt(np.where(fitted.counts > 0, fitted.counts, 1.0))
    p, q = blank.copy(), blank.copy()
    p[able] = poisson_sf(counts[able], fitted.counts[able])
    q[able] = bh(p[able])
    residual = np.where(able, (counts - fitted.counts) / root, np.nan)
    return FlowTest("tested", None, fitted.counts, residual, p, q)


def _checked(observed: ArrayLike, possible: ArrayLike | None) -> tuple[Array, Array]:
    counts = np.asarray(observed, dtype=np.float64)
    able = np.ones(counts.shape, dtype=bool) if possible is None else np.asarray(possible, bool)
    if counts.ndim != 2 or able.shape != counts.shape or not (counts >= 0).all():
        raise GeoInputError("A table of flows has rows and columns of counts, 0 or more.")
    if (counts[~able] > 0).any():
        raise GeoInputError("There are children in a cell that is said to hold nobody.")
    return counts, able


def _ratio(wanted: Array, has: Array) -> Array:
    ratio: Array = wanted / np.where(has > 0, has, 1.0)
    return ratio


def _off(fitted: Array, rows: Array, cols: Array) -> float:
    by_row = np.abs(fitted.sum(1) - rows).max(initial=0.0)
    return float(max(by_row, np.abs(fitted.sum(0) - cols).max(initial=0.0)))
