"""Hours of the week of incidents whose time is known only from-to: aoristic weights."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from geo.errors import GeoInputError
from geo.rhythms.clock import DAY_S, HOUR_S, Array, intervals, offset_s, timed

WEEK_H, DAY_H = 168, 24
THURSDAY_H = 72  # 1 January 1970 was a Thursday, hour 72 of its week
UNIT = 1 << 40  # weights are counted in whole parts of an incident, so that none are lost
AT_ONCE = 1 << 13  # intervals of at most 73 hours each: their units fit the 53 bits of a float


class Pieces(NamedTuple):
    """Parts of intervals in one hour each: local hour since 1970-01-01, weight in units."""

    hour: Array
    units: Array


@dataclass(frozen=True, slots=True)
class Rhythm:
    """Incidents by hour of the week (168, Monday 00:00 first), and those whose hour is not known.

    The hours and `untimed` sum to the number of incidents.
    """

    hours: Array
    untimed: int

    @property
    def timed(self) -> float:
        return float(self.hours.sum())


@dataclass(frozen=True, slots=True)
class DayTypes:
    """Incidents by type of day and hour, with how many such days the period has.

    `hours` (k, 24); `days` (k,). The hours, `untimed` and `outside` (the period) sum to n.
    """

    names: tuple[str, ...]
    hours: Array
    days: Array
    untimed: int
    outside: float

    @property
    def per_day(self) -> Array:
        """Incidents an hour on one such day (k, 24); NaN where the period has no such day."""
        days = np.broadcast_to(self.days[:, None], self.hours.shape)
        found: Array = np.divide(
            self.hours, days, out=np.full(self.hours.shape, np.nan), where=days > 0
        )
        return found


def rhythm(from_utc: ArrayLike, to_utc: ArrayLike, *, precision: ArrayLike | None = None) -> Rhythm:
    """Incidents by hour of the week in London.

    Parameters
    ----------
    from_utc, to_utc : array_like of int, shape (n,)
        Seconds UTC between which the incident took place; equal when the instant is known.
    precision : array_like of str, shape (n,), optional
        EXACT, HOUR, DAY, WEEK or MONTH.

    Returns
    -------
    Rhythm

    Raises
    ------
    GeoInputError
        A missing or reversed time.

    Notes
    -----
    Weight 1 is spread evenly over the interval in real time, cut at whole hours UTC (the offsets
    of London are whole hours), each piece at the hour its clocks show: no weight falls in the hour
    that a Sunday of March leaves out, two hours' worth in the one that a Sunday of October has
    twice. Intervals of more than 72 hours and precision DAY or coarser are not spread.

    References
    ----------
    Ratcliffe and McCullagh (1998), International Journal of Geographical Information Science
    12(7), 751-764. Ratcliffe (2000), the same journal 14(7), 669-679.

    Examples
    --------
    >>> night = 1730592000  # Sunday 3 November 2024, 00:00
    >>> found = rhythm([night - 3600], [night + 3600])
    >>> found.hours[[143, 144]].tolist(), found.untimed
    ([0.5, 0.5], 0)
    """
    begin, end = intervals(from_utc, to_utc)
    known = timed(end - begin, precision)
    units = np.zeros(WEEK_H, dtype=object)
    for piece in _pieces(begin[known], end[known]):
        units += _added((piece.hour + THURSDAY_H) % WEEK_H, piece.units, WEEK_H)
    return Rhythm(_incidents(units), int((~known).sum()))


def hour_of_week(
    from_utc: ArrayLike, to_utc: ArrayLike, *, precision: ArrayLike | None = None
) -> Array:
    """Incidents by hour of the week in London; those without a time of day are left out.

    Parameters
    ----------
    from_utc, to_utc, precision
        As for `rhythm`, which counts those left out.

    Returns
    -------
    ndarray of float64, shape (168,)
        Hour 0 is Monday 00:00 to 01:00.

    Examples
    --------
    >>> hour_of_week([1711929600], [1711929600]).argmax()  # Monday 1 April 2024, 01:00 BST
    np.int64(1)
    """
    return rhythm(from_utc, to_utc, precision=precision).hours


def by_day_type(
    from_utc: ArrayLike,
    to_utc: ArrayLike,
    kind: ArrayLike,
    first_day: int,
    names: tuple[str, ...],
    *,
    precision: ArrayLike | None = None,
) -> DayTypes:
    """Incidents by hour on school days, holidays, weekends, or other types of day.

    Parameters
    ----------
    from_utc, to_utc, precision
        As for `rhythm`.
    kind : array_like of int, shape (days,)
        Type of each day of the period, as a place in `names`.
    first_day : int
        Of the period: days since 1970-01-01.
    names : tuple of str
        Types of day.

    Returns
    -------
    DayTypes

    Raises
    ------
    GeoInputError
        A type without a name, or as for `rhythm`.

    Examples
    --------
    >>> noon = 1730635200  # Sunday 3 November 2024, 12:00
    >>> found = by_day_type([noon], [noon], [1, 0], 20_030, ("SCHOOL_DAY", "WEEKEND"))
    >>> found.hours.sum(axis=1).tolist(), found.days.tolist()
    ([0.0, 1.0], [1, 1])
    """
    begin, end = intervals(from_utc, to_utc)
    types = np.asarray(kind)
    if types.ndim != 1 or types.dtype.kind not in "iub" or not _named(types, len(names)):
        raise GeoInputError("Each day of the period has the number of one of the types of day.")
    known = timed(end - begin, precision)
    units, outside = np.zeros(len(names) * DAY_H, dtype=object), 0
    for piece in _pieces(begin[known], end[known]):
        day = piece.hour // DAY_H - first_day
        inside = (day >= 0) & (day < len(types))
        at = types[day[inside]].astype(np.int64) * DAY_H + piece.hour[inside] % DAY_H
        units += _added(at, piece.units[inside], len(units))
        outside += int(piece.units[~inside].sum())
    return DayTypes(
        names=names,
        hours=_incidents(units).reshape(len(names), DAY_H),
        days=np.bincount(types.astype(np.int64), minlength=len(names)),
        untimed=int((~known).sum()),
        outside=outside / UNIT,
    )


def open_hours(open_grid: ArrayLike, first_day: int, end_day: int) -> float:
    """How many hours a place was open in a period, by its hours of the week.

    Parameters
    ----------
    open_grid : array_like of bool, shape (168,)
        As `week_grid`: hour 0 is Monday 00:00 to 01:00 in London.
    first_day, end_day : int
        The period, half-open: days since 1970-01-01.

    Returns
    -------
    float
        Hours of real time: an hour that clocks leave out is none, one that comes twice is two.

    Raises
    ------
    GeoInputError
        Not 168 hours, or a period that ends before it begins.

    Examples
    --------
    >>> open_hours([True] * 168, 19_813, 19_814)  # 31 March 2024
    23.0
    """
    from geo.rhythms.clock import from_local

    grid = np.asarray(open_grid, dtype=bool)
    if grid.shape != (WEEK_H,) or end_day < first_day:
        raise GeoInputError("Opening hours are 168 hours of the week, over a period of days.")
    begin, end = from_local(np.array([first_day, end_day]) * DAY_S).tolist()
    hour = np.arange(begin, end, HOUR_S)
    shown = (hour + offset_s(hour)) // HOUR_S
    return float(grid[(shown + THURSDAY_H) % WEEK_H].sum())


def _named(types: Array, names: int) -> bool:
    return not types.size or bool(types.min() >= 0 and types.max() < names)


def _added(at: Array, units: Array, size: int) -> Array:
    """Sums by place as integers of any size."""
    return np.bincount(at, weights=units, minlength=size).astype(np.int64).astype(object)


def _incidents(units: Array) -> Array:
    return np.array([n / UNIT for n in units.tolist()])


def _pieces(begin: Array, end: Array) -> Iterator[Pieces]:
    for at in range(0, len(begin), AT_ONCE):
        yield _cut(begin[at : at + AT_ONCE], end[at : at + AT_ONCE])


def _cut(begin: Array, end: Array) -> Pieces:
    """Each piece reaches from one share of its interval to the next: together exactly one."""
    first = begin // HOUR_S
    many = np.maximum(-(-end // HOUR_S) - first, 1)
    row = np.repeat(np.arange(len(begin)), many)
    hour = first[row] + np.arange(len(row)) - np.repeat(np.cumsum(many) - many, many)
    length = np.maximum(end - begin, 1)[row]
    ended = np.minimum((hour + 1) * HOUR_S - begin[row], length)
    begun = np.maximum(hour * HOUR_S - begin[row], 0)
    units = ended * UNIT // length - begun * UNIT // length
    return Pieces(hour + offset_s(hour * HOUR_S) // HOUR_S, units)
