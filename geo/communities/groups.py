"""Groups of places that share more with each other than with the rest, and places between them.

For places, never for children.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geo.errors import GeoInputError
from geo.significance import stream

Array = NDArray[Any]

SEEDS = 100
STABLE = 0.7
DIGITS = 12  # modularities are compared to these, as sums differ by their order


@dataclass(frozen=True, slots=True)
class Communities:
    """The best of many runs. `label` numbers groups by their smallest member.

    `stability` is the mean adjusted Rand index of all pairs of runs; below 0.7 the groups are
    not `stable` and a reader is told so.
    """

    label: Array
    modularity: float
    stability: float
    stable: bool
    runs: int


def louvain(
    n: int,
    i: ArrayLike,
    j: ArrayLike,
    weight: ArrayLike | None = None,
    *,
    key: str,
    seeds: int = SEEDS,
    resolution: float = 1.0,
) -> Communities:
    """Communities by modularity: the best of many Louvain runs.

    Parameters
    ----------
    n : int
        Nodes, numbered from 0.
    i, j : array_like of int, shape (edges,)
        Ends of undirected edges; the order does not matter. An edge said twice counts twice.
    weight : array_like, shape (edges,), optional
        Above 0; 1 each when left out.
    key : str
        Of the random numbers, see `geo.significance.stream`.
    seeds : int
        Runs. Of equally good ones the lexicographically smallest partition is taken.
    resolution : float
        Above 1 for smaller groups.

    Returns
    -------
    Communities
        Nodes without edges are groups of their own.

    Raises
    ------
    GeoInputError
        Edges to nodes that do not exist, weights that are not above 0, no runs.

    References
    ----------
    Blondel, Guillaume, Lambiotte and Lefebvre (2008), Journal of Statistical Mechanics P10008;
    Hubert and Arabie (1985), Journal of Classification 2, 193-218.

    Examples
    --------
    >>> louvain(6, [0, 0, 1, 3, 3, 4, 2], [1, 2, 2, 4, 5, 5, 3], key="k", seeds=10).label.tolist()
    [0, 0, 0, 1, 1, 1]
    """
    edges = _edges(n, i, j, weight)
    if seeds < 1:
        raise GeoInputError("Communities need one run or more.")
    found = [_run(n, edges, resolution, key, rep) for rep in range(seeds)]
    kinds, times = np.unique(np.array(found).reshape(seeds, n), axis=0, return_counts=True)
    worth = [round(modularity(one, *edges, resolution=resolution), DIGITS) for one in kinds]
    best = int(np.argmax(worth))  # the first of equals: np.unique sorts them
    agreement = _agreement(kinds, times)
    return Communities(kinds[best], worth[best], agreement, agreement >= STABLE, seeds)


def modularity(
    label: ArrayLike, i: ArrayLike, j: ArrayLike, weight: ArrayLike, *, resolution: float = 1.0
) -> float:
    """Weight of edges inside groups beyond what the degrees alone would give; 0 without edges.

    Parameters
    ----------
    label : array_like of int, shape (nodes,)
    i, j : array_like of int, shape (edges,)
    weight : array_like, shape (edges,)
    resolution : float

    Returns
    -------
    float

    References
    ----------
    Newman and Girvan (2004), Physical Review E 69, 026113.

    Examples
    --------
    >>> modularity([0, 0, 1, 1], [0, 2], [1, 3], [1, 1])
    0.5
    """
    group, w = np.asarray(label), np.asarray(weight, dtype=np.float64)
    total = w.sum()
    if total == 0:
        return 0.0
    a, b = group[np.asarray(i)], group[np.asarray(j)]
    size = int(group.max()) + 1
    inside = np.bincount(a[a == b], weights=w[a == b], minlength=size)
    ends = np.bincount(a, weights=w, minlength=size) + np.bincount(b, weights=w, minlength=size)
    return float((inside / total - resolution * (ends / (2 * total)) ** 2).sum())


def adjusted_rand(a: ArrayLike, b: ArrayLike) -> float:
    """How far two partitions agree: 1 for equal ones, 0 on average for chance.

    Parameters
    ----------
    a, b : array_like of int, shape (n,)
        What the groups are called does not matter.

    Returns
    -------
    float

    Raises
    ------
    GeoInputError
        Partitions of different things.

    References
    ----------
    Hubert and Arabie (1985), Journal of Classification 2, 193-218.

    Examples
    --------
    >>> round(adjusted_rand([0, 0, 1, 2], [0, 0, 1, 1]), 4)
    0.5714
    """
    x, y = np.asarray(a), np.asarray(b)
    if x.shape != y.shape:
        raise GeoInputError("Two partitions are compared over the same things.")
    cells = np.unique(np.column_stack([x, y]), axis=0, return_counts=True)[1]
    both = _pairs(cells)
    in_x, in_y = (_pairs(np.unique(one, return_counts=True)[1]) for one in (x, y))
    pairs = len(x) * (len(x) - 1) // 2
    if in_x == in_y == both:  # equal: also where all is one group, or each alone
        return 1.0
    expected = in_x * in_y / pairs
    return float((both - expected) / ((in_x + in_y) / 2 - expected))


def canonical(label: ArrayLike) -> Array:
    """The same partition with groups numbered by their smallest member.

    Examples
    --------
    >>> canonical([5, 2, 5, 0]).tolist()
    [0, 1, 0, 2]
    """
    _, first, of = np.unique(np.asarray(label), return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first))[of]


def _pairs(counts: Array) -> int:
    return int((counts * (counts - 1) // 2).sum())


def _edges(
    n: int, i: ArrayLike, j: ArrayLike, weight: ArrayLike | None
) -> tuple[Array, Array, Array]:
    """Edges in one order, whatever theirs was."""
    a, b = (np.asarray(x, dtype=np.int64).reshape(-1) for x in (i, j))
    w = np.ones(len(a)) if weight is None else np.asarray(weight, dtype=np.float64)
    if not len(a) == len(b) == len(w):
        raise GeoInputError("Edges have two ends and a weight each.")
    if len(a) and not (0 <= min(a.min(), b.min()) <= max(a.max(), b.max()) < n and (w > 0).all()):
        raise GeoInputError("An edge joins two nodes that exist and weighs more than 0.")
    low, high = np.minimum(a, b), np.maximum(a, b)
    by = np.lexsort((w, high, low))
    return low[by], high[by], w[by]


def _run(n: int, edges: tuple[Array, Array, Array], resolution: float, key: str, rep: int) -> Array:
    import networkx as nx

    graph = nx.Graph()
    graph.add_nodes_from(range(n))
    for a, b, w in zip(*(x.tolist() for x in edges), strict=True):
        had = graph.get_edge_data(a, b, {"weight": 0.0})["weight"]
        graph.add_edge(a, b, weight=had + w)
    seed = int(stream(key, "louvain", rep).integers(2**32))
    label = np.zeros(n, dtype=np.int64)
    for k, group in enumerate(
        nx.community.louvain_communities(graph, resolution=resolution, seed=seed)
    ):
        label[sorted(group)] = k
    return canonical(label)


def _agreement(kinds: Array, times: Array) -> float:
    """Mean over all pairs of runs; 1 where there is only one."""
    runs = int(times.sum())
    total = float(_pairs(times))
    for k, one in enumerate(kinds):
        for m in range(k):
            total += int(times[k] * times[m]) * adjusted_rand(one, kinds[m])
    return total / (runs * (runs - 1) / 2) if runs > 1 else 1.0
