"""Whether a share of answers changed: k of n people asked before, and again."""

from typing import NamedTuple

import numpy as np

from geo.errors import GeoInputError
from geo.significance import wilson


class ShareChange(NamedTuple):
    """Share after less share before, with its interval; all between -1 and 1."""

    est: float
    low: float
    high: float


def share_change(
    before: tuple[int, int], after: tuple[int, int], *, level: float = 0.95
) -> ShareChange:
    """Difference of two shares, each of other people.

    Parameters
    ----------
    before, after : (k, n)
        k said so, of n who were asked.
    level : float
        Of the interval.

    Returns
    -------
    ShareChange

    Raises
    ------
    GeoInputError
        Nobody asked, or more who said so than were asked.

    Notes
    -----
    Newcombe's hybrid of two Wilson intervals: it holds for small n and at 0 and 1, where the
    normal interval is too narrow. The same people asked twice would have a narrower one.

    References
    ----------
    Newcombe (1998), Statistics in Medicine 17(8), 873-890, method 10.

    Examples
    --------
    >>> found = share_change((48, 80), (56, 70))
    >>> round(found.est, 4), round(found.low, 4), round(found.high, 4)
    (0.2, 0.0524, 0.3339)
    """
    if min(before[1], after[1]) < 1:
        raise GeoInputError("A share needs at least one person who was asked, on both days.")
    (low0, high0), (low1, high1) = wilson(*before, level=level), wilson(*after, level=level)
    p0, p1 = before[0] / before[1], after[0] / after[1]
    down, up = np.hypot(p1 - low1, high0 - p0), np.hypot(high1 - p1, p0 - low0)
    return ShareChange(p1 - p0, float(p1 - p0 - down), float(p1 - p0 + up))
