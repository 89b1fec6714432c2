"""Decisions about a place: its moves, level, urgency and label, inside the caller's transaction.

Each is one audited change; the trigger keeps the state change with the reason that is set here.
"""

from typing import Any

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app.accounts.models import User
from app.audit import service as audit
from app.core import clock
from app.core.actor import Actor
from app.core.errors import ForbiddenError, InvalidError, RuleBrokenError
from app.places import life, life_queries, queries, rules
from app.places.guards import NOTHING_NEWER, Evidence, is_renewable
from app.places.life_schemas import LevelIn, MoveIn, RenewalIn, UrgentIn
from app.places.models import Place
from app.places.rules import Sensitivity, State, lint
from app.places.service import must_be_as_looked_at, touch

BECAUSE = text("select set_config('cs.reason', :why, true)")
# Once made, the label of such a place ends after its 90 days (domain.md 4).
ONE_LIFE = {"GROUP_TERRITORY", "CONFLICT_ZONE"}
ASLEEP = {State.CLOSED, State.DORMANT}
ENDS_FOR_GOOD = (
    "The label of an area of claimed territory or conflict ends 90 days after it was made. "
    "Propose the place again with what is new."
)


def known(session: Session, place: Place, wanted: MoveIn | None = None) -> Evidence:
    """What the place itself says; the items come from whoever may look at them."""
    kind = queries.place_type(session, place.type_code)
    stopped = rules.stops(lint(place.name, queries.language(session)))
    return Evidence(
        type_code=place.type_code,
        sensitivity=place.sensitivity,
        is_online=kind is not None and kind.is_online,
        name_is_neutral=stopped is None,
        class_confirmed=wanted is not None and wanted.class_confirmed,
        level=(wanted and wanted.level) or place.level,
        closed_at=place.closed_at,
        newest_at=place.last_information_at,
        label_renewed_at=place.label_renewed_at or place.created_at,
        review_on=None if wanted is None else wanted.review_on,
        today=clock.today(),
        assessor_named=wanted is not None and wanted.assessor is not None,
        boundary_written=wanted is not None and bool(wanted.boundary),
        close_code=None if wanted is None else wanted.close_code,
        displaced_to_linked=life_queries.has_link(session, place, "displaced_to"),
        **life_queries.work(session, place),
    )


def make(session: Session, actor: Actor, place: Place, wanted: MoveIn, seen: Evidence) -> Place:
    """Move a locked place on, or say in words what is missing."""
    must_be_as_looked_at(place, actor, wanted.version)
    move = life.find(place.state, wanted.to)
    life.must_be_open(move, actor.role, seen)
    assessor = _assessor(session, wanted) if wanted.to is State.ASSESSING else None
    if wanted.to is State.IDENTIFIED and place.state in ASLEEP:
        _must_be_renewable(place)
    was = place.state
    _settle(place, wanted, assessor)
    session.execute(BECAUSE, {"why": wanted.reason})
    place.state = move.to
    touch(place, actor)
    session.flush()
    told = {"close": wanted.close_code, "level": wanted.level}
    audit.record(session, "place.move", "place", place.ref, was=was, to=move.to, **_given(told))
    session.refresh(place)
    return place


def _given(facts: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in facts.items() if value is not None}


def _settle(place: Place, wanted: MoveIn, assessor: User | None) -> None:
    """What a move writes beside the state; nothing here refuses any more."""
    place.level = wanted.level or place.level
    place.next_review_on = wanted.review_on or place.next_review_on
    if assessor is not None:
        place.lead_user_id, place.lead_agency = assessor.id, assessor.agency_code
        place.boundary_note = wanted.boundary
    if wanted.to is State.CLOSED:
        place.close_code, place.closed_at = wanted.close_code, clock.now()
        place.urgent_since = place.urgent_reason = None
    if wanted.to is State.IDENTIFIED and place.state in ASLEEP:
        place.close_code = place.closed_at = place.dormant_at = None
        _renew(place)


def _assessor(session: Session, wanted: MoveIn) -> User:
    found = session.scalar(select(User).where(User.ref == wanted.assessor, User.state == "ACTIVE"))
    if found is None or found.role not in {"cs_lead", "practitioner"}:
        words = "Choose who assesses it."
        raise InvalidError(words, {"assessor": words})
    return found


def set_level(session: Session, actor: Actor, place: Place, wanted: LevelIn) -> Place:
    """Another level, with the reason in the history."""
    must_be_as_looked_at(place, actor, wanted.version)
    if place.state in {State.PROPOSED, State.SCREENED, State.CLOSED}:
        words = life_queries.state_words(session, place.state)
        raise RuleBrokenError(f"A place that is {words} has no level.")
    was, place.level = place.level, wanted.level
    touch(place, actor)
    audit.record(session, "place.level", "place", place.ref, was=was, to=place.level)
    return place


def set_urgent(session: Session, actor: Actor, place: Place, wanted: UrgentIn) -> Place:
    """Anybody who works there may say that it cannot wait; a lead alone says that it can."""
    must_be_as_looked_at(place, actor, wanted.version)
    if place.state == State.CLOSED:
        raise RuleBrokenError("A place that is closed is not urgent. Open it again first.")
    if not wanted.urgent and actor.role != "cs_lead":
        raise ForbiddenError("Only a contextual safeguarding lead can say that it can wait.")
    place.urgent_since = clock.now() if wanted.urgent else None
    place.urgent_reason = wanted.reason if wanted.urgent else None
    touch(place, actor)
    audit.record(session, "place.urgent", "place", place.ref, urgent=wanted.urgent)
    return place


def renew(session: Session, actor: Actor, place: Place, wanted: RenewalIn, seen: Evidence) -> Place:
    """Another life of the label, when something newer than the last renewal is known."""
    must_be_as_looked_at(place, actor, wanted.version)
    if problem := renewal_problem(place, seen):
        raise RuleBrokenError(problem)
    _renew(place)
    touch(place, actor)
    until = place.label_expires_on.isoformat()
    audit.record(session, "place.renew", "place", place.ref, until=until)
    return place


def renewal_problem(place: Place, seen: Evidence) -> str | None:
    """Why the label cannot be renewed, in words."""
    if place.state in ASLEEP:
        return "A place that is closed or dormant is not renewed. Identify it again."
    if place.type_code in ONE_LIFE:
        return ENDS_FOR_GOOD
    return None if is_renewable(seen) else NOTHING_NEWER


def _must_be_renewable(place: Place) -> None:
    if place.type_code in ONE_LIFE:
        raise RuleBrokenError(ENDS_FOR_GOOD)


def _renew(place: Place) -> None:
    place.label_renewed_at = clock.now()
    place.label_expires_on = rules.label_expires_on(Sensitivity(place.sensitivity), clock.today())
