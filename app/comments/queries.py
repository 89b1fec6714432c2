"""Comments and what they are about. Row-level security has limited both."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import column, literal_column, select, table
from sqlalchemy.orm import Session

from app.comments.models import Comment
from app.comments.rules import KINDS, Kind
from app.core.errors import NotFoundError
from app.core.ids import read_reference
from app.core.references import NOT_FOUND
from app.places.models import Place

LIMIT = 200


@dataclass(frozen=True, slots=True)
class Subject:
    """A record that the reader sees."""

    id: UUID
    ref: str
    kind: Kind
    place: Place

    @property
    def url(self) -> str:
        return self.kind.url(self.ref, self.place.ref)


def subject(session: Session, ref: str) -> Subject:
    """By the reference of an assessment, a plan or a review."""
    prefix = ref.strip().upper()[:2]
    kind, known = KINDS.get(prefix), read_reference(ref, prefix)
    if kind is None or known is None:
        raise NotFoundError(NOT_FOUND)
    names = ("id", "ref", "place_id", "deleted_at")
    record = table(kind.table, *(column(name) for name in names), schema="app")
    found = session.execute(
        select(record.c.id, Place)
        .join(Place, Place.id == record.c.place_id)
        .where(record.c.ref == known, record.c.deleted_at.is_(literal_column("null")))
    ).one_or_none()
    if found is None:
        raise NotFoundError(NOT_FOUND)
    return Subject(found[0], known, kind, found[1])


def of(session: Session, kind: Kind, key: UUID) -> Sequence[Comment]:
    """The oldest first."""
    return session.scalars(
        select(Comment)
        .where(getattr(Comment, kind.column) == key, Comment.deleted_at.is_(None))
        .order_by(Comment.created_at, Comment.id)
        .limit(LIMIT)
    ).all()


def one(session: Session, about: Subject, key: UUID) -> Comment:
    found = session.get(Comment, key)
    if found is None or getattr(found, about.kind.column) != about.id:
        raise NotFoundError(NOT_FOUND)
    return found
