"""Months before and after a change: interrupted time series, difference in differences."""

from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from geo.errors import GeoInputError
from geo.evaluation.poisson import Fit, fit, lag_one, newey_west
from geo.numbers import floats
from geo.significance.tails import Array

LEAST_BEFORE, LEAST_AFTER, LEAST_SPARE = 8, 3, 3
CORRELATED = 0.2

Exposure = ArrayLike | None


class Ratio(NamedTuple):
    """A rate ratio with its interval and two-sided p; below 1 = fewer."""

    ratio: float
    low: float
    high: float
    p: float


@dataclass(frozen=True, slots=True)
class Series:
    """What a comparison of months found.

    `change` is the rate ratio, `slope` the ratio by which it grows each month, if asked for.
    `newey_west` stands beside `change` where residuals of neighbouring months correlate by more
    than 0.2 (`lag1`). `fitted` and `without` (the change) are for drawing; of difference in
    differences (2, n), the treated area first. `change` is None unless the status is "ok".
    """

    status: Literal["ok", "not enough data"]
    reason: str
    change: Ratio | None = None
    slope: Ratio | None = None
    newey_west: Ratio | None = None
    phi: float = 1.0
    lag1: float = 0.0
    fitted: Array | None = None
    without: Array | None = None


def interrupted(  # noqa: PLR0913 - the series, and the parts of the model by name
    counts: ArrayLike,
    first_after: int,
    *,
    exposure: Exposure = None,
    slope_change: bool = False,
    harmonics: int = 0,
    period: float = 12,
    lags: int | None = None,
    level: float = 0.95,
) -> Series:
    """Interrupted time series: whether the level of counts changed when the response began.

    Parameters
    ----------
    counts : array_like, shape (n,)
        Incidents of each month (or week), in order, none left out.
    first_after : int
        Place of the first month after the change.
    exposure : array_like, shape (n,), optional
        Population, days or open hours of each month.
    slope_change : bool
        Let the trend change too; `change` is then the ratio in the first month after.
    harmonics : int
        Pairs of sine and cosine for the seasons.
    period : float
        Months (or weeks) of a year.
    lags : int, optional
        Of Newey and West; left out: floor(4 (n/100)^(2/9)).
    level : float
        Of intervals.

    Returns
    -------
    Series
        "not enough data" with fewer than 8 points before or 3 after, no incident on one side, or
        more terms than so many months can tell apart.

    Raises
    ------
    GeoInputError
        A negative or missing count, an exposure that is not above 0.

    Notes
    -----
    log mean = log exposure + level + time + change (+ slope change + seasons), quasi-Poisson:
    standard errors are multiplied by the root of Pearson chi2/df, at least 1.

    References
    ----------
    Bernal, Cummins and Gasparrini (2017), International Journal of Epidemiology 46(1), 348-355.

    Examples
    --------
    >>> found = interrupted([20, 22, 19, 21, 20, 18, 22, 20, 10, 11, 9, 10], 8)
    >>> round(found.change.ratio, 2), found.change.high < 1
    (0.5, True)
    """
    y = _counts(counts)
    time = np.arange(len(y), dtype=np.float64)
    after = time >= first_after
    columns = [np.ones(len(y)), time, after.astype(float)]
    if slope_change:
        columns.append(np.where(after, time - first_after, 0.0))
    x = np.column_stack([*columns, *_seasons(time, harmonics, period)])
    model = Model(x, y, _log(exposure, len(y)), np.zeros(len(y), dtype=np.int64))
    reason = _too_little(after, [y]) or model.unanswerable()
    if reason:
        return Series("not enough data", reason)
    return model.answer(2, 3 if slope_change else None, lags=lags, level=level)


def difference_in_differences(  # noqa: PLR0913 - two series, and the parts of the model by name
    treated: ArrayLike,
    control: ArrayLike,
    first_after: int,
    *,
    exposure: tuple[Exposure, Exposure] = (None, None),
    trend: bool = False,
    harmonics: int = 0,
    period: float = 12,
    lags: int | None = None,
    level: float = 0.95,
) -> Series:
    """Change in one area against the change in another, as a ratio of rate ratios.

    Parameters
    ----------
    treated, control : array_like, shape (n,)
        Incidents of the same months in both areas.
    first_after : int
        Place of the first month after the change.
    exposure : pair of array_like, optional
        Of the treated and of the control area.
    trend : bool
        A trend that both share.
    harmonics, period, lags, level
        As for `interrupted`; both share the seasons.

    Returns
    -------
    Series
        `change` is the interaction of area and time.

    Raises
    ------
    GeoInputError
        Series of different length, or as for `interrupted`.

    References
    ----------
    Wing, Simon and Bello-Gomez (2018), Annual Review of Public Health 39, 453-469.

    Examples
    --------
    >>> found = difference_in_differences([20] * 8 + [10] * 4, [30] * 12, 8)
    >>> round(found.change.ratio, 6)
    0.5
    """
    one, other = _counts(treated), _counts(control)
    if len(one) != len(other):
        raise GeoInputError("Both areas need a count for each month.")
    n = len(one)
    time = np.tile(np.arange(n, dtype=np.float64), 2)
    after, here = (time >= first_after).astype(float), np.repeat([1.0, 0.0], n)
    columns = [np.ones(2 * n), here, after, here * after]
    if trend:
        columns.append(time)
    x = np.column_stack([*columns, *_seasons(time, harmonics, period)])
    offset = np.concatenate([_log(e, n) for e in exposure])
    model = Model(x, np.concatenate([one, other]), offset, np.repeat([0, 1], n))
    reason = _too_little(after[:n] > 0, [one, other]) or model.unanswerable()
    if reason:
        return Series("not enough data", reason)
    return model.answer(3, None, lags=lags, level=level)


class Model(NamedTuple):
    """Columns, counts, logs of exposure, and which series each row belongs to."""

    x: Array
    counts: Array
    offset: Array
    series: Array

    def unanswerable(self) -> str:
        rows, terms = self.x.shape
        if rows - terms < LEAST_SPARE or np.linalg.matrix_rank(self.x) < terms:
            return f"{rows} points are too few to tell {terms} terms apart."
        return ""

    def answer(self, change: int, slope: int | None, *, lags: int | None, level: float) -> Series:
        found = fit(self.x, self.counts, self.offset)
        if not found.ok:
            return Series("not enough data", "Too few incidents in part of the period.")
        lag1 = lag_one(found.residual, self.series)
        cov = found.phi * found.bread
        robust = None
        if lag1 > CORRELATED:
            n = len(self.counts) // (int(self.series.max()) + 1)
            reach = int(4 * (n / 100) ** (2 / 9)) if lags is None else lags
            wide = newey_west(self.x, self.counts, found, self.series, reach)
            robust = _ratio(found, wide, change, level)
        dropped = [change] if slope is None else [change, slope]
        without = found.mean * np.exp(-self.x[:, dropped] @ found.coef[dropped])
        shape = (-1,) if self.series.max() == 0 else (2, -1)
        return Series(
            status="ok",
            reason="",
            change=_ratio(found, cov, change, level),
            slope=None if slope is None else _ratio(found, cov, slope, level),
            newey_west=robust,
            phi=found.phi,
            lag1=lag1,
            fitted=found.mean.reshape(shape),
            without=without.reshape(shape),
        )


def _ratio(found: Fit, cov: Array, at: int, level: float) -> Ratio:
    from scipy.special import ndtr, ndtri

    log, se = float(found.coef[at]), float(np.sqrt(cov[at, at]))
    half = float(ndtri(0.5 + level / 2)) * se
    p = 2 * float(ndtr(-abs(log) / se)) if se > 0 else 1.0
    return Ratio(float(np.exp(log)), float(np.exp(log - half)), float(np.exp(log + half)), p)


def _too_little(after: Array, series: list[Array]) -> str:
    n_after = int(after.sum())
    n_before = len(after) - n_after
    if n_before < LEAST_BEFORE or n_after < LEAST_AFTER:
        return (
            f"{n_before} points before and {n_after} after the change: "
            f"{LEAST_BEFORE} and {LEAST_AFTER} are needed."
        )
    if any(y[side].sum() == 0 for y in series for side in (after, ~after)):
        return "No incident before or after the change: there is no ratio."
    return ""


def _seasons(time: Array, harmonics: int, period: float) -> list[Array]:
    if harmonics < 0 or harmonics != int(harmonics) or not period > 0 or 2 * harmonics > period:
        raise GeoInputError("A year of so many points has at most half as many seasonal waves.")
    turns = [2 * np.pi * k * time / period for k in range(1, int(harmonics) + 1)]
    waves = [wave for turn in turns for wave in (np.sin(turn), np.cos(turn))]
    # The shortest wave of an even year has no sine: it is 0 at every point.
    return [wave for wave in waves if np.abs(wave).max() > 1e-9]


def _counts(counts: ArrayLike) -> Array:
    y = floats(counts, "Each point of a series needs a count of 0 or more.")
    if y.ndim != 1 or not np.isfinite(y).all() or (y < 0).any():
        raise GeoInputError("Each point of a series needs a count of 0 or more.")
    return y


def _log(exposure: Exposure, n: int) -> Array:
    if exposure is None:
        return np.zeros(n)
    size = floats(exposure, "Each point of a series needs an exposure above 0.")
    if size.shape != (n,) or not np.isfinite(size).all() or (size <= 0).any():
        raise GeoInputError("Each point of a series needs an exposure above 0.")
    logs: Array = np.log(size)
    return logs
