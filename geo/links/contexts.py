"""Level 2: contexts that share more children than what each of both is known for explains."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from geo.bipartite.chances import bicm
from geo.bipartite.stochastic import upper
from geo.bipartite.table import Incidence, shared, shared_of
from geo.bipartite.trades import curveball
from geo.communities import canonical, louvain
from geo.linking import united
from geo.links.known import Nodes
from geo.significance import bh, stream

Array = NDArray[Any]

Status = Literal["tested", "not enough data"]
TOO_FEW = "Fewer than two contexts are linked to three children or more."


@dataclass(frozen=True, slots=True)
class LinkParams:
    """Parameters of level 2 in the set `cbc-1`."""

    q_link: float = 0.05
    min_shared: int = 3
    replicates: int = 999
    alpha: float = 0.05
    max_component: int = 20
    link_window_days: int = 365


@dataclass(frozen=True, slots=True)
class Edges:
    """Links between contexts `a` < `b` (rows of the nodes), in that order, one entry each.

    `p` and `q` are against degrees that hold on average (SDSM), `q` over every pair that could
    have been linked; `p_fixed` is against degrees that hold exactly (curveball).
    """

    a: Array
    b: Array
    shared: Array
    p: Array
    q: Array
    p_fixed: Array


@dataclass(frozen=True, slots=True)
class Context:
    """Contexts that hang together: rows of the nodes, and the rows of the edges among them.

    "network": part of what was too large to be one cluster.
    """

    nodes: tuple[int, ...]
    edges: tuple[int, ...]
    kind: Literal["cluster", "network"]


@dataclass(frozen=True, slots=True)
class Contexts:
    """What level 2 finds; `tests` pairs could have been linked."""

    status: Status
    why: str | None
    contexts: tuple[Context, ...]
    edges: Edges
    tests: int


def linked_contexts(nodes: Nodes, params: LinkParams, *, key: str) -> Contexts:
    """Contexts linked by children beyond chance, joined to components.

    Parameters
    ----------
    nodes : Nodes
    params : LinkParams
    key : str
        Of the random numbers, see `geo.significance.stream`.

    Returns
    -------
    Contexts
        By their smallest node. Contexts without a link are not among them.

    Notes
    -----
    A child known to many services links everything to everything: chance has to keep how many
    children each context has and how many contexts each child has. Draws that keep both exactly
    never reach the p that thousands of pairs ask for, so an edge needs both tests.

    References
    ----------
    Neal (2014), Social Networks 39, 84-97; Strona et al. (2014), Nature Communications 5:4114.

    Examples
    --------
    >>> from geo.bipartite.table import from_table
    >>> few = Nodes(from_table([[1, 0]]), np.array([0]), np.array([-1]))
    >>> linked_contexts(few, LinkParams(), key="k").status
    'not enough data'
    """
    able = int((nodes.known.row_degree >= params.min_shared).sum())
    tests = able * (able - 1) // 2
    if not tests:
        return Contexts("not enough data", TOO_FEW, (), _none(), 0)
    edges = _edges(nodes.known, params, tests, key)
    return Contexts("tested", None, _components(nodes.known.rows, edges, params, key), edges, tests)


def _edges(known: Incidence, params: LinkParams, tests: int, key: str) -> Edges:
    # Who shares that many has that many: the pairs left out all enter with p = 1.
    pairs = shared(known, at_least=params.min_shared)
    p = upper(bicm(known), pairs.i, pairs.j, pairs.n)
    q = bh(p, tests=tests)
    some = q <= params.q_link
    i, j, n = pairs.i[some], pairs.j[some], pairs.n[some]
    fixed = _fixed(known, i, j, n, params.replicates, key)
    keep = fixed <= params.alpha
    return Edges(i[keep], j[keep], n[keep], p[some][keep], q[some][keep], fixed[keep])


def _fixed(known: Incidence, i: Array, j: Array, n: Array, replicates: int, key: str) -> Array:
    reached = np.zeros(len(i), dtype=np.int64)
    if len(i):
        for table in curveball(known, stream(key, "curveball", 0), replicates):
            reached += shared_of(table, i, j) >= n
    return (reached + 1) / (replicates + 1)


def _components(rows: int, edges: Edges, params: LinkParams, key: str) -> tuple[Context, ...]:
    label = canonical(united(np.arange(rows), edges.a, edges.b))
    found = []
    for k in np.unique(label[edges.a]):
        members = np.flatnonzero(label == k)
        if len(members) <= params.max_component:
            found.append(_context(members, edges, "cluster"))
        else:
            found += [_context(part, edges, "network") for part in _parts(members, edges, key)]
    return tuple(sorted(found, key=lambda context: context.nodes))


def _parts(members: Array, edges: Edges, key: str) -> list[Array]:
    inside = np.isin(edges.a, members)
    a, b = (np.searchsorted(members, end[inside]) for end in (edges.a, edges.b))
    group = louvain(len(members), a, b, edges.shared[inside], key=key).label
    return [members[group == g] for g in np.unique(group)]


def _context(members: Array, edges: Edges, kind: Literal["cluster", "network"]) -> Context:
    among = np.flatnonzero(np.isin(edges.a, members) & np.isin(edges.b, members))
    return Context(tuple(members.tolist()), tuple(among.tolist()), kind)


def _none() -> Edges:
    whole, real = np.zeros(0, dtype=np.int64), np.zeros(0)
    return Edges(whole, whole, whole, real, real, real)
