"""How fast a series rises or falls: the slopes of Theil and Sen."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from geo.trends.kendall import mann_kendall_rows
from geo.trends.series import Status, check_level, seasons_of, series_of, together


@dataclass(frozen=True, slots=True)
class Slope:
    """Change per unit of time, with its interval.

    All are NaN where `status` is "not enough data" (no two times with a value).
    """

    slope: float
    intercept: float
    low: float
    high: float
    status: Status


def theil_sen(x: ArrayLike, t: ArrayLike | None = None, *, level: float = 0.95) -> Slope:
    """Median of the slopes of all pairs.

    Parameters
    ----------
    x : array_like, shape (n,)
        Missing values (NaN) are left out.
    t : array_like, shape (n,), optional
        Times; 0, 1, 2 ... when left out.
    level : float
        Of the interval.

    Returns
    -------
    Slope
        The intercept is the median of x less slope times the median of t. Time and memory grow
        with n squared: 4,000 values take 64 MB.

    Raises
    ------
    GeoInputError
        Series of different lengths, an infinite value, a level outside 0 to 1.

    References
    ----------
    Sen (1968), Journal of the American Statistical Association 63, 1379-1389.

    Examples
    --------
    >>> found = theil_sen([1, 2, 9, 4, 5])
    >>> found.slope, found.intercept
    (1.0, 2.0)
    """
    check_level(level)
    series = series_of(x)
    values, times = together(series, np.arange(len(series)) if t is None else t)
    if not len(values) or times.min() == times.max():
        return Slope(np.nan, np.nan, np.nan, np.nan, "not enough data")
    from scipy.stats import theilslopes

    found = theilslopes(values, times, alpha=level)
    middle = float(np.median(values) - found.slope * np.median(times))
    return Slope(float(found.slope), middle, float(found.low_slope), float(found.high_slope), "ok")


def seasonal_sen(x: ArrayLike, period: int = 12, *, level: float = 0.95) -> Slope:
    """Median of the slopes of all pairs of one season, per year.

    Parameters
    ----------
    x : array_like, shape (n,)
        At even steps, oldest first; missing values (NaN) are left out.
    period : int
        Steps in a year.
    level : float
        Of the interval, from the variance of the seasonal Mann-Kendall test.

    Returns
    -------
    Slope
        The intercept is at the first step, in years from there.

    Raises
    ------
    GeoInputError
        An infinite value, more than one series, a period below 1, a level outside 0 to 1.

    References
    ----------
    Hirsch, Slack and Smith (1982), Water Resources Research 18(1), 107-121; interval of Gilbert
    (1987), Statistical Methods for Environmental Pollution Monitoring, 17.5.

    Examples
    --------
    >>> seasonal_sen([1, 9, 2, 10, 3, 11], period=2).slope
    1.0
    """
    check_level(level)
    seasons = seasons_of(x, period)
    years = seasons.shape[1]
    i, j = np.triu_indices(years, 1)
    slopes = ((seasons[:, j] - seasons[:, i]) / (j - i)).ravel()
    slopes = np.sort(slopes[~np.isnan(slopes)])
    if not len(slopes):
        return Slope(np.nan, np.nan, np.nan, np.nan, "not enough data")
    from scipy.special import ndtri

    series = series_of(x)
    at = np.arange(len(series)) / period
    slope = float(np.median(slopes))
    there = ~np.isnan(series)
    middle = float(np.median(series[there]) - slope * np.median(at[there]))
    spread = ndtri(0.5 + level / 2) * np.sqrt(mann_kendall_rows(seasons).var.clip(min=0).sum())
    low = max(round((len(slopes) - spread) / 2) - 1, 0)
    high = min(round((len(slopes) + spread) / 2), len(slopes) - 1)
    return Slope(slope, middle, float(slopes[low]), float(slopes[high]), "ok")
