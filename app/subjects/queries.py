"""Reads of the register of requests, and of answers while they are kept."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ColumnElement, delete, func, select, text
from sqlalchemy.orm import Session

from app.core.errors import NotFoundError
from app.core.ids import read_reference
from app.core.paging import Page
from app.subjects.models import SubjectFile, SubjectRequest
from app.subjects.rules import CLOSED, KEPT_YEARS, State

PAGE_SIZE = 25
ABSENT = "There is no such request."
OF_RECEIPT = text("select app.report_of_receipt(:receipt)")


def wanted(show: str, today: date) -> list[ColumnElement[bool]]:
    """Which rows a list shows; the work list counts by the same."""
    if show == "closed":
        return [SubjectRequest.state.in_(CLOSED)]
    found: list[ColumnElement[bool]] = [SubjectRequest.state.notin_(CLOSED)]
    if show == "overdue":
        found.append(SubjectRequest.due_on < today)
    if show == "decide":
        found.append(SubjectRequest.state == State.OPEN)
    return found


def listed(session: Session, show: str, *, today: date, number: int) -> Page[SubjectRequest]:
    """Those that wait, by the day they are due; those that are over, the newest first."""
    where = wanted(show, today)
    order = SubjectRequest.closed_at.desc() if show == "closed" else SubjectRequest.due_on
    total = session.scalar(select(func.count()).select_from(SubjectRequest).where(*where)) or 0
    rows = session.scalars(
        select(SubjectRequest)
        .where(*where)
        .order_by(order, SubjectRequest.ref)
        .limit(PAGE_SIZE)
        .offset((number - 1) * PAGE_SIZE)
    )
    return Page(list(rows), total, number)


def counted(session: Session, show: str, today: date) -> tuple[int, str]:
    """How many there are, and in words when the first is due."""
    found = select(func.count(), func.min(SubjectRequest.due_on)).where(*wanted(show, today))
    n, first_on = session.execute(found).one()
    return n, f"first due {first_on:%-d %B %Y}" if n else ""


def find(session: Session, ref: str, *, lock: bool = False) -> SubjectRequest:
    known = select(SubjectRequest).where(SubjectRequest.ref == read_reference(ref, "SR"))
    found = session.scalar(known.with_for_update() if lock else known)
    if found is None:
        raise NotFoundError(ABSENT)
    return found


def report_of(session: Session, receipt: bytes) -> UUID | None:
    """For the auditor: the report that a receipt stands for, without opening it."""
    found: UUID | None = session.scalar(OF_RECEIPT, {"receipt": receipt})
    return found


def file_of(session: Session, request: SubjectRequest, now: datetime) -> SubjectFile | None:
    """The newest that this person made and that is still kept."""
    return session.scalar(
        select(SubjectFile)
        .where(SubjectFile.request_id == request.id, SubjectFile.expires_at > now)
        .order_by(SubjectFile.expires_at.desc())
        .limit(1)
    )


def files_over(session: Session, now: datetime) -> list[tuple[SubjectFile, str]]:
    """Each with the reference of what it answered."""
    found = session.execute(
        select(SubjectFile, SubjectRequest.ref)
        .join(SubjectRequest, SubjectRequest.id == SubjectFile.request_id)
        .where(SubjectFile.expires_at <= now)
        .order_by(SubjectFile.id)
    )
    return [(file, ref) for file, ref in found]


def forget(session: Session, now: datetime) -> int:
    """Requests that were closed long ago; how many."""
    before = now - func.make_interval(KEPT_YEARS)
    gone = session.execute(
        delete(SubjectRequest).where(SubjectRequest.closed_at < before).returning(SubjectRequest.id)
    )
    return len(gone.all())
