"""Steps of a meeting, and how long those who are named see it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from app.core.errors import RuleBrokenError
from app.meetings import rules
from app.meetings.rules import Known, State

AT = datetime(2026, 11, 26, 10, tzinfo=UTC)
WHOLE = Known(has_items=True, has_members=True, held_at=AT, now=AT, minutes="x", by_chair=True)


@pytest.mark.parametrize(("state", "moves"), rules.MOVES.items())
def test_a_step_is_open_when_everything_is_there(state, moves):
    for to in moves:
        assert rules.barriers(state, to, WHOLE) == []


@pytest.mark.parametrize(
    ("to", "without", "words"),
    [
        (State.PACK_ISSUED, {"has_members": False}, "Name who takes part."),
        (State.PACK_ISSUED, {"has_items": False}, "Add at least one item to the agenda."),
        (State.HELD, {"held_at": AT + timedelta(minutes=1)}, "The meeting has not begun yet."),
        (State.MINUTES_AGREED, {"minutes": " "}, "Write the minutes."),
        (State.MINUTES_AGREED, {"by_chair": False}, "A chair of the meeting agrees the minutes."),
    ],
)
def test_a_refusal_says_what_is_missing(to, without, words):
    before = next(state for state, moves in rules.MOVES.items() if to in moves)

    with pytest.raises(RuleBrokenError) as refused:
        rules.must_be_open(before, to, replace(WHOLE, **without))

    assert refused.value.detail == words


def test_minutes_come_after_the_meeting():
    with pytest.raises(RuleBrokenError, match="A meeting that is planned cannot become held"):
        rules.barriers(State.PLANNED, State.HELD, WHOLE)


@pytest.mark.parametrize(
    ("kind", "hours"), [("MARVE", 336), ("MISSING", 168), ("DRB", 48), ("CONTEXT_CONFERENCE", 336)]
)
def test_access_ends(kind, hours):
    assert rules.access_ends_at(kind, AT) == AT + timedelta(hours=hours)
