"""What owners say of their actions, and what a lead decides about them."""

from itertools import pairwise
from typing import NamedTuple

from sqlalchemy.orm import Session

from app.audit import service as audit
from app.core import clock
from app.core.actor import Actor
from app.core.errors import InvalidError, NotFoundError
from app.core.references import NOT_FOUND
from app.places.recording import touch
from app.plans import actions, queries, service
from app.plans.actions import State
from app.plans.drafting import WRONG, must_be_as_looked_at, must_be_neutral
from app.plans.models import Action
from app.plans.schemas import DecisionIn, TellIn

# Partners and police change nothing of a plan but this, by a function of the database.
BY_FUNCTION = frozenset({"partner", "police_analyst"})


class Standing(NamedTuple):
    """What this person may do with an action."""

    tells: bool
    decides: bool
    second: bool  # neither its owner nor who said that it is done


def standing(actor: Actor, found: Action) -> Standing:
    own = actor.id in (found.owner_user_id, found.done_by)
    still = found.state not in actions.OVER
    return Standing(still and may_tell(actor, found), still and actor.role == "cs_lead", not own)


def may_tell(actor: Actor, found: Action) -> bool:
    """Its owner, or staff who work in its borough."""
    if actor.role in BY_FUNCTION:
        return actor.id == found.owner_user_id or actor.agency == found.owner_agency
    return actor.works_in(found.borough_codes)


def tell(session: Session, actor: Actor, ref: str, wanted: TellIn) -> Action:
    """How it stands, in the owner's words."""
    found = queries.find_action(session, ref, lock=actor.role not in BY_FUNCTION)
    if not may_tell(actor, found):
        raise NotFoundError(NOT_FOUND)
    must_be_as_looked_at(found, actor, wanted.version)
    _must_be_a_step(found, wanted)
    must_be_neutral(session, {"evidence": wanted.evidence or ""})
    if actor.role in BY_FUNCTION:
        state, helped = State(wanted.state), wanted.help_wanted
        service.tell_own(
            session, found.ref, wanted.version, state, wanted.evidence, help_wanted=helped
        )
        session.refresh(found)
    else:
        _directly(session, actor, found, wanted)
    return found


def _must_be_a_step(found: Action, wanted: TellIn) -> None:
    """Who has done it at once has begun it, too."""
    known, path = actions.Known(wanted.evidence), [found.state, wanted.state]
    if path == [State.OPEN, State.DONE_PENDING_EVIDENCE]:
        path.insert(1, State.IN_PROGRESS)
    if found.state == wanted.state and found.state not in actions.OVER:
        path = []
    missing = [w for was, to in pairwise(path) for w in actions.barriers(was, to, known)]
    if missing or (wanted.state == State.DONE_PENDING_EVIDENCE and not wanted.evidence):
        raise InvalidError(WRONG, {"evidence": actions.SAY_WHAT})


def _directly(session: Session, actor: Actor, found: Action, wanted: TellIn) -> None:
    if found.state == State.OPEN and wanted.state == State.DONE_PENDING_EVIDENCE:
        found.state, found.updated_by = State.IN_PROGRESS, actor.id
        session.flush()
    done = wanted.state == State.DONE_PENDING_EVIDENCE
    found.state, found.evidence = wanted.state, wanted.evidence
    found.help_wanted = wanted.help_wanted
    found.done_by = actor.id if done else None
    found.done_at = (found.done_at or clock.now()) if done else None
    touch(found, actor)
    audit.record(session, "action.update", "action", found.ref, to=found.state)


def decide(session: Session, actor: Actor, ref: str, wanted: DecisionIn) -> Action:
    """Confirmed by a second person, or withdrawn with the reason."""
    found = queries.find_action(session, ref, lock=True)
    must_be_as_looked_at(found, actor, wanted.version)
    found.help_wanted = False
    return service.move_action(session, actor, found, State(wanted.to), reason=wanted.reason)
