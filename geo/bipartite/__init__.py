"""Places by children as a table of 0 and 1: what is shared, and whether chance explains it."""

from geo.bipartite.chances import Bicm, bicm, bicm_of
from geo.bipartite.fixed import fdsm
from geo.bipartite.kept import Backbone, backbone
from geo.bipartite.pairwise import PairTests, fixed_row, words
from geo.bipartite.scores import (
    ScoreTest,
    c_score,
    checkerboards,
    mean_square_shared,
    score_test,
)
from geo.bipartite.stochastic import fixed_col, sdsm, split_at
from geo.bipartite.table import (
    Incidence,
    Shared,
    all_pairs,
    from_table,
    incidence,
    shared,
    shared_of,
)
from geo.bipartite.trades import curveball, same_margins

__all__ = [
    "Backbone",
    "Bicm",
    "Incidence",
    "PairTests",
    "ScoreTest",
    "Shared",
    "all_pairs",
    "backbone",
    "bicm",
    "bicm_of",
    "c_score",
    "checkerboards",
    "curveball",
    "fdsm",
    "fixed_col",
    "fixed_row",
    "from_table",
    "incidence",
    "mean_square_shared",
    "same_margins",
    "score_test",
    "sdsm",
    "shared",
    "shared_of",
    "split_at",
    "words",
]
