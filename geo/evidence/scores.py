"""How much more a cluster holds, in its days and around its core, than chance would put there."""

from typing import NamedTuple

import numpy as np

from geo.evidence.cores import Clusters, Cores, clusters
from geo.evidence.cube import Cube
from geo.neighbourhood import Array


class Groups(NamedTuple):
    """Core sites of clusters, sorted by cluster; first and last column of each cluster."""

    of: Array
    site: Array
    first: Array
    last: Array


class Scores(NamedTuple):
    """Per cluster: events around its core in its days, what chance would put there, and LLR."""

    observed: Array
    expected: Array
    llr: Array


def ratio(observed: Array, expected: Array, total: int) -> Array:
    """Log likelihood ratio of a space-time permutation window; 0 unless more than expected.

    References
    ----------
    Kulldorff et al. (2005), PLoS Medicine 2(3), e59.

    Examples
    --------
    >>> ratio(np.array([4, 1]), np.array([2.0, 2.0]), 10).round(4).tolist()
    [1.0465, 0.0]
    """
    c, mu = observed.astype(np.float64), np.asarray(expected, dtype=np.float64)
    more = c > mu * (1 + 1e-12)
    c, mu = np.where(more, c, 1.0), np.where(more, mu, 1.0)
    rest, rest_mu = total - c, np.maximum(total - mu, 1e-300)
    inside = c * np.log(c / mu)
    outside = np.where(rest > 0, rest * np.log(np.where(rest > 0, rest, 1.0) / rest_mu), 0.0)
    return np.where(more, np.maximum(inside + outside, 0.0), 0.0)


def scores(cube: Cube, cores: Cores, groups: Groups, totals: tuple[Array, Array]) -> Scores:
    """Scores of clusters. `totals`: events of each site, and until each column."""
    of, site = _around(cube, groups)
    number = len(groups.first)
    inside = cores.between(site, groups.first[of], groups.last[of])
    observed = np.bincount(of, weights=inside, minlength=number)
    ever = np.bincount(of, weights=totals[0][site], minlength=number)
    in_days = totals[1][groups.last + 1] - totals[1][groups.first]
    total = int(totals[1][-1])
    expected = ever * in_days / total
    return Scores(observed.astype(np.int64), expected, ratio(observed, expected, total))


def totals(cube: Cube) -> tuple[Array, Array]:
    """Events of each site, and of all sites until each column: no replicate changes either."""
    ever = np.bincount(cube.site, weights=cube.weight, minlength=cube.sites)
    days = np.bincount(cube.column, weights=cube.weight, minlength=len(cube.days))
    return ever, np.append(0, np.cumsum(days))


def largest(cube: Cube, cores: Cores, sums: tuple[Array, Array], least: tuple[int, int]) -> float:
    """Largest ratio of all clusters; `least`: core events and dates that one must have."""
    found = clusters(cores, cube)
    if not found.number:
        return 0.0
    groups, which = _candidates(found, least)
    if not len(which):
        return 0.0
    llr = scores(cube, cores, groups, sums).llr
    for k in np.argsort(-llr, kind="stable").tolist():
        if llr[k] <= 0:
            return 0.0
        of_cell = found.of[found.run] == which[k]
        if len(np.unique(cores.column[of_cell])) >= least[1]:
            return float(llr[k])
    return 0.0


def _candidates(found: Clusters, least: tuple[int, int]) -> tuple[Groups, Array]:
    """Clusters with enough core events, and days enough for the dates."""
    by = np.argsort(found.of, kind="stable")
    start = np.searchsorted(found.of[by], np.arange(found.number))
    first = np.minimum.reduceat(found.first[by], start)
    last = np.maximum.reduceat(found.last[by], start)
    n_core = np.add.reduceat(found.weight[by], start)
    which = np.flatnonzero((n_core >= least[0]) & (last - first + 1 >= least[1]))
    number = np.full(found.number, -1)
    number[which] = np.arange(len(which))
    some = by[number[found.of[by]] >= 0]
    return Groups(number[found.of[some]], found.site[some], first[which], last[which]), which


def _around(cube: Cube, groups: Groups) -> tuple[Array, Array]:
    """Each cluster with each site within half the reach of its core sites, once."""
    from scipy.sparse import csr_array

    shape = (len(groups.first), cube.sites)
    start = np.searchsorted(groups.of, np.arange(shape[0] + 1))
    ones = np.ones(len(groups.site), dtype=np.int32)
    held = csr_array((ones, groups.site, start), shape=shape)
    links = np.ones(len(cube.around.near), dtype=np.int32)
    around = csr_array((links, cube.around.near, cube.around.start), shape=(cube.sites,) * 2)
    near = held @ around
    return np.repeat(np.arange(shape[0]), np.diff(near.indptr)), near.indices
