"""Of all windows on squares and weeks, the strongest that is each cluster's own."""

from typing import NamedTuple

import numpy as np
from scipy.sparse import coo_array, csr_array

from geo.evidence.scores import ratio
from geo.evidence.squares import WEEK, Placed, Squares, windows
from geo.neighbourhood import Array, runs


class Core(NamedTuple):
    """Core rows of clusters: cluster, square and week of each, and its events."""

    of: Array
    placed: Placed
    weight: Array


class Best(NamedTuple):
    """The strongest window of a cluster, by what it holds."""

    llr: Array
    observed: Array
    expected: Array
    first_day: Array
    last_day: Array


class Own(NamedTuple):
    """Squares of each cluster, sorted by square; core events of each by week, and which are near.

    `pair` and `week` are the distinct weeks that one has core events in, sorted.
    """

    of: Array
    square: Array
    weekly: csr_array
    near: csr_array
    pair: Array
    week: Array


def strongest(made: Squares, counts: Array, core: Core, number: int) -> Best:
    """Strongest window of each cluster: around a square of its core, from a week of that core on.

    Parameters
    ----------
    made, counts
        Of `squares.squares` and `squares.table`.
    core : Core
    number : int
        Clusters.

    Returns
    -------
    Best
        At least half of what the window holds is core of the cluster: a burst next door is not
        its own. Zero where no such window holds more than chance would put there.
    """
    found = Best(*(np.zeros(number) for _ in range(3)), *(np.zeros(number, int) for _ in range(2)))
    own, until, last = _own(made, core), np.zeros((0, 1)), (-1, -1)
    for first, ring, weeks, held, mu in windows(made, counts):
        a, b = np.searchsorted(own.square, (first, first + len(held)))
        if (first, ring) != last:
            until, last = _until(own, slice(a, b), ring), (first, ring)
        some = slice(*np.searchsorted(own.pair, (a, b)))
        pair, week = own.pair[some], own.week[some]
        fits = week < held.shape[1]
        pair, week = pair[fits], week[fits]
        at = own.square[pair] - first, week
        mine = until[pair - a, week + weeks] - until[pair - a, week]
        llr = ratio(held[at], mu[at], made.total)
        llr[(held[at] < made.least) | (2 * mine < held[at])] = 0.0
        days = made.first_day + WEEK * week, made.first_day + WEEK * (week + weeks) - 1
        _take(found, own.of[pair], Best(llr, held[at], mu[at], *days))
    return found


def _own(made: Squares, core: Core) -> Own:
    """Sorted by square, so that what some squares need is one slice."""
    by, starts = runs((core.placed.week, core.of, core.placed.square))
    square, of, week = (column[by[starts]] for column in (core.placed.square, core.of,
                                                          core.placed.week))  # fmt: skip
    weight = np.add.reduceat(core.weight[by], starts) if len(starts) else core.weight[:0]
    new = np.append(True, (square[1:] != square[:-1]) | (of[1:] != of[:-1]))[: len(square)]
    pair, first = np.cumsum(new) - 1, np.flatnonzero(new)
    shape = (len(first), len(made.weekly))
    weekly = coo_array((weight.astype(np.float64), (pair, week)), shape=shape).tocsr()
    return Own(of[first], square[first], weekly, _near(made, of[first], square[first]), pair, week)


def _near(made: Squares, of: Array, square: Array) -> csr_array:
    """Pairs of one cluster whose squares are side by side, or the same."""
    wide = int(of.max(initial=0)) + 1
    key = square * wide + of
    wanted = made.around[square] * wide + of[:, None]
    at = np.minimum(np.searchsorted(key, wanted), max(len(key) - 1, 0))
    held = np.nonzero(key[at] == wanted) if len(key) else (at[:0, 0], at[:0, 0])
    ones = np.ones(len(held[0]))
    return coo_array((ones, (held[0], at[held])), shape=(len(key),) * 2).tocsr()


def _until(own: Own, pairs: slice, ring: int) -> Array:
    """Core events of some pairs before each week: of the square alone, or with those around it."""
    held = own.near[pairs] @ own.weekly if ring else own.weekly[pairs]
    table = held.toarray()
    until = np.zeros((table.shape[0], table.shape[1] + 1))
    np.cumsum(table, axis=1, out=until[:, 1:])
    return until


def _take(found: Best, of: Array, told: Best) -> None:
    """Put down what is stronger than what was found so far."""
    by = np.lexsort((-told.llr, of))
    best = by[np.unique(of[by], return_index=True)[1]]
    best = best[told.llr[best] > found.llr[of[best]]]
    for column, values in zip(found, told, strict=True):
        column[of[best]] = values[best]
