"""Core events linked into clusters, border events to the nearest of them, clusters numbered."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from geo.neighbourhood import Array, Nodes, Pairs, apart


@dataclass(frozen=True, slots=True)
class Labels:
    """Cluster of each row (int32, -1 for none) and whether the row is a core event."""

    label: Array
    core: Array


class Linked(NamedTuple):
    """Before numbers are given: which nodes are core, and what hangs together.

    `component` counts for core nodes only; `core_of` is the core node whose cluster a node
    shares, itself or -1.
    """

    core: Array
    component: Array
    core_of: Array


def linked(nodes: Nodes, core: Array, pairs: Iterable[Pairs]) -> Linked:
    """Clusters of the nodes, from the core nodes and all pairs that matter."""
    component = np.arange(len(core))
    border = Border(nodes)
    for p in pairs:
        both = core[p.i] & core[p.j]
        component = united(component, p.i[both], p.j[both])
        border.offer(p, core)
    return Linked(core, component, border.core_of(core))


def united(component: Array, i: Array, j: Array) -> Array:
    """Components after joining those of `i` with those of `j`.

    Examples
    --------
    >>> united(np.array([0, 1, 2]), np.array([0]), np.array([2])).tolist()
    [0, 1, 0]
    """
    if not len(i):
        return component
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    n = int(component.max()) + 1
    ones = np.ones(len(i))  # floating point: the search would copy anything else
    graph = coo_array((ones, (component[i], component[j])), shape=(n, n))
    merged: Array = connected_components(graph, directed=False)[1]
    return merged[component]


class Border:
    """The nearest core node of each other node, over any number of parts."""

    def __init__(self, nodes: Nodes) -> None:
        self.nodes = nodes
        self.best = np.full(len(nodes.day), -1, dtype=np.int64)
        self.mm = np.full(len(nodes.day), np.inf)
        self.days = np.full(len(nodes.day), np.inf)

    def offer(self, p: Pairs, core: Array) -> None:
        mixed = np.flatnonzero(core[p.i] != core[p.j])
        mm, days = apart(p, mixed, self.nodes)
        i, j = p.i[mixed], p.j[mixed]
        first = core[i]
        self._take(np.where(first, j, i), np.where(first, i, j), mm, days)

    def _take(self, at: Array, core_node: Array, mm: Array, days: Array) -> None:
        """Nearest first, then the fewest days apart, then the first in the caller's order."""
        held = np.unique(at[self.best[at] >= 0])
        at = np.concatenate([at, held])
        core_node = np.concatenate([core_node, self.best[held]])
        mm = np.concatenate([mm, self.mm[held]])
        days = np.concatenate([days, self.days[held]])
        by = np.lexsort((self.nodes.order[core_node], days, mm, at))
        nodes, first = np.unique(at[by], return_index=True)
        chosen = by[first]
        self.best[nodes] = core_node[chosen]
        self.mm[nodes] = mm[chosen]
        self.days[nodes] = days[chosen]

    def core_of(self, core: Array) -> Array:
        """The core node whose cluster a node shares: itself, its nearest, or -1."""
        return np.where(core, np.arange(len(core)), self.best)


def numbered(component: Array, core_of: Array, order: Array) -> Array:
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
