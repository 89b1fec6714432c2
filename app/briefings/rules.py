"""States, sections and words of briefings. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

METHOD_VERSION, TEMPLATE_VERSION = "1", "1"
QUARTERS_ONLY = "Write a quarter as 2026-Q3."
NOT_OVER = "This quarter can be reported from {day} on."
EXISTS = "There is a briefing of this quarter already."
ABSENT = "There is no such briefing."
NO_PAGE = "This briefing has no such page."
NO_PDF = "The PDF of this briefing is not printed yet. Try again in a minute."
NOT_CHECKED = "Only a checked briefing is signed."
SIGNED = "Somebody with your role has signed already."
LEAD_FIRST = "A lead signs first."
SECOND = "A second person signs: you have signed already."
NOT_FROZEN = "Only a frozen briefing is tabled."
NOT_OUT = "Only a frozen or tabled briefing is recalled."
IS_FROZEN = "A frozen briefing is not changed."
BUILD_AGAIN = "Save the sentences again: the report is then built without it."
REASON = "Enter a reason of 20 to 300 characters."
MEETING = "Choose the meeting that received it."
TOO_LONG = "Use at most 500 characters."


class State(StrEnum):
    DRAFT = "DRAFT"
    CHECKED = "CHECKED"
    FROZEN = "FROZEN"
    TABLED = "TABLED"
    RECALLED = "RECALLED"


class Event(StrEnum):
    """What readers are told of."""

    FROZEN = "FROZEN"
    REPLACED = "REPLACED"
    RECALLED = "RECALLED"


STATES = {
    State.DRAFT: "Draft: not checked",
    State.CHECKED: "Checked, waits for signatures",
    State.FROZEN: "Frozen",
    State.TABLED: "Tabled",
    State.RECALLED: "Recalled",
}
OPEN = (State.DRAFT, State.CHECKED)
OUT = (State.FROZEN, State.TABLED)


class Section(StrEnum):
    CHANGE = "CHANGE"
    ASK = "ASK"
    BECAME = "BECAME"
    VOICE = "VOICE"
    SILENT = "SILENT"
    CAVEAT = "CAVEAT"
    DECIDED = "DECIDED"


@dataclass(frozen=True, slots=True)
class Field:
    """A line that a lead types."""

    section: Section
    position: int
    kind: str

    @property
    def name(self) -> str:
        return f"{self.section.lower()}_{self.position}"


FIELDS = (
    *(Field(Section.CHANGE, n, "SENTENCE") for n in (1, 2, 3)),
    *(Field(Section.ASK, n, "DECISION_ASKED") for n in (1, 2, 3)),
    Field(Section.VOICE, 1, "SENTENCE"),
    Field(Section.SILENT, 1, "SENTENCE"),
    Field(Section.CAVEAT, 1, "CAVEAT"),
)
MOST_ASKED = 3
DECISIONS = tuple(Field(Section.DECIDED, n, "DECISION") for n in range(1, 7))


@dataclass(frozen=True, slots=True)
class Line:
    """A sentence of a briefing, as it was typed."""

    section: str
    position: int
    body: str


def said(lines: Sequence[Line], section: Section) -> list[str]:
    """The sentences of one section, in order.

    >>> said([Line("ASK", 2, "b"), Line("ASK", 1, "a"), Line("VOICE", 1, "c")], Section.ASK)
    ['a', 'b']
    """
    mine = [line for line in lines if line.section == section]
    return [line.body for line in sorted(mine, key=lambda line: line.position)]
