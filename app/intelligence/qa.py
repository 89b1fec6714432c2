"""The check of an item by a second analyst, and what becomes of it afterwards."""

from collections.abc import Callable, Mapping
from datetime import datetime

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app.core import clock
from app.core.actor import Actor
from app.core.errors import InvalidError, RuleBrokenError
from app.core.states import moved
from app.intelligence import rules, service
from app.intelligence.models import IntelItem, IntelPolice
from app.intelligence.rules import MOVES, Grading, Handling, State
from app.intelligence.schemas import DecisionIn
from app.reference import personal
from app.reference.personal import Span

BECAUSE = text("select set_config('cs.reason', :words, true)")
DECISIONS = {
    "RELEASE": "Release",
    "SANITISE": "Right as it is, release it later",
    "ISSUES": "Has issues",
    "REJECT": "Reject",
}
NO_REASON = "Give the reason."


def take(session: Session, actor: Actor, item: IntelItem) -> None:
    """A second analyst begins to check it."""
    _must_be_another(actor, item)
    item.qa_by = actor.id
    _move(session, item, State.IN_QA)


def decide(session: Session, actor: Actor, item: IntelItem, said: DecisionIn) -> None:
    """Release, leave for later, send back, or reject."""
    _must_be_another(actor, item)
    choose: Mapping[str, Callable[[], None]] = {
        "RELEASE": lambda: _release(session, actor, item, said),
        "SANITISE": lambda: _sanitise(session, actor, item, said),
        "ISSUES": lambda: _with_note(session, item, said, State.HAS_ISSUES),
        "REJECT": lambda: _with_note(session, item, said, State.REJECTED),
    }
    if said.decision not in choose:
        raise InvalidError(
            "Change the fields named below.", {"decision": "Select what you decide."}
        )
    choose[said.decision]()


def release(session: Session, actor: Actor, item: IntelItem) -> None:
    """Of an item that was found right before."""
    _must_be_another(actor, item)
    moved("piece of intelligence", item.state, State.RELEASED, MOVES)
    _must_have_no_barriers(session, item)
    _publish(session, actor, item)


def withdraw(session: Session, actor: Actor, item: IntelItem, reason: str) -> None:
    """Nobody but analysts reads it from now on."""
    if not reason.strip():
        raise InvalidError("Change the fields named below.", {"reason": NO_REASON})
    item.updated_by = actor.id
    _move(session, item, State.WITHDRAWN, reason)


def returned(session: Session, item: IntelItem) -> None:
    """Its writer mended what was wrong: back to whoever checks."""
    if item.state == State.HAS_ISSUES:
        _move(session, item, State.IN_QA)


def publish(session: Session, actor: Actor, item: IntelItem, *, now: datetime) -> None:
    """Released, whatever it was: for rehearsals, and at the end of every way to a release."""
    item.state = State.RELEASED
    item.released_at, item.released_by = now, actor.id
    today = now.astimezone(clock.LONDON).date()
    item.review_due = rules.review_due(today, item.expires_on)
    if item.identifies and item.confirmed_by is None:
        item.confirmed_by = actor.id


def marked(item: IntelItem) -> list[Span]:
    """What may identify somebody, in the text and in the conditions."""
    return [span for words in (item.body, item.conditions or "") for span in personal.found(words)]


def _sanitise(session: Session, actor: Actor, item: IntelItem, said: DecisionIn) -> None:
    moved("piece of intelligence", item.state, State.SANITISED, MOVES)
    item.identifies = bool(marked(item))
    if item.identifies and said.confirmed:
        item.confirmed_by = actor.id
    _must_have_no_barriers(session, item)
    _move(session, item, State.SANITISED)


def _release(session: Session, actor: Actor, item: IntelItem, said: DecisionIn) -> None:
    _sanitise(session, actor, item, said)
    _publish(session, actor, item)


def _publish(session: Session, actor: Actor, item: IntelItem) -> None:
    publish(session, actor, item, now=clock.now())
    session.flush()
    service.record(session, "release", item, grade=service.grade_of(item))
    if item.supersedes_id is not None:
        old = session.scalar(
            select(IntelItem).where(IntelItem.id == item.supersedes_id).with_for_update()
        )
        if old is not None and State.SUPERSEDED in MOVES.get(old.state, ()):
            _end(session, old, item)


def _end(session: Session, old: IntelItem, new: IntelItem) -> None:
    """An item of code P is read by other forces, who learn nothing of a new one of code C."""
    if Handling.WITH_CONDITIONS in {new.handling} - {old.handling}:
        _move(session, old, State.WITHDRAWN, "No longer shared.")
    else:
        _move(session, old, State.SUPERSEDED, f"Corrected by {new.ref}.")


def _must_be_another(actor: Actor, item: IntelItem) -> None:
    barrier = rules.barrier_to_check(
        by=actor.id, created_by=item.created_by, written_by=item.written_by
    )
    if barrier:
        raise RuleBrokenError(barrier)


def _must_have_no_barriers(session: Session, item: IntelItem) -> None:
    grading = Grading(
        rules.Source(item.source_eval),
        rules.Assessment(item.info_assess),
        rules.Handling(item.handling),
    )
    barriers = rules.barriers_to_release(
        grading,
        conditions=item.conditions or "",
        recipients=len(service.recipients(session, item)),
        unconfirmed=int(item.identifies and item.confirmed_by is None),
    )
    if barriers:
        raise InvalidError("Change the fields named below.", {"confirmed": " ".join(barriers)})


def _with_note(session: Session, item: IntelItem, said: DecisionIn, to: State) -> None:
    if not said.note:
        raise InvalidError("Change the fields named below.", {"note": NO_REASON})
    police = session.get(IntelPolice, item.id)
    if police is not None:
        police.qa_note = said.note
    _move(session, item, to)


def _move(session: Session, item: IntelItem, to: State, why: str = "") -> None:
    item.state = moved("piece of intelligence", item.state, to, MOVES)
    session.execute(BECAUSE, {"words": why})
    session.flush()
    session.execute(BECAUSE, {"words": ""})
    service.record(session, to.lower(), item)
