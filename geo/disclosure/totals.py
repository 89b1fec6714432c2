"""The row test: totals that would give a banded part away."""

from collections.abc import Sequence

from geo.disclosure.bands import BAND, FEWEST, THRESHOLD, Shown


def gives_away(total: Shown, parts: Sequence[Shown], *, overlapping: bool = False) -> bool:
    """Whether a total beside its parts leaves a banded part fewer than four possible numbers.

    Parameters
    ----------
    total : Shown
    parts : sequence of Shown
    overlapping : bool
        One thing may count in several parts, as a child in two districts: the total is then no
        more than their sum, and no less than any.

    Returns
    -------
    bool

    Examples
    --------
    >>> from geo.disclosure import show
    >>> gives_away(show(13), [show(6), show(7), show(0)])
    True
    >>> gives_away(show(9), [show(4), show(5)])
    False
    """
    for i, part in enumerate(parts):
        others = [*parts[:i], *parts[i + 1 :]]
        if part == BAND and _possible(total, others, overlapping=overlapping) < FEWEST:
            return True
    return False


def _possible(total: Shown, others: Sequence[Shown], *, overlapping: bool) -> int:
    """How many numbers 1 to 7 a part can have beside the others."""
    most = [other.high for other in others if other.high is not None]
    low = 1 if len(most) < len(others) else max(1, total.low - sum(most))
    high = THRESHOLD
    if total.high is not None:
        least = 0 if overlapping else sum(other.low for other in others)
        high = min(high, total.high - least)
    return high - low + 1
