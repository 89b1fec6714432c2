"""What it costs to have asked many times: q values for a family of tests.

The family is every test that could have been made, not only those that are shown: a cell that
was passed over enters with p = 1.
"""

from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geo.errors import GeoInputError

Array = NDArray[Any]


def bh(p: ArrayLike) -> Array:
    """False discovery rate after Benjamini and Hochberg.

    Parameters
    ----------
    p : array_like, shape (m,)
        Of all m tests of the family.

    Returns
    -------
    ndarray, shape (m,)
        q values: p <= q <= 1, in the order of p.

    Raises
    ------
    GeoInputError
        A p that is not a number from 0 to 1.

    References
    ----------
    Benjamini and Hochberg (1995), Journal of the Royal Statistical Society B 57(1), 289-300.

    Examples
    --------
    >>> bh([0.01, 0.04, 0.03]).tolist()
    [0.03, 0.04, 0.04]
    """
    return _false_discovery(p, "bh")


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


def _false_discovery(p: ArrayLike, method: Literal["bh", "by"]) -> Array:
    tests = _checked(p)
    if not len(tests):
        return tests
    from scipy.stats import false_discovery_control

    # Where p differ by rounding alone, no q may fall below its own p.
    q: Array = np.maximum(false_discovery_control(tests, method=method), tests)
    return q


def _checked(p: ArrayLike) -> Array:
    tests = np.asarray(p, dtype=np.float64)
    if not ((tests >= 0) & (tests <= 1)).all():
        raise GeoInputError("A p value is a number from 0 to 1.")
    return tests
