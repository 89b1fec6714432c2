"""Density clustering of weighted events: DBSCAN in space, ST-DBSCAN in space and time.

The answer does not depend on the order of rows: a border event joins its nearest core event, ties
by day difference and then by the caller's order, and clusters are numbered by their first member.
Sources: Ester et al. 1996 (DBSCAN); Birant and Kut 2007 (ST-DBSCAN). Distances are compared in
whole millimetres; both limits are closed.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from geo.errors import GeoInputError

Array = NDArray[Any]

MANY_PAIRS = 20_000_000  # more are worked through in parts, so that memory stays bounded
PART = 4_000_000
SLACK_M = 0.0005


@dataclass(frozen=True, slots=True)
class Labels:
    """Cluster of each row (int32, -1 for none) and whether the row is a core event."""

    label: Array
    core: Array


class Pairs(NamedTuple):
    """Neighbours, each pair once: rows i and j, millimetres and days apart."""

    i: Array
    j: Array
    mm: Array
    days: Array


def dbscan(
    xy_m: Array, weight: Array, eps_m: float, min_points: int, *, order: Array | None = None
) -> Labels:
    """Cluster weighted points in the plane.

    Parameters
    ----------
    xy_m : ndarray, shape (n, 2)
        Metres in any plane. A row without coordinates (NaN) belongs to no cluster.
    weight : ndarray of int, shape (n,)
        Events at each row; rows may share a point.
    eps_m : float
        Neighbours are at most this far apart.
    min_points : int
        A row is core when the weights within `eps_m`, its own included, reach this.
    order : ndarray of int, shape (n,), optional
        Rank of each row's id; row number when left out. Decides ties and numbers clusters.

    Returns
    -------
    Labels

    Examples
    --------
    >>> xy = np.array([[0.0, 0.0], [0.0, 60.0], [0.0, 120.0], [500.0, 0.0]])
    >>> dbscan(xy, np.array([2, 1, 1, 9]), eps_m=60, min_points=4).label
    array([0, 0, 0, 1], dtype=int32)
    """
    day = np.zeros(len(xy_m), dtype=np.int32)
    return st_dbscan(xy_m, day, weight, eps_m, 0, min_points, order=order)


def st_dbscan(  # noqa: PLR0913 - the six of the method, and two that are by name
    xy_m: Array,
    day: Array,
    weight: Array,
    eps_m: float,
    eps_days: int,
    min_points: int,
    *,
    order: Array | None = None,
    may_be_core: Array | None = None,
) -> Labels:
    """Cluster weighted events in space and time.

    Parameters
    ----------
    xy_m, weight, eps_m, min_points, order
        As for `dbscan`.
    day : ndarray of int, shape (n,)
        Days since any day.
    eps_days : int
        Neighbours are at most this many days apart.
    may_be_core : ndarray of bool, shape (n,), optional
        Events too vague in place or time count for others, but are never core themselves.

    Returns
    -------
    Labels

    Examples
    --------
    >>> xy = np.zeros((4, 2))
    >>> st_dbscan(xy, np.array([0, 10, 20, 90]), np.ones(4, int), 250, 28, 3).label
    array([ 0,  0,  0, -1], dtype=int32)
    """
    _check(eps_m, eps_days, min_points)
    nodes = _nodes(xy_m, day, weight, order, may_be_core)
    found = _clustered(nodes, _TreePairs(nodes, eps_m, eps_days), min_points)
    return nodes.per_row(found)


def st_dbscan_sites(  # noqa: PLR0913 - as st_dbscan
    site: Array,
    neighbours: Pairs,
    day: Array,
    weight: Array,
    eps_days: int,
    min_points: int,
    *,
    order: Array | None = None,
    may_be_core: Array | None = None,
) -> Labels:
    """Cluster events of sites whose distances are given: areas and lines, or a walking network.

    Parameters
    ----------
    site : ndarray of int, shape (n,)
        Site of each event.
    neighbours : Pairs
        Sites within reach of each other, `mm` apart; a site is its own neighbour and not listed.
    day, weight, eps_days, min_points, order, may_be_core
        As for `st_dbscan`.

    Returns
    -------
    Labels
    """
    _check(1.0, eps_days, min_points)
    place = np.column_stack([site.astype(np.float64), np.zeros(len(site))])
    nodes = _nodes(place, day, weight, order, may_be_core)
    pairs = _site_pairs(nodes, neighbours, eps_days)
    return nodes.per_row(_clustered(nodes, [pairs], min_points))


def largest_share(label: Array, weight: Array) -> float:
    """Share of all events in the largest cluster: above 0.25 the period is too long.

    Examples
    --------
    >>> largest_share(np.array([0, 0, 1, -1]), np.array([2, 1, 1, 1]))
    0.6
    """
    inside = label >= 0
    if not inside.any():
        return 0.0
    return float(np.bincount(label[inside], weights=weight[inside]).max() / weight.sum())


@dataclass(frozen=True, slots=True)
class _Nodes:
    """Distinct (point, day, may be core): what rows are collapsed to before anything is paired."""

    xy_m: Array
    day: Array
    weight: Array
    order: Array  # smallest of the rows
    eligible: Array
    row: Array  # node of each row with coordinates
    located: Array  # rows with coordinates

    def per_row(self, found: Labels) -> Labels:
        label = np.full(len(self.located), -1, dtype=np.int32)
        core = np.zeros(len(self.located), dtype=bool)
        label[self.located] = found.label[self.row]
        core[self.located] = found.core[self.row]
        return Labels(label, core)


class _TreePairs:
    """Neighbouring nodes by a k-d tree over x, y and scaled days; in parts when there are many."""

    def __init__(self, nodes: _Nodes, eps_m: float, eps_days: int) -> None:
        from scipy.spatial import cKDTree

        self.nodes, self.eps_m, self.eps_days = nodes, eps_m, eps_days
        self.reach = eps_m + SLACK_M
        scaled = nodes.day * (
            self.reach / max(eps_days, 0.5)
        )  # 0 days: other days are out of reach
        self.flat = bool(len(nodes.day) == 0 or (nodes.day == nodes.day[0]).all())
        points = nodes.xy_m if self.flat else np.column_stack([nodes.xy_m, scaled])
        self.tree = cKDTree(points, balanced_tree=False, compact_nodes=True)
        self.norm = 2.0 if self.flat else np.inf
        self.points = points

    def __iter__(self) -> Iterator[Pairs]:
        total = self.tree.count_neighbors(self.tree, self.reach, p=self.norm)
        if total <= 2 * MANY_PAIRS:
            rows = self.tree.query_pairs(self.reach, p=self.norm, output_type="ndarray")
            yield self._near(rows[:, 0], rows[:, 1])
            return
        from scipy.spatial import cKDTree

        order = np.argsort(self.points[:, 0], kind="stable")
        for part in np.array_split(order, max(1, total // PART)):
            near = cKDTree(self.points[part]).sparse_distance_matrix(
                self.tree, self.reach, p=self.norm, output_type="ndarray"
            )
            i, j = part[near["i"]], near["j"]
            once = i < j
            yield self._near(i[once], j[once])

    def _near(self, i: Array, j: Array) -> Pairs:
        """Within the true limits: the tree's reach is a little wide, and a box in time."""
        xy, day = self.nodes.xy_m, self.nodes.day
        mm = np.rint(np.hypot(*(xy[i] - xy[j]).T) * 1000)
        days = np.abs(day[i] - day[j])
        keep = (mm <= self.eps_m * 1000) & (days <= self.eps_days)
        if keep.all():
            return Pairs(i, j, mm, days)
        return Pairs(i[keep], j[keep], mm[keep], days[keep])


def _check(eps_m: float, eps_days: int, min_points: int) -> None:
    if not eps_m >= 0 or eps_days < 0 or min_points < 1:
        raise GeoInputError("Distance and days must be 0 or more, the minimum at least 1.")


def _nodes(
    xy_m: Array, day: Array, weight: Array, order: Array | None, may_be_core: Array | None
) -> _Nodes:
    located = np.atleast_1d(np.isfinite(xy_m).all(axis=1))
    rank = np.arange(len(xy_m)) if order is None else np.asarray(order)
    able: Array = np.ones(len(xy_m), dtype=bool)
    if may_be_core is not None:
        able = may_be_core.astype(bool)
    xy, d, w = (np.asarray(a)[located] for a in (xy_m, day, weight))
    r, e = rank[located], able[located]
    by = np.lexsort((e, d, xy[:, 1], xy[:, 0]))
    new = np.ones(len(by), dtype=bool)
    for column in (xy[by, 0], xy[by, 1], d[by], e[by]):
        if len(by):
            new[1:] &= column[1:] == column[:-1]
    new[1:] = ~new[1:]
    row = np.empty(len(by), dtype=np.int64)
    row[by] = np.cumsum(new) - 1
    first = by[new]
    starts = np.flatnonzero(new)
    total = np.add.reduceat(w[by], starts) if len(starts) else w[:0]
    least = np.minimum.reduceat(r[by], starts) if len(starts) else r[:0]
    return _Nodes(xy[first], d[first].astype(np.int64), total, least, e[first], row, located)


def _site_pairs(nodes: _Nodes, neighbours: Pairs, eps_days: int) -> Pairs:
    """Pairs of nodes: every two of neighbouring sites, or of one site, close enough in time."""
    site = nodes.xy_m[:, 0].astype(np.int64)
    present = np.unique(site)
    i = np.concatenate([neighbours.i, neighbours.j, present]).astype(np.int64)
    j = np.concatenate([neighbours.j, neighbours.i, present]).astype(np.int64)
    mm = np.concatenate([neighbours.mm, neighbours.mm, np.zeros(len(present))])
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


def _clustered(nodes: _Nodes, pairs: Any, min_points: int) -> Labels:  # noqa: ANN401 - iterable twice
    """Core nodes, their connected components, border nodes to the nearest core."""
    weight = nodes.weight.astype(np.float64)
    near = weight.copy()
    kept = list(pairs) if not isinstance(pairs, _TreePairs) else _remembered(pairs)
    for p in kept:
        near += np.bincount(p.i, weights=weight[p.j], minlength=len(weight))
        near += np.bincount(p.j, weights=weight[p.i], minlength=len(weight))
    core = (near >= min_points) & nodes.eligible
    component = np.arange(len(weight))
    border = _Border(nodes, len(weight))
    for p in kept:
        both = core[p.i] & core[p.j]
        component = _united(component, p.i[both], p.j[both])
        border.offer(p, core)
    return Labels(_numbered(component, border.core_of(core), nodes.order), core)


def _remembered(pairs: _TreePairs) -> Any:  # noqa: ANN401 - a list, or the lazy parts again
    """One part is kept; many are computed again for the second pass rather than held."""
    parts = iter(pairs)
    first = next(parts)
    second = next(parts, None)
    return [first] if second is None else pairs


def _united(component: Array, i: Array, j: Array) -> Array:
    if not len(i):
        return component
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    n = int(component.max()) + 1
    ones = np.ones(len(i), dtype=np.int8)
    graph = coo_array((ones, (component[i], component[j])), shape=(n, n))
    merged: Array = connected_components(graph, directed=False)[1]
    return merged[component]


class _Border:
    """The nearest core node of each other node, over any number of parts."""

    def __init__(self, nodes: _Nodes, n: int) -> None:
        self.nodes = nodes
        self.best = np.full(n, -1, dtype=np.int64)
        self.mm = np.full(n, np.inf)
        self.days = np.full(n, np.inf)

    def offer(self, p: Pairs, core: Array) -> None:
        for near, far in ((p.i, p.j), (p.j, p.i)):
            one = core[far] & ~core[near]
            self._take(near[one], far[one], p.mm[one], p.days[one])

    def _take(self, at: Array, core_node: Array, mm: Array, days: Array) -> None:
        """Nearest first, then the fewest days apart, then the first in the caller's order."""
        held = np.flatnonzero(self.best[at] >= 0) if len(at) else at
        again = np.unique(at[held])
        at = np.concatenate([at, again])
        core_node = np.concatenate([core_node, self.best[again]])
        mm = np.concatenate([mm, self.mm[again]])
        days = np.concatenate([days, self.days[again]])
        by = np.lexsort((self.nodes.order[core_node], days, mm, at))
        nodes, first = np.unique(at[by], return_index=True)
        chosen = by[first]
        self.best[nodes], self.mm[nodes], self.days[nodes] = (
            core_node[chosen],
            mm[chosen],
            days[chosen],
        )

    def core_of(self, core: Array) -> Array:
        """The core node whose cluster a node shares: itself, its nearest, or -1."""
        return np.where(core, np.arange(len(core)), self.best)


def _numbered(component: Array, core_of: Array, order: Array) -> Array:
    """Number the clusters by their first member in the caller's order."""
    label = np.full(len(core_of), -1, dtype=np.int32)
    member = np.flatnonzero(core_of >= 0)
    if not len(member):
        return label
    own = component[core_of[member]]
    found, which = np.unique(own, return_inverse=True)
    first = np.full(len(found), np.iinfo(np.int64).max)
    np.minimum.at(first, which, order[member])
    rank = np.empty(len(found), dtype=np.int32)
    rank[np.argsort(first, kind="stable")] = np.arange(len(found))
    label[member] = rank[which]
    return label
