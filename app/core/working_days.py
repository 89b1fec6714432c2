"""Working days: Monday to Friday in London, without the bank holidays of England."""

import csv
from datetime import date, datetime, time, timedelta
from functools import cache
from pathlib import Path

from app.core.clock import LONDON, london

HOLIDAYS = Path(__file__).resolve().parents[2] / "data" / "lookups" / "bank_holidays.csv"


@cache
def bank_holidays() -> frozenset[date]:
    """As data/lookups/bank_holidays.csv lists them; later years have weekends only."""
    with HOLIDAYS.open(newline="", encoding="utf-8") as lines:
        return frozenset(date.fromisoformat(row["day"]) for row in csv.DictReader(lines))


def is_working_day(day: date) -> bool:
    return day.weekday() < 5 and day not in bank_holidays()


def after(day: date, working_days: int) -> date:
    """So many working days later; what comes on a weekend counts from the Monday before it begins.

    >>> after(date(2026, 12, 24), 1)
    datetime.date(2026, 12, 29)
    """
    for _ in range(working_days):
        day += timedelta(days=1)
        while not is_working_day(day):
            day += timedelta(days=1)
    return day


def before(day: date, working_days: int) -> date:
    """The last working day from which it is so many working days to a day.

    >>> before(date(2026, 12, 29), 1)
    datetime.date(2026, 12, 24)
    """
    found = day
    while not (is_working_day(found) and between(found, day) >= working_days):
        found -= timedelta(days=1)
    return found


def between(earlier: date, later: date) -> int:
    """Working days after the one and up to the other; 0 when `later` is not later."""
    span = range(1, (later - earlier).days + 1)
    return sum(is_working_day(earlier + timedelta(days=n)) for n in span)


def due_on(received: datetime, *, working_days: int = 1) -> date:
    """The London day by whose end something is to be done."""
    return after(london(received).date(), working_days)


def due_at(received: datetime, *, working_days: int = 1) -> datetime:
    """The end of that day: what is due on Thursday is late when Friday begins."""
    day = due_on(received, working_days=working_days) + timedelta(days=1)
    return datetime.combine(day, time.min, LONDON)
