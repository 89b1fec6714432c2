"""Two Poisson counts, and how often they would differ this much if their rates were the same."""

import numpy as np

from geo.errors import GeoInputError
from geo.numbers import floats
from geo.significance.tails import Array

TIE = 1e-12
AT_ONCE = 2_000_000


def e_test(k1: int, k2: int, exposure1: float = 1.0, exposure2: float = 1.0) -> float | None:
    """Two-sided E-test of two Poisson rates.

    Parameters
    ----------
    k1, k2 : int
        Incidents.
    exposure1, exposure2 : float
        Time or area in which they were counted, in the same unit.

    Returns
    -------
    float or None
        p. None where there is nothing to compare: no incident at all, or a negative number.

    Raises
    ------
    GeoInputError
        An exposure that is not above 0, or a count that is not whole.

    Notes
    -----
    T = |k1/n1 - k2/n2| / sqrt(k1/n1^2 + k2/n2^2); p sums the probability of all pairs with a T as
    large, under Poisson(n_i (k1 + k2)/(n1 + n2)). Pairs out to 20 standard deviations are summed.

    References
    ----------
    Krishnamoorthy and Thomson (2004), Journal of Statistical Planning and Inference 119, 23-35.

    Examples
    --------
    >>> round(e_test(0, 3), 4), round(e_test(6, 2), 4)
    (0.0884, 0.1749)
    >>> e_test(0, 0) is None
    True
    """
    if not 0 < exposure1 < np.inf or not 0 < exposure2 < np.inf:
        raise GeoInputError("Counts are compared over a time or an area above 0.")
    counts = floats([k1, k2], "Counts are whole numbers.")
    if not (np.isfinite(counts) & (counts == np.rint(counts))).all():
        raise GeoInputError("Counts are whole numbers.")
    if min(k1, k2) < 0 or k1 + k2 == 0:
        return None
    rate = (k1 + k2) / (exposure1 + exposure2)
    exposures = (exposure1, exposure2)
    first, p_first = _likely(rate * exposure1)
    second, p_second = _likely(rate * exposure2)
    least = float(_statistic(np.array([k1]), np.array([k2]), exposures)[0, 0]) - TIE
    step, total = max(1, AT_ONCE // len(second)), 0.0
    for at in range(0, len(first), step):
        rows = slice(at, at + step)
        as_far = _statistic(first[rows], second, exposures) >= least
        total += float(p_first[rows] @ (as_far @ p_second))
    return min(total, 1.0)


def _likely(mean: float) -> tuple[Array, Array]:
    """Counts within 20 standard deviations of their mean, and the probability of each."""
    from scipy.stats import poisson

    reach = 20 * np.sqrt(mean) + 30
    counts = np.arange(max(0, int(mean - reach)), int(mean + reach) + 1)
    return counts, np.asarray(poisson.pmf(counts, mean))


def _statistic(k1: Array, k2: Array, exposures: tuple[float, float]) -> Array:
    """Of each pair; 0 where neither has an incident."""
    n1, n2 = exposures
    apart = np.abs(k1[:, None] / n1 - k2[None, :] / n2)
    spread = np.sqrt(k1[:, None] / n1**2 + k2[None, :] / n2**2)
    found: Array = np.divide(apart, spread, out=np.zeros_like(apart), where=spread > 0)
    return found
