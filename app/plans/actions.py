"""The life of an action: steps, lateness, reminders, guardian hours. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from app.core import working_days
from app.core.errors import RuleBrokenError
from app.core.states import moved


class State(StrEnum):
    OPEN = "OPEN"
    IN_PROGRESS = "IN_PROGRESS"
    DONE_PENDING_EVIDENCE = "DONE_PENDING_EVIDENCE"
    DONE = "DONE"
    WITHDRAWN = "WITHDRAWN"


MOVES: Mapping[str, tuple[State, ...]] = {
    State.OPEN: (State.IN_PROGRESS, State.WITHDRAWN),
    State.IN_PROGRESS: (State.DONE_PENDING_EVIDENCE, State.WITHDRAWN),
    State.DONE_PENDING_EVIDENCE: (State.DONE, State.WITHDRAWN),
}
WORDS = {
    State.OPEN: "Not begun",
    State.IN_PROGRESS: "Under way",
    State.DONE_PENDING_EVIDENCE: "Done, to be confirmed",
    State.DONE: "Done",
    State.WITHDRAWN: "Withdrawn",
}
OVER = frozenset({State.DONE, State.WITHDRAWN})
REMIND_BEFORE, REMIND_AFTER = 3, (1, 10)  # working days
SAY_WHAT = "Say what was done."
SECOND_PERSON = "A second person confirms that it is done."


@dataclass(frozen=True, slots=True)
class Known:
    """Everything that a step may ask."""

    evidence: str | None = None
    reason: str | None = None
    by_owner: bool = False  # the person who owns the action
    by_doer: bool = False  # the person who said that it is done


def barriers(state: str, to: str, known: Known) -> list[str]:
    moved("action", state, to, MOVES)
    found = []
    if to == State.DONE and not (known.evidence or "").strip():
        found.append(SAY_WHAT)
    if to == State.DONE_PENDING_EVIDENCE and not (known.evidence or "").strip():
        found.append(SAY_WHAT)
    if to == State.DONE and (known.by_owner or known.by_doer):
        found.append(SECOND_PERSON)
    if to == State.WITHDRAWN and not (known.reason or "").strip():
        found.append("Say why it is withdrawn.")
    return found


def must_be_open(state: str, to: str, known: Known) -> None:
    """Raises RuleBrokenError with everything that is missing."""
    if found := barriers(state, to, known):
        raise RuleBrokenError(" ".join(found))


def is_overdue(state: str, due_on: date, today: date) -> bool:
    return state not in OVER and due_on < today


def reminder(state: str, due_on: date, today: date, told_on: date) -> int | None:
    """Working days since it was due, negative before, when the owner is written to today.

    Three working days before, one and ten after: the first day of work on or after each of them on
    which letters are sent, counted from when the owner was told of this action last. Days on which
    none were sent are made up for by one letter.

    >>> reminder("OPEN", date(2026, 12, 10), date(2026, 12, 14), told_on=date(2026, 12, 4))
    2
    """
    if state in OVER or not working_days.is_working_day(today):
        return None
    moments = [working_days.before(due_on, REMIND_BEFORE)]
    moments += [working_days.after(due_on, n) for n in REMIND_AFTER]
    if not any(told_on < moment <= today for moment in moments):
        return None
    if today < due_on:
        return -working_days.between(today, due_on)
    return working_days.between(due_on, today)


def guardian_hours(concern: str, slots: Sequence[str]) -> float | None:
    """Share of the hours of concern in which somebody is there; weeks as strings of 0 and 1.

    >>> guardian_hours("1100", ["0100", "0010"])
    0.5
    """
    wanted = int(concern, 2)
    if not wanted:
        return None
    covered = 0
    for slot in slots:
        covered |= int(slot, 2)
    return (wanted & covered).bit_count() / wanted.bit_count()
