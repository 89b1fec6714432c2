"""What it costs to have asked many times: q values for a family of tests.

The family is every test that could have been made, not only those that are shown: a cell that
was passed over enters with p = 1.
"""

import sys
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geo.errors import GeoInputError
from geo.numbers import floats

Array = NDArray[Any]

MANY = 2000


def bh(p: ArrayLike, *, tests: int | None = None, times: ArrayLike | None = None) -> Array:
    """False discovery rate after Benjamini and Hochberg.

    Parameters
    ----------
    p : array_like, shape (m,)
        Of all m tests of the family.
    tests : int, optional
        Size of the family where `p` leaves out tests that have p = 1.
    times : array_like of int, shape (m,), optional
        How many tests gave each p. Left out: one.

    Returns
    -------
    ndarray, shape (m,)
        q values: p <= q <= 1, in the order of p.

    Raises
    ------
    GeoInputError
        A p that is not a number from 0 to 1; a family that is smaller than its tests.

    References
    ----------
    Benjamini and Hochberg (1995), Journal of the Royal Statistical Society B 57(1), 289-300.

    Examples
    --------
    >>> bh([0.01, 0.04, 0.03]).tolist()
    [0.03, 0.04, 0.04]
    >>> bh([0.01], tests=4).tolist()
    [0.04]
    >>> bh([0.01, 0.03], times=[1, 2]).tolist()
    [0.03, 0.03]
    """
    return _false_discovery(p, "bh", tests, times)


def by(p: ArrayLike) -> Array:
    """False discovery rate after Benjamini and Yekutieli, whatever the tests have in common.

    Parameters
    ----------
    p : array_like, shape (m,)

    Returns
    -------
    ndarray, shape (m,)

    Raises
    ------
    GeoInputError
        A p that is not a number from 0 to 1.

    References
    ----------
    Benjamini and Yekutieli (2001), Annals of Statistics 29(4), 1165-1188.

    Examples
    --------
    >>> by([0.01, 0.5]).round(3).tolist()
    [0.03, 0.75]
    """
    return _false_discovery(p, "by")


def bonferroni(p: ArrayLike) -> Array:
    """Family-wise error: p times the number of tests, at most 1.

    Parameters
    ----------
    p : array_like, shape (m,)

    Returns
    -------
    ndarray, shape (m,)

    Raises
    ------
    GeoInputError
        A p that is not a number from 0 to 1.

    Examples
    --------
    >>> bonferroni([0.01, 0.6]).tolist()
    [0.02, 1.0]
    """
    tests = _checked(p)
    q: Array = np.minimum(tests * len(tests), 1.0)
    return q


def holm(p: ArrayLike) -> Array:
    """Family-wise error after Holm: never larger than Bonferroni's, on no more conditions.

    Parameters
    ----------
    p : array_like, shape (m,)

    Returns
    -------
    ndarray, shape (m,)

    Raises
    ------
    GeoInputError
        A p that is not a number from 0 to 1.

    References
    ----------
    Holm (1979), Scandinavian Journal of Statistics 6(2), 65-70.

    Examples
    --------
    >>> holm([0.01, 0.04, 0.03]).tolist()
    [0.03, 0.06, 0.06]
    """
    tests = _checked(p)
    order = _ascending(tests)
    q: Array = np.empty_like(tests)
    q[order] = np.maximum.accumulate(tests[order] * np.arange(len(tests), 0, -1))
    return np.minimum(q, 1.0)


def _false_discovery(
    p: ArrayLike,
    method: Literal["bh", "by"],
    family: int | None = None,
    times: ArrayLike | None = None,
) -> Array:
    """Step up from the largest p."""
    tests = _checked(p)
    by_p = _ascending(tests)
    rank = _ranks(times, by_p)
    made = int(rank[-1]) if len(rank) else 0
    size = made if family is None else family
    if size < made:
        raise GeoInputError("A family of tests holds every test that was made.")
    stepped = tests[by_p] * (size / rank)
    if method == "by":
        stepped *= (1 / rank).sum()
    q = np.empty_like(tests)
    q[by_p] = np.minimum.accumulate(stepped[::-1])[::-1]
    # Where p differ by rounding alone, no q may fall below its own p.
    return np.maximum(np.minimum(q, 1.0, out=q), tests, out=q)


def _ranks(times: ArrayLike | None, by_p: Array) -> Array:
    """Of each p in its order: the last of the tests that gave it."""
    if times is None:
        return np.arange(1, len(by_p) + 1)
    often = np.asarray(times)
    if often.shape != by_p.shape or often.dtype.kind not in "iu" or (often < 1).any():
        raise GeoInputError("Each p was given by one test or more.")
    return np.cumsum(often[by_p])


def _ascending(tests: Array) -> Array:
    """Order of the p, smallest first.

    The bits of numbers that are not negative sort as the numbers do, and 16 of them at a time are
    sorted by counting: 2 ms for 100,000 where comparing them takes 5.
    """
    if len(tests) < MANY:
        return np.argsort(tests, kind="stable")
    digits = np.abs(tests).view(np.uint16).reshape(len(tests), 4)
    digits = digits if sys.byteorder == "little" else digits[:, ::-1]
    by = np.argsort(digits[:, 0], kind="stable")
    for k in (1, 2, 3):
        by = by[np.argsort(digits[:, k].take(by), kind="stable")]
    return by


def _checked(p: ArrayLike) -> Array:
    tests = floats(p, "A p value is a number from 0 to 1.")
    if tests.ndim != 1:
        raise GeoInputError("The p values of a family are one row.")
    if not ((tests >= 0) & (tests <= 1)).all():
        raise GeoInputError("A p value is a number from 0 to 1.")
    return tests
