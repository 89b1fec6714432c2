"""Kinds of meeting, sections of their agenda, steps, and how long who is named sees it. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from app.core import working_days
from app.core.errors import RuleBrokenError
from app.core.states import moved


class State(StrEnum):
    PLANNED = "PLANNED"
    PACK_ISSUED = "PACK_ISSUED"
    HELD = "HELD"
    MINUTES_AGREED = "MINUTES_AGREED"


MOVES: Mapping[str, tuple[State, ...]] = {
    State.PLANNED: (State.PACK_ISSUED,),
    State.PACK_ISSUED: (State.HELD,),
    State.HELD: (State.MINUTES_AGREED,),
}
KINDS = {
    "MARVE": "MARVE panel",
    "MISSING": "Missing panel",
    "DRB": "Daily risk briefing",
    "ROME": "ROME",
    "IOM": "IOM",
    "YIOM": "YIOM",
    "VCA": "VCA subgroup",
    "CONTEXT_CONFERENCE": "Context conference",
}


def kinds(own: Mapping[str, str]) -> dict[str, str]:
    """As a partnership calls its meetings, where it says so."""
    return {kind: own.get(kind, words) for kind, words in KINDS.items()}


# Victims, people who pose harm (a pointer to the police system), locations, themes, strengths.
SECTIONS = {
    "V": "Victims",
    "O": "People who pose harm",
    "L": "Locations",
    "T": "Themes",
    "S": "Strengths",
}
# A conference is about the context, never about individuals: what works comes first.
CONFERENCE = "CONTEXT_CONFERENCE"
OF_A_CONFERENCE = ("S", "L", "T")
STATES = {
    State.PLANNED: "Planned",
    State.PACK_ISSUED: "Pack issued",
    State.HELD: "Held",
    State.MINUTES_AGREED: "Minutes agreed",
}
NOT_THE_BUILDER = (
    "A chair agrees the minutes who neither planned the meeting nor wrote them. Ask another chair."
)
# The order of a context conference (the last is a date).
CONFERENCE_ORDER = ("works", "worries", "weighting", "goals", "actions", "date")
ACCESS = {"DRB": timedelta(hours=48), "MISSING": timedelta(days=7)}
USUAL_ACCESS = timedelta(days=14)  # MARVE, and every kind of which nothing else is said
MINUTES_WITHIN = 2  # working days


@dataclass(frozen=True, slots=True)
class Known:
    """Everything that a step may ask."""

    has_items: bool = False
    has_members: bool = False
    held_at: datetime | None = None
    now: datetime | None = None
    minutes: str | None = None
    by_chair: bool = False
    by_builder: bool = False


def access_ends_at(kind: str, held_at: datetime) -> datetime:
    """From then on only leads see it; the database keeps the same (app.meeting_before)."""
    return held_at + ACCESS.get(kind, USUAL_ACCESS)


def sections(kind: str) -> tuple[str, ...]:
    """Of the agenda, in the order in which they are talked about."""
    return OF_A_CONFERENCE if kind == CONFERENCE else tuple(SECTIONS)


def minutes_due(held_at: datetime) -> date:
    """The day by whose end minutes and plan are written."""
    return working_days.due_on(held_at, working_days=MINUTES_WITHIN)


def barriers(state: str, to: str, known: Known) -> list[str]:
    moved("meeting", state, to, MOVES)
    future = known.held_at is not None and known.now is not None and known.held_at > known.now
    pairs: Mapping[str, tuple[tuple[bool, str], ...]] = {
        State.PACK_ISSUED: (
            (not known.has_members, "Name who takes part."),
            (not known.has_items, "Add at least one item to the agenda."),
        ),
        State.HELD: ((future, "The meeting has not begun yet."),),
        State.MINUTES_AGREED: (
            (not (known.minutes or "").strip(), "Write the minutes."),
            (not known.by_chair, "A chair of the meeting agrees the minutes."),
            (known.by_builder, NOT_THE_BUILDER),
        ),
    }
    return [words for missing, words in pairs[State(to)] if missing]


def must_be_open(state: str, to: str, known: Known) -> None:
    """Raises RuleBrokenError with everything that is missing."""
    if found := barriers(state, to, known):
        raise RuleBrokenError(" ".join(found))
