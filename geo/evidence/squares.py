"""The test of chance for more events than can be shuffled: squares of 250 m by weeks.

Every square, alone and with those around it, and every run of some weeks is a window. A window
holds more than chance puts there when place and week have nothing to do with each other; the
largest ratio of each replicate pays for having looked everywhere (Kulldorff et al. 2005). What it
costs does not grow with the number of events.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from geo.evidence import draws
from geo.evidence.emerging import BATCH
from geo.evidence.scores import ratio
from geo.neighbourhood import Array, runs
from geo.significance import stream

NAME = "emerging squares"
MANY = 200_000  # events, above which days are drawn in two steps and not shuffled
CELL_M, WEEK = 250, 7
TILE_CELLS = 40  # of a side of the squares that weeks are drawn for first: 10 km
WINDOWS = (1, 2, 4, 8, 13, 26)  # weeks
RINGS = (0, 1)  # the square alone; with the eight around it
ROWS = 512  # squares looked at together

Batch = Callable[[range], Array]
Spread = Callable[[Batch, Iterable[range]], Iterable[Array]]


@dataclass(frozen=True, slots=True)
class Squares:
    """Squares with events, by tile; events of each square and of each week.

    `around` holds the squares of a zone, itself among them: the first 1 of 9 columns, or all of
    them, and the number of squares where there is none.
    """

    ever: Array
    weekly: Array
    tile: Array  # where each tile begins, and the end
    around: Array
    first_day: int
    least: int  # events that a window must hold

    @property
    def total(self) -> int:
        return int(self.weekly.sum())


class Placed(NamedTuple):
    """Square and week of each row."""

    square: Array
    week: Array


def squares(xy_m: Array, day: Array, weight: Array, *, least: int = 5) -> tuple[Squares, Placed]:
    """Events of an area by square and week.

    Parameters
    ----------
    xy_m : ndarray, shape (n, 2)
        EPSG:27700 metres.
    day, weight : ndarray of int, shape (n,)
    least : int
        Events that a window must hold.

    Returns
    -------
    squares : Squares
    placed : Placed

    Examples
    --------
    >>> at = np.array([[10.0, 10.0], [260.0, 10.0], [20.0, 20.0]])
    >>> made, placed = squares(at, np.array([3, 4, 17]), np.array([1, 2, 1]))
    >>> made.ever.tolist(), made.weekly.tolist(), placed.square.tolist(), placed.week.tolist()
    ([2, 2], [3, 0, 1], [0, 1, 0], [0, 0, 2])
    """
    first = int(day.min())
    week = (day - first) // WEEK
    cell = np.floor(xy_m / CELL_M).astype(np.int64)
    large = cell // TILE_CELLS
    by, starts = runs((cell[:, 0], cell[:, 1], large[:, 0], large[:, 1]))
    square = np.empty(len(by), dtype=np.int64)
    square[by] = np.repeat(np.arange(len(starts)), np.diff(starts, append=len(by)))
    at = by[starts]
    new = np.append(True, (large[at][1:] != large[at][:-1]).any(axis=1))
    made = Squares(
        np.bincount(square, weights=weight).astype(np.int64),
        np.bincount(week, weights=weight).astype(np.int64),
        np.append(np.flatnonzero(new), len(at)),
        _around(cell[at]),
        first,
        least,
    )
    return made, Placed(square, week)


def table(made: Squares, placed: Placed, weight: Array) -> Array:
    """Events of each square in each week."""
    shape = (len(made.ever), len(made.weekly))
    found = np.bincount(
        placed.square * shape[1] + placed.week, weights=weight, minlength=shape[0] * shape[1]
    )
    return found.astype(np.int64).reshape(shape)


def drawn(made: Squares, rng: np.random.Generator) -> Array:
    """Weeks dealt anew over events, in two steps: weeks of each tile, then of its squares.

    Within a tile events are shuffled, or where they are many, a table is drawn: both have the
    same distribution, and all that is shuffled at once stays in the cache of a processor.
    """
    totals = np.add.reduceat(made.ever, made.tile[:-1])
    of_tile = draws.table(totals, made.weekly, rng)
    parts = [
        _within(made.ever[a:b], of_tile[k], rng) for k, (a, b) in enumerate(pairwise(made.tile))
    ]
    return np.concatenate(parts)


def _within(ever: Array, weekly: Array, rng: np.random.Generator) -> Array:
    """Events of the squares of one tile by week."""
    shape = (len(ever), len(weekly))
    if draws.many(int(weekly.sum()), shape[0] * shape[1]):
        return draws.table(ever, weekly, rng)
    week = np.repeat(np.arange(shape[1]), weekly)
    rng.shuffle(week)
    week += np.repeat(np.arange(shape[0]) * shape[1], ever)
    return np.bincount(week, minlength=shape[0] * shape[1]).reshape(shape)


def simulated(made: Squares, key: str, batch: range) -> Array:
    """Largest ratio of each replicate of a batch."""
    return np.array([largest(made, drawn(made, stream(key, NAME, rep))) for rep in batch])


def maxima(made: Squares, *, key: str, replicates: int, spread: Spread = map) -> Array:
    """Largest ratio of every replicate; `spread` as in `geo.evidence.emerging.against_chance`."""
    batches = [range(at, min(at + BATCH, replicates)) for at in range(0, replicates, BATCH)]
    return np.concatenate([np.zeros(0), *spread(partial(simulated, made, key), batches)])


def largest(made: Squares, counts: Array) -> float:
    """Largest ratio of all windows. Logarithms only where an upper bound is above the best."""
    best, total = 0.0, made.total
    for *_, held, mu in windows(made, counts):
        more = held - mu
        bound = more * more * total
        possible = (bound > best * mu * (total - mu)) & (more > 0) & (held >= made.least)
        if possible.any():
            best = max(best, float(ratio(held[possible], mu[possible], total).max()))
    return best


def windows(made: Squares, counts: Array) -> Iterator[tuple[int, int, int, Array, Array]]:
    """First square, ring, weeks; of each window what it holds and what chance would put there.

    Column j is the window that begins in week j. Some squares at a time, so that all stays in
    the cache of a processor.
    """
    until = np.zeros((len(counts) + 1, counts.shape[1] + 1), dtype=np.int32)
    np.cumsum(counts, axis=1, out=until[:-1, 1:])
    by_week = np.append(0, np.cumsum(made.weekly))
    lengths = [weeks for weeks in WINDOWS if 2 * weeks <= len(made.weekly)] or [1]
    for first in range(0, len(counts), ROWS):
        around = made.around[first : first + ROWS]
        alone = until[first : first + len(around)]
        whole = until[around].sum(axis=1)
        for ring, sums in zip(RINGS, (alone, whole), strict=True):
            ever = sums[:, -1:] / made.total
            for weeks in lengths:
                held = (sums[:, weeks:] - sums[:, :-weeks]).astype(np.float64)
                yield first, ring, weeks, held, ever * (by_week[weeks:] - by_week[:-weeks])


def _around(cell: Array) -> Array:
    """The nine squares of each zone, by number; as many as there are where none has events."""
    low = cell.min(axis=0) - 1
    wide = int(np.ptp(cell[:, 0])) + 3
    key = (cell[:, 1] - low[1]) * wide + cell[:, 0] - low[0]
    by = np.argsort(key)
    known = key[by]
    steps = [north * wide + east for north in (-1, 0, 1) for east in (-1, 0, 1)]
    wanted = key[:, None] + np.array(steps)
    at = np.minimum(np.searchsorted(known, wanted), len(known) - 1)
    return np.where(known[at] == wanted, by[at], len(cell))
