"""One number for a whole table, and its p by draws that keep every row and column sum."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geo.bipartite.pairwise import pairs_of
from geo.bipartite.table import Incidence, shared_of
from geo.bipartite.trades import curveball

Array = NDArray[Any]

TIE = 1e-9


@dataclass(frozen=True, slots=True)
class ScoreTest:
    """A score beside the same score of drawn tables: `expected` is their mean."""

    observed: float
    expected: float
    p_lt: float
    p_gt: float
    draws: int


def mean_square_shared(known: Incidence) -> float:
    """Mean over pairs of rows of the squared number of shared columns (S2bar); 0 without pairs.

    Large where some rows seek each other out and others avoid each other.

    References
    ----------
    Roberts and Stone (1990), Oecologia 83(4), 560-567.

    Examples
    --------
    >>> from geo.bipartite.table import from_table
    >>> mean_square_shared(from_table([[1, 1, 0], [1, 1, 0], [0, 0, 1]])) == 4 / 3
    True
    """
    i, j = pairs_of(known, None)
    return float((shared_of(known, i, j) ** 2).mean()) if len(i) else 0.0


def c_score(known: Incidence) -> float:
    """Mean over pairs of rows of the ways in which they exclude each other; 0 without pairs.

    A pair counts the columns that only the one has, times those that only the other has.

    References
    ----------
    Stone and Roberts (1990), Oecologia 85(1), 74-79.

    Examples
    --------
    >>> from geo.bipartite.table import from_table
    >>> c_score(from_table([[1, 1, 0, 0], [0, 0, 1, 1]]))
    4.0
    """
    i, j = pairs_of(known, None)
    both, degree = shared_of(known, i, j), known.row_degree
    return float(((degree[i] - both) * (degree[j] - both)).mean()) if len(i) else 0.0


def checkerboards(known: Incidence) -> int:
    """Pairs of rows that both have columns, and none in common.

    References
    ----------
    Diamond (1975), in: Ecology and Evolution of Communities, Harvard University Press, 342-444.

    Examples
    --------
    >>> from geo.bipartite.table import from_table
    >>> checkerboards(from_table([[1, 0], [0, 1], [0, 0]]))
    1
    """
    i, j = pairs_of(known, None)
    some = known.row_degree > 0
    return int((some[i] & some[j] & (shared_of(known, i, j) == 0)).sum())


def score_test(
    known: Incidence,
    score: Callable[[Incidence], float],
    rng: np.random.Generator,
    draws: int,
    *,
    chains: int = 1,
) -> ScoreTest:
    """How a score of a table compares with tables of the same row and column sums.

    Parameters
    ----------
    known : Incidence
    score : callable
        Of one table.
    rng : numpy.random.Generator
    draws : int
        No p is below 1 / (draws + 1).
    chains : int
        See `curveball`.

    Returns
    -------
    ScoreTest
        `expected` is NaN without draws.

    Examples
    --------
    >>> from geo.bipartite.table import from_table
    >>> table = from_table([[1, 1, 0, 0], [1, 1, 0, 0], [0, 0, 1, 1], [0, 0, 1, 1]])
    >>> score_test(table, c_score, np.random.default_rng(1), 199).p_gt < 0.2
    True
    """
    observed = score(known)
    drawn = np.array([score(one) for one in curveball(known, rng, draws, chains=chains)])
    near = TIE * max(1.0, abs(observed))
    below, reached = (drawn <= observed + near).sum(), (drawn >= observed - near).sum()
    return ScoreTest(
        observed,
        float(drawn.mean()) if draws else float("nan"),
        float((below + 1) / (draws + 1)),
        float((reached + 1) / (draws + 1)),
        draws,
    )
