"""Where values lie together in space: Gi and Gi*, Moran, join counts, and what becomes of them."""

from geo.hotspots.cells import HotCells, on_grid
from geo.hotspots.emerging import NAMES, Emerging, classify, emerging, levels
from geo.hotspots.gi import GridG, LocalG, gi, gi_grid, gi_perm, gi_star
from geo.hotspots.joins import Joins, LocalJoins, join_counts, local_join_counts
from geo.hotspots.moran import Global, LocalMoran, general_g, moran, moran_local

__all__ = [
    "NAMES",
    "Emerging",
    "Global",
    "GridG",
    "HotCells",
    "Joins",
    "LocalG",
    "LocalJoins",
    "LocalMoran",
    "classify",
    "emerging",
    "general_g",
    "gi",
    "gi_grid",
    "gi_perm",
    "gi_star",
    "join_counts",
    "levels",
    "local_join_counts",
    "moran",
    "moran_local",
    "on_grid",
]
