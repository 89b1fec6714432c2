"""Is a series rising or falling: the tests of Mann and Kendall.

Tests by ranks: no shape of the trend and no distribution is assumed, but that one time says
nothing about the next. Monthly series go to the seasonal form: there neighbours in time are alike.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geo.trends.series import Status, seasons_of, series_of, together

Array = NDArray[Any]

LEAST = 4  # values below which a trend is not asked for


@dataclass(frozen=True, slots=True)
class Trend:
    """What a Mann-Kendall test says.

    `s` counts pairs that rise less pairs that fall, `var` is its variance under no trend, `p` is
    two-sided. `tau_a` divides `s` by all pairs, `tau_b` by those that are not tied; both 0 without
    a pair. `status` is "ok", "constant" (all values alike) or "not enough data" (fewer than four):
    then z is 0 and p is 1.
    """

    s: float
    var: float
    z: float
    p: float
    tau_a: float
    tau_b: float
    n: int
    status: Status


@dataclass(frozen=True, slots=True)
class Trends:
    """Mann-Kendall tests of many series: arrays of shape (series,), as in `Trend`."""

    s: Array
    var: Array
    z: Array
    p: Array
    n: Array


def mann_kendall(x: ArrayLike) -> Trend:
    """Test a series for a trend.

    Parameters
    ----------
    x : array_like, shape (n,)
        At even steps of time, oldest first. A missing value (NaN) drops the pairs it is part of.

    Returns
    -------
    Trend
        Normal approximation with the variance for ties and a continuity correction.

    Raises
    ------
    GeoInputError
        An infinite value, or more than one series.

    References
    ----------
    Mann (1945), Econometrica 13, 245-259. Kendall (1975), Rank Correlation Methods.

    Examples
    --------
    >>> found = mann_kendall([1, 2, 2, 4, 5])
    >>> found.s, round(found.var, 3), round(found.z, 3), round(found.tau_b, 3)
    (9.0, 15.667, 2.021, 0.949)
    """
    series = series_of(x)
    found = mann_kendall_rows(series[None, :])
    s, var, n = float(found.s[0]), float(found.var[0]), int(found.n[0])
    return _trend(s, var, n, _ties(series[~np.isnan(series)]))


def mann_kendall_rows(x: ArrayLike) -> Trends:
    """Test many series of one length for trends.

    Parameters
    ----------
    x : array_like, shape (series, T)
        As for `mann_kendall`.

    Returns
    -------
    Trends
        z 0 and p 1 where a series is constant or has fewer than four values.

    Raises
    ------
    GeoInputError
        An infinite value, or values that are no table.

    Examples
    --------
    >>> mann_kendall_rows([[1, 2, 3, 4], [2, 2, 2, 2]]).z.round(3).tolist()
    [1.698, 0.0]
    """
    table = series_of(x, ndim=2)
    s, tied = np.zeros(len(table)), np.zeros(table.shape)
    for lag in range(1, table.shape[1]):
        ahead = np.sign(table[:, lag:] - table[:, :-lag])
        s += np.nansum(ahead, axis=1)
        tied[:, lag:] += ahead == 0
        tied[:, :-lag] += ahead == 0
    n = (~np.isnan(table)).sum(axis=1)
    # A value that is one of t alike adds (t - 1)(2t + 5): t of them add t(t - 1)(2t + 5).
    var = (n * (n - 1) * (2 * n + 5) - (tied * (2 * tied + 7)).sum(axis=1)) / 18
    z, p = _tested(s, np.where(n < LEAST, 0.0, var))
    return Trends(s, var, z, p, n)


def seasonal_mann_kendall(x: ArrayLike, period: int = 12, *, correlated: bool = False) -> Trend:
    """Test a series with seasons: each season with itself only, then added up.

    Parameters
    ----------
    x : array_like, shape (n,)
        At even steps, oldest first; a missing value (NaN) drops the pairs it is part of.
    period : int
        Steps in a year: 12 for months, 4 for quarters.
    correlated : bool
        Allow for years that are high in one season and the next; wants ten years or more.

    Returns
    -------
    Trend
        Sums of s and var over the seasons, one continuity correction.

    Raises
    ------
    GeoInputError
        An infinite value, more than one series, or a period below 1.

    References
    ----------
    Hirsch, Slack and Smith (1982), Water Resources Research 18(1), 107-121; correlated seasons:
    Hirsch and Slack (1984), Water Resources Research 20(6), 727-732.

    Examples
    --------
    >>> found = seasonal_mann_kendall([1, 9, 2, 8, 3, 7, 4, 6], period=2)
    >>> found.s, round(found.var, 3), found.z
    (0.0, 17.333, 0.0)
    """
    seasons = seasons_of(x, period)
    each = mann_kendall_rows(seasons)
    s, var, n = float(each.s.sum()), float(each.var.sum()), int(each.n.sum())
    pairs = each.n * (each.n - 1) / 2
    few = n < LEAST or not pairs.any()
    status: Status = "not enough data" if few else "ok" if var > 0 else "constant"
    if correlated:
        together = _covariance(seasons)
        var = max(var + float(together.sum() - np.trace(together)), 0.0)
    z, p = _tested(np.array([s]), np.array([0.0 if few else var]))
    ties = np.array([_ties(season[~np.isnan(season)]) for season in seasons])
    untied = float(np.sqrt(pairs * (pairs - ties)).sum())
    tau_a = s / float(pairs.sum()) if pairs.any() else 0.0
    return Trend(s, var, float(z[0]), float(p[0]), tau_a, s / untied if untied else 0.0, n, status)


def partial_mann_kendall(x: ArrayLike, given: ArrayLike) -> Trend:
    """Test a series for a trend that a second one does not explain.

    Parameters
    ----------
    x, given : array_like, shape (n,)
        At the same times. A time at which either is missing (NaN) is left out. Ties are not
        corrected for.

    Returns
    -------
    Trend
        `s` of `x` less what `given` explains, no whole number and so without a continuity
        correction; tau as of `mann_kendall`, with that `s`.

    Raises
    ------
    GeoInputError
        Series of different lengths, an infinite value.

    References
    ----------
    Libiseller and Grimvall (2002), Environmetrics 13(1), 71-84.

    Examples
    --------
    >>> found = partial_mann_kendall([1, 3, 2, 5, 4, 6], [1, 2, 3, 4, 5, 6])
    >>> round(found.s, 3), round(found.var, 3)
    (-1.882, 7.435)
    """
    both = np.stack(together(x, given))
    n = both.shape[1]
    each = mann_kendall_rows(both)
    (s_x, s_y), var = each.s, n * (n - 1) * (2 * n + 5) / 18
    if n < LEAST or not each.var.all():
        return _trend(0.0, 0.0, n, 0.0)
    r = float(_covariance(both)[0, 1]) / var
    left = max(float((1 - r**2) * var), 0.0)
    return _trend(float(s_x - r * s_y), left, n, _ties(both[0]), correction=0.0)


def _covariance(table: Array) -> Array:
    """Covariance of s of each two series under no trend, from their ranks; gaps share no pair."""
    n, years = (~np.isnan(table)).sum(axis=1) + 1, table.shape[1]
    rise = np.nan_to_num(np.sign(table[:, :, None] - table[:, None, :]))
    ranks = (n[:, None] + rise.sum(axis=2)) / 2
    flat = rise.reshape(len(table), -1)
    alike = flat @ flat.T / 2
    return np.asarray((alike + 4 * ranks @ ranks.T - years * np.outer(n, n)) / 3)


def _trend(s: float, var: float, n: int, ties: float, correction: float = 1.0) -> Trend:
    status: Status = "not enough data" if n < LEAST else "ok" if var > 0 else "constant"
    z, p = _tested(np.array([s]), np.array([0.0 if n < LEAST else var]), correction)
    pairs = n * (n - 1) / 2
    untied = float(np.sqrt(pairs * (pairs - ties)))
    tau_a = s / pairs if pairs else 0.0
    return Trend(s, var, float(z[0]), float(p[0]), tau_a, s / untied if untied else 0.0, n, status)


def _tested(s: Array, var: Array, correction: float = 1.0) -> tuple[Array, Array]:
    """Give z with continuity correction, and its two-sided p."""
    from scipy.special import ndtr

    z = np.zeros(len(s))
    np.divide(s - correction * np.sign(s), np.sqrt(np.maximum(var, 0)), out=z, where=var > 0)
    return z, np.asarray(2 * ndtr(-np.abs(z)))


def _ties(values: Array) -> float:
    """How many pairs of values are alike."""
    alike = np.unique(values, return_counts=True)[1]
    return float((alike * (alike - 1) / 2).sum())
