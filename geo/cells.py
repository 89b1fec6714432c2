"""DBSCAN by cells, for more points than their pairs can be looked at; exact.

Two points in a cell of side eps / sqrt(2) are neighbours, so a full cell is all core and every cell
at most one cluster. Only points of thin cells, and cells not yet joined, are looked at one by one.
The idea is that of Gunawan (2013).
"""

from typing import NamedTuple

import numpy as np

from geo.linking import Linked, united
from geo.neighbourhood import SLACK_M, Array, Nodes, joined, parts, reach_m

SAMPLES = 4
FEW_POINTS = 100_000  # of two cells, as many combinations are tried at once


class Cells(NamedTuple):
    """Nodes by cell: cell c holds nodes by[start[c]:start[c + 1]]; each node's cell."""

    by: Array
    start: Array
    of: Array
    near: tuple[Array, Array]  # pairs of cells within reach, each once


def clustered(nodes: Nodes, eps_m: float, min_points: int) -> Linked:
    """Clusters of nodes in space whose weights are 1 or more."""
    cells = _cells(nodes.xy_m, eps_m)
    core = _core(nodes, cells, eps_m, min_points)
    component = _connected(nodes.xy_m, cells, core, reach_m(eps_m))[cells.of]
    return Linked(core, component, _nearest_core(nodes, core, eps_m))


def _cells(xy_m: Array, eps_m: float) -> Cells:
    side = (eps_m + SLACK_M / 2) / np.sqrt(2)
    square = np.floor((xy_m - xy_m.min(axis=0)) / side).astype(np.int64)
    far = int(np.ceil(reach_m(eps_m) / side))
    wide = int(square[:, 0].max()) + 2 * far + 1
    key = square[:, 1] * wide + square[:, 0] + far
    by = np.argsort(key, kind="stable")
    known, start, of = np.unique(key[by], return_index=True, return_inverse=True)
    of_node = np.empty_like(of)
    of_node[by] = of
    around = np.arange(-far, far + 1)
    later = (np.arange(far + 1)[:, None] * wide + around).ravel()
    found = [_found(known, known + step) for step in later[later > 0].tolist()]
    near = (np.concatenate([a for a, _ in found]), np.concatenate([b for _, b in found]))
    return Cells(by, np.append(start, len(by)), of_node, near)


def _found(known: Array, wanted: Array) -> tuple[Array, Array]:
    at = np.minimum(np.searchsorted(known, wanted), len(known) - 1)
    here = np.flatnonzero(known[at] == wanted)
    return here, at[here]


def _core(nodes: Nodes, cells: Cells, eps_m: float, min_points: int) -> Array:
    """Full cells are core; where all cells around hold too little nothing is; the rest is asked."""
    n = len(cells.start) - 1
    weight = np.bincount(cells.of, weights=nodes.weight, minlength=n)
    a, b = cells.near
    around = weight + np.bincount(a, weight[b], n) + np.bincount(b, weight[a], n)
    core: Array = (weight >= min_points)[cells.of]
    asked = np.flatnonzero(~core & (around >= min_points)[cells.of])
    if len(asked):
        core[asked] = _near(nodes, asked, eps_m, min_points) >= min_points
    return core & nodes.eligible


def _near(nodes: Nodes, asked: Array, eps_m: float, min_points: int) -> Array:
    """Weight of the nearest `min_points` within reach: enough, or everything there is."""
    from scipy.spatial import cKDTree

    tree = cKDTree(nodes.xy_m, balanced_tree=False)
    k = np.arange(1, min(min_points, len(nodes.xy_m)) + 1)
    weight = np.append(nodes.weight, 0)
    found = np.zeros(len(asked))
    for part in parts(np.full(len(asked), len(k))):
        metres, node = tree.query(nodes.xy_m[asked[part]], k, distance_upper_bound=2 * eps_m + 1)
        found[part] = np.where(metres <= reach_m(eps_m), weight[node], 0).sum(axis=1)
    return found


def _connected(xy_m: Array, cells: Cells, core: Array, reach: float) -> Array:
    """Component of each cell: by a few core nodes of each first, then whatever is left exactly."""
    by = cells.by[core[cells.by]]
    start = np.searchsorted(cells.of[by], np.arange(len(cells.start)))
    some = Cells(by, start, cells.of, cells.near)
    held = np.diff(start)
    a, b = cells.near
    both = (held[a] > 0) & (held[b] > 0)
    a, b = a[both], b[both]
    component = np.arange(len(held))
    for k in range(SAMPLES**2):
        at_a = by[start[a] + held[a] * (k // SAMPLES) // SAMPLES]
        at_b = by[start[b] + held[b] * (k % SAMPLES) // SAMPLES]
        near = np.hypot(*(xy_m[at_a] - xy_m[at_b]).T) <= reach
        component = united(component, a[near], b[near])
        left = component[a] != component[b]
        a, b = a[left], b[left]
    return _joined_exactly(component, xy_m, some, (a, b), reach)


def _joined_exactly(
    component: Array, xy_m: Array, cells: Cells, pairs: tuple[Array, Array], reach: float
) -> Array:
    """Every combination of two small cells; a tree for each two large ones."""
    held = np.diff(cells.start)
    a, b = pairs
    few = held[a] * held[b] <= FEW_POINTS
    for part in parts((held[a] * held[b])[few]):
        i, j = a[few][part], b[few][part]
        near = _touching(xy_m, cells, i, j, reach)
        component = united(component, i[near], j[near])
    for i, j in zip(a[~few].tolist(), b[~few].tolist(), strict=True):
        if component[i] != component[j] and _touch(xy_m, cells, i, j, reach):
            component = united(component, np.array([i]), np.array([j]))
    return component


def _touching(xy_m: Array, cells: Cells, a: Array, b: Array, reach: float) -> Array:
    """Which pairs of cells have two core nodes within reach."""
    held = np.diff(cells.start)
    at, pair = joined(cells.start[a], held[a])
    other, row = joined(cells.start[b[pair]], held[b[pair]])
    apart = np.hypot(*(xy_m[cells.by[at[row]]] - xy_m[cells.by[other]]).T)
    near = np.zeros(len(a), dtype=bool)
    near[pair[row[apart <= reach]]] = True
    return near


def _touch(xy_m: Array, cells: Cells, a: int, b: int, reach: float) -> bool:
    from scipy.spatial import cKDTree

    here, there = (xy_m[cells.by[cells.start[c] : cells.start[c + 1]]] for c in (a, b))
    return bool(cKDTree(there).query(here)[0].min() <= reach)


def _nearest_core(nodes: Nodes, core: Array, eps_m: float) -> Array:
    """The core node whose cluster a node shares; of equally near ones the first in order."""
    found = np.where(core, np.arange(len(core)), -1)
    cores, others = np.flatnonzero(core), np.flatnonzero(~core)
    if not len(cores) or not len(others):
        return found
    from scipy.spatial import cKDTree

    tree = cKDTree(nodes.xy_m[cores], balanced_tree=False)
    mm = np.rint(tree.query(nodes.xy_m[others])[0] * 1000)
    others, mm = others[mm <= eps_m * 1000 + 1e-6], mm[mm <= eps_m * 1000 + 1e-6]
    around = tree.query_ball_point(nodes.xy_m[others], (mm + 1) / 1000)
    node = np.repeat(np.arange(len(others)), [len(some) for some in around])
    near = cores[np.concatenate([np.zeros(0, dtype=int), *map(np.array, around)]).astype(int)]
    exact = np.rint(np.hypot(*(nodes.xy_m[others[node]] - nodes.xy_m[near]).T) * 1000)
    by = np.lexsort((nodes.order[near], exact, node))
    first = by[np.unique(node[by], return_index=True)[1]]
    found[others] = near[first]
    return found
