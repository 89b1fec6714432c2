"""What ends by itself: reports without news, questions without an answer, contacts."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import delete, func, or_, select
from sqlalchemy.orm import Session

from app.audit import service as audit
from app.core import working_days
from app.core.clock import london
from app.core.states import moved
from app.reports.models import Report, ReportContact, ReportOriginal, ReportStateChange
from app.reports.rules import MOVES, State
from app.reports.service import because

CLOSED_AFTER = timedelta(days=30)
ANSWER_WORKING_DAYS = 10
LOST_AFTER = timedelta(minutes=1)
SWEPT = 200


def unscreened(session: Session, *, now: datetime) -> Sequence[UUID]:
    """Oldest first; their own job should have come by now."""
    return session.scalars(
        select(Report.id)
        .join(ReportOriginal, ReportOriginal.report_id == Report.id)
        .where(
            ReportOriginal.screened_at.is_(None),
            Report.deleted_at.is_(None),
            Report.state.in_([State.RECEIVED, State.QUARANTINED]),
            Report.created_at < now - LOST_AFTER,
        )
        .order_by(Report.created_at)
        .limit(SWEPT)
    ).all()


def end(session: Session, *, now: datetime) -> None:
    """Each step is one move with its reason and one event."""
    for report in _told_long_ago(session, now - CLOSED_AFTER):
        report.closed_at = now
        _move(session, report, State.CLOSED, "30 days without news", "report.close")
    for report in _unanswered(session, london(now).date()):
        _move(session, report, State.IN_TRIAGE, "No reply in 10 working days", "report.unanswered")
    _forget(session, london(now).date())


def _told_long_ago(session: Session, before: datetime) -> Sequence[Report]:
    asked = select(Report).where(
        Report.state.in_([State.DECIDED, State.FEEDBACK_SENT]),
        Report.decided_at < before,
        Report.deleted_at.is_(None),
    )
    return session.scalars(asked.with_for_update()).all()


def _unanswered(session: Session, today: date) -> list[Report]:
    asked = select(Report).where(Report.state == State.NEEDS_INFO, Report.deleted_at.is_(None))
    waiting = session.scalars(asked.with_for_update()).all()
    return [
        report
        for report in waiting
        if working_days.between(_since(session, report), today) > ANSWER_WORKING_DAYS
    ]


def _since(session: Session, report: Report) -> date:
    at = session.scalar(
        select(func.max(ReportStateChange.at)).where(ReportStateChange.report_id == report.id)
    )
    return london(at or report.updated_at).date()


def _forget(session: Session, today: date) -> None:
    """The key of a contact is in no database: deleting the row destroys what it sealed."""
    gone = session.scalars(
        select(Report)
        .join(ReportContact, ReportContact.report_id == Report.id)
        .where(or_(ReportContact.expires_on <= today, Report.deleted_at.is_not(None)))
    ).all()
    for report in gone:
        session.execute(delete(ReportContact).where(ReportContact.report_id == report.id))
        audit.record(session, "report_contact.delete", "report", report.ref)


def _move(session: Session, report: Report, to: State, why: str, action: str) -> None:
    because(session, why)
    report.state = moved("report", report.state, to, MOVES)
    audit.record(session, action, "report", report.ref, state=to)
