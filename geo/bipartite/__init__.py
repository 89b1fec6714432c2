"""Places by children as a table of 0 and 1: what is shared, and whether chance explains it."""

from geo.bipartite.chances import Bicm, bicm, bicm_of
from geo.bipartite.fixed import fdsm
from geo.bipartite.kept import Backbone, backbone
from geo.bipartite.pairwise import PairTests, fixed_row, words
from geo.bipartite.stochastic import sdsm, split_at
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
    "Shared",
    "all_pairs",
    "backbone",
    "bicm",
    "bicm_of",
    "curveball",
    "fdsm",
    "fixed_row",
    "from_table",
    "incidence",
    "same_margins",
    "sdsm",
    "shared",
    "shared_of",
    "split_at",
    "words",
]
