"""Places where children of several districts come together. For places, never for a child."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geo.bipartite.table import Incidence, shared
from geo.errors import GeoInputError

Array = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Bridges:
    """One entry a place in every array.

    `participation` is 0 where all children of known home live in one district and comes near 1
    where they come evenly from many. `betweenness` is the share of shortest ways between other
    places that lead through this one. `districts` counts those whose places have children in
    common with this one; with two or more it is `bridging`.
    """

    participation: Array
    betweenness: Array
    districts: Array
    bridging: Array


def participation(counts: ArrayLike) -> Array:
    """How evenly the children of each place are spread over home districts.

    Parameters
    ----------
    counts : array_like, shape (places, districts)
        Children by home district, 0 or more.

    Returns
    -------
    ndarray, shape (places,)
        1 - sum of squared shares; 0 for a place without children.

    Raises
    ------
    GeoInputError
        Counts below 0, or no table.

    References
    ----------
    Guimera and Amaral (2005), Nature 433, 895-900.

    Examples
    --------
    >>> participation([[4, 0], [2, 2], [0, 0]]).tolist()
    [0.0, 0.5, 0.0]
    """
    k = np.asarray(counts, dtype=np.float64)
    if k.ndim != 2 or not (k >= 0).all():
        raise GeoInputError("Children by place and home district are a table of counts.")
    total = k.sum(1)
    share = k / np.maximum(total, 1)[:, None]
    return np.where(total > 0, 1 - (share**2).sum(1), 0.0)


def bridges(
    known: Incidence,
    *,
    home: ArrayLike,
    lad: ArrayLike,
    edges: tuple[ArrayLike, ArrayLike] | None = None,
) -> Bridges:
    """Which places hold others together across districts.

    Parameters
    ----------
    known : Incidence
        Places by children.
    home, lad : array_like of str
        Home district of each child, district of each place; "" where not known.
    edges : tuple of array_like, optional
        Places that are linked, for `betweenness`; all that share a child when left out.

    Returns
    -------
    Bridges

    Raises
    ------
    GeoInputError
        Districts of other places or children.

    References
    ----------
    Guimera and Amaral (2005), Nature 433, 895-900; Freeman (1977), Sociometry 40(1), 35-41.

    Examples
    --------
    >>> from geo.bipartite.table import from_table
    >>> table = from_table([[1, 0], [1, 1], [0, 1]])
    >>> found = bridges(table, home=["E1", "E2"], lad=["E1", "E1", "E2"])
    >>> found.betweenness.tolist(), found.participation.tolist(), found.districts.tolist()
    ([0.0, 1.0, 0.0], [0.0, 0.5, 0.0], [1, 2, 1])
    """
    homes, lads = np.asarray(home, dtype=str), np.asarray(lad, dtype=str)
    if len(homes) != known.cols or len(lads) != known.rows:
        raise GeoInputError("Each child has one home district, each place one district.")
    pairs = shared(known)
    i, j = (pairs.i, pairs.j) if edges is None else (np.asarray(end) for end in edges)
    districts = _districts(known.rows, pairs.i, pairs.j, lads)
    return Bridges(
        participation(_by_home(known, homes)),
        _betweenness(known.rows, i, j),
        districts,
        districts >= 2,
    )


def _by_home(known: Incidence, homes: Array) -> Array:
    codes, of = np.unique(homes, return_inverse=True)
    counts = np.zeros((known.rows, len(codes)), dtype=np.int64)
    np.add.at(counts, (known.row, of.ravel()[known.indices]), 1)
    return counts[:, codes != ""]


def _districts(rows: int, i: Array, j: Array, lads: Array) -> Array:
    codes, of = np.unique(lads, return_inverse=True)
    met = np.zeros((rows, len(codes)), dtype=bool)
    met[i, of.ravel()[j]] = True
    met[j, of.ravel()[i]] = True
    return np.asarray(met[:, codes != ""].sum(1))


def _betweenness(rows: int, i: Array, j: Array) -> Array:
    import networkx as nx

    graph = nx.Graph()
    graph.add_nodes_from(range(rows))
    graph.add_edges_from(sorted(zip(i.tolist(), j.tolist(), strict=True)))
    between = nx.betweenness_centrality(graph)
    return np.array([between[node] for node in range(rows)], dtype=np.float64)
