"""Reads of reports. Row-level security has already limited them to what the actor may see."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, case, false, func, select
from sqlalchemy.orm import Session

from app.accounts.models import User
from app.core.errors import NotFoundError
from app.core.ids import read_reference
from app.core.paging import Page
from app.reports.models import (
    Report,
    ReportContact,
    ReportMessage,
    ReportOriginal,
    ReportOutcome,
    ReportStateChange,
)
from app.reports.rules import UNDECIDED, State

PAGE_SIZE = 25
OPEN = "OPEN"
ALL = "ALL"
ABSENT = "There is no such report."

NOT_OPENED = (ReportMessage.direction == "IN", ReportMessage.read_at.is_(None))
UNREAD = (
    select(func.count())
    .where(ReportMessage.report_id == Report.id, *NOT_OPENED)
    .correlate(Report)
    .scalar_subquery()
)


class Listed(NamedTuple):
    """A row of the inbox. What is of the lead alone is None for everybody else."""

    report: Report
    original: ReportOriginal | None
    unread: int


@dataclass(frozen=True, slots=True)
class Filters:
    """What a reader asked for. Danger is in the queue even where something put it aside."""

    state: str = OPEN
    borough: str | None = None
    worry: str | None = None
    channel: str | None = None
    quarantine: bool = False
    message: bool = False
    overdue: bool = False
    late_until: datetime | None = None  # what came until then is overdue, by office hours
    since_visit: bool = False
    decided_after: datetime | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        found = [Report.deleted_at.is_(None), Report.erased_at.is_(None), *self._states()]
        if self.borough:
            found.append(Report.borough_codes.contains([self.borough]))  # scope: chosen filter
        if self.worry:
            found.append(Report.what_ticks.contains([self.worry]))
        if self.channel:
            found.append(Report.channel == self.channel)
        if self.message:
            found.append(UNREAD > 0)
        return [*found, *self._times()]

    def _times(self) -> Iterator[ColumnElement[bool]]:
        if self.overdue:
            late = self.late_until
            yield false() if late is None else and_(queue(), Report.created_at <= late)
        if self.since_visit and self.decided_after is not None:
            yield Report.decided_at > self.decided_after

    def _states(self) -> list[ColumnElement[bool]]:
        if self.quarantine:
            return [Report.state == State.QUARANTINED]
        if self.state == OPEN:
            return [queue()]
        return [] if self.state == ALL else [Report.state == self.state]


def queue() -> ColumnElement[bool]:
    """What waits for the lead."""
    aside = and_(Report.state == State.QUARANTINED, Report.danger_answer != "YES")
    return and_(Report.state.in_(UNDECIDED), ~aside)


def listed(session: Session, filters: Filters, *, number: int) -> Page[Listed]:
    """Danger first, then what is due first; what is decided, newest first."""
    which = filters.conditions()
    total = session.scalar(select(func.count()).select_from(Report).where(*which)) or 0
    undecided = Report.state.in_(UNDECIDED)
    rows = session.execute(
        select(Report, ReportOriginal, UNREAD)
        .join(ReportOriginal, ReportOriginal.report_id == Report.id, isouter=True)
        .where(*which)
        .order_by(
            case((undecided & (Report.danger_answer == "YES"), 0), (undecided, 1), else_=2),
            case((undecided, Report.created_at)),
            Report.decided_at.desc(),
            Report.ref,
        )
        .limit(PAGE_SIZE)
        .offset((number - 1) * PAGE_SIZE)
    )
    return Page([Listed._make(row) for row in rows], total, number)


class Waiting(NamedTuple):
    """How many, and the oldest of them."""

    n: int
    oldest: datetime | None


def waiting(session: Session, which: ColumnElement[bool]) -> Waiting:
    found = select(func.count(), func.min(Report.created_at)).where(
        Report.deleted_at.is_(None), which
    )
    return Waiting._make(session.execute(found).one())


def counted(session: Session, filters: Filters, at: Any) -> Waiting:  # noqa: ANN401 - a column
    """How many rows that list has, with the first of a moment."""
    found = select(func.count(), func.min(at)).select_from(Report).where(*filters.conditions())
    return Waiting._make(session.execute(found).one())


def received_undecided(session: Session) -> Sequence[datetime]:
    """When each report of the queue came, oldest first."""
    found = select(Report.created_at).where(Report.deleted_at.is_(None), queue())
    return session.scalars(found.order_by(Report.created_at)).all()


def unread(session: Session) -> Waiting:
    """Reports with a message that nobody opened, with the oldest message."""
    oldest = (
        select(func.min(ReportMessage.at))
        .where(ReportMessage.report_id == Report.id, *NOT_OPENED)
        .correlate(Report)
        .scalar_subquery()
    )
    return counted(session, Filters(state=ALL, message=True), oldest)


def last_received(session: Session) -> tuple[datetime, str] | None:
    """When the newest came, and which kind of reporter said it."""
    newest = select(Report.created_at, Report.reporter_kind).where(Report.deleted_at.is_(None))
    found = session.execute(newest.order_by(Report.created_at.desc()).limit(1)).one_or_none()
    return None if found is None else (found[0], found[1])


def last_decided(session: Session) -> datetime | None:
    return session.scalar(select(func.max(Report.decided_at)))


def find(session: Session, ref: str) -> Report:
    return _one(session, ref, select(Report))


def lock(session: Session, ref: str) -> Report:
    """The same, and nobody else changes it until the transaction ends."""
    return _one(session, ref, select(Report).with_for_update())


def _one(session: Session, ref: str, found: Select[Report]) -> Report:
    known = read_reference(ref, "RP")
    there = Report.deleted_at.is_(None), Report.erased_at.is_(None)
    report = session.scalar(found.where(Report.ref == known, *there))
    if report is None:
        raise NotFoundError(ABSENT)
    return report


def original(session: Session, report: Report) -> ReportOriginal:
    """The sealed words and what is of the lead alone; absent for everybody else."""
    found = session.get(ReportOriginal, report.id)
    if found is None:
        raise NotFoundError(ABSENT)
    return found


def contact(session: Session, report: Report) -> ReportContact | None:
    return session.get(ReportContact, report.id)


def messages(session: Session, report: Report) -> Sequence[ReportMessage]:
    """Newest first."""
    return session.scalars(
        select(ReportMessage)
        .where(ReportMessage.report_id == report.id)
        .order_by(ReportMessage.at.desc(), ReportMessage.id)
    ).all()


def outcomes(session: Session, report: Report) -> Sequence[ReportOutcome]:
    """Those that hold."""
    return session.scalars(
        select(ReportOutcome)
        .where(ReportOutcome.report_id == report.id, ReportOutcome.undone_at.is_(None))
        .order_by(ReportOutcome.created_at, ReportOutcome.code)
    ).all()


def history(session: Session, report: Report) -> Sequence[ReportStateChange]:
    return session.scalars(
        select(ReportStateChange)
        .where(ReportStateChange.report_id == report.id)
        .order_by(ReportStateChange.id)
    ).all()


def merged_into(session: Session, report: Report) -> Sequence[Report]:
    """Reports that were found to be about the same."""
    return session.scalars(
        select(Report)
        .join(ReportOriginal, ReportOriginal.report_id == Report.id)
        .where(ReportOriginal.duplicate_of_id == report.id, Report.deleted_at.is_(None))
        .order_by(Report.created_at)
    ).all()


def ref_of(session: Session, report_id: UUID | None) -> str | None:
    return session.scalar(select(Report.ref).where(Report.id == report_id)) if report_id else None


def name_of(session: Session, user_id: UUID | None) -> str | None:
    """Of a colleague; None for the public, a job, or nobody."""
    return session.scalar(select(User.name).where(User.id == user_id)) if user_id else None
