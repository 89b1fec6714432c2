"""Density clustering of weighted events: DBSCAN in space, ST-DBSCAN in space and time.

The answer does not depend on the order of rows: a border event joins its nearest core event, ties
by day difference and then by the caller's order, and clusters are numbered by their first member.
Sources: Ester et al. 1996 (DBSCAN); Birant and Kut 2007 (ST-DBSCAN). Distances are compared in
whole millimetres; both limits are closed.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from geo.errors import GeoInputError
from geo.neighbourhood import SLACK_M, Array, Nodes, Pairs, TreePairs, apart, collapsed, site_pairs

__all__ = ["SLACK_M", "Labels", "Pairs", "dbscan", "largest_share", "st_dbscan", "st_dbscan_sites"]


@dataclass(frozen=True, slots=True)
class Labels:
    """Cluster of each row (int32, -1 for none) and whether the row is a core event."""

    label: Array
    core: Array


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
    nodes = collapsed(xy_m, day, weight, order, may_be_core)
    found = _clustered(nodes, TreePairs(nodes, eps_m, eps_days), min_points)
    return _per_row(nodes, found)


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
    nodes = collapsed(place, day, weight, order, may_be_core)
    pairs = site_pairs(nodes, neighbours, eps_days)
    return _per_row(nodes, _clustered(nodes, [pairs], min_points))


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


def _per_row(nodes: Nodes, found: Labels) -> Labels:
    """Give each row what its node got; rows without coordinates nothing."""
    label = np.full(len(nodes.located), -1, dtype=np.int32)
    core = np.zeros(len(nodes.located), dtype=bool)
    label[nodes.located] = found.label[nodes.row]
    core[nodes.located] = found.core[nodes.row]
    return Labels(label, core)


def _check(eps_m: float, eps_days: int, min_points: int) -> None:
    if not eps_m >= 0 or eps_days < 0 or min_points < 1:
        raise GeoInputError("Distance and days must be 0 or more, the minimum at least 1.")


def _clustered(nodes: Nodes, pairs: Iterable[Pairs], min_points: int) -> Labels:
    """Core nodes, their connected components, border nodes to the nearest core."""
    weight = nodes.weight.astype(np.float64)
    near = weight.copy()
    kept = list(pairs) if not isinstance(pairs, TreePairs) else _remembered(pairs)
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


def _remembered(pairs: TreePairs) -> Iterable[Pairs]:
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

    def __init__(self, nodes: Nodes, n: int) -> None:
        self.nodes = nodes
        self.best = np.full(n, -1, dtype=np.int64)
        self.mm = np.full(n, np.inf)
        self.days = np.full(n, np.inf)

    def offer(self, p: Pairs, core: Array) -> None:
        mixed = np.flatnonzero(core[p.i] != core[p.j])
        mm, days = apart(p, mixed, self.nodes)
        i, j = p.i[mixed], p.j[mixed]
        first = core[i]
        self._take(np.where(first, j, i), np.where(first, i, j), mm, days)

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
