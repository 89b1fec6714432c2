"""Intervals for the mean of a count."""

import numpy as np

from geo.errors import GeoInputError
from geo.numbers import floats


def poisson_interval(n: float, *, level: float = 0.95) -> tuple[float, float]:
    """Exact interval for the mean of a Poisson count.

    Parameters
    ----------
    n : float
        0 or more; need not be whole (aoristic sums).
    level : float

    Returns
    -------
    low, high : float

    Raises
    ------
    GeoInputError
        A negative count, a level not between 0 and 1.

    References
    ----------
    Garwood (1936), Biometrika 28(3/4), 437-442.

    Examples
    --------
    >>> low, high = poisson_interval(10)
    >>> round(low, 4), round(high, 4)
    (4.7954, 18.3904)
    """
    from scipy.special import gammaincinv

    _checked(n, level)
    tail = (1 - level) / 2
    low = 0.0 if n == 0 else float(gammaincinv(n, tail))
    return low, float(gammaincinv(n + 1, 1 - tail))


def byar_interval(n: float, *, level: float = 0.95) -> tuple[float, float]:
    """Byar's approximation of the same, close for counts of 10 or more.

    Parameters
    ----------
    n : float
    level : float

    Returns
    -------
    low, high : float

    Raises
    ------
    GeoInputError
        A negative count, a level not between 0 and 1.

    References
    ----------
    Breslow and Day (1987), Statistical Methods in Cancer Research II, 69.

    Examples
    --------
    >>> low, high = byar_interval(10)
    >>> round(low, 2), round(high, 2)
    (4.79, 18.39)
    """
    from scipy.special import ndtri

    _checked(n, level)
    z, more = float(ndtri(0.5 + level / 2)), n + 1
    low = 0.0 if n == 0 else n * (1 - 1 / (9 * n) - z / (3 * np.sqrt(n))) ** 3
    return max(0.0, float(low)), float(more * (1 - 1 / (9 * more) + z / (3 * np.sqrt(more))) ** 3)


def _checked(n: float, level: float) -> None:
    refusal = "Incidents are 0 or more, a level is between 0 and 1."
    if not 0 <= floats(n, refusal) < np.inf or not 0 < level < 1:
        raise GeoInputError(refusal)
