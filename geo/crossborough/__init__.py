"""Cross-borough clusters (CBC v1): hot spots of a window across every border.

Districts (LADs) are attributes of events, never a partition. What is sure about a hot spot
(geo.evidence) and contexts linked by children (geo.links) build on the result and are not here.
"""

from geo.crossborough.again import Memory, labelled_again
from geo.crossborough.grounds import labelled, why_not
from geo.crossborough.inputs import Events, Params, Visits
from geo.crossborough.level1 import ACTIVE_DAYS, HotSpot, Level1, run

__all__ = [
    "ACTIVE_DAYS",
    "Events",
    "HotSpot",
    "Level1",
    "Memory",
    "Params",
    "Visits",
    "labelled",
    "labelled_again",
    "run",
    "why_not",
]
