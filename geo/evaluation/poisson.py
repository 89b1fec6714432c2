"""Quasi-Poisson regression by iteratively reweighted least squares, and two kinds of error."""

from typing import NamedTuple

import numpy as np

from geo.significance.tails import Array

CLOSE = 1e-12
NEVER = 1e-8  # a fitted count so small means that no finite coefficient fits


class Fit(NamedTuple):
    """Coefficients (k,), their covariance for phi = 1 (k, k), fitted counts (n,), and phi >= 1.

    `residual` (n,) is Pearson's. `ok` is False where no finite coefficients fit.
    """

    coef: Array
    bread: Array
    mean: Array
    residual: Array
    phi: float
    ok: bool


def fit(x: Array, counts: Array, offset: Array, *, rounds: int = 100) -> Fit:
    """Fit log mean = offset + x @ coef to counts.

    Parameters
    ----------
    x : ndarray, shape (n, k)
        Of full rank, with fewer columns than rows.
    counts, offset : ndarray, shape (n,)
    rounds : int
        The most that are tried; seldom more than ten are needed.

    Returns
    -------
    Fit

    References
    ----------
    McCullagh and Nelder (1989), Generalized Linear Models, 2.5 and 6.2.

    Examples
    --------
    >>> found = fit(np.ones((4, 1)), np.array([3.0, 5.0, 4.0, 4.0]), np.zeros(4))
    >>> found.mean.round(6).tolist(), found.phi
    ([4.0, 4.0, 4.0, 4.0], 1.0)
    """
    mean = (counts + counts.mean()) / 2
    eta, before, settled = np.log(mean), np.inf, False
    coef = np.zeros(x.shape[1])
    for _ in range(rounds):
        root = np.sqrt(mean)
        working = eta - offset + (counts - mean) / mean
        coef = np.linalg.lstsq(x * root[:, None], working * root, rcond=None)[0]
        eta = offset + x @ coef
        mean = np.exp(np.clip(eta, -50, 50))
        now = float((counts * eta - mean).sum())  # log likelihood, constants left out
        if abs(now - before) <= CLOSE * (abs(now) + 1):
            settled = True
            break
        before = now
    residual = (counts - mean) / np.sqrt(mean)
    phi = float((residual**2).sum()) / (x.shape[0] - x.shape[1])
    bread = np.linalg.pinv(x.T @ (x * mean[:, None]))
    ok = settled and bool(mean.min() > NEVER)
    return Fit(coef, bread, mean, residual, max(1.0, phi), ok)


def newey_west(x: Array, counts: Array, found: Fit, series: Array, lags: int) -> Array:
    """Covariance of coefficients that allows for correlation between neighbouring months.

    Parameters
    ----------
    x : ndarray, shape (n, k)
    counts : ndarray, shape (n,)
    found : Fit
    series : ndarray of int, shape (n,)
        Which series each row belongs to; rows of one series in order of time.
    lags : int
        Bartlett weights 1 - lag/(lags + 1).

    Returns
    -------
    ndarray, shape (k, k)

    References
    ----------
    Newey and West (1987), Econometrica 55(3), 703-708.

    Examples
    --------
    >>> x, counts = np.ones((4, 1)), np.array([3.0, 5.0, 4.0, 4.0])
    >>> newey_west(x, counts, fit(x, counts, np.zeros(4)), np.zeros(4, int), 0).round(4).tolist()
    [[0.0078]]
    """
    score = x * (counts - found.mean)[:, None]
    middle = score.T @ score
    for lag in range(1, lags + 1):
        same = (series[lag:] == series[:-lag])[:, None]
        beside = (score[lag:] * same).T @ score[:-lag]
        middle = middle + (1 - lag / (lags + 1)) * (beside + beside.T)
    cov: Array = found.bread @ middle @ found.bread
    return cov


def lag_one(residual: Array, series: Array) -> float:
    """Correlation of each residual with that of the month before, within its series.

    Parameters
    ----------
    residual : ndarray, shape (n,)
    series : ndarray of int, shape (n,)

    Returns
    -------
    float
        0 where residuals do not vary.

    Examples
    --------
    >>> lag_one(np.array([1.0, -1.0, 1.0, -1.0]), np.zeros(4, int))
    -0.75
    """
    counts = np.bincount(series)
    centred = residual - (np.bincount(series, weights=residual) / counts)[series]
    whole = float((centred**2).sum())
    if whole <= CLOSE * len(residual):
        return 0.0
    same = series[1:] == series[:-1]
    return float((centred[1:] * centred[:-1])[same].sum()) / whole
