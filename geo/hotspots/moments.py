"""Sums of weights that the moments of global statistics are made of."""

from typing import Any, NamedTuple

import numpy as np

Sparse = Any  # scipy.sparse.csr_array; scipy ships no types


class Moments(NamedTuple):
    """S0, S1 and S2 of Cliff and Ord (1981), Spatial Processes, 1.4."""

    s0: float
    s1: float
    s2: float


def moments(matrix: Sparse) -> Moments:
    """S0, S1, S2 of weights without a diagonal, symmetric or not.

    Examples
    --------
    >>> from geo.hotspots.links import matrix_of
    >>> moments(matrix_of([[0, 1], [1, 0]], 2))
    Moments(s0=2.0, s1=4.0, s2=8.0)
    """
    both = matrix + matrix.T
    sides = np.asarray(matrix.sum(axis=1)).ravel() + np.asarray(matrix.sum(axis=0)).ravel()
    s1 = float(both.power(2).sum()) / 2
    return Moments(float(matrix.sum()), s1, float((sides**2).sum()))
