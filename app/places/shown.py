"""How much of a place its reader sees in lists and collections: all of it, or its shape.

Partners see the stage and neither state nor class nor how long a label lasts: a state can tell the
level (a conference is compulsory at the highest one), a class or an end a reason (view `shape`).
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, case

from app.accounts.permissions import PERMISSIONS
from app.core.actor import Actor
from app.places.models import Place
from app.places.rules import State

# The focus areas of the strategy: what partners are told of the state (domain.md 1).
STAGES = {
    State.PROPOSED: "identification",
    State.SCREENED: "identification",
    State.IDENTIFIED: "identification",
    State.ASSESSING: "assessment",
    State.ASSESSED: "assessment",
    State.CONFERENCE: "intervention",
    State.PLAN_ACTIVE: "intervention",
    State.MONITORING: "monitoring",
    State.DORMANT: "dormant",
    State.CLOSED: "closed",
}
# What partners choose from: a state of each stage that they may see.
CHOICES = [
    (state, STAGES[state].capitalize())
    for state in (State.IDENTIFIED, State.ASSESSING, State.PLAN_ACTIVE, State.MONITORING)
]
STAGE = case({str(state): stage for state, stage in STAGES.items()}, value=Place.state)
SHAPE: Mapping[str, Any] = {
    "name": Place.name,
    "type_code": Place.type_code,
    "stage": STAGE,
    "boroughs": Place.borough_codes,
    "is_synthetic": Place.is_synthetic,
}
FULL: Mapping[str, Any] = {
    "name": Place.name,
    "type_code": Place.type_code,
    "state": Place.state,
    "sensitivity": Place.sensitivity,
    "boroughs": Place.borough_codes,
    "label_expires_on": Place.label_expires_on,
    "is_synthetic": Place.is_synthetic,
}


def in_full(actor: Actor) -> bool:
    rule = PERMISSIONS.rule(actor.role, "place.read")
    return rule is not None and rule.view == "full"


def in_state(state: str, *, in_full: bool) -> ColumnElement[bool]:
    """What a reader is not told, no filter tells: a partner's state is its whole stage."""
    same = [one for one in STAGES if state in STAGES and STAGES[one] == STAGES[State(state)]]
    return Place.state == state if in_full else Place.state.in_(same)
