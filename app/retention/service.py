"""Plans, approvals and holds, inside the caller's transaction; erasing is `erasing`."""

from collections import Counter
from collections.abc import Callable
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from app.audit import service as audit
from app.children import queries as children
from app.children.rules import trace
from app.core import clock
from app.core.actor import Actor
from app.core.errors import InvalidError, NotFoundError, RuleBrokenError
from app.core.ids import new_reference, read_reference
from app.incidents import queries as incidents
from app.intelligence import queries as intelligence
from app.places import queries as places
from app.reports import queries as reports
from app.retention import queries, rules
from app.retention.models import Hold, Run
from app.retention.queries import Due
from app.retention.rules import KINDS, State
from app.retention.schemas import HoldForm

WRONG = "Change the fields named below."
FINDERS: tuple[tuple[str, str, Callable[[Session, str], Any]], ...] = (
    ("PL", "place", places.find),
    ("IC", "incident", incidents.find),
    ("RP", "report", reports.find),
    ("IN", "intelligence", intelligence.find),
)


def look(session: Session, as_of: date) -> tuple[list[Due], dict[str, int]]:
    """What is due on a day, and how many of each kind."""
    found = queries.due(session, as_of)
    known = Counter(each.kind for each in found)
    known["audit"] = queries.due_audit(session, as_of)
    return found, {kind: known[kind] for kind in KINDS}


def count(session: Session, as_of: date) -> None:
    """For the page: what there is, what is due, and what goes by itself."""
    overdue = queries.swept(session, clock.now(), really=False)
    queries.note_look(session, as_of, queries.report(session, as_of), sum(overdue.values()))


def plan(session: Session, actor: Actor, as_of: date) -> Run | None:
    """What is due on a day, for an auditor to approve; it replaces a plan that nobody approved."""
    count(session, as_of)
    for waiting in queries.runs(session, State.PLANNED):
        waiting.state = State.REPLACED
        queries.forget(session, waiting)
    found, counts = look(session, as_of)
    if not any(counts.values()):
        return None
    run = Run(
        ref=new_reference("RT"),
        as_of=as_of,
        counts=counts,
        total=sum(counts.values()),
        created_by=actor.id,
    )
    session.add(run)
    session.flush()
    queries.note(session, run, found)
    audit.record(session, "retention.plan", "retention_run", run.ref, rows=run.total)
    return run


def approve(session: Session, actor: Actor, run: Run, typed: str) -> None:
    """The auditor has typed how many rows go: they are erased within minutes."""
    if run.state != State.PLANNED:
        raise RuleBrokenError("This run does not wait for anybody.")
    if run.created_by == actor.id:
        raise RuleBrokenError(rules.OWN)
    if typed.strip().replace(",", "") != str(run.total):
        raise InvalidError(WRONG, {"number": rules.WRONG_NUMBER})
    run.state = State.APPROVED
    run.approved_at, run.approved_by = clock.now(), actor.id
    audit.record(session, "retention.approve", "retention_run", run.ref, rows=run.total)


def ask_hold(session: Session, actor: Actor, wanted: HoldForm) -> Hold:
    """Holds nothing before an auditor has approved it."""
    if wanted.until_on is not None and wanted.until_on < clock.today():
        raise InvalidError(WRONG, {"until_on": "This day is over."})
    kind, key = _held(session, wanted.record)
    hold = Hold(
        ref=new_reference("LH"),
        object_kind=kind,
        object_ids=[key],
        reason=wanted.reason,
        until_on=wanted.until_on,
        agency_code=actor.agency or "OTHER",
        created_by=actor.id,
    )
    session.add(hold)
    if kind == "child":
        audit.record(session, "child.read", "child", trace(key))
    audit.record(session, "hold.create", "legal_hold", hold.ref)
    return hold


def approve_hold(session: Session, actor: Actor, hold: Hold) -> None:
    if hold.approved_at is not None or hold.ended_at is not None:
        raise RuleBrokenError("This hold does not wait for anybody.")
    if hold.created_by == actor.id:
        raise RuleBrokenError(rules.OWN)
    hold.approved_at, hold.approved_by = clock.now(), actor.id
    audit.record(session, "hold.approve", "legal_hold", hold.ref)


def end_hold(session: Session, actor: Actor, hold: Hold) -> None:
    if hold.ended_at is not None:
        raise RuleBrokenError("This hold is over already.")
    hold.ended_at, hold.ended_by = clock.now(), actor.id
    audit.record(session, "hold.revoke", "legal_hold", hold.ref)


def _held(session: Session, ref: str) -> tuple[str, UUID]:
    """A place with all that hangs on it, a child with its links, or one other record."""
    try:
        for prefix, kind, find in FINDERS:
            if read_reference(ref, prefix) is not None:
                return kind, find(session, ref).id
        return "child", children.find(session, ref).id
    except NotFoundError as absent:
        raise InvalidError(WRONG, {"record": absent.detail}) from absent
