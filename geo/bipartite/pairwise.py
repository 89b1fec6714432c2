"""Whether two rows share more columns, or fewer, than chance gives: tests of pairs."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geo.bipartite.table import Incidence, all_pairs, shared_of
from geo.errors import GeoInputError

Array = NDArray[Any]

WORDS = ("positive", "negative", "random", "unclassifiable")


@dataclass(frozen=True, slots=True)
class PairTests:
    """What a null model says of pairs of rows. One entry a pair in every array.

    `n` columns are shared, `expected` by chance; `p_lt` = P(X <= n) and `p_gt` = P(X >= n), so
    that they add up to more than 1.
    """

    i: Array
    j: Array
    n: Array
    expected: Array
    p_lt: Array
    p_gt: Array


def pairs_of(known: Incidence, pairs: tuple[ArrayLike, ArrayLike] | None) -> tuple[Array, Array]:
    """The pairs asked for, or all of them."""
    if pairs is None:
        return all_pairs(known.rows)
    i, j = (np.asarray(x, dtype=np.int64) for x in pairs)
    if len(i) != len(j) or (
        len(i) and not (0 <= min(i.min(), j.min()) <= max(i.max(), j.max()) < known.rows)
    ):
        raise GeoInputError("A pair names two rows of the table.")
    return i, j


def fixed_row(known: Incidence, pairs: tuple[ArrayLike, ArrayLike] | None = None) -> PairTests:
    """Each row keeps how many columns it has; which ones is chance (hypergeometric).

    Parameters
    ----------
    known : Incidence
    pairs : tuple of array_like, optional
        Rows i and j of the pairs; every pair i < j when left out.

    Returns
    -------
    PairTests

    Raises
    ------
    GeoInputError
        A pair of rows that the table does not have.

    Notes
    -----
    A quick screen: it holds every column for equally likely, so that one child who is known
    everywhere links everything. `sdsm` and `fdsm` hold the columns, too.

    References
    ----------
    Veech (2013), Global Ecology and Biogeography 22(2), 252-260; Neal (2013), Social Networks
    35(1), 84-97.

    Examples
    --------
    >>> from geo.bipartite.table import from_table
    >>> fixed_row(from_table([[1, 0, 1, 1], [0, 1, 0, 0], [1, 0, 0, 1]])).p_gt.tolist()
    [1.0, 0.5, 1.0]
    """
    from scipy.stats import hypergeom

    i, j = pairs_of(known, pairs)
    n, degree = shared_of(known, i, j), known.row_degree
    few, many = np.minimum(degree[i], degree[j]), np.maximum(degree[i], degree[j])
    law = hypergeom(known.cols, few, many)
    expected = few * many / max(known.cols, 1)
    return PairTests(i, j, n, expected, law.cdf(n), law.sf(n - 1))


def words(tests: PairTests, cols: int, *, alpha: float = 0.05, near: float = 0.1) -> list[str]:
    """What to call each pair.

    Parameters
    ----------
    tests : PairTests
    cols : int
        Columns of the table.
    alpha : float
    near : float
        Share of the columns by which a pair may miss its expectation and be "random".

    Returns
    -------
    list of str
        "positive", "negative", "random", or "unclassifiable" where the test has no power.

    References
    ----------
    Griffith, Veech and Marsh (2016), Journal of Statistical Software 69(2).

    Examples
    --------
    >>> one = np.ones(1)
    >>> words(PairTests(one, one, np.array([6]), one, one, np.array([0.01])), cols=10)
    ['positive']
    """
    kind = np.select(
        [tests.p_gt < alpha, tests.p_lt < alpha, np.abs(tests.n - tests.expected) <= near * cols],
        [0, 1, 2],
        3,
    )
    return [WORDS[k] for k in kind]
