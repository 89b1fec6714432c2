"""Tonight: from three in the afternoon to two in the morning, its hours, its light. Pure."""

from collections.abc import Collection, Mapping
from datetime import date, datetime, time, timedelta

import numpy as np

from app.core.clock import LONDON
from app.places import weeks
from geo.rhythms.sun import elevation_deg

FIRST_HOUR, HOURS_LONG = 15, 11
RISES_DEG = -0.833  # the upper edge of the sun at the horizon, bent by the air
CENTRE_LON_DEG, CENTRE_LAT_DEG = -0.31, 51.43  # between the two boroughs


def mask(day: date) -> tuple[int, ...]:
    """The 11 hours of the week from 15:00 of a day, in order; Sunday's end is Monday's morning.

    >>> mask(date(2026, 11, 29))[:2], mask(date(2026, 11, 29))[-2:]
    ((159, 160), (0, 1))
    """
    first = 24 * day.weekday() + FIRST_HOUR
    return tuple((first + n) % weeks.HOURS for n in range(HOURS_LONG))


def due(grid: str | None, day: date) -> frozenset[int]:
    """Hours of concern that are tonight's (B02: whether there are any)."""
    return weeks.hours(grid) & frozenset(mask(day))


def gaps(grid: str | None, guarded: Collection[int], day: date) -> frozenset[int]:
    """Of those, the hours in which nobody is there (B03)."""
    return due(grid, day) - frozenset(guarded)


def words(hours: Collection[int], day: date) -> str:
    """Tonight's hours as people on a shift write them.

    >>> words({114, 115, 116, 118, 119, 120, 121}, date(2026, 11, 27))
    '18-21, 22-02'
    """
    order = mask(day)
    said: list[str] = []
    begin: int | None = None
    for n in range(HOURS_LONG + 1):
        here = n < HOURS_LONG and order[n] in hours
        if here and begin is None:
            begin = n
        if not here and begin is not None:
            said.append(f"{_hour(begin)}-{_hour(n)}")
            begin = None
    return ", ".join(said)


def _hour(n: int) -> str:
    return f"{(FIRST_HOUR + n) % 24:02d}"


def sunset(day: date) -> time:
    """To the minute, in London time: the last in which the sun is seen.

    >>> sunset(date(2026, 12, 21)), sunset(date(2026, 6, 21))
    (datetime.time(15, 53), datetime.time(21, 21))
    """
    noon = datetime.combine(day, time(12), LONDON)
    seconds = int(noon.timestamp()) + 60 * np.arange(12 * 60)
    up = elevation_deg(seconds, CENTRE_LON_DEG, CENTRE_LAT_DEG) > RISES_DEG
    last = int(np.flatnonzero(up)[-1])
    return (noon + timedelta(minutes=last)).time()


def school_day(day: date, terms: Collection[tuple[date, date]], *, is_working: bool) -> bool:
    """A working day within a term; terms hold their first and last days."""
    return is_working and any(first <= day <= last for first, last in terms)


def school_words(open_in: Mapping[str, bool]) -> str:
    """Of each borough.

    >>> school_words({"Kingston": True, "Richmond": True}), school_words({"A": True, "B": False})
    ('School day.', 'School day in A; school holiday in B.')
    """
    if len(set(open_in.values())) == 1:
        return "School day." if any(open_in.values()) else "School holiday."
    told = (f"{'school day' if is_open else 'school holiday'} in {name}"
            for name, is_open in open_in.items())  # fmt: skip
    said = "; ".join(told)
    return f"{said[0].upper()}{said[1:]}."
