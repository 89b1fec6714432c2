"""Neighbouring events: rows collapsed to distinct nodes, and the pairs of nodes near each other."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

MANY_PAIRS = 20_000_000  # more are worked through in parts, so that memory stays bounded
PART = 4_000_000
SLACK_M = 0.0005


SAMPLE = 2_000


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


def collapsed(
    xy_m: Array, day: Array, weight: Array, order: Array | None, may_be_core: Array | None
) -> Nodes:
    located = np.atleast_1d(np.isfinite(xy_m).all(axis=1))
    rank = np.arange(len(xy_m)) if order is None else np.asarray(order)
    able: Array = np.ones(len(xy_m), dtype=bool)
    if may_be_core is not None:
        able = may_be_core.astype(bool)
    xy, d, w = (np.asarray(a)[located] for a in (xy_m, day, weight))
    r, e = rank[located], able[located]
    keys = (d, xy[:, 1], xy[:, 0]) if may_be_core is None else (e, d, xy[:, 1], xy[:, 0])
    by = np.lexsort(keys)
    new = np.ones(len(by), dtype=bool)
    for column in keys:
        if len(by):
            ordered = column[by]
            new[1:] &= ordered[1:] == ordered[:-1]
    new[1:] = ~new[1:]
    row = np.empty(len(by), dtype=np.int64)
    row[by] = np.cumsum(new) - 1
    first = by[new]
    starts = np.flatnonzero(new)
    total = np.add.reduceat(w[by], starts) if len(starts) else w[:0]
    least = np.minimum.reduceat(r[by], starts) if len(starts) else r[:0]
    return Nodes(xy[first], d[first].astype(np.int64), total, least, e[first], row, located)


def site_pairs(nodes: Nodes, neighbours: Pairs, eps_days: int) -> Pairs:
    """Pairs of nodes: every two of neighbouring sites, or of one site, close enough in time."""
    site = nodes.xy_m[:, 0].astype(np.int64)
    present = np.unique(site)
    i = np.concatenate([neighbours.i, neighbours.j, present]).astype(np.int64)
    j = np.concatenate([neighbours.j, neighbours.i, present]).astype(np.int64)
    far = np.zeros(len(neighbours.i)) if neighbours.mm is None else neighbours.mm
    mm = np.concatenate([far, far, np.zeros(len(present))])
    a, link = _joined(np.searchsorted(site, i), np.searchsorted(site, i, "right"))
    span = int(nodes.day.max() - nodes.day.min()) + 2 * eps_days + 2 if len(site) else 1
    first = int(nodes.day.min()) - eps_days if len(site) else 0
    key = site * span + (nodes.day - first)  # ascending: nodes are sorted by site, then day
    at = j[link] * span + (nodes.day[a] - first)
    b, from_a = _joined(
        np.searchsorted(key, at - eps_days), np.searchsorted(key, at + eps_days, "right")
    )
    a, link = a[from_a], link[from_a]
    once = a < b
    a, b, link = a[once], b[once], link[once]
    return Pairs(a, b, mm[link], np.abs(nodes.day[a] - nodes.day[b]))


def _joined(start: Array, stop: Array) -> tuple[Array, Array]:
    """All numbers of the ranges [start, stop), and which range each is from."""
    length = np.maximum(stop - start, 0)
    which = np.repeat(np.arange(len(start)), length)
    offset = np.arange(len(which)) - np.repeat(np.cumsum(length) - length, length)
    return start[which] + offset, which


class TreePairs:
    """Neighbouring nodes by a k-d tree over x, y and scaled days; in parts when there are many."""

    def __init__(self, nodes: Nodes, eps_m: float, eps_days: int) -> None:
        from scipy.spatial import cKDTree

        self.nodes, self.eps_m, self.eps_days = nodes, eps_m, eps_days
        self.reach = eps_m + SLACK_M
        # Half a day of slack, for rounding: the true limit is tested on what is found.
        scaled = nodes.day * (self.reach / (eps_days + 0.5))
        self.flat = bool(len(nodes.day) == 0 or (nodes.day == nodes.day[0]).all())
        points = nodes.xy_m if self.flat else np.column_stack([nodes.xy_m, scaled])
        self.tree = cKDTree(points, balanced_tree=False, compact_nodes=True)
        self.norm = 2.0 if self.flat else np.inf
        self.points = points

    def __iter__(self) -> Iterator[Pairs]:
        total = self._about()
        if total <= MANY_PAIRS:
            rows = self.tree.query_pairs(self.reach, p=self.norm, output_type="ndarray")
            yield self._near(rows[:, 0], rows[:, 1])
            return
        from scipy.spatial import cKDTree

        order = np.argsort(self.points[:, 0], kind="stable")
        for part in np.array_split(order, max(1, 2 * total // PART)):
            near = cKDTree(self.points[part]).sparse_distance_matrix(
                self.tree, self.reach, p=self.norm, output_type="ndarray"
            )
            i, j = part[near["i"]], near["j"]
            once = i < j
            yield self._near(i[once], j[once])

    def _about(self) -> int:
        """Roughly how many pairs, from every n-th node: it only decides on the use of memory."""
        every = max(1, len(self.points) // SAMPLE)
        sample = self.points[::every]
        if not len(sample):
            return 0
        found = self.tree.query_ball_point(sample, self.reach, p=self.norm, return_length=True)
        return int(found.mean() * len(self.points) / 2)

    def _near(self, i: Array, j: Array) -> Pairs:
        """Within the true limits: a box in x, y and time reaches further than a circle."""
        x, y, day = self.nodes.xy_m[:, 0].copy(), self.nodes.xy_m[:, 1].copy(), self.nodes.day
        square = x[i] - x[j]
        square *= square
        other = y[i] - y[j]
        other *= other
        square += other
        keep = square <= self.reach**2
        if not self.flat:
            keep &= np.abs(day[i] - day[j]) <= self.eps_days
        return Pairs(i, j) if keep.all() else Pairs(i[keep], j[keep])


def apart(pairs: Pairs, rows: Array, nodes: Nodes) -> tuple[Array, Array]:
    """Whole millimetres and days between the nodes of some of the pairs."""
    if pairs.mm is not None and pairs.days is not None:
        return pairs.mm[rows], pairs.days[rows]
    i, j = pairs.i[rows], pairs.j[rows]
    mm = np.rint(np.hypot(*(nodes.xy_m[i] - nodes.xy_m[j]).T) * 1000)
    return mm, np.abs(nodes.day[i] - nodes.day[j])
