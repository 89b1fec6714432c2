"""Two periods of the map beside each other: the same filters, places and clusters that changed."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import NamedTuple

from sqlalchemy.orm import Session

from app.maps import queries
from app.maps.months import moved
from app.maps.queries import Row
from app.maps.rules import FIRST_DAY, Filters

NEITHER = "no"


class Line(NamedTuple):
    """A place with incidents in one of the periods, or both; reports for who may count them."""

    row: Row
    before: int
    after: int
    reports: tuple[int, int] | None = None

    @property
    def change(self) -> str:
        """In words: a colour or an arrow would say what is good."""
        if self.before == self.after == 0:
            return "None in either"
        if self.before == 0:
            return "None before"
        if self.after == 0:
            return "None now"
        if self.before == self.after:
            return "As many"
        return (
            f"{abs(self.after - self.before):,} {'more' if self.after > self.before else 'fewer'}"
        )


class Pattern(NamedTuple):
    row: Row
    change: str


class Changes(NamedTuple):
    before: Filters
    after: Filters
    lines: Sequence[Line]
    patterns: Sequence[Pattern]

    @property
    def with_reports(self) -> bool:
        return any(line.reports is not None for line in self.lines)

    @property
    def sentence(self) -> str:
        """What the table holds, in one sentence."""
        was, now = sum(line.before for line in self.lines), sum(line.after for line in self.lines)
        counted = [
            (sum(line.before == 0 < line.after for line in self.lines), "with none before"),
            (sum(0 < line.before < line.after for line in self.lines), "with more"),
            (sum(line.before > line.after > 0 for line in self.lines), "with fewer"),
            (sum(line.before > 0 == line.after for line in self.lines), "with none now"),
        ]
        parts = ", ".join(f"{n:,} {words}" for n, words in counted if n)
        n = sum(bool(line.before or line.after) for line in self.lines)
        many = f"{n:,} place{'' if n == 1 else 's'}"
        told = f"{many} with incidents{': ' if parts else ''}{parts}."
        return f"{told} {was:,} incidents before, {now:,} now."


def earlier(filters: Filters, how: str) -> Filters | None:
    """The period that is compared with; None where the filters have no first and last day."""
    first, past = filters.from_on, filters.to_on
    if first is None or past is None:
        return None
    if how == "year":
        begin, end = _year_before(first), _year_before(past)
    elif first.day == past.day == 1:
        months = (past.year - first.year) * 12 + past.month - first.month
        begin, end = moved(first, -months), first
    else:
        begin, end = first - (past - first), first
    if begin < FIRST_DAY:
        return None
    return replace(filters, period="own", from_on=begin, to_on=end, compare=NEITHER)


def changes(
    session: Session,
    periods: tuple[Filters, Filters],
    partners: list[str],
    *,
    patterns: bool,
    reports: bool,
) -> Changes:
    """By the very rows of the map; the largest change first."""
    rows = [
        {row.id: row for row in queries.places(session, filters, partners)} for filters in periods
    ]
    found = []
    if patterns:
        kept = [queries.clusters(session, filters, partners) for filters in periods]
        found = list(_patterns(*kept))
    return Changes(*periods, _lines(*rows, reports=reports), found)


def _lines(was: dict[str, Row], now: dict[str, Row], *, reports: bool) -> list[Line]:
    lines = [
        _line(was.get(key), now.get(key), counted=reports)
        for key in sorted(was.keys() | now.keys())
    ]
    lines = [line for line in lines if line.before or line.after or any(line.reports or ())]
    return sorted(lines, key=lambda line: (-abs(line.after - line.before), line.row.name))


def _line(was: Row | None, now: Row | None, *, counted: bool) -> Line:
    row = now or was
    if row is None:
        raise AssertionError("a place is in one of the periods")
    reports = None
    if counted:
        reports = (was and was.n_reports) or 0, (now and now.n_reports) or 0
    return Line(row, was.n if was else 0, now.n if now else 0, reports)


def _patterns(was: Sequence[Row], now: Sequence[Row]) -> Iterator[Pattern]:
    """A cluster belongs to each period in which it has an incident."""
    known, still = {row.id for row in was}, {row.id for row in now}
    for row in now:
        yield Pattern(row, "In both periods" if row.id in known else "New in this period")
    for row in was:
        if row.id not in still:
            yield Pattern(row, "Only in the period before")


def window_in_words(filters: Filters) -> str:
    """First and last day."""
    if filters.from_on is None or filters.to_on is None:
        return "All dates"
    last = filters.to_on - timedelta(days=1)
    return f"{filters.from_on:%-d %B %Y} to {last:%-d %B %Y}"


def _year_before(day: date) -> date:
    """The same day; of 29 February the 28th.

    >>> _year_before(date(2028, 2, 29))
    datetime.date(2027, 2, 28)
    """
    last = 28 if (day.month, day.day) == (2, 29) else day.day
    return date(day.year - 1, day.month, last)
