"""Shared columns against a null model that keeps all degrees on average: SDSM, exact."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geo.bipartite.chances import Bicm, bicm
from geo.bipartite.pairwise import PairTests, pairs_of
from geo.bipartite.table import Incidence, shared_of

Array = NDArray[Any]


def sdsm(
    known: Incidence, pairs: tuple[ArrayLike, ArrayLike] | None = None, *, model: Bicm | None = None
) -> PairTests:
    """Stochastic degree sequence model: rows and columns keep their degrees on average.

    Parameters
    ----------
    known : Incidence
    pairs : tuple of array_like, optional
        Rows i and j of the pairs; every pair i < j when left out.
    model : Bicm, optional
        Of the same table, where it is at hand.

    Returns
    -------
    PairTests

    Raises
    ------
    GeoInputError
        A pair of rows that the table does not have.

    References
    ----------
    Neal (2014), Social Networks 39, 84-97; Neal, Domagalski and Sagan (2021), Scientific Reports
    11:23929.

    Examples
    --------
    >>> from geo.bipartite.table import from_table
    >>> sdsm(from_table([[1, 0, 1, 1], [0, 1, 0, 0], [1, 0, 0, 1]])).p_gt.round(3).tolist()
    [1.0, 0.555, 1.0]
    """
    i, j = pairs_of(known, pairs)
    fitted = bicm(known) if model is None else model
    n = shared_of(known, i, j)
    a, b = fitted.row_class[i], fitted.row_class[j]
    expected = np.einsum("pk,pk,k->p", fitted.p[a], fitted.p[b], fitted.cols_of_class)
    p_lt = _split(fitted, i, j, n + 1)[0]
    return PairTests(i, j, n, expected, p_lt, upper(fitted, i, j, n))


def fixed_col(known: Incidence, pairs: tuple[ArrayLike, ArrayLike] | None = None) -> PairTests:
    """Each column keeps how many rows it has; which ones is chance.

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

    References
    ----------
    Neal, Domagalski and Sagan (2021), Scientific Reports 11:23929.

    Examples
    --------
    >>> from geo.bipartite.table import from_table
    >>> fixed_col(from_table([[1, 1], [1, 1], [0, 0]])).p_gt.round(3).tolist()
    [0.111, 1.0, 1.0]
    """
    i, j = pairs_of(known, pairs)
    n, (degree, tries) = shared_of(known, i, j), np.unique(known.col_degree, return_counts=True)
    both = degree * (degree - 1) / max(known.rows * (known.rows - 1), 1)
    values, of = np.unique(n, return_inverse=True)
    p_lt = np.array([split_at(both[None], tries, v + 1)[0][0] for v in values.tolist()])
    p_gt = np.array([split_at(both[None], tries, v)[1][0] for v in values.tolist()])
    expected = np.full(len(i), float((both * tries).sum()))
    return PairTests(i, j, n, expected, p_lt[of], p_gt[of])


def upper(model: Bicm, i: ArrayLike, j: ArrayLike, at_least: ArrayLike) -> Array:
    """P(X >= at_least) of the columns that rows i and j share by chance.

    Parameters
    ----------
    model : Bicm
    i, j, at_least : array_like of int, shape (pairs,)

    Returns
    -------
    ndarray, shape (pairs,)
        Exact, and true to its last digits where it is small.

    Examples
    --------
    >>> from geo.bipartite.chances import bicm_of
    >>> upper(bicm_of([2, 2], [1, 1, 1, 1]), [0], [1], [1]).round(4).tolist()
    [0.6836]
    """
    return _split(model, np.asarray(i), np.asarray(j), np.asarray(at_least))[1]


def _split(model: Bicm, i: Array, j: Array, at: Array) -> tuple[Array, Array]:
    """P(X < at) and P(X >= at) of each pair; pairs of equal classes are worked out once."""
    a, b = model.row_class[i], model.row_class[j]
    keys = np.column_stack([np.minimum(a, b), np.maximum(a, b), at])
    kinds, of = np.unique(keys, axis=0, return_inverse=True)
    below, reached = np.zeros(len(kinds)), np.zeros(len(kinds))
    for limit in np.unique(kinds[:, 2]):
        some = np.flatnonzero(kinds[:, 2] == limit)
        both = model.p[kinds[some, 0]] * model.p[kinds[some, 1]]
        below[some], reached[some] = split_at(both, model.cols_of_class, int(limit))
    of = of.ravel()
    return below[of], reached[of]


def split_at(p: Array, tries: Array, at: int) -> tuple[Array, Array]:
    """P(X < at) and P(X >= at) of successes where groups of tries have equal chances.

    Parameters
    ----------
    p : ndarray, shape (sums, groups)
        Chance of each try of a group.
    tries : ndarray of int, shape (groups,)
    at : int

    Returns
    -------
    below, reached : ndarray, shape (sums,)
        Each is a sum of what cannot be negative: nothing cancels, small tails stay exact.

    Examples
    --------
    >>> [x.round(6).tolist() for x in split_at(np.array([[0.5, 1.0]]), np.array([2, 1]), 2)]
    [[0.25], [0.75]]
    """
    if at <= 0:
        return np.zeros(len(p)), np.ones(len(p))
    count = np.arange(at)
    exactly, reached = np.zeros((len(p), at)), np.zeros(len(p))
    exactly[:, 0] = 1.0
    for chance, n in zip(p.T, tries.tolist(), strict=True):
        more, enough = _binomial(chance[:, None], n, count)
        reached += (exactly * enough[:, ::-1]).sum(1)
        before, exactly = exactly, np.zeros_like(exactly)
        for k in range(min(n + 1, at)):
            exactly[:, k:] += before[:, : at - k] * more[:, k : k + 1]
    return np.minimum(exactly.sum(1), 1.0), np.minimum(reached, 1.0)


def _binomial(p: Array, n: int, k: Array) -> tuple[Array, Array]:
    """P(X = k) and P(X > k), shape (sums, k): scipy.stats says the same, ten times slower."""
    from scipy.special import bdtrc, gammaln, xlog1py, xlogy

    able = k[: n + 1]
    ways = gammaln(n + 1) - gammaln(able + 1) - gammaln(n - able + 1)
    exactly, more = np.zeros((len(p), len(k))), np.zeros((len(p), len(k)))
    exactly[:, : n + 1] = np.exp(ways + xlogy(able, p) + xlog1py(n - able, -p))
    more[:, :n] = bdtrc(k[:n], n, p)
    return exactly, more
