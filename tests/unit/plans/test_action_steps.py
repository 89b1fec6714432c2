"""The life of an action: steps, lateness, reminders; and the hours that somebody is there."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.clock import LONDON
from app.core.errors import RuleBrokenError
from app.plans import actions
from app.plans.actions import Known, State

DUE = date(2026, 12, 10)  # a Thursday


@pytest.mark.parametrize(("state", "moves"), actions.MOVES.items())
def test_a_step_is_open_when_everything_is_there(state, moves):
    for to in moves:
        assert actions.barriers(state, to, Known(evidence="Light", reason="Moved")) == []


@pytest.mark.parametrize(
    ("state", "to", "known", "words"),
    [
        (State.DONE_PENDING_EVIDENCE, State.DONE, Known(), actions.SAY_WHAT),
        (State.IN_PROGRESS, State.DONE_PENDING_EVIDENCE, Known(evidence=" "), actions.SAY_WHAT),
        (State.DONE_PENDING_EVIDENCE, State.DONE, Known("x", by_owner=True), "A second person"),
        (State.DONE_PENDING_EVIDENCE, State.DONE, Known("x", by_doer=True), "A second person"),
        (State.OPEN, State.WITHDRAWN, Known(), "Say why it is withdrawn."),
        (State.OPEN, State.DONE, Known("x"), "An action that is open cannot become done."),
        (State.DONE, State.OPEN, Known("x"), "An action that is done cannot become open."),
    ],
)
def test_a_refusal_says_what_is_missing(state, to, known, words):
    with pytest.raises(RuleBrokenError) as refused:
        actions.must_be_open(state, to, known)

    assert words in refused.value.detail


def test_overdue_is_the_day_after_and_never_when_it_is_over():
    assert not actions.is_overdue(State.OPEN, DUE, DUE)
    assert actions.is_overdue(State.IN_PROGRESS, DUE, DUE + timedelta(days=1))
    assert not actions.is_overdue(State.DONE, DUE, DUE + timedelta(days=9))


def test_owners_are_written_to_three_working_days_before_and_one_and_ten_after():
    days = [DUE + timedelta(days=n) for n in range(-14, 40)]
    sent = letters(DUE, days)

    assert sent == {
        date(2026, 12, 7): -3,
        date(2026, 12, 11): 1,
        date(2026, 12, 24): 10,
    }
    assert not any(actions.reminder(State.WITHDRAWN, DUE, day, days[0]) for day in days)


def letters(due, days):
    """Of days on which the job runs: what the owner is told, and on which of them."""
    sent, told = {}, days[0] - timedelta(days=1)
    for day in days:
        days_since = actions.reminder(State.OPEN, due, day, told)
        if days_since is not None:
            sent[day], told = days_since, day
    return sent


def test_days_on_which_nothing_was_sent_are_made_up_for_once():
    all_days = [DUE + timedelta(days=n) for n in range(-14, 40)]
    down = {date(2026, 12, n) for n in range(7, 14)}

    assert letters(DUE, [day for day in all_days if day not in down]) == {
        date(2026, 12, 14): 2,
        date(2026, 12, 24): 10,
    }
    assert letters(DUE, [day for day in all_days if day != date(2026, 12, 7)]) == {
        date(2026, 12, 8): -2,
        date(2026, 12, 11): 1,
        date(2026, 12, 24): 10,
    }
    assert letters(DUE, [DUE - timedelta(days=9), DUE]) == {DUE: 0}


def test_nobody_is_written_to_at_a_weekend():
    monday = date(2026, 12, 14)
    days = [monday + timedelta(days=n) for n in range(-10, 20)]

    assert list(letters(monday, days)) == [
        date(2026, 12, 9),
        date(2026, 12, 15),
        date(2026, 12, 30),
    ]


def in_words(concern, slots):
    """Hour by hour, as a person would count."""
    wanted = [n for n in range(168) if concern[n] == "1"]
    there = [n for n in wanted if any(slot[n] == "1" for slot in slots)]
    return len(there) / len(wanted) if wanted else None


GRID = st.text(alphabet="01", min_size=168, max_size=168)


@given(GRID, st.lists(GRID, max_size=4))
def test_guardian_hours_are_those_that_a_person_would_count(concern, slots):
    assert actions.guardian_hours(concern, slots) == in_words(concern, slots)


@pytest.mark.parametrize(
    "first", [datetime(2026, 3, 23, tzinfo=UTC), datetime(2026, 10, 19, tzinfo=UTC)]
)
def test_hours_of_the_week_are_local_in_the_weeks_in_which_clocks_change(first):
    """The grid is of local hours: each hour that passes falls into one of them, once or twice."""
    grid = ["0"] * 168
    for hour in range(8 * 24):
        at = (first + timedelta(hours=hour)).astimezone(LONDON)
        grid[at.weekday() * 24 + at.hour] = "1"

    assert actions.guardian_hours("".join(grid), ["1" * 168]) == 1.0
    assert grid.count("1") >= 167


def test_without_hours_of_concern_there_is_no_share():
    assert actions.guardian_hours("0" * 168, ["1" * 168]) is None
