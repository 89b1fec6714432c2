"""Tonight's hours, sunset, school days and working hours of a daily briefing."""

from datetime import date, datetime, time, timedelta

import pytest

from app.core.clock import LONDON
from app.packs import tonight
from app.packs.daily_new import working_hours
from app.places import weeks

FRIDAY = date(2026, 11, 27)


def test_tonight_is_eleven_hours_of_the_week_and_wraps_to_monday():
    for n in range(7):
        day = FRIDAY + timedelta(days=n)
        begin = datetime.combine(day, time(15))
        clock = [begin + timedelta(hours=h) for h in range(11)]
        assert tonight.mask(day) == tuple(24 * one.weekday() + one.hour for one in clock)


def test_a_place_is_due_when_one_of_its_hours_is_tonights():
    friday_late = weeks.bits({4 * 24 + 23})
    saturday_at_two = weeks.bits({5 * 24 + 2})

    assert tonight.due(friday_late, FRIDAY) == {4 * 24 + 23}
    assert tonight.due(saturday_at_two, FRIDAY) == set()
    assert tonight.due(None, FRIDAY) == set()


def test_a_gap_is_an_hour_of_concern_in_which_nobody_is_there():
    grid = weeks.bits(range(4 * 24 + 18, 4 * 24 + 22))

    assert tonight.gaps(grid, {4 * 24 + 18, 4 * 24 + 19}, FRIDAY) == {4 * 24 + 20, 4 * 24 + 21}


@pytest.mark.parametrize(
    ("day", "at"),
    [  # printed tables for London, to the minute
        (date(2026, 3, 20), time(18, 14)),
        (date(2026, 6, 21), time(21, 21)),
        (date(2026, 9, 23), time(18, 57)),
        (date(2026, 12, 21), time(15, 53)),
    ],
)
def test_sunset_is_that_of_the_almanac_within_two_minutes(day, at):
    found = datetime.combine(day, tonight.sunset(day))

    assert abs(found - datetime.combine(day, at)) <= timedelta(minutes=2)


def test_a_school_day_is_a_working_day_in_a_term():
    terms = [(date(2026, 11, 2), date(2026, 12, 18))]

    assert tonight.school_day(FRIDAY, terms, is_working=True)
    assert not tonight.school_day(FRIDAY, terms, is_working=False)
    assert not tonight.school_day(date(2026, 12, 21), terms, is_working=True)


@pytest.mark.parametrize(
    ("since", "until", "hours"),
    [
        ("2026-11-26 16:00", "2026-11-27 10:00", 2),
        ("2026-11-27 16:30", "2026-11-30 09:30", 1),  # over a weekend
        ("2026-11-28 12:00", "2026-11-29 12:00", 0),
        ("2026-12-24 16:00", "2026-12-29 10:00", 2),  # Christmas
        ("2026-11-27 20:00", "2026-11-27 22:00", 0),
    ],
)
def test_a_report_waits_in_working_hours(since, until, hours):
    begin, end = (datetime.fromisoformat(one).replace(tzinfo=LONDON) for one in (since, until))

    assert working_hours(begin, end) == hours
