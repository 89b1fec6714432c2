"""Where high or low values lie together: the Gi and Gi* of Getis and Ord."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geo.errors import GeoInputError
from geo.hotspots.alike import Kinds, alike, kinds_z
from geo.hotspots.links import Alternative, Links, Status, Weights, linked, normal_p, values
from geo.hotspots.shuffled import beaten, shuffled_p
from geo.hotspots.tails import scattered
from geo.significance import bh
from geo.weights import Grid

Array = NDArray[Any]
Tail = Literal["normal", "counts"]


@dataclass(frozen=True, slots=True)
class LocalG:
    """A z and a p for each place, in the order of the values.

    `status` is "ok"; "constant" where all values are the same, and "not enough data" where there
    are too few: then z is 0 and p is 1.
    """

    z: Array
    p: Array
    status: Status


@dataclass(frozen=True, slots=True)
class GridG:
    """Gi* of the cells of a grid: tables of its shape, not a number (NaN) outside the mask.

    `around` is the sum over a cell and its neighbours, `expected` what it would be if all cells had
    the mean; `q` is the false discovery rate over all cells of the mask.
    """

    z: Array
    p: Array
    q: Array
    around: Array
    expected: Array
    status: Status


def gi(
    x: ArrayLike,
    weights: Weights,
    *,
    star: bool = False,
    self_weight: float | None = None,
    alternative: Alternative = "two-sided",
) -> LocalG:
    """Gi of each place, or Gi* with the place itself among its neighbours.

    Parameters
    ----------
    x : array_like, shape (n,)
    weights : array_like, sparse matrix or geo.weights.Grid, shape (n, n)
        Of any kind, symmetric or not. The diagonal counts for Gi* only.
    star : bool
        Gi*: the place itself is one of its neighbours.
    self_weight : float, optional
        Weight of a place for itself. Left out: the diagonal; where there is none the largest
        weight of its row, 1 for an island.
    alternative : {"two-sided", "greater", "less"}
        "greater" asks for hot spots, "less" for cold ones.

    Returns
    -------
    LocalG
        From the normal approximation. A place whose weights say nothing (an island without
        itself, or equal weights for all) has z 0 and p 1.

    Raises
    ------
    GeoInputError
        A missing value, or weights that do not fit.

    References
    ----------
    Getis and Ord (1992), Geographical Analysis 24(3), 189-206. Ord and Getis (1995), Geographical
    Analysis 27(4), 286-306; variance with n, as eq. 14.2 of Getis and Ord (1996).

    Examples
    --------
    >>> line = np.eye(5, k=1) + np.eye(5, k=-1)
    >>> gi([1, 1, 1, 5, 6], line, star=True).z.round(3).tolist()
    [-1.32, -1.98, -0.513, 1.32, 1.98]
    """
    found = values(x)
    links = linked(weights, len(found), self_weight)
    z, status = _starred(found, links)[:2] if star else _of_others(found, links)
    return LocalG(z, normal_p(z, alternative), status)


def gi_star(x: ArrayLike, weights: Weights, *, alternative: Alternative = "two-sided") -> LocalG:
    """Gi* of each place: `gi` with star.

    Examples
    --------
    >>> gi_star([1, 1, 1, 5, 6], np.eye(5, k=1) + np.eye(5, k=-1)).p.round(2).tolist()
    [0.19, 0.05, 0.61, 0.19, 0.05]
    """
    return gi(x, weights, star=True, alternative=alternative)


def gi_grid(
    counts: ArrayLike,
    mask: ArrayLike | None = None,
    *,
    order: int = 1,
    alternative: Alternative = "greater",
    tail: Tail = "normal",
) -> GridG:
    """Gi* of a grid of counts by sums over boxes; no weights are made.

    Parameters
    ----------
    counts : array_like, shape (rows, columns)
    mask : array_like of bool, shape (rows, columns), optional
        Cells of the study. What lies outside neither counts nor is a neighbour. Left out: all.
    order : int
        Neighbours are the cells up to so many rows and columns away (1: queen), and the cell.
    alternative : {"greater", "less", "two-sided"}
    tail : {"normal", "counts"}
        Where p comes from: the normal form, as published, or the larger of it and that of as many
        events scattered at random (`geo.hotspots.tails`). Say "counts" where cells hold few
        events: there the normal form finds hot spots that chance made.

    Returns
    -------
    GridG

    Raises
    ------
    GeoInputError
        Tables of different shapes, or a missing count inside the mask.

    Examples
    --------
    >>> counts = np.zeros((9, 9)); counts[4, 4] = 20; counts[4, 5] = 12
    >>> found = gi_grid(counts)
    >>> int((found.q <= 0.05).sum()), float(found.z[4, 4].round(2))
    (6, 3.9)
    """
    table = np.asarray(counts, dtype=np.float64)
    inside = np.ones(table.shape, dtype=bool) if mask is None else np.asarray(mask)
    if table.shape != inside.shape:
        raise GeoInputError("Counts and mask are tables of one shape.")
    around = Grid(inside, order)
    x = values(table[inside])
    kinds = alike(x, around) if len(x) > 1 and x.min() < x.max() else None
    if kinds is not None:
        z, p, q, near, expected = _tables(inside, *_of_kinds(x, kinds, alternative, tail))
        return GridG(z, p, q, near, expected, "ok")
    links = linked(around, len(x))
    z, status, beyond = _starred(x, links)
    p = normal_p(z, alternative)
    expected = (links.total + 1.0) * (x.mean() if len(x) else 0.0)
    near = np.round(expected + beyond, 6)
    if tail == "counts" and status == "ok":
        p = np.maximum(p, scattered(x, near, links.total + 1.0, alternative))
    z, p, q, near, expected = _tables(inside, z, p, bh(p), near, expected)
    return GridG(z, p, q, near, expected, status)


def gi_perm(
    x: ArrayLike,
    weights: Weights,
    *,
    key: str,
    star: bool = True,
    replicates: int = 999,
    alternative: Alternative = "greater",
) -> LocalG:
    """Gi or Gi* with p from permutations, for counts too few or too skewed for the normal form.

    Parameters
    ----------
    x, weights, star, alternative
        As for `gi`.
    key : str
        Of the random numbers.
    replicates : int
        A p is never below 1 / (replicates + 1): over many cells a false discovery rate of these p
        passes nothing, so correct the p of `gi` and show this one beside it.

    Returns
    -------
    LocalG
        z as of `gi`.

    Raises
    ------
    GeoInputError
        A missing value, weights that do not fit, or no replicates.

    References
    ----------
    Anselin (1995), Geographical Analysis 27(2), 93-115: conditional permutation.

    Examples
    --------
    >>> gi_perm([1, 1, 1, 5, 6], np.eye(5, k=1) + np.eye(5, k=-1), key="k").p.round(1).tolist()
    [1.0, 1.0, 0.8, 0.5, 0.3]
    """
    found = values(x)
    links = linked(weights, len(found))
    z, status = _starred(found, links)[:2] if star else _of_others(found, links)
    high, low = beaten(found, links, key=key, name="gi", replicates=replicates)
    p = shuffled_p(high, low, replicates, alternative)
    return LocalG(z, p if status == "ok" else np.ones(len(p)), status)


def _of_kinds(x: Array, kinds: Kinds, alternative: Alternative, tail: Tail) -> Array:
    """Z, p, q, sum around and expected sum of each cell."""
    z = kinds_z(kinds, x)
    p = normal_p(z, alternative)
    if tail == "counts":
        p = np.maximum(p, scattered(x, kinds.near, kinds.cells, alternative))
    expected = kinds.cells * x.mean()
    return kinds.spread(z, p, bh(p, times=kinds.times), kinds.near, expected)


def _starred(x: Array, links: Links) -> tuple[Array, Status, Array]:
    """Give z of Gi*, and by how much the weighted sum is above what the mean of all would give."""
    n = len(x)
    z, beyond = np.zeros(n), np.zeros(n)
    if n < 2:
        return z, "not enough data", beyond
    if x.min() == x.max():
        return z, "constant", beyond
    apart = x - x.mean()
    variance = np.square(apart).sum() / n  # a product by BLAS wakes threads: 8 ms for 0.1
    most = n * (links.square + links.own**2)
    room = most - (links.total + links.own) ** 2
    beyond = links.sums(apart)
    beyond += links.own * apart
    np.divide(beyond, np.sqrt(np.abs(room) * (variance / (n - 1))), out=z, where=room > 1e-9 * most)
    return z, "ok", beyond


def _of_others(x: Array, links: Links) -> tuple[Array, Status]:
    """Give z of Gi: mean and spread of the others, so that the place's own value plays no part."""
    n = len(x)
    z = np.zeros(n)
    if n < 3:
        return z, "not enough data"
    if x.min() == x.max():
        return z, "constant"
    apart = x - np.median(x)  # others that are all the same are then exactly 0
    mean, spread = _without_each(apart) / (n - 1), _without_each(apart**2) / (n - 1)
    spread = spread - mean**2
    room = (n - 1) * links.square - links.total**2
    told = (room > 1e-9 * (n - 1) * links.square) & (spread > 1e-12 * mean**2)
    lag = links.sums(apart) - links.total * mean
    np.divide(lag, np.sqrt(np.abs(spread * room) / (n - 2)), out=z, where=told)
    return z, "ok"


def _without_each(x: Array) -> Array:
    """Sum of all others, for each: from both ends, so that a large one does not drown the rest."""
    before = np.concatenate([[0.0], np.cumsum(x)[:-1]])
    after = np.concatenate([np.cumsum(x[::-1])[::-1][1:], [0.0]])
    return np.asarray(before + after)


def _tables(inside: Array, *columns: Array) -> Array:
    """Tables of the shape of the mask, in one piece: many pieces cost more than the statistic."""
    found = np.full((len(columns), *inside.shape), np.nan)
    for table, column in zip(found, columns, strict=True):
        table[inside] = column
    return found
