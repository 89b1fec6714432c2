"""The clock of London for many instants at once, and what is refused as a time."""

from datetime import UTC, datetime
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geo.errors import GeoInputError
from geo.numbers import times

Array = NDArray[Any]

LONDON = ZoneInfo("Europe/London")
HOUR_S, DAY_S = 3_600, 86_400
FIRST_YEAR, LAST_YEAR = 1970, 2200
SPREAD_S = 72 * HOUR_S
UNTIMED = ("DAY", "WEEK", "MONTH")
PRECISIONS = ("EXACT", "HOUR", *UNTIMED)


def offset_s(t_utc: ArrayLike) -> Array:
    """How far the clocks of London are ahead of UTC.

    Parameters
    ----------
    t_utc : array_like of int
        Seconds since 1970-01-01 00:00 UTC, 1970 to 2200.

    Returns
    -------
    ndarray of int64
        Seconds: 0, or 3600 in summer time. Always whole hours.

    Raises
    ------
    GeoInputError
        A time outside those years.

    Examples
    --------
    >>> offset_s([1711846799, 1711846800]).tolist()  # 31 March 2024, 01:00 UTC
    [0, 3600]
    """
    times = instants(t_utc)
    if not times.size:
        return np.zeros(times.shape, dtype=np.int64)
    years = np.array([times.min(), times.max()], "datetime64[s]").astype("datetime64[Y]")
    first, last = (years.astype(np.int64) + 1970).tolist()
    at, ahead = _changes(first, last)
    found: Array = ahead[np.searchsorted(at, times, side="right") - 1]
    return found


def local_s(t_utc: ArrayLike) -> Array:
    """Seconds since 1970-01-01 00:00 as the clocks of London show them.

    Parameters
    ----------
    t_utc : array_like of int

    Returns
    -------
    ndarray of int64

    Examples
    --------
    >>> (local_s([1718964000]) // 3600 % 24).tolist()  # 21 June 2024, 10:00 UTC
    [11]
    """
    times = instants(t_utc)
    found: Array = times + offset_s(times)
    return found


def from_local(clock_s: ArrayLike) -> Array:
    """The instant at which the clocks of London show this.

    Parameters
    ----------
    clock_s : array_like of int
        As from `local_s`.

    Returns
    -------
    ndarray of int64
        Seconds UTC. An hour that comes twice is the first of the two; one that does not come at
        all is counted on from the hour before.

    Examples
    --------
    >>> from_local(local_s([1711846800])).tolist()
    [1711846800]
    """
    shown = instants(clock_s)
    summer = shown - HOUR_S
    found: Array = np.where(offset_s(np.maximum(summer, 0)) == HOUR_S, summer, shown)
    return found


def instants(t_utc: ArrayLike) -> Array:
    """Whole seconds UTC; dates of any make are taken too, UTC unless they have a zone.

    Parameters
    ----------
    t_utc : array_like of int, float, datetime64 or datetime

    Returns
    -------
    ndarray of int64

    Raises
    ------
    GeoInputError
        A row without a time, or outside 1970 to 2200 (milliseconds, say).

    Examples
    --------
    >>> instants(np.array(["2024-03-31T01:00"], "datetime64[m]")).tolist()
    [1711846800]
    """
    raw = times(t_utc)
    if raw.dtype.kind == "M":
        missing, seconds = np.isnat(raw), raw.astype(np.int64)
    else:
        missing = ~np.isfinite(raw)
        seconds = np.floor(np.where(missing, 0, raw)).astype(np.int64)
    if missing.any():
        raise GeoInputError(f"Row {int(missing.argmax())} has no time.")
    low, high = _year_s(FIRST_YEAR), _year_s(LAST_YEAR + 1)
    outside = (seconds < low) | (seconds >= high)
    if outside.any():
        raise GeoInputError(
            f"Row {int(outside.argmax())} is not a time from {FIRST_YEAR} to {LAST_YEAR}. "
            "Times are seconds since 1970-01-01 UTC."
        )
    return seconds


def intervals(from_utc: ArrayLike, to_utc: ArrayLike) -> tuple[Array, Array]:
    """Two arrays of instants, each interval the right way round.

    Raises
    ------
    GeoInputError
        Of different length, or an end before its beginning.

    Examples
    --------
    >>> intervals([5], [3])
    Traceback (most recent call last):
    geo.errors.GeoInputError: Row 0 ends before it begins.
    """
    begin, end = np.atleast_1d(instants(from_utc)), np.atleast_1d(instants(to_utc))
    if begin.shape != end.shape or begin.ndim != 1:
        raise GeoInputError("Each incident needs a time from and a time to.")
    if (end < begin).any():
        raise GeoInputError(f"Row {int((end < begin).argmax())} ends before it begins.")
    return begin, end


def timed(length_s: Array, precision: ArrayLike | None, limit_s: int = SPREAD_S) -> Array:
    """Which intervals say enough about the time of day.

    Parameters
    ----------
    length_s : ndarray of int, shape (n,)
    precision : array_like of str, shape (n,), optional
        EXACT, HOUR, DAY, WEEK or MONTH.
    limit_s : int
        The longest that counts.

    Returns
    -------
    ndarray of bool, shape (n,)

    Raises
    ------
    GeoInputError
        Another word, or not one for each interval.

    Examples
    --------
    >>> timed(np.array([0, 0, 999_999]), ["EXACT", "DAY", "EXACT"]).tolist()
    [True, False, False]
    """
    short: Array = length_s <= limit_s
    if precision is None:
        return short
    words = np.asarray(precision, dtype=str)
    if words.shape != length_s.shape or not np.isin(words, PRECISIONS).all():
        raise GeoInputError(f"The precision of each time is one of {', '.join(PRECISIONS)}.")
    return short & ~np.isin(words, UNTIMED)


def _year_s(year: int) -> int:
    return int(datetime(year, 1, 1, tzinfo=UTC).timestamp())


@cache
def _changes(first: int, last: int) -> tuple[Array, Array]:
    """Instants from which an offset holds, the first at the beginning of the first year."""
    found = [(_year_s(first), _ahead(_year_s(first)))]
    for year in range(first, last + 1):
        found += _changes_of(year)
    at, ahead = zip(*found, strict=True)
    return np.array(at, dtype=np.int64), np.array(ahead, dtype=np.int64)


@cache
def _changes_of(year: int) -> list[tuple[int, int]]:
    days = range(_year_s(year), _year_s(year + 1), DAY_S)
    return [
        (hour, _ahead(hour))
        for day in days
        if _ahead(day) != _ahead(day + DAY_S)
        for hour in range(day + HOUR_S, day + DAY_S + 1, HOUR_S)
        if _ahead(hour) != _ahead(hour - HOUR_S)
    ]


def _ahead(t_utc: int) -> int:
    ahead = datetime.fromtimestamp(t_utc, LONDON).utcoffset()
    return 0 if ahead is None else int(ahead.total_seconds())
