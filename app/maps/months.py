"""The months one steps through on the map: stops of the slider, and links without a script."""

from dataclasses import replace
from datetime import date, timedelta
from typing import NamedTuple

from app.maps.choices import own_dates
from app.maps.lists import PERIODS
from app.maps.rules import Filters

USUAL, MOST = 24, 60  # months, where the period has no end, and of the longest one


class Stop(NamedTuple):
    """What the map shows there, in words, and the filters of it."""

    label: str
    query: str


class Months(NamedTuple):
    """The whole period first, then its months; `at` is what is shown now."""

    stops: list[Stop]
    at: int

    @property
    def shown(self) -> Stop:
        return self.stops[self.at]

    @property
    def before(self) -> Stop | None:
        """The month before; from the whole period its last."""
        if self.at == 0:
            return self.stops[-1]
        return self.stops[self.at - 1] if self.at > 1 else None

    @property
    def after(self) -> Stop | None:
        return self.stops[self.at + 1] if 0 < self.at < len(self.stops) - 1 else None


def months(filters: Filters, today: date) -> Months:
    """Those of the period, at most the last 60; of an open period two years.

    When one month is shown already, the two years that end today, or with that month.
    """
    chosen = one_month(filters)
    whole = filters
    if chosen is not None:
        whole = replace(filters, period="all", from_on=None, to_on=None)
    firsts = _firsts(whole, chosen, today)
    stops = [Stop(_whole(whole), whole.query()), *(_stop(filters, first) for first in firsts)]
    return Months(stops, firsts.index(chosen) + 1 if chosen else 0)


def one_month(filters: Filters) -> date | None:
    """Its first day, when own dates are one calendar month."""
    first, past = filters.from_on, filters.to_on
    if filters.period != "own" or first is None or past is None:
        return None
    return first if first.day == 1 and past == moved(first, 1) else None


def moved(first: date, by: int) -> date:
    """First day of a month so many months later.

    >>> moved(date(2026, 1, 1), -2)
    datetime.date(2025, 11, 1)
    """
    n = first.year * 12 + first.month - 1 + by
    return date(n // 12, n % 12 + 1, 1)


def _firsts(whole: Filters, chosen: date | None, today: date) -> list[date]:
    """First days of the months to step through."""
    last_day = min(whole.to_on - timedelta(days=1), today) if whole.to_on else today
    last = last_day.replace(day=1)
    if chosen is not None and (chosen > last or chosen < moved(last, 1 - USUAL)):
        last = chosen
    first = moved(last, 1 - USUAL)
    if whole.from_on is not None:
        first = max(min(whole.from_on.replace(day=1), last), moved(last, 1 - MOST))
    count = (last.year - first.year) * 12 + last.month - first.month + 1
    return [moved(first, n) for n in range(count)]


def _stop(filters: Filters, first: date) -> Stop:
    last = moved(first, 1) - timedelta(days=1)
    dates = {"from": first.isoformat(), "to": last.isoformat()}
    return Stop(f"{first:%B %Y}", filters.query(period="own", **dates))


def _whole(filters: Filters) -> str:
    words = own_dates(filters)
    return words[:1].upper() + words[1:] if filters.period == "own" else PERIODS[filters.period]
