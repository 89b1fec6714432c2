"""Rules of sign-in that need no database."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.accounts.rules import (
    FAILURES,
    WINDOW,
    State,
    emergency_hours,
    emergency_reason,
    end_problem,
    folded,
    lifetime,
    must_wait,
    own_path,
    source_of,
    state_after_setup,
)

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


def ago(*seconds):
    return [NOON - timedelta(seconds=s) for s in seconds]


def test_nine_failures_need_no_waiting_and_ten_do():
    assert not must_wait(ago(*range(9)), NOON)
    assert must_wait(ago(*range(10)), NOON)


def test_the_waiting_ends_five_minutes_after_the_tenth():
    assert must_wait(ago(*range(299, 309)), NOON)
    assert not must_wait(ago(*range(300, 310)), NOON)


def test_ten_failures_over_more_than_five_minutes_need_no_waiting():
    assert not must_wait(ago(0, 10, 20, 30, 40, 50, 60, 70, 80, 301), NOON)


@given(st.lists(st.integers(1, 200), min_size=30, max_size=60))
def test_whatever_the_pace_no_five_minutes_hold_more_than_ten_guesses(pauses_s):
    tried, now = [], NOON
    for pause_s in pauses_s:
        now += timedelta(seconds=pause_s)
        if not must_wait(tried, now):
            tried.append(now)

    for first in tried:
        assert sum(first <= at <= first + WINDOW for at in tried) <= FAILURES


@pytest.mark.parametrize(
    "path", ["/places", "/places?q=a%20b&kind=PARK", "/clusters/CB-7K2-Q4MT", "/", "/map#x"]
)
def test_pages_of_ours_are_gone_back_to(path):
    assert own_path(path) == path


@pytest.mark.asvs("1.2.2", "3.7.2")
@pytest.mark.parametrize(
    "path",
    [
        None,
        "",
        "places",
        "//elsewhere.example",
        "/\\elsewhere.example",
        "https://elsewhere.example",
        "javascript:alert(1)",
        "/a b",
        "/a\r\nSet-Cookie: x",
        "/sign-in",
        "/sign-out",
        "/account/confirm?next=/",
        "/" + "a" * 300,
    ],
)
def test_everything_else_leads_to_the_start(path):
    assert own_path(path) == "/"


@pytest.mark.asvs("4.1.3")
@pytest.mark.parametrize(
    ("peer", "forwarded", "trusted", "found"),
    [
        ("203.0.113.9", "", [], "203.0.113.9"),
        ("203.0.113.9", "198.51.100.7", [], "203.0.113.9"),
        ("10.0.0.1", "198.51.100.7", ["10.0.0.1"], "198.51.100.7"),
        ("10.0.0.1", "6.6.6.6, 198.51.100.7", ["10.0.0.1"], "198.51.100.7"),
        ("10.0.0.1", "198.51.100.7, 10.0.0.2", ["10.0.0.1", "10.0.0.2"], "198.51.100.7"),
        ("10.0.0.1", "", ["10.0.0.1"], "10.0.0.1"),
        ("10.0.0.1", "rubbish", ["10.0.0.1"], "rubbish"),
        ("2001:db8:1:2:3:4:5:6", "", [], "2001:0db8:0001:0002"),
        ("2001:db8:1:2:ffff::1", "", [], "2001:0db8:0001:0002"),
        ("::ffff:203.0.113.9", "", [], "203.0.113.9"),
        ("::ffff:10.0.0.1", "::FFFF:198.51.100.7", ["10.0.0.1"], "198.51.100.7"),
        ("10.0.0.1", "198.51.100.7:40112", ["10.0.0.1"], "198.51.100.7"),
        ("::1", "[2001:db8:1:2::9]:443", ["0:0::1"], "2001:0db8:0001:0002"),
    ],
)
def test_the_source_is_the_nearest_hop_that_no_proxy_of_ours_stands_behind(
    peer, forwarded, trusted, found
):
    assert source_of(peer, forwarded, trusted) == found


def test_usernames_are_compared_as_they_are_stored():
    assert folded("  Kim.Example ") == "kim.example"


@pytest.mark.parametrize(
    ("waits", "confirmed", "state"),
    [
        (True, False, State.WAITING),
        (True, True, State.ACTIVE),
        (False, False, State.ACTIVE),
        (False, True, State.ACTIVE),
    ],
)
def test_some_accounts_wait_for_a_second_person(waits, confirmed, state):
    assert state_after_setup(waits_for_second=waits, confirmed=confirmed) == state


def test_an_account_ends_within_twelve_months():
    today = date(2026, 6, 1)

    assert end_problem(today, today) is None
    assert end_problem(today + timedelta(days=365), today) is None
    assert end_problem(today + timedelta(days=366), today)
    assert end_problem(today - timedelta(days=1), today)


@pytest.mark.parametrize(
    ("said", "time"), [("1h", timedelta(hours=1)), (" 90m ", timedelta(minutes=90))]
)
def test_how_long_a_token_lives_is_read(said, time):
    assert lifetime(said) == time


@pytest.mark.parametrize("said", ["", "1", "25h", "0m", "1d", "-1h", "1441m", "1 h"])
def test_other_times_are_refused_in_words(said):
    with pytest.raises(ValueError, match=r"Write a time|at most 24 hours"):
        lifetime(said)


def test_an_emergency_needs_a_reason_and_an_end():
    assert emergency_reason("x" * 20) == "x" * 20
    assert emergency_hours(4) == 4
    for reason in ("x" * 19, "x" * 501):
        with pytest.raises(ValueError, match="characters"):
            emergency_reason(reason)
    for hours in (0, 5):
        with pytest.raises(ValueError, match="4 hours"):
            emergency_hours(hours)
