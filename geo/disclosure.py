"""How a count of people may be told: the number rule, and totals that would give a cell away."""

from collections.abc import Sequence
from dataclasses import dataclass

from geo.errors import GeoInputError

THRESHOLD, BASE = 7, 5
FEWEST = 4  # whole numbers that must remain possible for a banded cell


@dataclass(frozen=True, slots=True)
class Shown:
    """A count as it is told: it lies between `low` and `high`, both included; None: no limit."""

    text: str
    low: int
    high: int | None


NOT_SHOWN = Shown("not shown", 0, None)
BAND = Shown(f"1 to {THRESHOLD}", 1, THRESHOLD)


def show(n: int) -> Shown:
    """Tell a count: 0, "1 to 7", or rounded to the nearest 5.

    Parameters
    ----------
    n : int
        Things counted, 0 or more.

    Returns
    -------
    Shown

    Raises
    ------
    GeoInputError
        A negative count.

    Examples
    --------
    >>> [show(n).text for n in (0, 1, 7, 8, 12, 13)]
    ['0', '1 to 7', '1 to 7', '10', '10', '15']
    >>> show(9)
    Shown(text='10', low=8, high=12)
    """
    if n < 0:
        raise GeoInputError("A count is 0 or more.")
    if n == 0:
        return Shown("0", 0, 0)
    if n <= THRESHOLD:
        return BAND
    near = BASE * ((n + 2) // BASE)
    return Shown(str(near), max(THRESHOLD + 1, near - 2), near + 2)


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
