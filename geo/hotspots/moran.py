"""Are neighbours alike: Moran's I for a whole map and for each place, and the general G."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geo.errors import GeoInputError
from geo.hotspots.gi import gi
from geo.hotspots.links import (
    Alternative,
    Sparse,
    Status,
    Weights,
    linked,
    matrix_of,
    normal_p,
    values,
)
from geo.hotspots.moments import moments
from geo.hotspots.shuffled import beaten, p_of, shuffled_p
from geo.significance import bh, stream
from geo.weights import row_standardised

Array = NDArray[Any]

BATCH = 50
QUADRANTS = np.array(["LL", "LH", "HL", "HH"])


@dataclass(frozen=True, slots=True)
class Global:
    """A statistic of a whole map.

    `var_normal` supposes values drawn from a normal distribution, `var_random` these values in any
    order (NaN where it does not exist); each has its z and p. `p_shuffled` is None unless asked
    for. `status` is "ok", "constant" or "not enough data": then z are 0 and p are 1.
    """

    value: float
    expected: float
    var_normal: float
    var_random: float
    z_normal: float
    z_random: float
    p_normal: float
    p_random: float
    p_shuffled: float | None
    status: Status


@dataclass(frozen=True, slots=True)
class LocalMoran:
    """Moran's I of each place.

    `quadrant` says whether the place, then its neighbours, are above (H) or not above (L) the mean:
    "HH", "LL", "HL", "LH". `z` and `p` are analytic given the place's own value, `p_shuffled` from
    permutations, `q` the false discovery rate of `p` over all places.
    """

    i: Array
    z: Array
    p: Array
    p_shuffled: Array
    q: Array
    quadrant: Array
    status: Status


def moran(
    x: ArrayLike,
    weights: Weights,
    *,
    standardise: bool = True,
    alternative: Alternative = "two-sided",
    key: str | None = None,
    replicates: int = 999,
) -> Global:
    """Moran's I of a map.

    Parameters
    ----------
    x : array_like, shape (n,)
    weights : array_like, sparse matrix or geo.weights.Grid, shape (n, n)
        A diagonal is left out.
    standardise : bool
        Average the neighbours of a place instead of adding them.
    alternative : {"two-sided", "greater", "less"}
    key : str, optional
        Of the random numbers; without it nothing is shuffled.
    replicates : int

    Returns
    -------
    Global

    Raises
    ------
    GeoInputError
        A missing value, or weights that do not fit.

    References
    ----------
    Moran (1950), Biometrika 37, 17-23; moments of Cliff and Ord (1981), Spatial Processes.

    Examples
    --------
    >>> found = moran([1, 2, 3, 4, 5], np.eye(5, k=1) + np.eye(5, k=-1), standardise=False)
    >>> found.value, found.expected, round(found.z_random, 3)
    (0.5, -0.25, 1.826)
    """
    found = values(x)
    n, matrix = len(found), matrix_of(weights, len(found))
    matrix = row_standardised(matrix) if standardise else matrix
    normal_p(np.zeros(0), alternative)
    s0, s1, s2 = moments(matrix)
    status = _status(found, n, s0)
    if status != "ok":
        return _nothing(status, None if key is None else 1.0)
    z = found - found.mean()
    m2 = float(z @ z) / n
    scale, expected = s0 * m2, -1 / (n - 1)
    value = float(z @ (matrix @ z)) / scale
    normal = (n**2 * s1 - n * s2 + 3 * s0**2) / ((n**2 - 1) * s0**2) - expected**2
    k = float((z**4).mean()) / m2**2
    random = np.nan
    if n > 3:
        first = n * ((n**2 - 3 * n + 3) * s1 - n * s2 + 3 * s0**2)
        second = k * ((n**2 - n) * s1 - 2 * n * s2 + 6 * s0**2)
        random = (first - second) / ((n - 1) * (n - 2) * (n - 3) * s0**2) - expected**2
    shuffled = None
    if key is not None:
        draws = _shuffles(z, matrix, key, "moran", replicates) / scale
        shuffled = p_of(value, draws, alternative)
    return _tested(value, expected, (normal, random), alternative, shuffled)


def general_g(x: ArrayLike, weights: Weights, *, alternative: Alternative = "two-sided") -> Global:
    """General G of Getis and Ord: do high values lie together, or low ones.

    Parameters
    ----------
    x : array_like, shape (n,)
        0 or more, and not all 0.
    weights : array_like, sparse matrix or geo.weights.Grid, shape (n, n)
        As they are; a diagonal is left out.
    alternative : {"two-sided", "greater", "less"}
        "greater" asks for high values together.

    Returns
    -------
    Global
        Values in any order only: what supposes a normal distribution is NaN.

    Raises
    ------
    GeoInputError
        A missing value, one below 0, or weights that do not fit.

    References
    ----------
    Getis and Ord (1992), Geographical Analysis 24(3), 189-206.

    Examples
    --------
    >>> round(general_g([1, 2, 3, 4, 5], np.eye(5, k=1) + np.eye(5, k=-1)).value, 4)
    0.4706
    """
    found = values(x)
    n, matrix = len(found), matrix_of(weights, len(found))
    normal_p(np.zeros(0), alternative)
    if (found < 0).any():
        raise GeoInputError("The general G is of values of 0 or more.")
    s0, s1, s2 = moments(matrix)
    status = _status(found, n, s0)
    pairs = float(found.sum() ** 2 - found @ found)
    if status != "ok" or n < 4 or pairs == 0:
        return _nothing("not enough data" if status == "ok" else status)
    value, expected = float(found @ (matrix @ found)) / pairs, s0 / (n * (n - 1))
    m1, m2, m3, m4 = (float((found**j).sum()) for j in (1, 2, 3, 4))
    total = (
        ((n**2 - 3 * n + 3) * s1 - n * s2 + 3 * s0**2) * m2**2
        - ((n**2 - n) * s1 - 2 * n * s2 + 6 * s0**2) * m4
        - (2 * n * s1 - (n + 3) * s2 + 6 * s0**2) * m1**2 * m2
        + (4 * (n - 1) * s1 - 2 * (n + 1) * s2 + 8 * s0**2) * m1 * m3
        + (s1 - s2 + s0**2) * m1**4
    )
    random = total / (pairs**2 * n * (n - 1) * (n - 2) * (n - 3)) - expected**2
    return _tested(value, expected, (np.nan, random), alternative, None)


def moran_local(
    x: ArrayLike,
    weights: Weights,
    *,
    key: str,
    replicates: int = 999,
    standardise: bool = True,
    alternative: Alternative = "two-sided",
) -> LocalMoran:
    """Moran's I of each place: who is like the neighbours, and who stands out.

    Parameters
    ----------
    x, weights, standardise, key, replicates
        As for `moran`.
    alternative : {"two-sided", "greater", "less"}
        "greater" asks for places like their neighbours, "less" for those that stand out.

    Returns
    -------
    LocalMoran
        I_i is the place's deviation times the weighted deviations of its neighbours, divided by
        their mean square.

    Raises
    ------
    GeoInputError
        A missing value, or weights that do not fit.

    References
    ----------
    Anselin (1995), Geographical Analysis 27(2), 93-115; moments given the place's own value of
    Sokal, Oden and Thomson (1998), Geographical Analysis 30(4), 331-354.

    Examples
    --------
    >>> found = moran_local([1, 2, 3, 4, 5], np.eye(5, k=1) + np.eye(5, k=-1), key="k")
    >>> found.i.tolist(), found.quadrant.tolist()
    ([1.0, 0.5, 0.0, 0.5, 1.0], ['LL', 'LL', 'LL', 'HH', 'HH'])
    """
    found = values(x)
    n = len(found)
    matrix = matrix_of(weights, n)
    links = linked(row_standardised(matrix) if standardise else matrix, n)
    around = gi(found, links.others)
    z = found - found.mean() if n else found
    z = np.where(np.abs(z) <= 1e-12 * np.abs(found).max(initial=0.0), 0.0, z)
    m2 = float(z @ z) / max(n, 1)
    lag = links.sums(z)
    i = z * lag / m2 if m2 else np.zeros(n)
    quadrant = QUADRANTS[2 * (z > 0) + (lag > 0)]
    score = np.sign(z) * around.z
    p = normal_p(score, alternative)
    high, low = beaten(found, links, key=key, name="moran_local", replicates=replicates)
    high, low = np.where(z < 0, low, high), np.where(z < 0, high, low)
    shuffled = shuffled_p(high, low, replicates, alternative)
    # At the mean itself I is 0 whatever the neighbours are.
    silent = (z == 0) | (around.status != "ok")
    p, shuffled = np.where(silent, 1.0, p), np.where(silent, 1.0, shuffled)
    return LocalMoran(i, score, p, shuffled, bh(p), quadrant, around.status)


def _shuffles(z: Array, matrix: Sparse, key: str, name: str, replicates: int) -> Array:
    """Sum of the products of neighbours in each replicate."""
    found = np.empty(replicates)
    for start in range(0, replicates, BATCH):
        reps = range(start, min(start + BATCH, replicates))
        table = np.stack([stream(key, name, rep).permutation(z) for rep in reps], axis=1)
        found[reps.start : reps.stop] = (table * (matrix @ table)).sum(axis=0)
    return found


def _status(x: Array, n: int, s0: float) -> Status:
    if n < 3 or s0 == 0:
        return "not enough data"
    return "constant" if x.min() == x.max() else "ok"


def _nothing(status: Status, shuffled: float | None = None) -> Global:
    nan = np.nan
    return Global(nan, nan, nan, nan, 0.0, 0.0, 1.0, 1.0, shuffled, status)


def _tested(
    value: float,
    expected: float,
    variances: tuple[float, float],
    alternative: Alternative,
    shuffled: float | None,
) -> Global:
    normal, random = variances
    under = np.sqrt([v if v > 0 else np.nan for v in variances])
    z = (value - expected) / under
    told = np.where(np.isnan(z), 0.0, z)
    p = np.where(np.isnan(z), 1.0, normal_p(told, alternative))
    return Global(
        value, expected, normal, random, float(told[0]), float(told[1]), float(p[0]), float(p[1]),
        shuffled, "ok",
    )  # fmt: skip
