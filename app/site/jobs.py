"""Each minute: what must not go unnoticed is looked for, noted, and told once by e-mail."""

import smtplib
from datetime import datetime

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
# What succeeded is of no more use after a week; what failed can be looked at for a month.
FINISHED = text("""
    delete from queue.procrastinate_jobs as job
    where job.status in ('succeeded', 'failed', 'cancelled', 'aborted')
      and not exists (select from queue.procrastinate_periodic_defers where job_id = job.id)
      and (select max(at) from queue.procrastinate_events where job_id = job.id)
          < now() - case when job.status = 'failed' then interval '30 days'
                         else interval '7 days' end
""")


@blueprint.periodic(cron="* * * * *")
@blueprint.task(name="alerts", pass_context=True, queueing_lock="site:alerts")
def watch(context: JobContext, timestamp: int) -> None:
    given = context.additional_context
    settings: Settings = given["settings"]
    look(given["db"], settings, post_of(settings), clock.now())


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


def _note(db: Database, key: str, action: str) -> None:
    with db.begin(WATCH) as session:
        alerts.note(session, key, action)


def _told(db: Database, settings: Settings, post: Post, alert: alerts.Alert) -> bool:
    """Whether everybody's letter went; otherwise all are tried again, under the same ids."""
    link = f"{settings.base_url.rstrip('/')}/admin/service"
    words = f"{alert.rule.title}.\n\n{alert.rule.do}\n\n{link}\n"
    addresses = _addresses(db)
    for number, address in enumerate(addresses):
        mail = Mail(address, "Contextmap: somebody has to look", words)
        try:
            post(mail, f"alert.{alert.key}.{alert.raised_at:%Y%m%d%H%M%S}.{number}")
        except (OSError, smtplib.SMTPException, ValueError) as wrong:
            log.error("mail.not-sent", job="site:alerts", error=wrong)
            return False
    return bool(addresses)


def _addresses(db: Database) -> list[str]:
    """Of administrators and auditors."""
    with db.read(PEOPLE) as session:
        found = session.scalars(
            select(User.email)
            .where(User.state == "ACTIVE", User.role.in_(TOLD), User.email.is_not(None))
            .order_by(User.id)
        )
        return [address for address in found if address]
