"""Windows of packs: no gap and no overlap over a year, through both clock changes."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise

import pytest

from app.core import working_days
from app.core.clock import LONDON
from app.core.errors import InvalidError
from app.packs import rules
from app.packs.rules import Kind

LATE = datetime(2031, 1, 1, tzinfo=UTC)


def days_of(year):
    first = date(year, 1, 1)
    return [first + timedelta(days=n) for n in range((date(year + 1, 1, 1) - first).days)]


def chained(kind, periods):
    found, ended = [], None
    for period in periods:
        found.append(rules.window(kind, period, ended, LATE))
        ended = found[-1].end_at
    return found


def in_a_year(kind, year):
    if kind is Kind.MARVE:
        return [f"{year}-{month:02d}" for month in range(1, 13)]
    if kind is Kind.MISSING:
        return [day.isoformat() for day in days_of(year) if day.weekday() == 2][::2]
    return [day.isoformat() for day in days_of(year) if working_days.is_working_day(day)]


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("year", [2025, 2026])
def test_windows_of_a_year_leave_no_gap_and_never_overlap(kind, year):
    windows = chained(kind, in_a_year(kind, year))

    assert len(windows) >= 12
    assert all(one.start_at < one.end_at for one in windows)
    assert all(a.end_at.astimezone(UTC) == b.start_at.astimezone(UTC) for a, b in pairwise(windows))


@pytest.mark.parametrize(
    ("period", "hours"),
    [
        ("2026-11-24", 24),  # a Tuesday
        ("2026-11-23", 72),  # a Monday
        ("2026-04-07", 120),  # after Easter: Good Friday and Easter Monday are none
        ("2026-03-30", 71),  # clocks went forward on the Sunday
        ("2026-10-26", 73),  # and back
    ],
)
def test_a_daily_briefing_covers_what_came_since_the_working_day_before(period, hours):
    window = rules.window(Kind.DAILY, period, None, LATE)

    assert window.end_at.astimezone(LONDON).time() == time(7, 30)
    assert window.end_at.astimezone(UTC) - window.start_at.astimezone(UTC) == timedelta(hours=hours)


def test_a_day_without_a_frozen_briefing_is_covered_by_the_next():
    ended = rules.built_at(date(2026, 11, 17))

    assert rules.window(Kind.DAILY, "2026-11-20", ended, LATE).start_at == ended


def test_a_marve_pack_of_the_month_that_runs_ends_with_yesterday():
    now = datetime(2026, 10, 14, 9, tzinfo=LONDON)

    window = rules.window(Kind.MARVE, "2026-10", None, now)

    assert (window.start_at, window.end_at) == (
        rules.midnight(date(2026, 10, 1)),
        rules.midnight(date(2026, 10, 14)),
    )


@pytest.mark.parametrize(
    ("kind", "period"),
    [
        (Kind.MARVE, "2026-13"),
        (Kind.MARVE, "2026-11-01"),
        (Kind.MISSING, "soon"),
        (Kind.DAILY, "2026-11-22"),  # a Sunday
        (Kind.DAILY, "2026-12-25"),
    ],
)
def test_a_period_that_is_none_is_told(kind, period):
    with pytest.raises(InvalidError) as refused:
        rules.window(kind, period, None, LATE)

    assert refused.value.fields == {"period": rules.PERIODS[kind]}


def test_nothing_is_built_before_its_window_is_over():
    now = datetime(2026, 11, 23, 7, 29, tzinfo=LONDON)

    with pytest.raises(InvalidError, match="23 November 2026, 07:30"):
        rules.window(Kind.DAILY, "2026-11-23", None, now)


def test_lines_are_added_until_nine():
    nine = datetime(2026, 11, 23, 9, tzinfo=LONDON)

    assert rules.lines_open(Kind.DAILY, "2026-11-23", nine - timedelta(minutes=1))
    assert not rules.lines_open(Kind.DAILY, "2026-11-23", nine)
    assert rules.lines_open(Kind.MARVE, "2026-10", nine)
