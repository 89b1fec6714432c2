"""The life of a place: which move is made by whom (domain.md 5.2). Pure.

What a move asks for stands in `guards`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from app.core.errors import RuleBrokenError
from app.core.states import moved
from app.places import guards
from app.places.guards import Evidence
from app.places.rules import Sensitivity, State

LEAD = frozenset({"cs_lead"})
LEAD_POLICE = LEAD | {"police_analyst"}
STAFF = LEAD_POLICE | {"practitioner"}
WHO = {
    LEAD: "a contextual safeguarding lead",
    LEAD_POLICE: "a lead or a police analyst",
    STAFF: "staff of the partnership",
}
DORMANT_REVIEW_DAYS = 20  # working days

Guard = Callable[[Evidence], list[str]]


@dataclass(frozen=True, slots=True)
class Move:
    """From one state to another: the words of the button, who may, and what must be there."""

    to: State
    words: str
    by: frozenset[str]
    guard: Guard


CLOSE = Move(State.CLOSED, "Close it", LEAD, guards.closed)
CLOSE_PLANNED = Move(State.CLOSED, "Close it", LEAD, guards.closed_after_plan)
ACTIVE = Move(State.PLAN_ACTIVE, "Begin the plan", LEAD, guards.planned)

MOVES: Mapping[State, tuple[Move, ...]] = {
    State.PROPOSED: (Move(State.SCREENED, "Screen it", STAFF, guards.screened), CLOSE),
    State.SCREENED: (
        Move(State.IDENTIFIED, "Identify it as a place of concern", LEAD_POLICE, guards.identified),
        CLOSE,
    ),
    State.IDENTIFIED: (
        Move(State.ASSESSING, "Begin an assessment", LEAD, guards.assessing),
        Move(State.MONITORING, "Watch it without an assessment", LEAD, guards.monitored_at_once),
        CLOSE,
    ),
    State.ASSESSING: (Move(State.ASSESSED, "End the assessment", LEAD, guards.assessed), CLOSE),
    State.ASSESSED: (
        Move(State.CONFERENCE, "Hold a context conference", LEAD, guards.conferred),
        Move(State.PLAN_ACTIVE, "Begin the plan", LEAD, guards.planned_without_conference),
        CLOSE,
    ),
    State.CONFERENCE: (ACTIVE, CLOSE),
    State.PLAN_ACTIVE: (Move(State.MONITORING, "Watch it", LEAD, guards.monitored), CLOSE_PLANNED),
    State.MONITORING: (
        Move(State.PLAN_ACTIVE, "Work on it again", LEAD, guards.worked_on_again),
        CLOSE_PLANNED,
    ),
    State.DORMANT: (Move(State.IDENTIFIED, "Identify it again", LEAD, guards.awake), CLOSE),
    State.CLOSED: (Move(State.IDENTIFIED, "Open it again", LEAD, guards.reopened),),
}
ALLOWED: Mapping[str, set[str]] = {
    state: {move.to for move in moves} for state, moves in MOVES.items()
}


def find(state: str, to: str) -> Move:
    """The one refusal of a forbidden change, else the move."""
    moved("place", state, to, ALLOWED)
    return next(move for move in MOVES[State(state)] if move.to == to)


def barriers(move: Move, role: str, known: Evidence) -> list[str]:
    """What still stops a move, all of it; empty when it may be made."""
    if role not in move.by:
        return [f"This move is made by {WHO[move.by]}."]
    found = move.guard(known)
    restricted = known.sensitivity == Sensitivity.RESTRICTED
    if move.to is State.IDENTIFIED and restricted and role not in LEAD:
        found.append("A lead signs off a place of this kind.")
    return found


def must_be_open(move: Move, role: str, known: Evidence) -> None:
    """Raises RuleBrokenError with everything that is missing."""
    if found := barriers(move, role, known):
        raise RuleBrokenError(" ".join(found))
