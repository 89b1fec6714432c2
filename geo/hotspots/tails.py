"""How likely chance alone gives some cells so many events, where counts are few."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from geo.errors import GeoInputError
from geo.hotspots.links import Alternative

Array = NDArray[Any]


def scattered(x: Array, around: Array, cells: Array, alternative: Alternative) -> Array:
    """P of the events in some cells, had every event fallen into any cell alike.

    The normal form of Gi* takes sums of few events for rarer than they are: on maps of 0.3 events
    a cell, scattered at random, it "found" hot spots in 64 of 100.

    Parameters
    ----------
    x : ndarray, shape (n,)
        Counts of all cells: whole numbers of 0 or more.
    around : ndarray, shape (n,)
        Events in a cell and its neighbours.
    cells : ndarray, shape (n,)
        Of how many cells that is the sum.
    alternative : {"greater", "less", "two-sided"}
        Two-sided: twice the smaller, at most 1.

    Returns
    -------
    ndarray, shape (n,)
        Tail of the binomial distribution.

    Raises
    ------
    GeoInputError
        Counts that are no whole numbers of 0 or more.

    Examples
    --------
    >>> x = np.array([0.0, 0.0, 0.0, 2.0])
    >>> scattered(x, np.array([2.0]), np.array([2]), "greater").round(4).tolist()
    [0.25]
    """
    from scipy.stats import binom

    if (np.rint(x) != x).any() or (x < 0).any():
        raise GeoInputError("Counts are whole numbers of 0 or more.")
    events, share = np.rint(around), cells / max(len(x), 1)
    high = binom.sf(events - 1, x.sum(), share)
    low = binom.cdf(events, x.sum(), share)
    if alternative == "two-sided":
        return np.asarray(np.minimum(2 * np.minimum(high, low), 1.0))
    return np.asarray(high if alternative == "greater" else low)
