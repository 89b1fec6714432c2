"""What must not go unnoticed is looked for each minute, noted, and told once by e-mail.

Beside the queue of the worker: jobs that hang would silence what tells of them.
"""

import asyncio
import smtplib
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from procrastinate import JobContext
from procrastinate.blueprints import Blueprint
from sqlalchemy import select, text

from app.accounts.models import User
from app.core import clock, log
from app.core.actor import job_actor
from app.core.db import Database
from app.core.mail import Mail, Post, post_of
from app.core.settings import Settings
from app.site import alerts

blueprint = Blueprint()

WATCH = job_actor("site:alerts")
TIDY = job_actor("site:readyz")
# Addresses of people are read by the jobs of accounts and by no other.
PEOPLE = job_actor("accounts:tidy")
TOLD = ("administrator", "auditor")
EVERY_S = 60
LOCK = 72_110_421  # any number
# What succeeded is of no more use after a week; what failed can be looked at for a month.
FINISHED = text("""
    delete from queue.procrastinate_jobs as job
    where job.status in ('succeeded', 'failed', 'cancelled', 'aborted')
      and not exists (select from queue.procrastinate_periodic_defers where job_id = job.id)
      and (select max(at) from queue.procrastinate_events where job_id = job.id)
          < now() - case when job.status = 'failed' then interval '30 days'
                         else interval '7 days' end
""")


class Person(NamedTuple):
    """Somebody who is told, and where."""

    id: UUID
    address: str


class Watch:
    """Looks each minute, as long as the worker runs."""

    def __init__(self, db: Database, settings: Settings) -> None:
        self.db, self.settings = db, settings

    async def run(self) -> None:
        """Until cancelled; a look that has begun is finished."""
        while True:
            await asyncio.shield(asyncio.to_thread(self.turn))
            await asyncio.sleep(EVERY_S)

    def turn(self) -> None:
        """One that fails is told, and the next comes. Of several workers one looks at a time."""
        try:
            with self.db.cursor(WATCH, keep=False) as cursor:
                cursor.execute("select pg_try_advisory_xact_lock(%s)", (LOCK,))
                if cursor.fetchone() == (True,):
                    look(self.db, self.settings, post_of(self.settings), clock.now())
        except Exception as error:
            log.error("alerts.not-looked", error=error)


@blueprint.periodic(cron="37 4 * * *")
@blueprint.task(name="tidy", pass_context=True)
def tidy(context: JobContext, timestamp: int) -> None:
    """Jobs that ended long ago are forgotten: the queue would grow for ever."""
    with context.additional_context["db"].begin(TIDY) as session:
        session.execute(FINISHED)


def look(db: Database, settings: Settings, post: Post | None, now: datetime) -> None:
    """What is new is noted, what is over ends, and what nobody was told of yet is told."""
    known = alerts.history(db)
    stands = {alert.key for alert in alerts.standing(known)}
    for key, holds in alerts.conditions(db, settings, known, now).items():
        if holds and key not in stands:
            log.error("alert.raised", ref=key)
            _note(db, key, alerts.RAISED)
        elif not holds and key in stands and alerts.RULES[key].lasts:
            log.info("alert.over", ref=key)
            _note(db, key, alerts.OVER)
    if post is not None:
        for alert in alerts.standing(alerts.history(db)):
            if alert.told_at is None and _told(db, settings, post, alert):
                _note(db, alert.key, alerts.TOLD)


def _note(db: Database, key: str, action: str, **facts: str) -> None:
    with db.begin(WATCH) as session:
        alerts.note(session, key, action, **facts)


def _told(db: Database, settings: Settings, post: Post, alert: alerts.Alert) -> bool:
    """Whether everybody's letter went. Who had theirs does not get it again with the next try."""
    link = f"{settings.base_url.rstrip('/')}/admin/service"
    words = f"{alert.rule.title}.\n\n{alert.rule.do}\n\n{link}\n"
    people, had = _people(db), alerts.letters(db, alert)
    for person in people:
        if str(person.id) in had:
            continue
        mail = Mail(person.address, "Contextmap: somebody has to look", words)
        try:
            post(mail, f"alert.{alert.key}.{alert.raised_at:%Y%m%d%H%M%S}.{person.id}")
        except (smtplib.SMTPRecipientsRefused, ValueError) as wrong:
            log.error("mail.refused", job="site:alerts", error=wrong)  # of this address alone
            continue
        except (OSError, smtplib.SMTPException) as wrong:
            log.error("mail.not-sent", job="site:alerts", error=wrong)
            return False
        _note(db, alert.key, alerts.LETTER, user=str(person.id))
        had.add(str(person.id))
    return bool(people) and had >= {str(person.id) for person in people}


def _people(db: Database) -> list[Person]:
    """Administrators and auditors who have an address."""
    with db.read(PEOPLE) as session:
        found = session.execute(
            select(User.id, User.email)
            .where(User.state == "ACTIVE", User.role.in_(TOLD), User.email.is_not(None))
            .order_by(User.id)
        )
        return [Person(row.id, row.email) for row in found if row.email]
