"""What an item of intelligence is, how it is graded, and what stops a release. Pure."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

FULL, SANITISED = "full", "sanitised"  # what the permission file calls the reach of a reader
SCHEME = "3x5x2-1"
LONGEST_TEXT, LONGEST_CONDITIONS, LONGEST_NOTE = 2000, 500, 500
REVIEW_DAYS = 180


class State(StrEnum):
    SUBMITTED = "SUBMITTED"
    IN_QA = "IN_QA"
    HAS_ISSUES = "HAS_ISSUES"
    REJECTED = "REJECTED"
    SANITISED = "SANITISED"
    RELEASED = "RELEASED"
    SUPERSEDED = "SUPERSEDED"
    WITHDRAWN = "WITHDRAWN"
    REVIEW_DUE = "REVIEW_DUE"
    DELETED = "DELETED"


MOVES: Mapping[str, Collection[str]] = {
    State.SUBMITTED: {State.IN_QA},
    State.IN_QA: {State.HAS_ISSUES, State.REJECTED, State.SANITISED},
    State.HAS_ISSUES: {State.IN_QA},
    State.SANITISED: {State.RELEASED},
    State.RELEASED: {State.SUPERSEDED, State.WITHDRAWN, State.REVIEW_DUE},
    # A review ends in a corrected item, which is checked like any other, or in a withdrawal.
    State.REVIEW_DUE: {State.SUPERSEDED, State.WITHDRAWN, State.DELETED},
    State.SUPERSEDED: {State.DELETED},
    State.WITHDRAWN: {State.DELETED},
}
# In the order of the queue; the words are those of its tabs.
TABS: Mapping[str, str] = {
    State.SUBMITTED: "Submitted",
    State.IN_QA: "In QA",
    State.HAS_ISSUES: "Has issues",
    State.SANITISED: "Sanitised",
    State.RELEASED: "Released",
    State.REVIEW_DUE: "Review due",
    State.WITHDRAWN: "Withdrawn",
}
STATES: Mapping[str, str] = {
    **TABS,
    State.REJECTED: "Rejected",
    State.SUPERSEDED: "Superseded",
    State.DELETED: "Deleted",
}
WRITABLE = frozenset({State.SUBMITTED, State.HAS_ISSUES})
CORRECTABLE = frozenset({State.RELEASED, State.REVIEW_DUE})

KINDS = {
    "INTELLIGENCE": "Intelligence: something that was learned",
    "INCIDENT": "Incident: something that happened",
    "OBSERVATION": "Observation: something that was seen",
}


class Source(StrEnum):
    RELIABLE = "1"
    UNTESTED = "2"
    NOT_RELIABLE = "3"


class Assessment(StrEnum):
    KNOWN_DIRECTLY = "A"
    CORROBORATED = "B"
    KNOWN_INDIRECTLY = "C"
    NOT_KNOWN = "D"
    SUSPECTED_FALSE = "E"


class Handling(StrEnum):
    SHARED = "P"
    WITH_CONDITIONS = "C"


@dataclass(frozen=True, slots=True)
class Grading:
    """3x5x2: who said it, how they know, and who may be told."""

    source: Source
    assessment: Assessment
    handling: Handling

    @property
    def code(self) -> str:
        return f"{self.source}{self.assessment}{self.handling}"


DOUBTFUL = frozenset({Assessment.NOT_KNOWN, Assessment.SUSPECTED_FALSE})


def stays_with_police(grading: Grading) -> bool:
    """Doubtful content from an unreliable source (3D, 3E) is never shown to partners."""
    return grading.source is Source.NOT_RELIABLE and grading.assessment in DOUBTFUL


def barriers_to_release(
    grading: Grading, *, conditions: str, recipients: int, unconfirmed: int
) -> list[str]:
    """What still stops a release, in words an analyst can act on; empty when it may go.

    An item graded 3D or 3E may be released and is then read by analysts only: the database keeps
    it from everybody else (`stays_with_police`).
    """
    barriers = []
    if unconfirmed:
        barriers.append("Confirm that the words marked in the text identify nobody.")
    if grading.handling is Handling.WITH_CONDITIONS:
        if not conditions.strip():
            barriers.append("Enter the conditions for sharing.")
        if recipients == 0:
            barriers.append("Choose who may see it.")
    return barriers


def barrier_to_check(*, by: object, created_by: object, written_by: object) -> str | None:
    """Nobody checks what they wrote themselves."""
    if by in (created_by, written_by):
        return "Another analyst checks this: nobody releases what they wrote themselves."
    return None


def expires_on(valid_from: date, valid_to: date | None) -> date:
    """Twelve months after it ceased to hold, or after it began to where no end is known."""
    return _in_years(valid_to or valid_from, 1)


def review_due(today: date, expires: date) -> date:
    """Half a year after release; never after it expires."""
    return min(date.fromordinal(today.toordinal() + REVIEW_DAYS), expires)


def _in_years(day: date, years: int) -> date:
    try:
        return day.replace(year=day.year + years)
    except ValueError:  # 29 February
        return day.replace(year=day.year + years, day=28)
