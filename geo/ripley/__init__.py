"""Second order: whether places gather or keep apart, at what distances, and chance beside it."""

from geo.ripley.envelopes import Alternative, Curve
from geo.ripley.second_order import cross_k, k_function, pair_correlation
from geo.ripley.window import Window

__all__ = ["Alternative", "Curve", "Window", "cross_k", "k_function", "pair_correlation"]
