"""Is a series rising or falling: Mann-Kendall tests and the slopes of Theil and Sen.

Tests by ranks: no shape of the trend and no distribution is assumed, but that one time says
nothing about the next. Monthly series go to the seasonal form: there neighbours in time are alike.
"""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geo.errors import GeoInputError

Array = NDArray[Any]
Status = Literal["ok", "constant", "not enough data"]

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
    series = _series(x)
    found = mann_kendall_rows(series[None, :])
    s, var, n = float(found.s[0]), float(found.var[0]), int(found.n[0])
    status: Status = "not enough data" if n < LEAST else "ok" if var > 0 else "constant"
    pairs = n * (n - 1) / 2
    untied = np.sqrt(pairs * (pairs - _ties(series[~np.isnan(series)])))
    z, p = float(found.z[0]), float(found.p[0])
    tau_a = s / pairs if pairs else 0.0
    return Trend(s, var, z, p, tau_a, float(s / untied) if untied else 0.0, n, status)


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
    table = _series(x, ndim=2)
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


def seasonal_mann_kendall(x: ArrayLike, period: int = 12) -> Trend:
    """Test a series with seasons: each season with itself only, then added up.

    Parameters
    ----------
    x : array_like, shape (n,)
        At even steps, oldest first; a missing value (NaN) drops the pairs it is part of.
    period : int
        Steps in a year: 12 for months, 4 for quarters.

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
    Hirsch, Slack and Smith (1982), Water Resources Research 18(1), 107-121.

    Examples
    --------
    >>> found = seasonal_mann_kendall([1, 9, 2, 8, 3, 7, 4, 6], period=2)
    >>> found.s, round(found.var, 3), found.z
    (0.0, 17.333, 0.0)
    """
    seasons = _seasons(x, period)
    each = mann_kendall_rows(seasons)
    s, var, n = float(each.s.sum()), float(each.var.sum()), int(each.n.sum())
    status: Status = "not enough data" if n < LEAST else "ok" if var > 0 else "constant"
    z, p = _tested(np.array([s]), np.array([0.0 if n < LEAST else var]))
    pairs = each.n * (each.n - 1) / 2
    ties = np.array([_ties(season[~np.isnan(season)]) for season in seasons])
    untied = float(np.sqrt(pairs * (pairs - ties)).sum())
    tau_a = s / float(pairs.sum()) if pairs.any() else 0.0
    return Trend(s, var, float(z[0]), float(p[0]), tau_a, s / untied if untied else 0.0, n, status)


def _tested(s: Array, var: Array) -> tuple[Array, Array]:
    """Give z with continuity correction, and its two-sided p."""
    from scipy.special import ndtr

    z = np.zeros(len(s))
    np.divide(s - np.sign(s), np.sqrt(np.maximum(var, 0)), out=z, where=var > 0)
    return z, np.asarray(2 * ndtr(-np.abs(z)))


def _ties(values: Array) -> float:
    """How many pairs of values are alike."""
    alike = np.unique(values, return_counts=True)[1]
    return float((alike * (alike - 1) / 2).sum())


def _series(x: ArrayLike, ndim: int = 1) -> Array:
    found = np.asarray(x, dtype=np.float64)
    if found.ndim != ndim:
        raise GeoInputError("A series is a row of numbers." if ndim == 1 else "Give one row each.")
    if np.isinf(found).any():
        raise GeoInputError("A series holds numbers; leave a gap (NaN) where one is missing.")
    return found


def _seasons(x: ArrayLike, period: int) -> Array:
    """One row for each season, gaps (NaN) filling the last year."""
    series = _series(x)
    if period < 1:
        raise GeoInputError("A year has at least one season.")
    years = -(-len(series) // period)
    table = np.full(years * period, np.nan)
    table[: len(series)] = series
    return table.reshape(years, period).T
