"""Readers are told by e-mail what became of a report: one sentence and a link, once each.

What is to be told follows from the reports themselves, so that no moment is forgotten; the rows are
the memory of who is to be told, and whether that was done. A letter that was handed over and not
noted (the worker died between the two) goes again with the same Message-ID.
"""

import smtplib
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app.accounts.models import User
from app.audit import service as audit
from app.briefings.rules import Event
from app.core import log
from app.core.actor import job_actor
from app.core.db import Database
from app.core.mail import Mail

TELL = job_actor("briefings:tell")
# Addresses of people are read by the jobs of accounts and by no other.
PEOPLE = job_actor("accounts:tidy")
READERS = ("vca_member", "cs_lead", "auditor")
OLD = timedelta(days=7)  # nobody is told of a report a week late
WAIT = timedelta(minutes=15)  # before the second try; each further one waits as much longer
SUBJECT = "Quarterly context report"
WORDS = {
    Event.FROZEN: "A quarterly context report is ready.",
    Event.REPLACED: "A quarterly context report is ready. It replaces an earlier one.",
    Event.RECALLED: "A quarterly context report was recalled.",
}
NEW = text("""
    select id, ref, event from (
        select id, ref, created_at, case when state = 'RECALLED' then 'RECALLED'
                                         when replaces_id is null then 'FROZEN'
                                         else 'REPLACED' end as event,
               case when state = 'RECALLED' then recalled_at else frozen_at end as at
        from app.briefing
        where kind = 'QUARTERLY' and state in ('FROZEN', 'TABLED', 'RECALLED')) as b
    where at > now() - cast(:old as interval) and not exists (
        select from app.briefing_notice as n where n.briefing_id = b.id and n.event = b.event)
    order by created_at
""")
DROP = text("""
    update app.briefing_notice set state = 'DROPPED'
    where briefing_id = :briefing and state = 'WAITING' and event <> 'RECALLED'
""")
ADD = text("""
    insert into app.briefing_notice (briefing_id, event, user_id, state)
    values (:briefing, :event, :user, :state) on conflict do nothing
""")
WAITING = text("""
    select n.briefing_id, n.event, n.user_id, b.ref
    from app.briefing_notice as n join app.briefing as b on b.id = n.briefing_id
    where n.state = 'WAITING' and n.made_at > now() - cast(:old as interval)
      and (n.failed_at is null
           or n.failed_at < now() - least(n.tries, 16) * cast(:wait as interval))
    order by n.made_at, n.briefing_id, n.event, n.user_id
""")
SENT = text("""
    update app.briefing_notice set state = 'SENT', sent_at = now(), tries = tries + 1
    where (briefing_id, event, user_id) = (:briefing, :event, :user) and state = 'WAITING'
""")
FAILED = text("""
    update app.briefing_notice set tries = tries + 1, failed_at = now()
    where (briefing_id, event, user_id) = (:briefing, :event, :user) and state = 'WAITING'
""")
GONE = text("""
    update app.briefing_notice set state = 'NO_ADDRESS'
    where (briefing_id, event, user_id) = (:briefing, :event, :user) and state = 'WAITING'
""")
STANDING = text("""
    select event, min(made_at) as made_at, max(failed_at) as failed_at,
           count(*) filter (where state = 'SENT') as sent,
           count(*) filter (where state = 'WAITING') as waiting,
           count(*) filter (where state = 'NO_ADDRESS') as without_address
    from app.briefing_notice where state <> 'DROPPED'
    group by briefing_id, event order by min(made_at) desc, event limit 20
""")

Send = Callable[[Mail, str], None]


class NotToldError(Exception):
    """Some letters did not go; they are tried again, later each time."""


class Waiting(NamedTuple):
    briefing_id: UUID
    event: str
    user_id: UUID
    ref: str

    @property
    def key(self) -> dict[str, object]:
        return {"briefing": self.briefing_id, "event": self.event, "user": self.user_id}


class Told(NamedTuple):
    """How the letters of one moment of one report stand."""

    event: str
    made_at: datetime
    failed_at: datetime | None
    sent: int
    waiting: int
    without_address: int


def note(db: Database) -> None:
    """Who is to be told, once for each; what is recalled is no longer said to be ready."""
    readers = _addresses(db)
    with db.begin(TELL) as session:
        for briefing, ref, event in session.execute(NEW, {"old": OLD}).all():
            if event == Event.RECALLED:
                session.execute(DROP, {"briefing": briefing})
            for user, address in readers.items():
                state = "WAITING" if address else "NO_ADDRESS"
                given = {"briefing": briefing, "event": event, "user": user, "state": state}
                session.execute(ADD, given)
            audit.record(session, "briefing.tell", "briefing", ref, rows=len(readers))


def send_waiting(db: Database, send: Send, base_url: str) -> None:
    """Each letter by itself: one that fails stops no other, and is tried again."""
    with db.read(TELL) as session:
        found = session.execute(WAITING, {"old": OLD, "wait": WAIT}).all()
        waiting = [Waiting(row.briefing_id, row.event, row.user_id, row.ref) for row in found]
    failed = [one for one in waiting if not _sent(db, send, one, base_url)]
    if failed:
        raise NotToldError


def standing(session: Session) -> Sequence[Told]:
    """For administrators: numbers of letters, nothing of the reports."""
    return [Told._make(row) for row in session.execute(STANDING)]


def _sent(db: Database, send: Send, one: Waiting, base_url: str) -> bool:
    """Whoever has left since, or reads no more reports, is not told."""
    address = _addresses(db).get(one.user_id)
    done = GONE
    if address:
        link = f"{base_url.rstrip('/')}/briefings/{one.ref}"
        mail = Mail(address, SUBJECT, f"{WORDS[Event(one.event)]}\n\n{link}\n")
        try:
            send(mail, f"{one.briefing_id}.{one.event.lower()}.{one.user_id}")
            done = SENT
        except (OSError, smtplib.SMTPException, ValueError) as wrong:
            log.error("mail.not-sent", job="briefings:tell", error=wrong)
            done = FAILED
    with db.begin(TELL) as session:
        session.execute(done, one.key)
    return done is not FAILED


def _addresses(db: Database) -> dict[UUID, str | None]:
    with db.read(PEOPLE) as session:
        rows = session.execute(
            select(User.id, User.email)
            .where(User.state == "ACTIVE", User.role.in_(READERS))
            .order_by(User.id)
        )
        return {row.id: row.email for row in rows}
