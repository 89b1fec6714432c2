"""Figures made of printed numbers, so that anybody can make them again; never of a band."""

from geo.disclosure.bands import THRESHOLD, Shown
from geo.errors import GeoInputError

ABOUT = 5  # a difference up to here is no difference


def number(told: Shown) -> int | None:
    """The printed number, or nothing for a band and for what is not shown.

    Parameters
    ----------
    told : Shown

    Returns
    -------
    int or None

    Examples
    --------
    >>> from geo.disclosure import show
    >>> [number(show(n)) for n in (0, 3, 11)]
    [0, None, 10]
    """
    return int(told.text) if told.text.isdigit() else None


def rate(told: Shown, denominator: int) -> int | None:
    """A rate per 1,000 from the printed number.

    Parameters
    ----------
    told : Shown
    denominator : int
        Children aged 10 to 17, published and printed beside the rate.

    Returns
    -------
    int or None
        Whole number, halves up; nothing for a band.

    Raises
    ------
    GeoInputError
        A denominator of 0 or less.

    Examples
    --------
    >>> from geo.disclosure import show
    >>> rate(show(62), 15400), rate(show(5), 15400)
    (4, None)
    """
    if denominator <= 0:
        raise GeoInputError("A rate needs a denominator above 0.")
    shown = number(told)
    return None if shown is None else (2000 * shown + denominator) // (2 * denominator)


def percentage(part: Shown, whole: Shown) -> int | None:
    """A share to the nearest 5, only of two printed numbers of 8 or more.

    Parameters
    ----------
    part : Shown
    whole : Shown

    Returns
    -------
    int or None

    Examples
    --------
    >>> from geo.disclosure import show
    >>> percentage(show(22), show(61)), percentage(show(5), show(61))
    (35, None)
    """
    top, bottom = number(part), number(whole)
    if top is None or bottom is None or min(top, bottom) <= THRESHOLD:
        return None
    return 5 * ((200 * top + 5 * bottom) // (10 * bottom))


def change(now: Shown, before: Shown) -> str:
    """A change in words, from printed numbers alone.

    Parameters
    ----------
    now : Shown
    before : Shown

    Returns
    -------
    str

    Examples
    --------
    >>> from geo.disclosure import show
    >>> change(show(40), show(26))
    'more (40, was 25)'
    >>> change(show(5), show(26))
    'too small to compare'
    """
    a, b = number(now), number(before)
    if a is None or b is None:
        return "too small to compare"
    if abs(a - b) <= ABOUT:
        return f"about the same ({a}, was {b})"
    return f"{'more' if a > b else 'fewer'} ({a}, was {b})"
