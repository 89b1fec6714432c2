"""Neighbours drawn anew: how often chance alone gives a place as high or as low a sum around it.

The place keeps its own value; its neighbours get those of others, drawn without replacement.
Replicate r draws one order of all places; a place that comes upon itself in it takes the next one
instead, so that each has a fair draw of the others and one order serves all.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from geo.errors import GeoInputError
from geo.hotspots.links import Alternative, Links, even
from geo.significance import stream

Array = NDArray[Any]

TIE = 1e-9
HELD = 4_000_000  # numbers that are held at a time


def beaten(x: Array, links: Links, *, key: str, name: str, replicates: int) -> tuple[Array, Array]:
    """Count the replicates that reach the sum over the neighbours, from above and from below.

    Parameters
    ----------
    x : ndarray, shape (n,)
    links : Links
    key, name : str
        As for `geo.significance.stream`.
    replicates : int

    Returns
    -------
    at_least, at_most : ndarray of int, shape (n,)
        Replicates with a sum as large, and as small; a tie is both.

    Raises
    ------
    GeoInputError
        No replicates.

    References
    ----------
    Anselin (1995), Geographical Analysis 27(2), 93-115: conditional permutation.

    Examples
    --------
    >>> from geo.hotspots.links import linked
    >>> links = linked([[0, 1, 0], [1, 0, 0], [0, 0, 0]], 3)
    >>> beaten(np.array([1.0, 9.0, 9.0]), links, key="k", name="n", replicates=9)[0].tolist()
    [9, 9, 9]
    """
    if replicates < 1:
        raise GeoInputError("A simulation needs at least one draw.")
    n = len(x)
    if not n:
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    same = even(links)
    if same is None:
        return _of_weights(
            x, links, _orders(n, np.diff(links.others.indptr), key, name, replicates)
        )
    degree, weight = same
    return _of_sums(x, degree, links.sums(x) / weight, _orders(n, degree, key, name, replicates))


def shuffled_p(at_least: Array, at_most: Array, replicates: int, side: Alternative) -> Array:
    """P values from how often chance did as much; two-sided: twice the smaller.

    Examples
    --------
    >>> shuffled_p(np.array([0]), np.array([9]), 9, "two-sided").tolist()
    [0.2]
    """
    high, low = (at_least + 1) / (replicates + 1), (at_most + 1) / (replicates + 1)
    if side == "two-sided":
        return np.asarray(np.minimum(1.0, 2 * np.minimum(high, low)))
    return np.asarray(high if side == "greater" else low)


def p_of(value: float, draws: Array, side: Alternative) -> float:
    """P value of a statistic of the whole map among shuffled ones.

    Examples
    --------
    >>> p_of(3.0, np.array([1.0, 3.0, 0.0]), "greater")
    0.5
    """
    tie = TIE * max(1.0, abs(value))
    high, low = (draws >= value - tie).sum(), (draws <= value + tie).sum()
    return float(shuffled_p(np.array([high]), np.array([low]), len(draws), side)[0])


def _orders(n: int, degree: Array, key: str, name: str, replicates: int) -> Array:
    """First places of each replicate's order, one more than anybody has neighbours."""
    length = min(int(degree.max()) + 1, n)
    draws = [stream(key, name, rep).choice(n, length, replace=False) for rep in range(replicates)]
    return np.stack(draws)


def _of_sums(x: Array, degree: Array, around: Array, orders: Array) -> tuple[Array, Array]:
    """All with as many neighbours share their sums, but for those who are in the draw."""
    drawn, replicates = x[orders], len(orders)
    sums = np.concatenate([np.zeros((replicates, 1)), np.cumsum(drawn, axis=1)], axis=1)
    tie = TIE * np.maximum(1.0, np.abs(around))
    at_least, at_most = np.zeros(len(x), dtype=np.int64), np.zeros(len(x), dtype=np.int64)
    for k in np.unique(degree):
        those, ordered = degree == k, np.sort(sums[:, k])
        least, most = (around - tie)[those], (around + tie)[those]
        at_least[those] = replicates - np.searchsorted(ordered, least, "left")
        at_most[those] = np.searchsorted(ordered, most, "right")
    rep, position = np.nonzero(degree[orders] > np.arange(orders.shape[1]))
    i = orders[rep, position]
    shared = sums[rep, degree[i]]
    own = shared - x[i] + drawn[rep, degree[i]]
    np.add.at(at_least, i, (own >= (around - tie)[i]) * 1 - (shared >= (around - tie)[i]))
    np.add.at(at_most, i, (own <= (around + tie)[i]) * 1 - (shared <= (around + tie)[i]))
    return at_least, at_most


def _of_weights(x: Array, links: Links, orders: Array) -> tuple[Array, Array]:
    """Weights that differ within a row: every place has sums of its own."""
    degree = np.diff(links.others.indptr)
    drawn, around = x[orders], links.sums(x)
    tie = TIE * np.maximum(1.0, np.abs(around))
    at_least = np.full(len(x), len(orders), dtype=np.int64)
    at_most = at_least.copy()
    for k in np.unique(degree[degree > 0]):
        all_those = np.flatnonzero(degree == k)
        step = max(1, HELD // len(orders))
        for start in range(0, len(all_those), step):
            those = all_those[start : start + step]
            rows = links.others.data[links.others.indptr[those][:, None] + np.arange(k)]
            sums = drawn[:, :k] @ rows.T
            at = np.full(len(x), -1)
            at[those] = np.arange(len(those))
            rep, position = np.nonzero(at[orders[:, :k]] >= 0)
            i = at[orders[rep, position]]
            sums[rep, i] += rows[i, position] * (drawn[rep, k] - drawn[rep, position])
            at_least[those] = (sums >= (around - tie)[those]).sum(axis=0)
            at_most[those] = (sums <= (around + tie)[those]).sum(axis=0)
    return at_least, at_most
