"""Objections: somebody asks for the label of a place to be looked at again, a lead answers.

Whoever asked, or set the label, does not answer. Reads and answers are audited.
"""

from datetime import date, datetime
from typing import Annotated, Literal, NamedTuple
from uuid import UUID

from pydantic import Field
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from app.audit import service as audit
from app.core import clock, working_days
from app.core.actor import Actor
from app.core.errors import InvalidError, NotFoundError, RuleBrokenError
from app.core.ids import new_reference, read_reference
from app.core.paging import Page
from app.core.types import StrictModel, Text
from app.places import queries, rules
from app.places.models import Objection, Place
from app.places.rules import lint

PAGE_SIZE = 25
ANSWER_DAYS = 20
OPEN = ("RECEIVED", "CONSIDERED")
RAISED_BY = {
    "MANAGER": "Whoever manages the place",
    "RESIDENT": "Somebody who lives or works near by",
    "PARENT_CARER": "A parent or carer",
    "CHILD": "A child",
    "OTHER": "Somebody else, or I myself",
}
STATES = {
    "RECEIVED": "Received",
    "CONSIDERED": "Being considered",
    "UPHELD": "Upheld: the label was wrong",
    "PARTLY": "Partly upheld: something changes",
    "NOT_UPHELD": "Not upheld: the label stays",
}
ANSWERS = {code: words for code, words in STATES.items() if code not in OPEN}
LABELLED = text("select app.labelled_by_me(:place_id)")
ABSENT = "There is no such objection."
NOT_YOURS = "Somebody decides who neither asked nor set the label. Ask another lead or the auditor."
ANSWERED = "This was answered already."


class ObjectionIn(StrictModel):
    """Why a label should be looked at again."""

    raised_by: Literal["MANAGER", "RESIDENT", "PARENT_CARER", "CHILD", "OTHER"]
    body: Annotated[Text, Field(min_length=20, max_length=500)]


class AnswerIn(StrictModel):
    """What a lead decided, and why."""

    state: Literal["UPHELD", "PARTLY", "NOT_UPHELD"]
    decision: Annotated[Text, Field(min_length=20, max_length=1000)]


class Listed(NamedTuple):
    """A row of the list. No place: its reader may not see it any more."""

    ref: str
    created_at: datetime
    state: str
    raised_by: str
    decided_at: datetime | None
    place_id: UUID
    place_ref: str | None

    @property
    def answer_by(self) -> date:
        return answer_by(self.created_at)


def answer_by(created_at: datetime) -> date:
    return working_days.due_on(created_at, working_days=ANSWER_DAYS)


def ask(session: Session, actor: Actor, place: Place, wanted: ObjectionIn) -> Objection:
    _must_be_neutral(session, "body", wanted.body)
    made = Objection(
        ref=new_reference("OB"),
        place_id=place.id,
        agency_code=actor.agency or "OTHER",
        raised_by=wanted.raised_by,
        body=wanted.body,
        created_by=actor.id,
    )
    session.add(made)
    audit.record(session, "objection.create", "objection", made.ref, place=place.ref)
    return made


def listed(session: Session, *, answered: bool, number: int) -> Page[Listed]:
    """Those that wait, the oldest first; or those with an answer, the newest first."""
    which = Objection.state.notin_(OPEN) if answered else Objection.state.in_(OPEN)
    order = Objection.decided_at.desc() if answered else Objection.created_at
    total = session.scalar(select(func.count()).select_from(Objection).where(which)) or 0
    rows = session.execute(
        select(
            Objection.ref,
            Objection.created_at,
            Objection.state,
            Objection.raised_by,
            Objection.decided_at,
            Objection.place_id,
            Place.ref,
        )
        .outerjoin(Place, Place.id == Objection.place_id)
        .where(which)
        .order_by(order, Objection.ref)
        .limit(PAGE_SIZE)
        .offset((number - 1) * PAGE_SIZE)
    )
    found = [Listed._make(row) for row in rows]
    audit.record(session, "objection.list", "objection", None, rows=len(found))
    return Page(found, total, number)


def opened(session: Session, ref: str) -> Objection:
    """One, to be read: leaves an event."""
    found = _find(session, ref)
    audit.record(session, "objection.read", "objection", found.ref)
    return found


def place_ref(session: Session, objection: Objection) -> str | None:
    return session.scalar(select(Place.ref).where(Place.id == objection.place_id))


def names(session: Session, place_ids: set[UUID]) -> dict[UUID, str]:
    """Of places that the reader sees. Not for auditors, who see no names."""
    found = session.execute(select(Place.id, Place.name).where(Place.id.in_(place_ids)))
    return {row.id: row.name for row in found}


def answerable(session: Session, actor: Actor, objection: Objection) -> bool:
    """By this person: who asked, and who set the label, leave it to somebody else."""
    labelled = session.scalar(LABELLED, {"place_id": objection.place_id})
    return objection.created_by != actor.id and not labelled


def answer(session: Session, actor: Actor, ref: str, wanted: AnswerIn) -> Objection:
    found = _find(session, ref, lock=True)
    if found.state not in OPEN:
        raise RuleBrokenError(ANSWERED)
    if not answerable(session, actor, found):
        raise RuleBrokenError(NOT_YOURS)
    if actor.role == "cs_lead":  # an auditor has no word list
        _must_be_neutral(session, "decision", wanted.decision)
    found.state = "CONSIDERED"
    session.flush()
    found.state, found.decision = wanted.state, wanted.decision
    found.decided_at, found.decided_by = clock.now(), actor.id
    audit.record(session, "objection.decide", "objection", found.ref, decision=wanted.state)
    return found


def waiting(session: Session) -> tuple[int, datetime | None]:
    """How many wait for an answer, and since when the oldest does."""
    asked = select(func.count(), func.min(Objection.created_at)).where(Objection.state.in_(OPEN))
    n, oldest = session.execute(asked).one()
    return n, oldest


def _find(session: Session, ref: str, *, lock: bool = False) -> Objection:
    wanted = select(Objection).where(Objection.ref == read_reference(ref, "OB"))
    found = session.scalar(wanted.with_for_update() if lock else wanted)
    if found is None:
        raise NotFoundError(ABSENT)
    return found


def _must_be_neutral(session: Session, field: str, words: str) -> None:
    if stopped := rules.stops(lint(words, queries.language(session))):
        raise InvalidError(
            "Change the fields named below.", {field: f"Change the words. {stopped}"}
        )
