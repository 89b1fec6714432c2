"""Steps of an action, and the days of its reminders, over weekends and bank holidays."""

from datetime import date, timedelta
from uuid import UUID

import pytest

from app.core import working_days
from app.core.errors import RuleBrokenError
from app.plans import actions, letters
from app.plans.actions import Known, State
from app.plans.letters import Due, Reader

ME, YOU = UUID(int=1), UUID(int=2)


@pytest.mark.parametrize(
    ("was", "to", "known", "missing"),
    [
        ("IN_PROGRESS", "DONE_PENDING_EVIDENCE", Known(), ["Say what was done."]),
        ("IN_PROGRESS", "DONE_PENDING_EVIDENCE", Known("Lights are on."), []),
        ("DONE_PENDING_EVIDENCE", "DONE", Known(), ["Say what was done."]),
        ("DONE_PENDING_EVIDENCE", "DONE", Known("It is."), []),
        ("DONE_PENDING_EVIDENCE", "DONE", Known("It is.", by_doer=True), [actions.SECOND_PERSON]),
        ("DONE_PENDING_EVIDENCE", "DONE", Known("It is.", by_owner=True), [actions.SECOND_PERSON]),
        ("OPEN", "WITHDRAWN", Known(), ["Say why it is withdrawn."]),
        ("OPEN", "WITHDRAWN", Known(reason="It is not needed."), []),
    ],
)
def test_what_a_step_asks_for(was, to, known, missing):
    assert actions.barriers(was, to, known) == missing


def test_nothing_comes_after_the_end_and_nothing_is_done_unconfirmed():
    for was, to in (("DONE", "OPEN"), ("WITHDRAWN", "OPEN"), ("OPEN", "DONE")):
        with pytest.raises(RuleBrokenError, match=r"An action that is .* cannot become"):
            actions.must_be_open(was, to, Known("Said", "Said"))


def test_overdue_is_derived():
    day = date(2026, 12, 1)

    assert not actions.is_overdue("OPEN", day, day)
    assert actions.is_overdue("DONE_PENDING_EVIDENCE", day, day + timedelta(days=1))
    assert not actions.is_overdue("DONE", day, day + timedelta(days=90))


@pytest.mark.parametrize(
    ("due", "days"),
    [
        (
            date(2026, 12, 23),
            {-3: date(2026, 12, 18), 1: date(2026, 12, 24), 10: date(2027, 1, 11)},
        ),
        (
            date(2026, 12, 29),
            {-3: date(2026, 12, 22), 1: date(2026, 12, 30), 10: date(2027, 1, 13)},
        ),
        (date(2027, 3, 26), {1: date(2027, 3, 30), 10: date(2027, 4, 12)}),
    ],
)
def test_owners_are_reminded_on_working_days_around_the_due_date(due, days):
    told = {}
    before = due - timedelta(days=21)
    for n in range(-20, 40):
        today = due + timedelta(days=n)
        found = actions.reminder(State.OPEN, due, today, before)
        if found is not None:
            assert found not in told
            told[found] = before = today

    assert told.keys() == {-3, 1, 10}
    assert told | days == told
    assert all(working_days.is_working_day(day) for day in told.values())
    assert actions.reminder(State.DONE, due, days[1], before) is None


def test_a_letter_to_each_person_with_numbers_and_a_link_and_nothing_else():
    due = [Due(ME, "AFC", -3), Due(None, "AFC", 1), Due(None, "AFC", 1), Due(YOU, "BTP", 10)]
    people = [Reader(ME, "AFC", "me@example.org"), Reader(YOU, "BTP", "you@example.org")]
    people.append(Reader(UUID(int=3), "EDU", "nobody@example.org"))

    mine, yours = letters.of_day(due, people, "https://here.example/")

    assert mine.text == (
        "1 action is due in 3 working days.\n2 actions were due 1 working day ago.\n\n"
        "Sign in to see what they are and to say how they stand:\n"
        "https://here.example/actions\n\nContextmap\n"
    )
    assert yours.to == "you@example.org"
    assert yours.text.startswith("1 action was due 10 working days ago.")
