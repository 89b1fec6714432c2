"""How far it is on foot from point to point: all distances of a few points, or near pairs of many.

Across the river or the railway is as far as the next bridge.
"""

import numpy as np

from geo.nearrepeat.study import Array, at_least_0
from geo.neighbourhood import Pairs, joined, parts
from geo.network.ways import At, Streets, on_streets

SOURCES = 256  # nodes looked from at a time


def distances(on: Streets, at: At) -> Array:
    """Walking distance of each point from each.

    Parameters
    ----------
    on : Streets
    at : At
        n points.

    Returns
    -------
    ndarray of float64, shape (n, n)
        Metres; infinite where there is no way.

    Raises
    ------
    GeoInputError
        A point that is not on its segment.

    Examples
    --------
    >>> from geo.network.ways import streets
    >>> around = streets([0, 1, 2], [1, 2, 0], [100, 100, 100])
    >>> distances(around, At(np.array([0, 0, 1]), np.array([10.0, 90.0, 50.0]))).tolist()[0]
    [0.0, 80.0, 140.0]
    """
    at = on_streets(on, at)
    ends = _ends(on, at)
    used, node = np.unique(ends[0], return_inverse=True)
    between = _dijkstra(on, used, np.inf)[:, used]
    found = np.full((len(at.segment), len(at.segment)), np.inf)
    same = at.segment[:, None] == at.segment
    found[same] = np.abs(at.offset_m[:, None] - at.offset_m)[same]
    for a in (0, 1):
        for b in (0, 1):
            way = between[np.ix_(node[a::2], node[b::2])]
            way += ends[1][a::2, None] + ends[1][b::2]
            np.minimum(found, way, out=found)
    return found


class Reach:
    """Nodes within a distance of each node: made once, for any number of sets of points."""

    def __init__(self, on: Streets, limit_m: float) -> None:
        self.on, self.limit_m, self.slack_m = on, limit_m, 0.5 / on.per_m
        near, far, count = [], [], []
        for start in range(0, on.nodes, SOURCES):
            some = np.arange(start, min(start + SOURCES, on.nodes))
            found = _dijkstra(on, some, limit_m + self.slack_m)
            row, node = np.nonzero(np.isfinite(found))
            near.append(node.astype(np.int32))
            far.append(found[row, node])
            count.append(np.bincount(row, minlength=len(some)))
        self.near, self.far = np.concatenate(near), np.concatenate(far)
        self.start = np.append(0, np.cumsum(np.concatenate(count)))

    def pairs(self, at: At) -> tuple[Array, Array, Array]:
        """Points i < j at most the limit apart, each pair once, and whole `per_m`."""
        points = _Points(self.on, at)
        reached = np.diff(self.start)[points.node].reshape(-1, 2).sum(axis=1)
        # About as many points as any node has wait at each of them.
        work = reached * (1 + len(points.node) // self.on.nodes)
        some = parts(work + np.diff(points.on_segment)[at.segment])
        found = [self._of(points, each) for each in some]
        none = np.zeros(0, dtype=np.int64)
        i, j, mm = (np.concatenate([none, *(each[k] for each in found)]) for k in range(3))
        return i, j, mm

    def _of(self, points: "_Points", some: slice) -> tuple[Array, Array, Array]:
        """Pairs whose first point is one of some; of several ways the shortest."""
        ways = zip(self._by_nodes(points, some), points.along(some), strict=True)
        i, j, metres = (np.concatenate(both) for both in ways)
        mm = np.rint(metres * self.on.per_m)
        kept = np.flatnonzero((i < j) & (mm <= self.limit_m * self.on.per_m + 1e-3))
        kept = kept[np.lexsort((mm[kept], j[kept], i[kept]))]
        i, j = i[kept], j[kept]
        new = np.append(True, (i[1:] != i[:-1]) | (j[1:] != j[:-1]))[: len(i)]
        return i[new], j[new], mm[kept][new]

    def _by_nodes(self, points: "_Points", some: slice) -> tuple[Array, Array, Array]:
        """From either end of the own segment to either end of another's."""
        mine = np.arange(2 * some.start, 2 * some.stop)
        row, end = joined(self.start[points.node[mine]], np.diff(self.start)[points.node[mine]])
        node = self.near[row]
        way = points.to_node[mine][end] + self.far[row]
        # Most nodes have no points, or lie too far beyond the own segment's end.
        some_way = np.flatnonzero((points.count[node] > 0) & (way <= self.limit_m + self.slack_m))
        end, node, way = end[some_way], node[some_way], way[some_way]
        other, path = joined(points.first[node], points.count[node])
        theirs = points.by_node[other]
        return mine[end][path] // 2, theirs // 2, way[path] + points.to_node[theirs]


class _Points:
    """Points by the nodes at both ends of their segments (2i and 2i + 1), and by segment."""

    def __init__(self, on: Streets, at: At) -> None:
        self.at = at
        self.node, self.to_node = _ends(on, at)
        self.by_node = np.argsort(self.node, kind="stable")
        self.first = np.searchsorted(self.node[self.by_node], np.arange(on.nodes + 1))
        self.count = np.diff(self.first)
        self.by_segment = np.argsort(at.segment, kind="stable")
        known = at.segment[self.by_segment]
        self.on_segment = np.searchsorted(known, np.arange(len(on.length_m) + 1))

    def along(self, some: slice) -> tuple[Array, Array, Array]:
        """The direct way to points of the same segment."""
        mine = self.at.segment[some]
        other, which = joined(self.on_segment[mine], np.diff(self.on_segment)[mine])
        i, j = which.astype(np.int64) + some.start, self.by_segment[other]
        return i, j, np.abs(self.at.offset_m[i] - self.at.offset_m[j])


def near(on: Streets, at: At, limit_m: float) -> Pairs:
    """Points at most `limit_m` apart on foot, as density clustering takes them.

    Parameters
    ----------
    on : Streets
    at : At
    limit_m : float
        Closed: exactly so far is near.

    Returns
    -------
    density.Pairs
        Rows i < j, whole millimetres, 0 days.

    Raises
    ------
    GeoInputError
        A point that is not on its segment, a limit below 0.

    Examples
    --------
    >>> from geo.density import st_dbscan_sites
    >>> from geo.network.ways import streets
    >>> at = At(np.array([0, 0, 1]), np.array([0.0, 100.0, 90.0]))
    >>> pairs = near(streets([0, 1], [1, 2], [100, 300]), at, limit_m=100)
    >>> pairs.mm.tolist()
    [100000.0, 90000.0]
    >>> one = np.ones(3, dtype=int)
    >>> st_dbscan_sites(np.arange(3), pairs, 0 * one, one, eps_days=28, min_points=3).label
    array([0, 0, 0], dtype=int32)
    """
    at_least_0("The limit", limit_m)
    i, j, apart = Reach(on, limit_m).pairs(on_streets(on, at))
    mm = np.rint(apart * (1000 / on.per_m))
    return Pairs(i, j, mm, np.zeros(len(i), dtype=np.int64))


def _ends(on: Streets, at: At) -> tuple[Array, Array]:
    """Both ends of each point's segment, one after the other, and metres to them; shape (2n,)."""
    node = np.column_stack([on.first[at.segment], on.last[at.segment]]).ravel()
    return node, np.column_stack([at.offset_m, on.length_m[at.segment] - at.offset_m]).ravel()


def _dijkstra(on: Streets, sources: Array, limit_m: float) -> Array:
    """Metres from some nodes to all; of several segments between two nodes the shortest."""
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import dijkstra

    by = np.lexsort((on.length_m, on.last, on.first))
    a, b = on.first[by], on.last[by]
    new = np.append(True, (a[1:] != a[:-1]) | (b[1:] != b[:-1]))
    shape = (on.nodes, on.nodes)
    graph = csr_array((on.length_m[by][new], (a[new], b[new])), shape=shape)
    found: Array = dijkstra(graph, directed=False, indices=sources, limit=limit_m)
    return found
