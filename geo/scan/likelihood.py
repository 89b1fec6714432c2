"""Log likelihood ratios of a count against what was expected; 0 where it is no excess."""

import numpy as np
from numpy.typing import ArrayLike

from geo.scan.options import Array


def poisson_llr(c: ArrayLike, expected: ArrayLike, total: float) -> Array:
    """Poisson, also of the space-time permutation.

    Parameters
    ----------
    c, expected : array_like
        Cases in the cylinder, and how many its share of all would be.
    total : float
        All cases.

    Returns
    -------
    ndarray
        c ln(c/mu) + (C-c) ln((C-c)/(C-mu)) where c > mu; infinite where c > C.

    References
    ----------
    Kulldorff (1997), Communications in Statistics: Theory and Methods 26(6), 1481-1496.

    Examples
    --------
    >>> float(poisson_llr(100, 58.2826, 552).round(3))
    14.084
    """
    n, mu = np.broadcast_arrays(
        np.asarray(c, dtype=np.float64), np.asarray(expected, dtype=np.float64)
    )
    ratio = _gain(n, mu) + _gain(np.maximum(total - n, 0), np.maximum(total - mu, 0))
    return _excess(ratio, n > mu, n > total)


def bernoulli_llr(c: ArrayLike, people: ArrayLike, total: float, everyone: float) -> Array:
    """Bernoulli: cases among cases and controls.

    Parameters
    ----------
    c, people : array_like
        Cases in the cylinder, and cases and controls together.
    total, everyone : float
        The same of the whole.

    Returns
    -------
    ndarray
        0 unless the share of cases is larger inside; infinite where more than everybody.

    References
    ----------
    Kulldorff and Nagarwalla (1995), Statistics in Medicine 14(8), 799-810.

    Examples
    --------
    >>> float(bernoulli_llr(41, 38999, 552, 1057673).round(4))
    8.4784
    """
    n, held = np.broadcast_arrays(
        np.asarray(c, dtype=np.float64), np.asarray(people, dtype=np.float64)
    )
    share = total / everyone if everyone else 0.0
    rest, others = total - n, np.maximum(everyone - held, 0)
    inside = _gain(n, held * share) + _gain(np.maximum(held - n, 0), held * (1 - share))
    outside = _gain(np.maximum(rest, 0), others * share)
    outside += _gain(np.maximum(others - rest, 0), others * (1 - share))
    return _excess(inside + outside, n > held * share, (n > held) | (n > total))


def expectation_llr(c: ArrayLike, baseline: ArrayLike) -> Array:
    """Poisson around a baseline that is given, not estimated from the same cases.

    Parameters
    ----------
    c, baseline : array_like

    Returns
    -------
    ndarray
        c ln(c/b) - (c - b) where c > b.

    References
    ----------
    Neill (2009), International Journal of Forecasting 25(3), 498-517.

    Examples
    --------
    >>> float(expectation_llr(6, 2.0).round(4))
    2.5917
    """
    n, b = np.broadcast_arrays(
        np.asarray(c, dtype=np.float64), np.asarray(baseline, dtype=np.float64)
    )
    return _excess(_gain(n, b) - (n - b), n > b, np.zeros(n.shape, dtype=bool))


def _gain(n: Array, mean: Array) -> Array:
    """N ln(n/mean), 0 where n = 0 and infinite where only the mean is 0."""
    out = np.zeros(n.shape)
    some = n > 0
    with np.errstate(divide="ignore"):
        np.divide(n, mean, out=out, where=some)
        np.log(out, out=out, where=some)
    return np.multiply(n, out, out=out)


def _excess(ratio: Array, more: Array, impossible: Array) -> Array:
    return np.where(impossible, np.inf, np.where(more, np.maximum(ratio, 0.0), 0.0))
