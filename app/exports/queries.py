"""Reads of exports: one's own, and what waits for a second person."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from app.core.errors import NotFoundError
from app.core.ids import read_reference
from app.core.paging import Page
from app.exports.models import Export
from app.exports.rules import ABSENT, LOST, State

PAGE_SIZE = 25

WAITING = text("select * from app.exports_waiting()")


class Waiting(NamedTuple):
    """What somebody else asked for, as the person who decides sees it."""

    ref: str
    asked_at: datetime
    person: str
    role: str
    agency: str
    dataset: str
    filters: dict[str, str]
    format: str
    rows_asked: int
    purpose: str
    recipient_agency: str
    recipient: str
    reason: str


def own(session: Session, *, number: int) -> Page[Export]:
    """One numbered page, the newest first; policies leave one's own."""
    total = session.scalar(select(func.count()).select_from(Export)) or 0
    found = session.scalars(
        select(Export)
        .order_by(Export.created_at.desc(), Export.id)
        .limit(PAGE_SIZE)
        .offset((number - 1) * PAGE_SIZE)
    )
    return Page(list(found), total, number)


def find(session: Session, ref: str) -> Export:
    found = session.scalar(select(Export).where(Export.ref == read_reference(ref, "EX")))
    if found is None:
        raise NotFoundError(ABSENT)
    return found


def lock(session: Session, export: UUID) -> Export | None:
    """For a job: two workers never make the same file at once."""
    return session.scalar(select(Export).where(Export.id == export).with_for_update())


def waiting(session: Session) -> list[Waiting]:
    return [Waiting._make(row) for row in session.execute(WAITING)]


def waits(session: Session, ref: str) -> Waiting:
    """One of those that wait for this person."""
    known = read_reference(ref, "EX")
    found = next((row for row in waiting(session) if row.ref == known), None)
    if found is None:
        raise NotFoundError(ABSENT)
    return found


def lost(session: Session, now: datetime) -> Sequence[UUID]:
    """Files whose own job was lost, or that an auditor let through."""
    when = func.coalesce(Export.decided_at, Export.created_at)
    found = select(Export.id).where(Export.state == State.QUEUED, when < now - LOST)
    return session.scalars(found.order_by(Export.created_at)).all()
