"""Where values lie together in space: Gi and Gi*, and what becomes of hot and cold spots."""

from geo.hotspots.emerging import NAMES, Emerging, classify, emerging, levels
from geo.hotspots.gi import GridG, LocalG, gi, gi_grid, gi_star

__all__ = [
    "NAMES",
    "Emerging",
    "GridG",
    "LocalG",
    "classify",
    "emerging",
    "gi",
    "gi_grid",
    "gi_star",
    "levels",
]
