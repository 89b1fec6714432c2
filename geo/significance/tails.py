"""Exact tails of counts, and an interval for a share."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geo.errors import GeoInputError
from geo.numbers import floats

Array = NDArray[Any]


def poisson_sf(n: ArrayLike, mean: ArrayLike) -> Array:
    """P(X >= n) of a Poisson count: n itself is counted.

    Parameters
    ----------
    n, mean : array_like
        Of the same shape, or one of them a number.

    Returns
    -------
    ndarray

    Examples
    --------
    >>> poisson_sf([0, 1], 1.0).round(6).tolist()
    [1.0, 0.632121]
    """
    from scipy.stats import poisson

    return np.asarray(poisson.sf(np.asarray(n, dtype=np.float64) - 1, mean))


def poisson_binomial_sf(at_least: int, p: ArrayLike) -> float:
    """P(X >= at_least) where X counts the successes of tries with chances of their own.

    Parameters
    ----------
    at_least : int
    p : array_like, shape (n,)
        Chance of each try.

    Returns
    -------
    float
        Exact, by recursion over the number of successes: O(n * at_least).

    Raises
    ------
    GeoInputError
        A chance that is not a number from 0 to 1.

    Examples
    --------
    >>> poisson_binomial_sf(1, [0.5, 0.5])
    0.75
    >>> poisson_binomial_sf(3, [0.5, 0.5])
    0.0
    """
    chances = floats(p, "A chance is a number from 0 to 1.").ravel()
    if not np.isfinite(at_least) or at_least != int(at_least):
        raise GeoInputError("Successes are counted in whole numbers.")
    at_least = int(at_least)
    if not ((chances >= 0) & (chances <= 1)).all():
        raise GeoInputError("A chance is a number from 0 to 1.")
    if at_least <= 0:
        return 1.0
    if at_least > len(chances):
        return 0.0
    below = np.zeros(at_least)  # P(exactly 0, 1, ... successes so far)
    below[0], reached = 1.0, 0.0
    for chance in chances:
        reached += below[-1] * chance  # those who get there; summed as they come, nothing cancels
        below[1:] = below[1:] * (1 - chance) + below[:-1] * chance
        below[0] *= 1 - chance
    return min(float(reached), 1.0)


def wilson(k: int, n: int, *, level: float = 0.95) -> tuple[float, float]:
    """Interval for a share of k in n; (0, 1) where there is nothing to divide by.

    Parameters
    ----------
    k, n : int
    level : float

    Returns
    -------
    low, high : float

    Raises
    ------
    GeoInputError
        More of a kind than there are.

    References
    ----------
    Wilson (1927), Journal of the American Statistical Association 22(158), 209-212.

    Examples
    --------
    >>> low, high = wilson(5, 10)
    >>> round(low, 4), round(high, 4)
    (0.2366, 0.7634)
    """
    if not 0 <= k <= n:
        raise GeoInputError("A share is a number of 0 or more out of at least as many.")
    if n == 0:
        return 0.0, 1.0
    from scipy.special import ndtri

    z = float(ndtri(0.5 + level / 2))
    share, room = k / n, z * z / n
    middle = (share + room / 2) / (1 + room)
    half = z * np.sqrt(share * (1 - share) / n + room / (4 * n)) / (1 + room)
    # At the ends the arithmetic misses 0 and 1 by its last digit.
    return (0.0 if k == 0 else float(middle - half)), (1.0 if k == n else float(middle + half))
