"""p values from simulations under chance alone; never 0."""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from geo.errors import GeoInputError
from geo.numbers import floats

TIE = 1e-9
EULER = 0.5772156649015329


def monte_carlo_p(observed: float, simulated: ArrayLike) -> float:
    """Share of simulations as large as what was observed, itself counted as one.

    Parameters
    ----------
    observed : float
    simulated : array_like, shape (replicates,)
        The same statistic under chance alone. Equal to a billionth counts as large.

    Returns
    -------
    float
        (r + 1) / (replicates + 1): never 0.

    Raises
    ------
    GeoInputError
        A value that is not a number: it would look like the rarest of all.

    References
    ----------
    Davison and Hinkley (1997), Bootstrap Methods and their Application, 4.2.

    Examples
    --------
    >>> monte_carlo_p(3.0, [1.0, 3.0, 2.0, 5.0])
    0.6
    """
    draws = floats(simulated, "A statistic that is not a number has no p value.").ravel()
    if np.isnan(observed) or np.isnan(draws).any():
        raise GeoInputError("A statistic that is not a number has no p value.")
    r = int((draws >= observed - TIE * max(1.0, abs(observed))).sum())
    return (r + 1) / (len(draws) + 1)


def sequential(
    draw: Callable[[int], float], observed: float, *, replicates: int = 999, exceedances: int = 50
) -> tuple[float, int]:
    """A Monte Carlo p that stops early where nothing is remarkable.

    Parameters
    ----------
    draw : callable
        The statistic of replicate number 0, 1, 2 ... under chance alone.
    observed : float
    replicates, exceedances : int
        The most that are drawn, and how many as large as `observed` are enough to stop.

    Returns
    -------
    p : float
        exceedances / draws when stopped, else (r + 1) / (replicates + 1).
    draws : int

    Raises
    ------
    GeoInputError
        A value that is not a number, or nothing to draw.

    References
    ----------
    Besag and Clifford (1991), Biometrika 78(2), 301-304.

    Examples
    --------
    >>> sequential(lambda rep: 5.0, 1.0, exceedances=10)
    (1.0, 10)
    """
    if replicates < 1 or exceedances < 1 or np.isnan(observed):
        raise GeoInputError("A simulation needs a number, and at least one draw.")
    least, r = observed - TIE * max(1.0, abs(observed)), 0
    for rep in range(replicates):
        value = draw(rep)
        if np.isnan(value):
            raise GeoInputError("A statistic that is not a number has no p value.")
        r += value >= least
        if r >= exceedances:
            return r / (rep + 1), rep + 1
    return (r + 1) / (replicates + 1), replicates


def gumbel(observed: float, maxima: ArrayLike) -> float:
    """Upper tail of the Gumbel distribution that has the mean and spread of simulated maxima.

    For p values below the floor of the simulation. Never 0; 1.0 where all maxima are equal.

    Parameters
    ----------
    observed : float
    maxima : array_like, shape (replicates,)
        The largest statistic of each simulation.

    Returns
    -------
    float

    References
    ----------
    Abrams, Kulldorff and Kleinman (2010), International Journal of Health Geographics 9:61.

    Examples
    --------
    >>> gumbel(3.0, [1.0, 1.0])
    1.0
    """
    drawn = np.asarray(maxima, dtype=np.float64)
    if len(drawn) < 2 or np.isnan(observed) or not np.isfinite(drawn).all():
        raise GeoInputError("A tail needs a number, and two simulations or more.")
    scale = float(drawn.std(ddof=1)) * np.sqrt(6) / np.pi
    if scale == 0.0:
        return 1.0
    mode = float(drawn.mean()) - EULER * scale
    below = min(-(observed - mode) / scale, 700.0)  # far below, all simulations are larger
    tail = float(-np.expm1(-np.exp(below)))
    return max(tail, float(np.finfo(np.float64).tiny))


def band(p: float, replicates: int, *, level: float = 0.999) -> tuple[int, int]:
    """How many of the replicates may be as large as observed if `p` is the true share.

    Parameters
    ----------
    p : float
    replicates : int
    level : float
        The chance that the number lies within the band.

    Returns
    -------
    low, high : int
        Both included.

    Raises
    ------
    GeoInputError
        A share that is not from 0 to 1.

    Examples
    --------
    >>> band(0.5, 100, level=0.95)
    (40, 60)
    """
    from scipy.stats import binom

    if not 0 <= p <= 1 or replicates < 0:
        raise GeoInputError("A share lies between 0 and 1, of 0 draws or more.")
    tail = (1 - level) / 2
    low, high = binom.ppf([tail, 1 - tail], replicates, p)
    return int(low), int(high)
