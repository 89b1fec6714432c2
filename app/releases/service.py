"""What people do with a release: ask for it, sign it, withdraw it."""

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.audit import service as audit
from app.core import clock
from app.core.actor import Actor
from app.core.errors import InvalidError, RuleBrokenError
from app.core.jobs import enqueue
from app.releases import queries, rules
from app.releases.models import Release
from app.releases.rules import State

BUILD = "releases:build"


def ask(session: Session, actor: Actor, period: str) -> Release:
    """A draft of a period that is over; the job counts it."""
    window = rules.window(period.strip())
    if clock.now() < window.cut_at:
        day = f"{window.cut_at:%-d %B %Y}"
        raise InvalidError(rules.PERIOD, {"period": rules.NOT_OVER.format(day=day)})
    missing = queries.missing_parts(session, window)
    if missing:
        told = rules.PARTS_FIRST.format(missing=", ".join(missing))
        raise InvalidError(told, {"period": told})
    standing = list(session.scalars(select(Release).where(Release.period == window.period)))
    if any(one.state != State.WITHDRAWN for one in standing):
        raise InvalidError(rules.EXISTS, {"period": rules.EXISTS})
    number = len(standing) + 1
    release = Release(
        code=window.period if number == 1 else f"{window.period}-{number}",
        created_by=actor.id,
        updated_by=actor.id,
        period_kind=window.kind,
        period=window.period,
        window_from=window.start_at,
        window_to=window.end_at,
        cut_at=window.cut_at,
        replaces_id=standing[-1].id if standing else None,
    )
    session.add(release)
    audit.record(session, "release.create", "release", release.code)
    enqueue(session, BUILD, lock="releases", code=release.code)
    return release


def recount(session: Session, release: Release) -> None:
    """Again, from the records as they are now known to have been at the cut."""
    if release.state not in (State.DRAFT, State.CHECKED):
        raise RuleBrokenError(rules.NOT_CHECKED)
    audit.record(session, "release.recount", "release", release.code)
    enqueue(session, BUILD, lock="releases", code=release.code)


def sign(session: Session, actor: Actor, release: Release) -> None:
    """A lead, then an auditor; the database asks for two people, too.

    An auditor puts nothing into the queue: the sweep of each minute publishes what both signed.
    """
    if release.state != State.CHECKED:
        raise RuleBrokenError(rules.NOT_CHECKED)
    if actor.role == "auditor":
        if release.lead_by is None:
            raise RuleBrokenError(rules.LEAD_FIRST)
        if release.lead_by == actor.id:
            raise RuleBrokenError(rules.SECOND)
        if release.auditor_by is not None:
            raise RuleBrokenError(rules.SIGNED)
        release.auditor_by, release.auditor_at = actor.id, clock.now()
    else:
        if release.lead_by is not None:
            raise RuleBrokenError(rules.SIGNED)
        release.lead_by, release.lead_at = actor.id, clock.now()
    release.updated_by = actor.id
    audit.record(session, "release.sign", "release", release.code, role=actor.role)


def withdraw(session: Session, actor: Actor, release: Release, reason: str) -> None:
    """What was seen stays known, and stays in every later check."""
    if release.state != State.APPROVED:
        raise RuleBrokenError(rules.NOT_APPROVED)
    if not 20 <= len(reason.strip()) <= 300:
        raise InvalidError(rules.REASON, {"reason": rules.REASON})
    release.state = State.WITHDRAWN
    release.withdrawn_by, release.withdrawn_at = actor.id, clock.now()
    release.withdrawn_reason = reason.strip()
    release.updated_by = actor.id
    audit.record(session, "release.withdraw", "release", release.code)


def waiting(session: Session) -> int:
    """How many are checked and wait for a signature."""
    query = select(func.count()).select_from(Release).where(Release.state == State.CHECKED)
    return session.scalar(query) or 0
