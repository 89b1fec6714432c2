"""Weekends and bank holidays of England."""

from datetime import UTC, date, datetime, timedelta

import pytest

from app.core.clock import LONDON
from app.core.working_days import after, bank_holidays, between, due_at, due_on, is_working_day


def test_monday_to_friday_without_bank_holidays():
    week = [date(2026, 11, 23) + timedelta(days=n) for n in range(7)]

    assert [is_working_day(day) for day in week] == [True] * 5 + [False] * 2
    assert not is_working_day(date(2026, 12, 25))
    assert not is_working_day(date(2026, 12, 28))
    assert is_working_day(date(2026, 12, 29))


@pytest.mark.parametrize("year", [2025, 2026, 2027, 2028])
def test_each_year_has_its_eight_and_none_is_on_a_weekend(year):
    days = [day for day in bank_holidays() if day.year == year]

    assert len(days) == 8
    assert all(day.weekday() < 5 for day in days)


@pytest.mark.parametrize(
    ("received", "due"),
    [
        (datetime(2026, 11, 26, 10, tzinfo=UTC), date(2026, 11, 27)),  # Thursday
        (datetime(2026, 11, 27, 10, tzinfo=UTC), date(2026, 11, 30)),  # Friday
        (datetime(2026, 11, 28, 10, tzinfo=UTC), date(2026, 11, 30)),  # Saturday
        (datetime(2026, 12, 24, 23, tzinfo=UTC), date(2026, 12, 29)),  # before Christmas
        (datetime(2026, 6, 30, 23, 30, tzinfo=UTC), date(2026, 7, 2)),  # already July in London
    ],
)
def test_one_working_day_later(received, due):
    assert due_on(received) == due


def test_due_is_the_end_of_the_day_in_london():
    received = datetime(2026, 3, 27, 10, tzinfo=UTC)  # the Friday before summer time

    assert due_at(received) == datetime(2026, 3, 31, tzinfo=LONDON)


def test_days_between_and_after_agree():
    start = date(2026, 12, 20)

    assert [between(start, after(start, n)) for n in range(1, 15)] == list(range(1, 15))
    assert between(start, start) == 0
    assert between(start, start - timedelta(days=5)) == 0
