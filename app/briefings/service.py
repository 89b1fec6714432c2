"""What people do with a briefing: begin it, write its sentences, sign, table and recall it."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from uuid import UUID

from sqlalchemy.orm import Session

from app.audit import service as audit
from app.briefings import checks, products, queries, rules
from app.briefings.models import Briefing, BriefingEntry
from app.briefings.rules import Field, Section, State
from app.core import clock
from app.core.actor import Actor
from app.core.clock import london
from app.core.errors import InvalidError, RuleBrokenError
from app.core.ids import new_reference
from app.core.jobs import enqueue
from app.releases import rules as periods

CHECK = "briefings:check"


def begin(session: Session, actor: Actor, period: str) -> Briefing:
    """A draft of a quarter whose cut-off is past."""
    window = periods.window(period.strip())
    if window.kind != "Q":
        raise InvalidError(rules.QUARTERS_ONLY, {"period": rules.QUARTERS_ONLY})
    if clock.now() < window.cut_at:
        late = rules.NOT_OVER.format(day=f"{window.cut_at:%-d %B %Y}")
        raise InvalidError(late, {"period": late})
    if queries.standing(session, window.period) is not None:
        raise InvalidError(rules.EXISTS, {"period": rules.EXISTS})
    recalled = [one for one in queries.newest(session) if one.period_code == window.period]
    briefing = Briefing(
        ref=new_reference("BR"),
        created_by=actor.id,
        updated_by=actor.id,
        period_code=window.period,
        window_from=window.start_at,
        window_to=window.end_at,
        cut_at=window.cut_at,
        replaces_id=recalled[0].id if recalled else None,
    )
    session.add(briefing)
    audit.record(session, "briefing.create", "briefing", briefing.ref)
    return briefing


def write(
    session: Session, actor: Actor, briefing: Briefing, fields: Sequence[Field],
    sent: Mapping[str, str],
) -> None:  # fmt: skip
    """The sentences; a checked briefing is a draft again. An empty field says nothing."""
    if briefing.state not in rules.OPEN:
        raise RuleBrokenError(rules.IS_FROZEN)
    _kept(session, actor, briefing, fields, sent)
    briefing.state = State.DRAFT
    briefing.updated_by = actor.id
    audit.record(session, "briefing.update", "briefing", briefing.ref)
    enqueue(session, CHECK, lock="briefings", ref=briefing.ref)


def _kept(
    session: Session, actor: Actor, briefing: Briefing, fields: Sequence[Field],
    sent: Mapping[str, str],
) -> None:  # fmt: skip
    words = {field.name: " ".join(sent.get(field.name, "").split()) for field in fields}
    long = {name: rules.TOO_LONG for name, said in words.items() if len(said) > 500}
    if long:
        raise InvalidError(rules.TOO_LONG, long)
    standing = {(one.section, one.position): one for one in queries.entries(session, briefing)}
    for field in fields:
        said = words[field.name]
        entry = standing.get((field.section, field.position))
        if entry is not None:
            entry.body, entry.updated_by = said or queries.EMPTIED, actor.id
        elif said:
            session.add(
                BriefingEntry(
                    briefing_id=briefing.id,
                    created_by=actor.id,
                    updated_by=actor.id,
                    section=field.section,
                    position=field.position,
                    kind=field.kind,
                    body=said,
                )
            )
    session.flush()


def sign(session: Session, actor: Actor, briefing: Briefing) -> None:
    """A lead, then an auditor, who freezes it; the database asks for two people, too."""
    if briefing.state != State.CHECKED:
        raise RuleBrokenError(rules.NOT_CHECKED)
    now = clock.now()
    if actor.role == "auditor":
        if briefing.lead_by is None:
            raise RuleBrokenError(rules.LEAD_FIRST)
        if briefing.lead_by == actor.id:
            raise RuleBrokenError(rules.SECOND)
        _numbers_belong(briefing)
        briefing.auditor_by, briefing.auditor_at = actor.id, now
        briefing.state, briefing.frozen_at = State.FROZEN, now
    elif briefing.lead_by is not None:
        raise RuleBrokenError(rules.SIGNED)
    else:
        _places_stand(session, briefing)
        briefing.lead_by, briefing.lead_at = actor.id, now
    briefing.updated_by = actor.id
    audit.record(session, "briefing.sign", "briefing", briefing.ref, role=actor.role)


def _numbers_belong(briefing: Briefing) -> None:
    """K1, once more and in every product, on the way to its readers."""
    found = products.stray(json.loads(briefing.snapshot or "{}"), briefing)
    if found:
        raise RuleBrokenError(checks.K1_PRODUCT.format(product=found[0]))


def _places_stand(session: Session, briefing: Briefing) -> None:
    """K5, once more: a place may have closed, or somebody objected, since the report was built."""
    made = json.loads(briefing.snapshot or "{}")
    gone = checks.unnameable(session, made, london(briefing.cut_at).date())
    if gone:
        raise RuleBrokenError(f"{checks.K5.format(ref=gone[0])} {rules.BUILD_AGAIN}")


def table(session: Session, actor: Actor, briefing: Briefing, sent: Mapping[str, str]) -> None:
    """At a meeting that was held: what it decided becomes part of a second hash."""
    if briefing.state != State.FROZEN:
        raise RuleBrokenError(rules.NOT_FROZEN)
    held = dict(queries.held(session, briefing.window_to))
    if sent.get("meeting") not in held:
        raise InvalidError(rules.MEETING, {"meeting": rules.MEETING})
    _kept(session, actor, briefing, rules.DECISIONS, sent)
    decided = rules.said(queries.lines(session, briefing), Section.DECIDED)
    told = json.dumps({"decisions": decided, "meeting": sent["meeting"],
                       "snapshot": briefing.snapshot_sha256},
                      ensure_ascii=False, sort_keys=True, separators=(",", ":"))  # fmt: skip
    briefing.decisions = told
    briefing.decisions_sha256 = hashlib.sha256(told.encode()).hexdigest()
    briefing.meeting_id = UUID(sent["meeting"])
    briefing.tabled_at, briefing.tabled_by = clock.now(), actor.id
    briefing.state = State.TABLED
    briefing.updated_by = actor.id
    audit.record(session, "briefing.table", "briefing", briefing.ref, rows=len(decided))


def recall(session: Session, actor: Actor, briefing: Briefing, reason: str) -> None:
    """Readers see that it was, and why; what was read stays in every later check of numbers."""
    if briefing.state not in (State.FROZEN, State.TABLED):
        raise RuleBrokenError(rules.NOT_OUT)
    if not 20 <= len(reason.strip()) <= 300:
        raise InvalidError(rules.REASON, {"reason": rules.REASON})
    briefing.recalled_reason = reason.strip()
    briefing.recalled_by, briefing.recalled_at = actor.id, clock.now()
    briefing.state = State.RECALLED
    briefing.updated_by = actor.id
    audit.record(session, "briefing.recall", "briefing", briefing.ref)
