"""P01 to P07 of the missing panel: what is in time, what is late, what is not known yet."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from app.core.clock import LONDON
from app.incidents import away
from app.incidents.away import Times

GONE = datetime(2026, 10, 24, 22, tzinfo=LONDON)  # the night before the clocks go back
BACK = GONE + timedelta(hours=10)
HOUR = timedelta(hours=1)
RETURNED = Times(GONE, BACK)


def test_hours_away_are_real_hours_across_the_change_of_the_clock():
    morning = datetime(2026, 10, 25, 8, tzinfo=LONDON)
    night = Times(GONE.astimezone(), morning.astimezone())

    assert away.hours_away(night, morning) == 11


def test_a_child_who_is_missing_is_away_until_now():
    assert away.hours_away(Times(GONE), GONE + 30 * HOUR) == 30


@pytest.mark.parametrize(("after", "in_time"), [(71, True), (72, True), (73, False)])
def test_an_interview_is_offered_within_72_hours_of_the_return(after, in_time):
    told = replace(RETURNED, offered_at=BACK + after * HOUR)

    assert away.offered_in_time(told) is in_time
    assert away.offer_is_late(told, BACK + 100 * HOUR) is not in_time


def test_an_offer_that_may_still_come_is_neither_in_time_nor_late():
    assert not away.offered_in_time(RETURNED)
    assert not away.offer_is_late(RETURNED, BACK + 72 * HOUR)
    assert away.offer_is_late(RETURNED, BACK + 73 * HOUR)
    assert not away.offer_is_late(Times(GONE), GONE + 1000 * HOUR), "who has not returned"


@pytest.mark.parametrize(
    ("held", "decided", "in_time"),
    [(None, 24, True), (None, 25, False), (20, 44, True), (20, 45, False), (20, 24, True)],
)
def test_a_manager_decides_within_24_hours_of_the_interview_or_else_the_return(
    held, decided, in_time
):
    held_at = None if held is None else BACK + held * HOUR
    told = replace(RETURNED, held_at=held_at, decided_at=BACK + decided * HOUR)

    assert away.decided_in_time(told) is in_time
    assert away.decision_is_late(told, BACK + 200 * HOUR) is not in_time


def test_a_location_is_captured_by_word_or_by_a_link():
    assert not away.location_captured(RETURNED)
    assert away.location_captured(replace(RETURNED, location_captured=True))
    assert away.location_captured(replace(RETURNED, linked_places=1))


def test_measures_are_of_those_who_returned():
    still = Times(GONE)
    long = replace(RETURNED, returned_at=GONE + 50 * HOUR, declined=True)
    met = replace(RETURNED, offered_at=BACK + HOUR, held_at=BACK + 2 * HOUR,
                  decided_at=BACK + 3 * HOUR, location_captured=True)  # fmt: skip

    found = away.measured([still, long, met])

    assert (found.returned, found.median_hours, found.longest_hours) == (2, 30, 50)
    assert (found.offered, found.held, found.declined) == (1, 1, 1)
    assert (found.decided, found.captured) == (1, 1)


def test_nobody_returned_has_no_hours():
    found = away.measured([])

    assert (found.returned, found.median_hours, found.longest_hours) == (0, None, None)


def test_home_and_place_are_compared_where_both_are_known():
    assert away.out_of_borough("K", "R") is True
    assert away.out_of_borough("K", "K") is False
    assert away.out_of_borough(None, "K") is None
