"""Hours of the week in words: "Fridays 15:00 to 18:00"."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike

from geo.errors import GeoInputError
from geo.rhythms.aoristic import DAY_H, WEEK_H
from geo.rhythms.clock import Array

DAYS = ("Mondays", "Tuesdays", "Wednesdays", "Thursdays", "Fridays", "Saturdays", "Sundays")


def in_words(chosen: ArrayLike) -> tuple[str, ...]:
    """Say which hours of the week are meant, days with the same hours together.

    Parameters
    ----------
    chosen : array_like of bool, shape (168,)
        Hour 0 is Monday 00:00 to 01:00.

    Returns
    -------
    tuple of str
        In the order of the week. A night belongs to the day on which it begins.

    Raises
    ------
    GeoInputError
        Not 168 hours.

    Examples
    --------
    >>> week = np.zeros((7, 24), bool)
    >>> week[:5, 15:18] = week[5, 21:] = week[6, :3] = True
    >>> in_words(week.ravel())
    ('Mondays to Fridays 15:00 to 18:00', 'Saturdays 21:00 to 03:00')
    """
    hours = np.asarray(chosen, dtype=bool)
    if hours.shape != (WEEK_H,):
        raise GeoInputError("A week has 168 hours.")
    if hours.all():
        return ("Every day, all day",)
    by_span: dict[tuple[int, int], list[int]] = {}
    for begin, length in _runs(hours):
        by_span.setdefault((begin % DAY_H, length), []).append(begin // DAY_H)
    return tuple(f"{_days(days)} {_span(*span)}" for span, days in by_span.items())


def _runs(hours: Array) -> list[tuple[int, int]]:
    """(first hour, length) of unbroken hours, the week closed to a ring; long ones day by day."""
    found = []
    for begin in np.flatnonzero(hours & ~np.roll(hours, 1)).tolist():
        length = int(np.argmin(np.roll(hours, -begin)))
        end = begin + length
        cuts = [] if length < DAY_H else range((begin // DAY_H + 1) * DAY_H, end, DAY_H)
        edges = [begin, *cuts, end]
        found += [(a % WEEK_H, b - a) for a, b in pairwise(edges)]
    return sorted(found)


def _days(days: Sequence[int]) -> str:
    if len(days) == 7:
        return "Every day"
    if len(days) > 2 and list(days) == list(range(days[0], days[-1] + 1)):
        return f"{DAYS[days[0]]} to {DAYS[days[-1]]}"
    names = [DAYS[day] for day in days]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _span(begin: int, length: int) -> str:
    if length == DAY_H:
        return "all day"
    end = begin + length
    return f"{begin:02d}:00 to {end if end == DAY_H else end % DAY_H:02d}:00"
