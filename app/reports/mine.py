"""What an organisation sent, as its people are told of it: a day, a kind, what became of it."""

from datetime import date
from typing import NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.core import clock
from app.core.actor import Actor
from app.core.paging import Page
from app.reports.models import Report
from app.reports.rules import PUBLIC_WORD

PAGE_SIZE = 25
KINDS = {
    "PLACE": "A place",
    "ROUTE": "A route or journey",
    "ONLINE": "Something online",
    "DESCRIBED": "Described in words",
}
# Why nothing follows, for who sent it.
REASONS = {
    "NO_HARM_DESCRIBED": "It did not describe harm.",
    "PRESENCE_ONLY": "It was about children being there. Youth services know.",
    "TOO_LITTLE": "There was too little to act on.",
    "NOT_A_PLACE": "It was not about a place or online space.",
    "NOT_LOCAL": "It was not in our area.",
}


class Sent(NamedTuple):
    """One line of the list, which shows no reference. A reason only once it is closed."""

    ref: str
    on: date
    kind: str
    word: str
    reason: str | None


def sent_by(session: Session, actor: Actor, *, number: int = 1) -> Page[Sent]:
    """Newest first. The policy limits it to the organisation, too; leads see others elsewhere."""
    own = Report.agency_code == actor.agency
    total = session.scalar(select(func.count()).select_from(Report).where(own)) or 0
    found = session.scalars(
        select(Report)
        .where(own)
        .order_by(Report.created_at.desc(), Report.id)
        .limit(PAGE_SIZE)
        .offset((number - 1) * PAGE_SIZE)
    )
    return Page([_line(report) for report in found], total, number)


def _line(report: Report) -> Sent:
    word = PUBLIC_WORD[report.state]
    reason = REASONS.get(report.reason_code or "") if word == "Closed" else None
    on = clock.london(report.created_at).date()
    return Sent(report.ref, on, KINDS[report.where_kind], word, reason)
