"""Density clustering of weighted events: DBSCAN in space, ST-DBSCAN in space and time.

The answer does not depend on the order of rows: a border event joins its nearest core event, ties
by day difference and then by the caller's order, and clusters are numbered by their first member.
Sources: Ester et al. 1996 (DBSCAN); Birant and Kut 2007 (ST-DBSCAN). Distances are compared in
whole millimetres, finer in a small plane with limits of less than a metre; both limits are closed.
"""

from collections.abc import Iterable
from typing import Literal

import numpy as np

from geo import cells, sitedays
from geo.errors import GeoInputError
from geo.linking import Labels, Linked, linked, numbered
from geo.neighbourhood import SLACK_M, Array, GridPairs, Nodes, Pairs, collapsed, runs
from geo.numbers import MILLIMETRE, decimals

__all__ = [
    "SLACK_M",
    "Labels",
    "Pairs",
    "collapse",
    "dbscan",
    "largest_share",
    "st_dbscan",
    "st_dbscan_sites",
]

FEW_CANDIDATES = 5_000_000  # not worth a second look
MANY_CANDIDATES = 50_000_000  # more are not held

Form = Literal["tree", "sites"] | None


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
    form: Form = None,
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
    form : {"tree", "sites"}, optional
        Two exact ways of one answer: search among all events, or a table of sites by days. Left
        out: whichever is quicker.

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
    times = _magnified(xy_m, eps_m)
    nodes = collapsed(xy_m if times == 1 else xy_m * times, day, weight, order, may_be_core)
    return _per_row(nodes, clustered(nodes, eps_m * times, eps_days, min_points, form))


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
    sites = sitedays.sites_of(nodes.xy_m[:, 0].astype(np.int64), neighbours)
    return _per_row(nodes, sitedays.clustered(nodes, sites, eps_days, min_points))


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


def collapse(site: Array, day: Array, weight: Array) -> tuple[Array, Array, Array]:
    """Add up the events of one site and day: the same clusters at a fraction of the work.

    Examples
    --------
    >>> found = collapse(np.array([7, 2, 7]), np.array([1, 1, 1]), np.array([1, 1, 2]))
    >>> [column.tolist() for column in found]
    [[2, 7], [1, 1], [1, 3]]
    """
    by, starts = runs((day, site))
    total = np.add.reduceat(weight[by], starts) if len(starts) else weight[:0]
    return site[by[starts]], day[by[starts]], total


def clustered(
    nodes: Nodes, eps_m: float, eps_days: int, min_points: int, form: Form = None
) -> Linked:
    """Clusters of nodes without numbers: by the form that looks at less, unless one is named."""
    if form == "sites":
        places = sitedays.Places(nodes, eps_m)
        return sitedays.clustered(nodes, places.sites(), eps_days, min_points)
    pairs = GridPairs(nodes, eps_m, eps_days)
    if form is None and not pairs.flat and pairs.candidates > FEW_CANDIDATES:
        places = sitedays.Places(nodes, eps_m)
        if 2 * places.links < pairs.candidates:
            return sitedays.clustered(nodes, places.sites(), eps_days, min_points)
    if pairs.candidates <= MANY_CANDIDATES:
        return _by_pairs(nodes, list(pairs), min_points)
    if pairs.flat and nodes.weight.min() >= 1:
        return cells.clustered(nodes, eps_m, min_points)
    return _by_pairs(nodes, pairs, min_points)


def _by_pairs(nodes: Nodes, pairs: Iterable[Pairs], min_points: int) -> Linked:
    """Count what is near, then link. Pairs that are too many to be held are made twice."""
    near = weight = nodes.weight.astype(np.float64)
    for p in pairs:
        near = near + np.bincount(p.i, weights=weight[p.j], minlength=len(weight))
        near += np.bincount(p.j, weights=weight[p.i], minlength=len(weight))
    return linked(nodes, (near >= min_points) & nodes.eligible, pairs)


def _per_row(nodes: Nodes, found: Linked) -> Labels:
    """Give each row what its node got; rows without coordinates nothing."""
    of_node = numbered(found.component, found.core_of, nodes.order)
    label = np.full(len(nodes.located), -1, dtype=np.int32)
    core = np.zeros(len(nodes.located), dtype=bool)
    label[nodes.located] = of_node[nodes.row]
    core[nodes.located] = found.core[nodes.row]
    return Labels(label, core)


def _magnified(xy_m: Array, eps_m: float) -> float:
    """How many times larger to look: millimetres would be coarse for limits of no metre."""
    if not 0 < eps_m < 1:
        return 1.0
    located = xy_m[np.isfinite(xy_m).all(axis=1)]
    return float(10.0 ** (decimals(located) - MILLIMETRE))


def _check(eps_m: float, eps_days: int, min_points: int) -> None:
    if not eps_m >= 0 or eps_days < 0 or min_points < 1:
        raise GeoInputError("Distance and days must be 0 or more, the minimum at least 1.")
