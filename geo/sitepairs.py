"""Sites that have events, numbered, and which of them are within reach of each other."""

from typing import NamedTuple

import numpy as np

from geo.neighbourhood import Array, GridPairs, Nodes, Pairs, apart

NONE = np.zeros(0, dtype=np.int64)


class SitePairs(NamedTuple):
    """Number of sites, the number of each row's site, and pairs of sites with their distance."""

    sites: int
    of: Array
    near: Pairs


def site_pairs(site: Array, xy_m: Array, eps_m: float, neighbours: Pairs | None) -> SitePairs:
    """Sites of events, numbered from 0 in their order, and those within reach.

    Parameters
    ----------
    site : ndarray of int, shape (n,)
    xy_m : ndarray, shape (n, 2)
        Metres; rows of a site share a point.
    eps_m : float
    neighbours : Pairs, optional
        Pairs of sites, where some are areas or lines; found from the points when left out. Those
        without an event are passed over.

    Returns
    -------
    SitePairs
        Each pair once; a site is its own neighbour and not listed.

    Examples
    --------
    >>> at = np.array([[0.0, 0.0], [100.0, 0.0], [0.0, 0.0]])
    >>> found = site_pairs(np.array([7, 9, 7]), at, 100, None)
    >>> found.of.tolist(), found.near.mm.tolist()
    ([0, 1, 0], [100000.0])
    """
    known, first, of = np.unique(site, return_index=True, return_inverse=True)
    near = _by_points(xy_m[first], eps_m) if neighbours is None else _given(neighbours, known)
    return SitePairs(len(known), of.ravel(), near)


def _by_points(xy_m: Array, eps_m: float) -> Pairs:
    none = np.zeros(len(xy_m), dtype=np.int64)
    nodes = Nodes(xy_m, none, none, none, none, none, none)
    found = [
        (p.i, p.j, apart(p, np.arange(len(p.i)), nodes)[0]) for p in GridPairs(nodes, eps_m, 0)
    ]
    return Pairs(*(np.concatenate([NONE, *(columns[k] for columns in found)]) for k in range(3)))


def _given(neighbours: Pairs, known: Array) -> Pairs:
    """Pairs of sites that have events, by their new numbers."""
    i, j = (np.searchsorted(known, column) for column in (neighbours.i, neighbours.j))
    last = len(known) - 1
    held = (known[np.minimum(i, last)] == neighbours.i) & (
        known[np.minimum(j, last)] == neighbours.j
    )
    mm = np.zeros(len(i)) if neighbours.mm is None else neighbours.mm
    return Pairs(i[held], j[held], mm[held])
