"""ST-DBSCAN by sites and their days: the quicker exact form where few sites have many events.

Also the one for areas, lines and walking distances, where only sites have neighbours.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from geo.linking import Linked, linked
from geo.neighbourhood import Array, GridPairs, Nodes, Pairs, apart, joined, parts


class Sites(NamedTuple):
    """Site of each node; neighbouring sites of each, itself among them, and millimetres to them."""

    of: Array
    start: Array  # site s has near[start[s]:start[s + 1]]
    near: Array
    mm: Array


class Places:
    """Distinct points of events, and what it would take to cluster by them."""

    def __init__(self, nodes: Nodes, eps_m: float) -> None:
        self.of, first = _points(nodes.xy_m)
        none = np.zeros(len(first), dtype=np.int64)
        self._nodes = Nodes(nodes.xy_m[first], none, none, none, none, none, none)
        self._pairs = GridPairs(self._nodes, eps_m, 0)

    @property
    def links(self) -> float:
        """About how many pairs of an event and a place near it there are."""
        return 2 * self._pairs.candidates * len(self.of) / max(len(self._nodes.day), 1)

    def sites(self) -> Sites:
        found = [(p.i, p.j, apart(p, np.arange(len(p.i)), self._nodes)[0]) for p in self._pairs]
        none = np.zeros(0, dtype=np.int64)
        i, j, mm = (np.concatenate([none, *(columns[k] for columns in found)]) for k in range(3))
        return sites_of(self.of, Pairs(i, j, mm))


def sites_of(of: Array, neighbours: Pairs) -> Sites:
    """Both directions of the pairs and each site itself, by site."""
    own = np.arange(int(of.max(initial=-1)) + 1)
    i = np.concatenate([neighbours.i, neighbours.j, own]).astype(np.int64)
    j = np.concatenate([neighbours.j, neighbours.i, own]).astype(np.int64)
    far = np.zeros(len(neighbours.i)) if neighbours.mm is None else neighbours.mm
    mm = np.concatenate([far, far, np.zeros(len(own))])
    used = np.flatnonzero((i < len(own)) & (j < len(own)))
    used = used[np.argsort(i[used], kind="stable")]
    start = np.searchsorted(i[used], np.arange(len(own) + 1))
    return Sites(of, start, j[used], mm[used])


def clustered(nodes: Nodes, sites: Sites, eps_days: int, min_points: int) -> Linked:
    """Clusters of the nodes; only such pairs are made as the others follow from."""
    day = nodes.day - nodes.day.min(initial=np.iinfo(np.int64).max)
    eps_days = min(eps_days, int(day.max(initial=0)))
    core = (_near(nodes, sites, day, eps_days) >= min_points) & nodes.eligible
    return linked(nodes, core, _nearest_core(core, sites, day, eps_days))


def _points(xy_m: Array) -> tuple[Array, Array]:
    """Point of each node, and the first node of each: nodes are sorted by point."""
    new = np.append(True, (xy_m[1:] != xy_m[:-1]).any(axis=1))[: len(xy_m)]
    return np.cumsum(new) - 1, np.flatnonzero(new)


def _near(nodes: Nodes, sites: Sites, day: Array, eps_days: int) -> Array:
    """Events within reach of each node: running sums of each site, added up over the sites."""
    span = int(day.max(initial=0)) + eps_days + 1
    key = sites.of * span + day
    by = np.argsort(key, kind="stable")
    known, until = key[by], np.append(0, np.cumsum(nodes.weight[by]))
    near = np.zeros(len(day))
    for node, site, _ in _links(sites):
        wanted = site * span + day[node]
        stop = np.searchsorted(known, wanted + eps_days, "right")
        around = until[stop] - until[np.searchsorted(known, wanted - eps_days)]
        first = int(node[0])
        found = np.bincount(node - first, weights=around)
        near[first : first + len(found)] = found
    return near


def _links(sites: Sites) -> Iterator[tuple[Array, Array, Array]]:
    """Each node with each site near its own, and millimetres; in parts."""
    degree = np.diff(sites.start)[sites.of]
    for part in parts(degree):
        at, node = joined(sites.start[sites.of[part]], degree[part])
        yield node + np.int64(part.start), sites.near[at], sites.mm[at]


def _nearest_core(core: Array, sites: Sites, day: Array, eps_days: int) -> Iterator[Pairs]:
    """From each node to the next and the last core node of every site near it.

    That is enough: whatever core node of that site is further on hangs on the site's own chain.
    """
    span = int(day.max(initial=0)) + eps_days + 1
    key = sites.of * span + day
    core_node = np.flatnonzero(core)
    core_node = core_node[np.argsort(key[core_node], kind="stable")]
    known = np.append(key[core_node], np.iinfo(np.int64).max)
    for node, site, mm in _links(sites):
        wanted = site * span + day[node]
        itself = core[node] & (site == sites.of[node])
        following = np.searchsorted(known, wanted + itself)
        before = np.where(core[node], len(core_node), np.searchsorted(known, wanted) - 1)
        for at in (following, before):  # one that is not there lies at the end of time
            days = np.abs(known[at] - wanted)
            some = days <= eps_days
            yield Pairs(node[some], core_node[at[some]], mm[some], days[some])
