"""How one count may be told: the number rule, and the bands of named places."""

from dataclasses import dataclass

from geo.errors import GeoInputError

THRESHOLD, BASE = 7, 5
FEWEST = 4  # whole numbers that must remain possible for a banded cell
PLACE_BANDS = ((1, 7), (8, 17), (18, 37))  # edges of rounding, so no band cuts a rounded number
FEWEST_SOURCES, FEWEST_DATES = 2, 3  # of a named place in the last 12 months


@dataclass(frozen=True, slots=True)
class Shown:
    """A count as it is told: it lies between `low` and `high`, both included; None: no limit."""

    text: str
    low: int
    high: int | None


NOT_SHOWN = Shown("not shown", 0, None)
BAND = Shown(f"1 to {THRESHOLD}", 1, THRESHOLD)
FEW_SOURCES = Shown("none recorded or too few sources", 0, None)


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


def show_place(n: int, *, sources: int, dates: int) -> Shown:
    """Tell the incidents of a named place in the bands of RQ7.

    Parameters
    ----------
    n : int
        Incidents in the window, 0 or more.
    sources : int
        Different source agencies in the last 12 months.
    dates : int
        Different dates in the last 12 months.

    Returns
    -------
    Shown
        One sentence stands for none and for too few sources: which of the two is not told.

    Raises
    ------
    GeoInputError
        A negative count.

    Examples
    --------
    >>> [show_place(n, sources=2, dates=3).text for n in (1, 8, 37, 38)]
    ['1 to 7', '8 to 17', '18 to 37', '38 or more']
    >>> show_place(20, sources=1, dates=9).text
    'none recorded or too few sources'
    """
    if n < 0:
        raise GeoInputError("A count is 0 or more.")
    if n == 0 or sources < FEWEST_SOURCES or dates < FEWEST_DATES:
        return FEW_SOURCES
    for low, high in PLACE_BANDS:
        if n <= high:
            return Shown(f"{low} to {high}", low, high)
    return Shown("38 or more", PLACE_BANDS[-1][1] + 1, None)
