"""Comments are added and taken back; nothing of the record itself changes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.orm import Session

from app.audit import service as audit
from app.comments import queries, rules
from app.comments.models import Comment
from app.comments.queries import Subject
from app.comments.rules import Kind
from app.core import clock
from app.core.actor import Actor
from app.core.errors import ForbiddenError, InvalidError, RuleBrokenError
from app.places import life_queries, recording
from app.places import queries as places
from app.places.rules import lint, stops
from app.reference import queries as reference

LEAD = "cs_lead"


@dataclass(frozen=True, slots=True)
class Shown:
    """The comments of one record as its page shows them."""

    about: str
    rows: Sequence[Comment]
    names: Mapping[UUID, str]
    agencies: Mapping[str, str]
    me: UUID
    may_all: bool  # take back the words of others, too

    def may_take_back(self, row: Comment) -> bool:
        return row.withdrawn_at is None and (self.may_all or row.created_by == self.me)


def shown(session: Session, actor: Actor, kind: Kind, key: UUID, ref: str) -> Shown:
    rows = queries.of(session, kind, key)
    return Shown(
        about=ref,
        rows=rows,
        names=life_queries.names_of(session, {row.created_by for row in rows}),
        agencies=dict(reference.codes(session, "agency")) if rows else {},
        me=actor.id,
        may_all=actor.role == LEAD,
    )


def add(session: Session, actor: Actor, about: Subject, body: str) -> Comment:
    """Some words beside a record."""
    if stopped := stops(lint(body, places.language(session))):
        raise InvalidError(rules.WRONG, {"body": f"Change the words. {stopped}"})
    made = Comment(
        **recording.part(actor),
        **{about.kind.column: about.id},
        agency_code=actor.agency or "OTHER",
        body=body,
    )
    session.add(made)
    session.flush()
    session.refresh(made)
    audit.record(session, "comment.create", about.kind.object, about.ref)
    return made


def take_back(session: Session, actor: Actor, about: Subject, key: UUID) -> Comment:
    """Its words go; that there was one, of whom and when, stays."""
    found = queries.one(session, about, key)
    if found.created_by != actor.id and actor.role != LEAD:
        raise ForbiddenError(rules.NOT_YOURS)
    session.refresh(found, with_for_update=True)
    if found.withdrawn_at is not None:
        raise RuleBrokenError(rules.TAKEN_BACK)
    found.body, found.withdrawn_at, found.withdrawn_by = None, clock.now(), actor.id
    recording.touch(found, actor)
    session.flush()
    audit.record(session, "comment.withdraw", about.kind.object, about.ref)
    return found
