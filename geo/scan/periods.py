"""Windows of time, and the units that dates are counted in."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from geo.errors import GeoInputError
from geo.scan.options import Array, Window

Unit = Literal["day", "month", "year"]
DATE = {"month": "datetime64[M]", "year": "datetime64[Y]"}


@dataclass(frozen=True, slots=True)
class Windows:
    """Half-open runs of units of time, and the segments that their ends cut the period into.

    Attributes
    ----------
    start, stop : ndarray of int64, shape (windows,)
        Units, stop excluded.
    first, last : ndarray of int64, shape (windows,)
        The same in segments.
    cuts : ndarray of int64, shape (segments,)
        First unit of each segment.
    """

    start: Array
    stop: Array
    first: Array
    last: Array
    cuts: Array

    def segments(self, table: Array) -> Array:
        """Sums of a table (locations, units) over the segments."""
        summed: Array = np.add.reduceat(table, self.cuts, axis=1)
        return summed

    def sums(self, segments: Array) -> Array:
        """Sums (locations, windows) of segments."""
        running = np.zeros((len(segments), segments.shape[1] + 1), dtype=segments.dtype)
        np.cumsum(segments, axis=1, out=running[:, 1:])
        summed: Array = running[:, self.last] - running[:, self.first]
        return summed


def windows(
    units: int,
    window: Window,
    *,
    max_window: int | None = None,
    min_window: int = 1,
    max_window_fraction: float = 0.5,
) -> Windows:
    """All windows of a scan over so many units of time.

    Parameters
    ----------
    units : int
    window : {"prospective", "retrospective", "spatial"}
        Ending with the last unit, all, or the whole period as one.
    max_window, min_window : int
        Units. Left out: as long as the largest share allows.
    max_window_fraction : float

    Returns
    -------
    Windows
        None at all where the period is too short.

    Raises
    ------
    GeoInputError
        A window longer than its share of the period: outside there would be too little to compare.

    References
    ----------
    Kulldorff (2001), Journal of the Royal Statistical Society A 164(1), 61-72.

    Examples
    --------
    >>> found = windows(5, "prospective")
    >>> list(zip(found.start.tolist(), found.stop.tolist()))
    [(4, 5), (3, 5)]
    """
    most = int(units * max_window_fraction + 1e-9)
    longest = most if max_window is None else max_window
    if window == "spatial":
        return _cut(np.zeros(1, np.int64), np.full(1, units))
    if longest > most:
        share = "half" if max_window_fraction == 0.5 else f"{max_window_fraction:.0%}"
        raise GeoInputError(f"A window is at most {share} of the period: {most} of {units} units.")
    length = np.arange(min_window, longest + 1)
    if window == "prospective":
        return _cut(units - length, np.full(len(length), units))
    start = np.concatenate([np.empty(0, np.int64), *(np.arange(units - n + 1) for n in length)])
    return _cut(start, start + np.repeat(length, units - length + 1))


def _cut(start: Array, stop: Array) -> Windows:
    cuts = np.unique(np.concatenate([[0], start, stop]))
    first, last = np.searchsorted(cuts, start), np.searchsorted(cuts, stop)
    return Windows(start, stop, first, last, cuts[:-1] if len(cuts) > 1 else cuts)


def unit_starts(first_day: int, last_day: int, length: int = 1, unit: Unit = "day") -> Array:
    """First day of each unit of time; the last unit ends with the last day.

    Parameters
    ----------
    first_day, last_day : int
        Days since 1970-01-01, both included.
    length : int
        Days, months or years in a unit.
    unit : {"day", "month", "year"}
        Months and years are those of the calendar.

    Returns
    -------
    ndarray of int64
        What does not fill a unit is the first one, shorter than the others: a prospective scan
        needs whole units at the end.

    Raises
    ------
    GeoInputError
        A period that ends before it starts, or units of nothing.

    Examples
    --------
    >>> unit_starts(0, 16, 7).tolist()
    [0, 3, 10]
    >>> unit_starts(0, 59, 1, "month").tolist()
    [0, 31, 59]
    """
    if last_day < first_day or length < 1:
        raise GeoInputError("A period has a first and a later last day, in units of 1 or more.")
    if unit == "day":
        starts = np.arange(last_day + 1 - length, first_day, -length)[::-1]
        return np.concatenate([[first_day], starts]).astype(np.int64)
    kind = DATE[unit]
    last = np.datetime64(last_day, "D").astype(kind).astype(int)
    first = np.datetime64(first_day, "D").astype(kind).astype(int)
    begun = np.arange(last + 1 - length, first, -length)[::-1]
    days = begun.astype(kind).astype("datetime64[D]").astype(np.int64)
    return np.concatenate([[first_day], days]).astype(np.int64)


def cases_by_unit(
    place: ArrayLike, day: ArrayLike, starts: ArrayLike, *, places: int, weight: ArrayLike = 1
) -> Array:
    """Table of cases: a row for each place, a column for each unit of time.

    Parameters
    ----------
    place : array_like of int, shape (n,)
        Row of the place, from 0.
    day : array_like of int, shape (n,)
        Days since 1970-01-01, or any unit that `starts` is in.
    starts : array_like of int
        First day of each unit, as `unit_starts` gives them.
    places : int
    weight : array_like of int
        Cases in each row.

    Returns
    -------
    ndarray of int64, shape (places, units)

    Raises
    ------
    GeoInputError
        A place that is not there, or a day before the first.

    Examples
    --------
    >>> cases_by_unit([0, 1, 1], [0, 6, 9], [0, 3, 10], places=2).tolist()
    [[1, 0, 0], [0, 2, 0]]
    """
    at, when, begun = np.asarray(place), np.asarray(day), np.asarray(starts)
    if len(at) and (at.min() < 0 or at.max() >= places):
        raise GeoInputError("A case names a place that is not there.")
    unit = np.searchsorted(begun, when, side="right") - 1
    if (unit < 0).any():
        raise GeoInputError("A case happened before the first day.")
    table = np.zeros((places, len(begun)), dtype=np.int64)
    np.add.at(table, (at.astype(np.int64), unit), np.asarray(weight))
    return table
