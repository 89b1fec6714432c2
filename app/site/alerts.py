"""What must not go unnoticed: one table of rules, looked at each minute beside the queue.

An alert is found once, told once by e-mail, and acknowledged by a named person; all three are
events of the audit, and what stands follows from them, so that nobody can quietly remove one.
What happened once (a decoy was opened) stands until it is acknowledged. What lasts (a late backup)
stands until it is over; acknowledging says who looks after it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import TextClause, text
from sqlalchemy.orm import Session

from app.audit import service as audit
from app.audit.seals import SEALER
from app.backups import service as backups
from app.core import clock, crashes, log, replica
from app.core.db import Database
from app.core.settings import Settings
from app.oversight.rules import CHILD_READS_A_DAY, DENIALS_IN_10_MIN
from app.site import figures, rooms

RAISED, TOLD, ACKNOWLEDGED, OVER = "alert.raise", "alert.tell", "alert.acknowledge", "alert.end"
LETTER = "alert.letter"  # to one person; told is when everybody's went
SEAL_LATE_S = 60
JOB_LATE_S = 600
BEGAN = clock.now()  # this process
CHANGES_LATE = timedelta(minutes=10)
BACK = timedelta(days=1)
# A page's transaction lasts five seconds: what began before has been committed or never will be.
SETTLED = timedelta(seconds=10)


@dataclass(frozen=True, slots=True)
class Rule:
    """`lasts` says whether it ends by itself."""

    title: str
    do: str
    lasts: bool = False


RULES: dict[str, Rule] = {
    "audit-failed": Rule(
        "Something could not be shown, because its trace could not be kept",
        "Look at the database and its disk; the log says audit.failed.",
    ),
    "verification-failed": Rule(
        "The audit is not what was sealed",
        "Delete nothing. Call the data protection officer (docs/operator/audit.md).",
        lasts=True,
    ),
    "seal-late": Rule(
        "Events of the audit wait for their seal for more than a minute",
        "Look whether the worker runs, and for a transaction that stays open.",
        lasts=True,
    ),
    "decoy": Rule(
        "A child's reference that belongs to no work was opened",
        "Look in the audit who opened it, and talk to them.",
    ),
    "emergency": Rule(
        "Emergency access was taken", "Look at the grant and its reason within a day."
    ),
    "denials": Rule(
        f"More than {DENIALS_IN_10_MIN} denials of one person within ten minutes",
        "Look in the audit what was asked for.",
    ),
    "child-reads": Rule(
        f"More than {CHILD_READS_A_DAY} reads of children by one person within a day",
        "Look in the audit whether their work explains it.",
    ),
    "crash": Rule(
        "A process of the service was ended by a fault in its memory (signal 11)",
        "Update the packages; if it happens again, keep the log and ask for help.",
    ),
    "backup-late": Rule(
        "The last backup is older than 26 hours",
        "Look at the log of the worker, the disk of the backups and their key.",
        lasts=True,
    ),
    "changes-late": Rule(
        "Changes of the database have not been shipped for ten minutes",
        "Look at the log of the worker and the disk of CONTEXTMAP_WAL_ARCHIVE.",
        lasts=True,
    ),
    "no-backups": Rule(
        "No backups are made",
        "Set their key and their folder (docs/operator/backups.md), or look after them elsewhere.",
        lasts=True,
    ),
    "jobs-late": Rule(
        "Work in the background has waited for more than ten minutes",
        "Look at the jobs at work; restart the worker if one hangs.",
        lasts=True,
    ),
    "replica": Rule("The replica is of no use", "See docs/operator/scaling.md.", lasts=True),
    "disk": Rule(
        "Less than a tenth of the disk is left",
        "Make room, or enlarge it: records can soon be read only.",
        lasts=True,
    ),
}
LAST = text("""
    select distinct on (object_ref, action) object_ref, action, at, actor
    from audit.event
    where object_type = 'alert' and action like 'alert.%'
    order by object_ref, action, id desc
""")
SINCE = text("""
    select count(*) from audit.event
    where action = :action and at > :since and at <= :until
      and (cast(:kind as text) is null or detail ->> 'kind' = :kind)
""")
DENIED = text("""
    select count(*) from (
        select actor, count(*) over (
            partition by actor order by at
            range between interval '10 minutes' preceding and current row) as n
        from audit.event where action = 'denied' and at > :since and at <= :until
    ) as denied where n > :most
""")
READ = text("""
    select count(*) from (
        select actor from audit.event
        where action in ('child.read', 'child_place_link.read') and at > :since and at <= :until
        group by actor having count(*) > :most
    ) as reader
""")
LETTERS = text("""
    select detail ->> 'user' from audit.event
    where action = :action and object_type = 'alert' and object_ref = :key and at > :since
""")
VERIFIED = text("""
    select outcome = 'changed' from audit.event
    where action = 'audit.verify' and outcome <> 'asked' order by id desc limit 1
""")


class Moment(NamedTuple):
    at: datetime
    actor: UUID | None


@dataclass(frozen=True, slots=True)
class Alert:
    """One that stands."""

    key: str
    raised_at: datetime
    told_at: datetime | None = None
    acknowledged_at: datetime | None = None
    acknowledged_by: UUID | None = None

    @property
    def rule(self) -> Rule:
        return RULES[self.key]


History = Mapping[str, Mapping[str, Moment]]


def history(db: Database) -> History:
    """By rule and action, the last time."""
    found: dict[str, dict[str, Moment]] = {key: {} for key in RULES}
    with db.read(SEALER) as session:
        for key, action, at, actor in session.execute(LAST):
            found.setdefault(key, {})[action] = Moment(at, actor)
    return found


def standing(known: History) -> list[Alert]:
    """Newest first."""
    found = [alert for key in RULES if (alert := _alert(key, known[key])) is not None]
    return sorted(found, key=lambda alert: alert.raised_at, reverse=True)


def _alert(key: str, last: Mapping[str, Moment]) -> Alert | None:
    raised = last.get(RAISED)
    if raised is None:
        return None

    def after(action: str) -> Moment | None:
        moment = last.get(action)
        return moment if moment is not None and moment.at > raised.at else None

    told, seen = after(TOLD), after(ACKNOWLEDGED)
    if after(OVER) is not None or (seen is not None and not RULES[key].lasts):
        return None
    return Alert(
        key,
        raised.at,
        told_at=told.at if told else None,
        acknowledged_at=seen.at if seen else None,
        acknowledged_by=seen.actor if seen else None,
    )


class Asked(NamedTuple):
    """Whatever a question needs."""

    db: Database
    settings: Settings
    known: History
    now: datetime


def conditions(db: Database, settings: Settings, known: History, now: datetime) -> dict[str, bool]:
    """Which rules hold now; of what happened once, since it was last acknowledged.

    A rule that cannot be asked is left out: it must not silence the others.
    """
    asked, found = Asked(db, settings, known, now), {}
    for key, question in QUESTIONS.items():
        try:
            found[key] = question(asked)
        except Exception as error:
            log.error("alert.unasked", ref=key, error=error)
    return found


def _since(known: History, key: str, now: datetime) -> datetime:
    """What had not settled when somebody acknowledged may not have been seen by them."""
    seen = known[key].get(ACKNOWLEDGED)
    return max(seen.at - SETTLED, now - BACK) if seen else now - BACK


def _happened(key: str, action: str, kind: str | None = None) -> Callable[[Asked], bool]:
    def holds(asked: Asked) -> bool:
        given: dict[str, object] = {"action": action, "kind": kind}
        given |= {"since": _since(asked.known, key, asked.now), "until": asked.now - SETTLED}
        with asked.db.read(SEALER) as session:
            return bool(session.scalar(SINCE, given))

    return holds


def _many(key: str, counted: TextClause, most: int) -> Callable[[Asked], bool]:
    def holds(asked: Asked) -> bool:
        since = _since(asked.known, key, asked.now)
        given = {"since": since, "until": asked.now - SETTLED, "most": most}
        with asked.db.read(SEALER) as session:
            return bool(session.scalar(counted, given))

    return holds


def _verification_failed(asked: Asked) -> bool:
    with asked.db.read(SEALER) as session:
        return session.scalar(VERIFIED) is True


def _backup_is_late(asked: Asked) -> bool:
    with asked.db.read(figures.LOOK) as session:
        return backups.are_late(session, asked.settings, asked.now)


def _changes_are_late(asked: Asked) -> bool:
    """That they were shipped is noted each minute, while a worker runs."""
    with asked.db.read(figures.LOOK) as session:
        since = max(backups.shipped_at(session) or BEGAN, BEGAN)
    return backups.are_shipped(asked.settings) and asked.now - since > CHANGES_LATE


def _jobs_are_late(asked: Asked) -> bool:
    with asked.db.read(figures.LOOK) as session:
        lanes = figures.lanes(session)
    return max((lane.oldest_s for lane in lanes), default=0.0) > JOB_LATE_S


QUESTIONS: dict[str, Callable[[Asked], bool]] = {
    "audit-failed": _happened("audit-failed", "audit.failed"),
    "verification-failed": _verification_failed,
    "seal-late": lambda asked: figures.seal_lag_s(asked.db) > SEAL_LATE_S,
    "decoy": _happened("decoy", "child.decoy"),
    "emergency": _happened("emergency", "grant.create", "BREAK_GLASS"),
    "denials": _many("denials", DENIED, DENIALS_IN_10_MIN),
    "child-reads": _many("child-reads", READ, CHILD_READS_A_DAY),
    "crash": lambda asked: (
        crashes.since(asked.settings, _since(asked.known, "crash", asked.now)) > 0
    ),
    "backup-late": _backup_is_late,
    "changes-late": _changes_are_late,
    "no-backups": lambda asked: not (backups.are_made(asked.settings) or asked.settings.demo),
    "jobs-late": _jobs_are_late,
    "replica": lambda asked: replica.fails(asked.settings.replica()),
    "disk": lambda asked: rooms.least(asked.db, asked.settings).short,
}


def letters(db: Database, alert: Alert) -> set[str]:
    """Who had their letter about this alert already."""
    given = {"action": LETTER, "key": alert.key, "since": alert.raised_at}
    with db.read(SEALER) as session:
        return set(session.scalars(LETTERS, given))


def note(session: Session, key: str, action: str, **facts: str) -> None:
    audit.record(session, action, "alert", key, rows=0, **facts)
