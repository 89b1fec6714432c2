"""What happened after dark, how often, and whether more often than the hours alone explain."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from geo.errors import GeoInputError
from geo.rhythms.clock import DAY_S, Array, from_local, intervals, local_s, timed
from geo.rhythms.sun import elevation_deg
from geo.significance import monte_carlo_p, stream, wilson

DARK_DEG = -6.0  # the end of civil twilight
SLICE_S = 300
LONGEST_S = DAY_S
DARK, LIGHT, NOT_KNOWN = 1, 0, -1
AT_ONCE = 200_000  # slices, or dates times incidents
ALPHA = 0.05


@dataclass(frozen=True, slots=True)
class DarkShare:
    """`k` of `n` after dark, with a 95% Wilson interval; `unknown` have no time or place."""

    k: int
    n: int
    unknown: int
    low: float
    high: float

    @property
    def share(self) -> float | None:
        return self.k / self.n if self.n else None


@dataclass(frozen=True, slots=True)
class Darker:
    """`k` of `n` after dark where the same clock times on other dates give `expected`."""

    status: Literal["ok", "not enough data"]
    reason: str
    k: int
    n: int
    expected: float
    p: float

    @property
    def words(self) -> str:
        """A sentence only where chance is an unlikely reason."""
        found = self.status == "ok" and self.p <= ALPHA
        return "Darker than its hours explain." if found else ""


def dark_fraction(
    from_utc: ArrayLike, to_utc: ArrayLike, lon_deg: ArrayLike, lat_deg: ArrayLike
) -> Array:
    """How much of each interval lay after dark: the sun more than 6 degrees below the horizon.

    Parameters
    ----------
    from_utc, to_utc : array_like of int, shape (n,)
        Seconds UTC; equal for an instant.
    lon_deg, lat_deg : array_like of float, shape (n,) or one of each
        Degrees.

    Returns
    -------
    ndarray of float64, shape (n,)
        0 to 1: the share of dark midpoints among ceil(length / 5 min) equal slices.

    Raises
    ------
    GeoInputError
        A missing time or coordinate, a reversed interval, metres for degrees.

    Examples
    --------
    >>> midnight = 1781996400  # 21 June 2026, 00:00 in London
    >>> dark_fraction([midnight], [midnight + 5 * 3600], -0.30, 51.41).round(1).tolist()
    [0.8]
    """
    begin, end = intervals(from_utc, to_utc)
    lon, lat = _of_each(begin, lon_deg), _of_each(begin, lat_deg)
    found = np.empty(len(begin))
    slices = np.maximum(-(-(end - begin) // SLICE_S), 1)
    for rows in _batches(slices):
        row = np.repeat(rows, slices[rows])
        nth = np.arange(len(row)) - np.repeat(np.cumsum(slices[rows]) - slices[rows], slices[rows])
        middle = begin[row] + (end - begin)[row] * (2 * nth + 1) // (2 * slices[row])
        dark = elevation_deg(middle, lon[row], lat[row]) < DARK_DEG
        found[rows] = np.bincount(row - rows[0], weights=dark) / slices[rows]
    return found


def after_dark(
    from_utc: ArrayLike,
    to_utc: ArrayLike,
    lon_deg: ArrayLike,
    lat_deg: ArrayLike,
    *,
    precision: ArrayLike | None = None,
) -> Array:
    """Whether each incident took place after dark; never guessed.

    Parameters
    ----------
    from_utc, to_utc : array_like of int, shape (n,)
    lon_deg, lat_deg : array_like of float, shape (n,) or one of each
        Degrees; NaN where an incident has no place.
    precision : array_like of str, shape (n,), optional
        EXACT, HOUR, DAY, WEEK or MONTH.

    Returns
    -------
    ndarray of int8, shape (n,)
        1 (DARK): at least half of the interval was dark. 0 (LIGHT): less. -1 (NOT_KNOWN): time
        not known, because the precision is DAY or coarser or the interval longer than 24 hours, or
        no location.

    Raises
    ------
    GeoInputError
        A missing time, a reversed interval, metres for degrees.

    Examples
    --------
    >>> night = 1797892200  # 21 December 2026, 22:30
    >>> after_dark([night, night], [night, night], -0.30, 51.41, precision=["HOUR", "DAY"]).tolist()
    [1, -1]
    """
    begin, end = intervals(from_utc, to_utc)
    lon, lat = _of_each(begin, lon_deg), _of_each(begin, lat_deg)
    known = _known(begin, end, lon, lat, precision)
    found = np.full(len(begin), NOT_KNOWN, dtype=np.int8)
    fraction = dark_fraction(begin[known], end[known], lon[known], lat[known])
    found[known] = np.where(fraction >= 0.5, DARK, LIGHT)
    return found


def dark_share(found: ArrayLike) -> DarkShare:
    """Share after dark among those whose time is known.

    Parameters
    ----------
    found : array_like of int, shape (n,)
        From `after_dark`.

    Returns
    -------
    DarkShare

    Examples
    --------
    >>> share = dark_share([1, 1, 0, -1])
    >>> share.k, share.n, share.unknown, round(share.low, 2), round(share.high, 2)
    (2, 3, 1, 0.21, 0.94)
    """
    dark = np.asarray(found)
    k, n = int((dark == DARK).sum()), int((dark >= 0).sum())
    low, high = wilson(k, n)
    return DarkShare(k, n, int(dark.size) - n, low, high)


def darker_than_hours(  # noqa: PLR0913 - where and when, the window, and the rest by name
    from_utc: ArrayLike,
    to_utc: ArrayLike,
    lon_deg: ArrayLike,
    lat_deg: ArrayLike,
    window: tuple[int, int],
    *,
    key: str,
    precision: ArrayLike | None = None,
    replicates: int = 999,
) -> Darker:
    """Late and dark go together: whether a place is darker than its hours alone would make it.

    Parameters
    ----------
    from_utc, to_utc, lon_deg, lat_deg, precision
        As for `after_dark`.
    window : (int, int)
        Days since 1970-01-01 from which dates are drawn, half-open: the period of the study.
    key : str
        Of the random numbers, see `geo.significance.stream`.
    replicates : int

    Returns
    -------
    Darker
        p: how often incidents at the same clock times on random dates of the window are as often
        after dark.

    Raises
    ------
    GeoInputError
        A window without a day, or as for `after_dark`.

    Examples
    --------
    >>> evening = 1797872400 + 86400 * np.arange(9)  # 17:00 from 21 December 2026
    >>> found = darker_than_hours(evening, evening, -0.30, 51.41, (20_454, 20_819), key="k")
    >>> found.k, round(found.expected, 1), found.words
    (9, 1.7, 'Darker than its hours explain.')
    """
    first, stop = window
    if stop <= first or replicates < 1:
        raise GeoInputError("Dates are drawn from a window of at least one day.")
    begin, end = intervals(from_utc, to_utc)
    lon, lat = _of_each(begin, lon_deg), _of_each(begin, lat_deg)
    known = _known(begin, end, lon, lat, precision)
    n = int(known.sum())
    if n == 0:
        return Darker("not enough data", "No incident has a known time and place.", 0, 0, 0.0, 1.0)
    kinds, which = np.unique(
        np.column_stack([local_s(begin) % DAY_S, end - begin, lon, lat])[known],
        axis=0,
        return_inverse=True,
    )
    which = np.sort(which.ravel())  # draws do not hang on the order of rows
    k = int((dark_fraction(begin[known], end[known], lon[known], lat[known]) >= 0.5).sum())
    dark = _on_each_date(kinds, first, stop)
    drawn = [
        int(dark[which, stream(key, "after dark", rep).integers(0, stop - first, n)].sum())
        for rep in range(replicates)
    ]
    expected = float(dark.mean(axis=1)[which].sum())
    return Darker("ok", "", k, n, expected, monte_carlo_p(k, drawn))


def _on_each_date(kinds: Array, first: int, stop: int) -> Array:
    """Would an incident of this clock time, length and place be after dark: kinds by days."""
    days = np.arange(first, stop)
    dark = np.empty((len(kinds), len(days)), dtype=bool)
    for i, (clock, length, lon, lat) in enumerate(kinds):
        begin = from_local(days * DAY_S + int(clock))
        dark[i] = dark_fraction(begin, begin + int(length), lon, lat) >= 0.5
    return dark


def _known(begin: Array, end: Array, lon: Array, lat: Array, precision: ArrayLike | None) -> Array:
    found: Array = timed(end - begin, precision, LONGEST_S) & np.isfinite(lon) & np.isfinite(lat)
    return found


def _of_each(begin: Array, degrees: ArrayLike) -> Array:
    given = np.asarray(degrees, dtype=np.float64)
    if given.ndim and given.shape != begin.shape:
        raise GeoInputError("Each incident needs a longitude and a latitude.")
    return np.broadcast_to(given, begin.shape)


def _batches(slices: Array) -> list[Array]:
    """Rows in order, in parts of about so many slices."""
    if not len(slices):
        return []
    part = (np.cumsum(slices) - slices) // AT_ONCE
    return np.split(np.arange(len(slices)), np.flatnonzero(np.diff(part)) + 1)
