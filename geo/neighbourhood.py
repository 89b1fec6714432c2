"""Neighbouring events: rows collapsed to distinct nodes, and the pairs of nodes near each other."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from math import floor
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

PART = 2_000_000  # candidates looked at together, so that memory stays bounded
SLACK_M = 0.0005


class Pairs(NamedTuple):
    """Neighbours, each pair once: rows i and j; millimetres and days apart, or none to be asked."""

    i: Array
    j: Array
    mm: Array | None = None
    days: Array | None = None


@dataclass(frozen=True, slots=True)
class Nodes:
    """Distinct (point, day, may be core): what rows are collapsed to before anything is paired."""

    xy_m: Array
    day: Array
    weight: Array
    order: Array  # smallest of the rows
    eligible: Array
    row: Array  # node of each row with coordinates
    located: Array  # rows with coordinates


def reach_m(eps_m: float) -> float:
    """Largest distance that is `eps_m` or less when rounded to a millimetre.

    Examples
    --------
    >>> reach_m(250)
    250.0005
    """
    return floor(eps_m * 1000 + 1e-6) / 1000 + SLACK_M


def collapsed(
    xy_m: Array, day: Array, weight: Array, order: Array | None, may_be_core: Array | None
) -> Nodes:
    """Add up the rows of one point and day; nodes are sorted by point, then day."""
    located = np.atleast_1d(np.isfinite(xy_m).all(axis=1))
    rank = np.arange(len(xy_m)) if order is None else np.asarray(order)
    able: Array = np.ones(len(xy_m), dtype=bool)
    if may_be_core is not None:
        able = may_be_core.astype(bool)
    xy, d, w = (np.asarray(a)[located] for a in (xy_m, day, weight))
    r, e = rank[located], able[located]
    keys = (d, xy[:, 1], xy[:, 0]) if may_be_core is None else (e, d, xy[:, 1], xy[:, 0])
    by, starts = runs(keys)
    first = by[starts]
    row = np.empty(len(by), dtype=np.int64)
    row[by] = np.repeat(np.arange(len(starts)), np.diff(starts, append=len(by)))
    total = np.add.reduceat(w[by], starts) if len(starts) else w[:0]
    least = np.minimum.reduceat(r[by], starts) if len(starts) else r[:0]
    return Nodes(xy[first], d[first].astype(np.int64), total, least, e[first], row, located)


def runs(keys: tuple[Array, ...]) -> tuple[Array, Array]:
    """Rows sorted by the last key first, and where each run of equal keys starts.

    Examples
    --------
    >>> [found.tolist() for found in runs((np.array([7, 5, 7]),))]
    [[1, 0, 2], [0, 1]]
    """
    by = np.lexsort(keys)
    new = np.zeros(len(by), dtype=bool)
    new[:1] = True
    for key in keys:
        ordered = key[by]
        new[1:] |= ordered[1:] != ordered[:-1]
    return by, np.flatnonzero(new)


class GridPairs:
    """Neighbouring nodes in space and time: a grid whose nodes are sorted by cell, then day.

    Only the later half of the surrounding cells is looked at, so that a pair comes once. What is
    within a few days there is one run of the sorted nodes: a million events in a capital took a
    third of the time of a k-d tree. `candidates` is known before anything is paired.
    """

    def __init__(self, nodes: Nodes, eps_m: float, eps_days: int) -> None:
        self.nodes, self.reach_m = nodes, reach_m(eps_m)
        day = nodes.day - nodes.day.min(initial=np.iinfo(np.int64).max)
        last = int(day.max(initial=0))
        self.eps_days = min(eps_days, last)
        self.flat = last == 0
        deep = last + 1 + self.eps_days
        cell, wide = self._cells(deep)
        key = (cell[:, 1] * wide + cell[:, 0] + 1) * deep + day
        self.by = np.argsort(key, kind="stable")
        self.runs = list(self._runs(key[self.by], wide, deep))
        self.candidates = sum(int(length.sum()) for _, length in self.runs)

    def _cells(self, deep: int) -> tuple[Array, int]:
        """Column and row of each node, and the columns of a row, one empty at either end."""
        from_corner = self.nodes.xy_m - self.nodes.xy_m.min(axis=0, initial=np.inf)
        east, north = from_corner.max(axis=0, initial=0.0)
        side = self.reach_m
        while (east / side + 3) * (north / side + 3) * deep >= 2**62:  # a key is 64 bits
            side *= 2
        return np.floor(from_corner / side).astype(np.int64), int(east / side) + 3

    def _runs(self, key: Array, wide: int, deep: int) -> Iterator[tuple[Array, Array]]:
        """For each sorted node, start and length of the runs that may hold neighbours."""
        after = np.arange(1, len(key) + 1)
        yield after, np.searchsorted(key, key + self.eps_days, "right") - after
        row_above = (wide - 1, wide, wide + 1)
        beside = [(1, 1), *((cell, cell) for cell in row_above)]
        for first, last in [(1, 1), (wide - 1, wide + 1)] if self.flat else beside:
            start = np.searchsorted(key, key + first * deep - self.eps_days)
            stop = np.searchsorted(key, key + last * deep + self.eps_days, "right")
            yield start, stop - start

    def __iter__(self) -> Iterator[Pairs]:
        x, y = (np.ascontiguousarray(column) for column in self.nodes.xy_m[self.by].T)
        by = self.by.astype(np.int32)
        for starts, lengths in self.runs:
            for part in parts(lengths):
                j, i = joined(starts[part], lengths[part])
                i += part.start
                square = (x[i] - x[j]) ** 2
                square += (y[i] - y[j]) ** 2
                near = square <= self.reach_m**2
                yield Pairs(by[i[near]], by[j[near]])


def parts(lengths: Array) -> Iterator[slice]:
    """Cut into parts whose lengths add up to about `PART`.

    Examples
    --------
    >>> list(parts(np.array([1, 3_000_000, 2])))
    [slice(0, 2, None), slice(2, 3, None)]
    """
    total = np.cumsum(lengths)
    if not len(total) or total[-1] == 0:
        return
    cuts = np.searchsorted(total, np.arange(PART, total[-1], PART)) + 1
    edges = np.unique(np.concatenate([[0], cuts, [len(lengths)]])).tolist()
    yield from (slice(start, stop) for start, stop in pairwise(edges))


def joined(start: Array, length: Array) -> tuple[Array, Array]:
    """All numbers of the ranges from `start`, and which range each is from.

    Examples
    --------
    >>> [found.tolist() for found in joined(np.array([10, 20]), np.array([2, 1]))]
    [[10, 11, 20], [0, 0, 1]]
    """
    which = np.repeat(np.arange(len(start), dtype=np.int32), length)
    at = np.arange(len(which), dtype=np.int64)
    at += np.repeat(start - (np.cumsum(length) - length), length)
    return at, which


def apart(pairs: Pairs, rows: Array, nodes: Nodes) -> tuple[Array, Array]:
    """Whole millimetres and days between the nodes of some of the pairs."""
    if pairs.mm is not None and pairs.days is not None:
        return pairs.mm[rows], pairs.days[rows]
    i, j = pairs.i[rows], pairs.j[rows]
    mm = np.rint(np.hypot(*(nodes.xy_m[i] - nodes.xy_m[j]).T) * 1000)
    return mm, np.abs(nodes.day[i] - nodes.day[j])
