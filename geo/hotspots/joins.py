"""Places that have something and places that have not: who adjoins whom."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geo.errors import GeoInputError
from geo.hotspots.links import Sparse, Status, Weights, even, linked, matrix_of, normal_p, values
from geo.hotspots.moments import Moments, moments
from geo.hotspots.shuffled import TIE, beaten, shuffled_p
from geo.significance import bh, stream

Array = NDArray[Any]
Kind = Literal["BB", "BW", "WW"]


@dataclass(frozen=True, slots=True)
class Joins:
    """Joins of one kind: counted, expected, their variance, z, and p of as many or more.

    `p_shuffled` is None unless asked for.
    """

    count: float
    expected: float
    var: float
    z: float
    p: float
    p_shuffled: float | None


@dataclass(frozen=True, slots=True)
class LocalJoins:
    """Neighbours that have it too, for each place that has it; 0 and p = 1 for all others.

    `exact` says that `p` is the hypergeometric tail, else it is from permutations; `q` is the false
    discovery rate over all places that have it.
    """

    count: Array
    p: Array
    q: Array
    exact: bool
    status: Status


def join_counts(
    has: ArrayLike,
    weights: Weights,
    *,
    free: bool = False,
    key: str | None = None,
    replicates: int = 999,
) -> dict[Kind, Joins]:
    """Count joins of places that both have it (BB), of which one has it (BW), and neither (WW).

    Parameters
    ----------
    has : array_like of bool, shape (n,)
    weights : array_like, sparse matrix or geo.weights.Grid, shape (n, n)
        Each pair counts half its weights in either direction. A diagonal is left out.
    free : bool
        Places have it independently, with the chance that is the share of those who have. Left
        out: so many have it, whichever they are.
    key : str, optional
        Of the random numbers; without it nothing is shuffled.
    replicates : int

    Returns
    -------
    dict of Joins
        By kind. z 0 and p 1 where there is no variance.

    Raises
    ------
    GeoInputError
        A value other than 0 and 1, or weights that do not fit.

    References
    ----------
    Cliff and Ord (1981), Spatial Processes, 1.3 and 1.4; Moran (1948), Journal of the Royal
    Statistical Society B 10, 243-251.

    Examples
    --------
    >>> found = join_counts([1, 1, 0, 0], np.eye(4, k=1) + np.eye(4, k=-1))
    >>> found["BB"].count, found["BW"].count, found["BB"].expected
    (1.0, 1.0, 0.5)
    """
    x = _binary(has)
    n, matrix = len(x), matrix_of(weights, len(x))
    sums, black = moments(matrix), float(x.sum())
    counts = _counted(x[:, None], matrix)[:, 0]
    shuffles = None
    if key is not None and replicates < 1:
        raise GeoInputError("A simulation needs at least one draw.")
    if key is not None:
        orders = [stream(key, "join_counts", rep).permutation(x) for rep in range(replicates)]
        shuffles = _counted(np.stack(orders, axis=1), matrix)
    kinds: tuple[Kind, ...] = ("BB", "BW", "WW")
    found: dict[Kind, Joins] = {}
    for row, kind in enumerate(kinds):
        told = _free(kind, black / max(n, 1), sums) if free else _fixed(kind, black, n, sums)
        draws = None if shuffles is None else shuffles[row]
        found[kind] = _judged(float(counts[row]), told, draws)
    return found


def local_join_counts(
    has: ArrayLike, weights: Weights, *, key: str, replicates: int = 999
) -> LocalJoins:
    """Which places that have it adjoin more such places than chance would give them.

    Parameters
    ----------
    has : array_like of bool, shape (n,)
    weights : array_like, sparse matrix or geo.weights.Grid, shape (n, n)
        With equal weights within each row p is exact; otherwise from permutations.
    key : str
        Of the random numbers.
    replicates : int

    Returns
    -------
    LocalJoins

    Raises
    ------
    GeoInputError
        A value other than 0 and 1, or weights that do not fit.

    References
    ----------
    Anselin and Li (2019), Journal of Geographical Systems 21, 189-210.

    Examples
    --------
    >>> line = np.eye(8, k=1) + np.eye(8, k=-1)
    >>> local_join_counts([1, 1, 1, 0, 0, 0, 0, 0], line, key="k").p.round(3).tolist()
    [0.286, 0.048, 0.524, 1.0, 1.0, 1.0, 1.0, 1.0]
    """
    x = _binary(has)
    n, links = len(x), linked(weights, len(x))
    mine = x > 0
    p, count = np.ones(n), np.where(mine, links.sums(x), 0.0)
    same = even(links)
    if same is not None:
        from scipy.stats import hypergeom

        degree, weight = same
        beside = np.rint(count / weight)[mine]
        p[mine] = hypergeom.sf(beside - 1, n - 1, int(x.sum()) - 1, degree[mine])
    else:
        high, low = beaten(x, links, key=key, name="local_join_counts", replicates=replicates)
        p[mine] = shuffled_p(high, low, replicates, "greater")[mine]
    p = np.clip(p, 0.0, 1.0)
    q = np.ones(n)
    q[mine] = bh(p[mine])
    status: Status = "not enough data" if mine.sum() < 2 else "constant" if mine.all() else "ok"
    return LocalJoins(count, p, q, same is not None, status)


def _counted(x: Array, matrix: Sparse) -> Array:
    """BB, BW and WW of each column."""
    white = 1 - x
    both, neither = (x * (matrix @ x)).sum(axis=0) / 2, (white * (matrix @ white)).sum(axis=0) / 2
    return np.stack([both, matrix.sum() / 2 - both - neither, neither])


def _fixed(kind: Kind, black: float, n: int, sums: Moments) -> tuple[float, float]:
    """Expectation and variance where so many have it, whichever they are."""
    s0, s1, s2 = sums
    white = n - black
    if n < 2:
        return 0.0, 0.0

    def share(b: int, w: int) -> float:
        """Chance that b + w places, all different, are b that have it and w that have not."""
        chance = 1.0
        for i in range(b):
            chance *= (black - i) / max(n - i, 1)
        for i in range(w):
            chance *= (white - i) / max(n - b - i, 1)
        return chance

    if kind == "BW":
        two, four = share(1, 1), 4 * share(2, 2)
        three = share(2, 1) + share(1, 2)
        var = 2 * s1 * two + (s2 - 2 * s1) * three + (s0**2 + s1 - s2) * four
        return s0 * two, (var - 4 * (s0 * two) ** 2) / 4
    b, w = (1, 0) if kind == "BB" else (0, 1)
    two, three, four = (share(b * k, w * k) for k in (2, 3, 4))
    var = s1 * two + (s2 - 2 * s1) * three + (s0**2 + s1 - s2) * four
    return s0 * two / 2, (var - (s0 * two) ** 2) / 4


def _free(kind: Kind, chance: float, sums: Moments) -> tuple[float, float]:
    """Expectation and variance where each has it with the same chance."""
    s0, s1, s2 = sums
    if kind == "BW":
        two = chance * (1 - chance)
        return s0 * two, (4 * s1 * two**2 + s2 * two * (1 - 4 * two)) / 4
    p = chance if kind == "BB" else 1 - chance
    return s0 * p**2 / 2, (s1 * p**2 + (s2 - 2 * s1) * p**3 + (s1 - s2) * p**4) / 4


def _judged(count: float, moment: tuple[float, float], draws: Array | None) -> Joins:
    expected, var = moment
    told = var > 1e-12 * max(1.0, expected**2)
    z = (count - expected) / np.sqrt(var) if told else 0.0
    p = float(normal_p(np.array([z]), "greater")[0]) if told else 1.0
    shuffled = None
    if draws is not None:
        r = int((draws >= count - TIE * max(1.0, abs(count))).sum())
        shuffled = (r + 1) / (len(draws) + 1)
    return Joins(count, expected, max(var, 0.0), float(z), p, shuffled)


def _binary(has: ArrayLike) -> Array:
    x = values(has)
    if not ((x == 0) | (x == 1)).all():
        raise GeoInputError("Places have it (1) or have not (0).")
    return x
