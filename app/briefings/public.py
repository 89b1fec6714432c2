"""The page for everybody: asked for by a lead, signed by an auditor, for one report at a time."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app.audit import service as audit
from app.briefings import public_words as words
from app.briefings.models import Briefing, Json, PublicSummary
from app.briefings.rules import State
from app.core import clock
from app.core.actor import Actor
from app.core.errors import RuleBrokenError
from app.releases import queries as releases
from app.releases import rules as periods
from app.releases.models import Release
from app.releases.rules import State as Approval

PAGE = text("select page, shown_at from intake.public_page()")


class Shown(NamedTuple):
    """What everybody reads now."""

    page: Json
    shown_at: datetime


def shown(session: Session) -> Shown | None:
    row = session.execute(PAGE).one_or_none()
    return None if row is None else Shown(json.loads(row.page), row.shown_at)


def of_report(session: Session, briefing: Briefing) -> PublicSummary | None:
    """The newest, ended or not."""
    query = select(PublicSummary).where(PublicSummary.briefing_id == briefing.id)
    return session.scalar(query.order_by(PublicSummary.created_at.desc()).limit(1))


def preview(
    session: Session,
    briefing: Briefing,
    standing: PublicSummary | None,
    boroughs: Mapping[str, str],
) -> Json:
    """What the page says or would say; RuleBrokenError where nothing may be published."""
    _, made = _made(session, briefing, boroughs)
    if standing is None or standing.state == "ENDED":
        return made
    signed: Json = json.loads(standing.page)
    return signed


def ask(session: Session, actor: Actor, briefing: Briefing, boroughs: Mapping[str, str]) -> None:
    """A lead signs what will be printed."""
    release, page = _made(session, briefing, boroughs)
    if _in_state(session, "ASKED") is not None:
        raise RuleBrokenError(words.ASKED)
    session.add(
        PublicSummary(
            briefing_id=briefing.id,
            release_id=release.id,
            page=json.dumps(page, ensure_ascii=False, sort_keys=True, separators=(",", ":")),
            created_by=actor.id,
            updated_by=actor.id,
            lead_by=actor.id,
            lead_at=clock.now(),
        )
    )
    audit.record(session, "briefing.publish-ask", "briefing", briefing.ref)


def sign(session: Session, actor: Actor, briefing: Briefing) -> None:
    """An auditor signs it; what was shown before makes room in the same moment."""
    asked = of_report(session, briefing)
    if asked is None or asked.state != "ASKED":
        raise RuleBrokenError(words.NOT_ASKED)
    if asked.lead_by == actor.id:
        raise RuleBrokenError(words.SECOND)
    before = _in_state(session, "SHOWN")
    if before is not None:
        _end(actor, before)
        session.flush()
    asked.state, asked.updated_by = "SHOWN", actor.id
    asked.auditor_by, asked.auditor_at = actor.id, clock.now()
    audit.record(session, "briefing.publish", "briefing", briefing.ref)


def end(session: Session, actor: Actor, briefing: Briefing) -> None:
    """Off again, by either of them."""
    standing = of_report(session, briefing)
    if standing is None or standing.state == "ENDED":
        raise RuleBrokenError(words.NOTHING)
    _end(actor, standing)
    audit.record(session, "briefing.publish-end", "briefing", briefing.ref)


def _end(actor: Actor, one: PublicSummary) -> None:
    one.state, one.updated_by = "ENDED", actor.id
    one.ended_by, one.ended_at = actor.id, clock.now()


def _in_state(session: Session, state: str) -> PublicSummary | None:
    return session.scalar(select(PublicSummary).where(PublicSummary.state == state))


def _made(
    session: Session, briefing: Briefing, boroughs: Mapping[str, str]
) -> tuple[Release, Json]:
    if briefing.state not in (State.FROZEN, State.TABLED):
        raise RuleBrokenError(words.NOT_OUT)
    opens = words.open_from(briefing.window_to)
    if clock.today() < opens:
        raise RuleBrokenError(words.TOO_EARLY.format(day=f"{opens:%-d %B %Y}"))
    release = session.scalar(
        select(Release).where(
            Release.id.in_(briefing.release_ids),
            Release.period == briefing.period_code,
            Release.state == Approval.APPROVED,
        )
    )
    if release is None:
        raise RuleBrokenError(words.NO_RELEASE)
    window = periods.window(briefing.period_code)
    known = periods.day_before(briefing.cut_at)
    return release, {
        "words": window.words,
        "known_on": f"{known:%-d %B %Y}",
        "rows": words.rows(releases.cells(session, release, words.TABLE), boroughs),
    }
