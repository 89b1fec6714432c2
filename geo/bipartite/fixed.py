"""Shared columns against tables that keep every degree exactly: FDSM, by curveball."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geo.bipartite.pairwise import PairTests, pairs_of
from geo.bipartite.table import Incidence, shared_of
from geo.bipartite.trades import curveball

Array = NDArray[Any]


def fdsm(
    known: Incidence,
    rng: np.random.Generator,
    draws: int,
    pairs: tuple[ArrayLike, ArrayLike] | None = None,
    *,
    chains: int = 1,
) -> PairTests:
    """Fixed degree sequence model: every row and column keeps its degree in every draw.

    Parameters
    ----------
    known : Incidence
    rng : numpy.random.Generator
    draws : int
        No p is below 1 / (draws + 1).
    pairs : tuple of array_like, optional
        Rows i and j of the pairs; every pair i < j when left out.
    chains : int
        See `curveball`.

    Returns
    -------
    PairTests
        `expected` is the mean of the draws, NaN without any.

    Raises
    ------
    GeoInputError
        A pair of rows that the table does not have.

    References
    ----------
    Zweig and Kaufmann (2011), Social Network Analysis and Mining 1(3), 187-218; Neal, Domagalski
    and Sagan (2021), Scientific Reports 11:23929.

    Examples
    --------
    >>> from geo.bipartite.table import from_table
    >>> table = from_table([[1, 0, 1, 1], [0, 1, 0, 0], [1, 0, 0, 1]])
    >>> found = fdsm(table, np.random.default_rng(1), 199)
    >>> found.n.tolist(), found.p_gt.round(1).tolist()
    ([0, 2, 0], [1.0, 0.2, 1.0])
    """
    i, j = pairs_of(known, pairs)
    n = shared_of(known, i, j)
    total, below, reached = (np.zeros(len(i), dtype=np.int64) for _ in range(3))
    for table in curveball(known, rng, draws, chains=chains):
        drawn = shared_of(table, i, j)
        total += drawn
        below += drawn <= n
        reached += drawn >= n
    expected = total / draws if draws else np.full(len(i), np.nan)
    return PairTests(i, j, n, expected, (below + 1) / (draws + 1), (reached + 1) / (draws + 1))
