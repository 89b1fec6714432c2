"""How many of the same pairs are near in time when the events' times are dealt out anew.

The times are permuted over the events, not over the pairs: pairs share events, and pairs of
permuted pairs would vary too little (Knox's p would be too small).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from geo.nearrepeat.study import Array, at_least_0
from geo.significance import stream

ROWS = 4096  # pairs looked at together, so that they stay in the cache
WIDE = 256  # bytes of the replicates that are looked at together
BLOCK = 128  # rows that one byte can count


@dataclass(frozen=True, slots=True)
class Deals:
    """Times to be dealt out to the events, how often, and the names of the random numbers."""

    when: Array  # int64 from 0, of each event
    replicates: int
    key: str
    name: str

    def __post_init__(self) -> None:
        at_least_0("The number of permutations", self.replicates)

    def times(self, rep: int) -> Array:
        """The times of one replicate, in the order of the events."""
        found = self.when.copy()
        stream(self.key, self.name, rep).shuffle(found)
        return found


def counted(
    i: Array, j: Array, deals: Deals, limits: Sequence[int], *, starts: Sequence[int] = (0,)
) -> Array:
    """Pairs at most each of `limits` apart in time, by group and replicate.

    Parameters
    ----------
    i, j : ndarray of int, shape (p,)
        Pairs of events, sorted by group.
    deals : Deals
    limits : sequence of int
    starts : sequence of int
        Where each group of pairs starts; the last reaches to the end.

    Returns
    -------
    ndarray of int64, shape (replicates, groups, limits)

    Examples
    --------
    >>> i, j, when = np.array([0, 0]), np.array([1, 2]), np.array([0, 9, 20])
    >>> counted(i, j, Deals(when, 6, "key", "name"), [8, 9, 11]).tolist()[0]
    [[0, 1, 1]]
    """
    replicates = deals.replicates
    found = np.zeros((replicates, len(starts), len(limits)), dtype=np.int64)
    narrow = _narrow(int(deals.when.max(initial=0)))
    columns = WIDE // np.dtype(narrow).itemsize
    for first in range(0, replicates, columns):
        some = range(first, min(first + columns, replicates))
        times = np.empty((len(some), len(deals.when)), dtype=narrow)
        for column, rep in enumerate(some):
            times[column] = deals.times(rep)
        found[first : some.stop] = _batch(i, j, starts, _by_event(times), limits)
    return found


def _narrow(largest: int) -> type[np.signedinteger]:
    """The smallest integers that hold every difference: less to move."""
    fits = (t for t in (np.int16, np.int32) if largest <= np.iinfo(t).max)
    return next(fits, np.int64)


def _by_event(times: Array) -> Array:
    """The same with a row for each event, so that a pair is two rows."""
    found = np.empty(times.shape[::-1], dtype=times.dtype)
    for start in range(0, len(found), 512):
        found[start : start + 512] = times[:, start : start + 512].T
    return found


def _batch(i: Array, j: Array, starts: Sequence[int], times: Array, limits: Sequence[int]) -> Array:
    columns = times.shape[1]
    total = np.zeros((columns, len(starts), len(limits)), dtype=np.int64)
    one, other = (np.empty((ROWS, columns), dtype=times.dtype) for _ in range(2))
    near = np.empty((ROWS, columns), dtype=bool)
    for group, rows in _parts(starts, len(i)):
        n = rows.stop - rows.start
        apart = np.take(times, i[rows], axis=0, out=one[:n], mode="clip")
        apart -= np.take(times, j[rows], axis=0, out=other[:n], mode="clip")
        np.abs(apart, out=apart)
        for k, limit in enumerate(limits):
            total[:, group, k] += _true(np.less_equal(apart, limit, out=near[:n]))
    return total


def _parts(starts: Sequence[int], stop: int) -> Iterator[tuple[int, slice]]:
    for group, (first, end) in enumerate(zip(starts, [*starts[1:], stop], strict=True)):
        for start in range(first, end, ROWS):
            yield group, slice(start, min(start + ROWS, end))


def _true(near: Array) -> Array:
    """How many are true in each column: first in bytes, then in large numbers."""
    ones = near.view(np.uint8)
    whole = len(ones) // BLOCK * BLOCK
    blocks = ones[:whole].reshape(-1, BLOCK, ones.shape[1])
    total: Array = np.add.reduce(blocks, axis=1, dtype=np.uint8).sum(axis=0, dtype=np.int64)
    total += np.add.reduce(ones[whole:], axis=0, dtype=np.uint8)
    return total
