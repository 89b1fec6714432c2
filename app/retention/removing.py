"""What is erased of a child, place, meeting or batch of others, in the caller's transaction.

The database asks again, for each, whether its time is over and nothing holds it.
"""

from collections import Counter
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.audit import service as audit
from app.retention import queries, rules
from app.retention.queries import Record

ERASE_CHILD = text("select app.erase_child(:child, :run)")
ERASE_WORK = text("select app.erase_context_work(:kind, :key, :run)")
ERASE_LINKS = text("select app.erase_links(:run)")
ERASE_RECORDS = text("select app.erase_records(:kind, :keys, :run)")
ERASE_AUDIT = text("select app.erase_audit(:run)")


class Gone(NamedTuple):
    """How many rows of each kind, and what the list of erasures calls the records."""

    counts: Counter[str]
    marks: list[str]


def links(session: Session, run_id: UUID) -> Gone:
    counts = _counts(session.scalar(ERASE_LINKS, {"run": run_id}))
    _tell(session, "child_place_link", counts, again=False)
    return Gone(counts, [])


def child(session: Session, child_id: UUID, run_id: UUID | None) -> Gone:
    """Nothing, when something holds it; without a run: what had been erased before a restore."""
    counts = _counts(session.scalar(ERASE_CHILD, {"child": child_id, "run": run_id}))
    _tell(session, "child", counts, again=run_id is None)
    return Gone(counts, [rules.mark(child_id)] if counts else [])


def records(session: Session, some: list[Record], run_id: UUID | None) -> Gone:
    """Of one kind: work and meetings one at a time, with whatever hangs on them."""
    kind = some[0].kind
    gone = _work(session, some[0], run_id) if kind in rules.WORK else _batch(session, some, run_id)
    _tell(session, kind, gone.counts, again=run_id is None)
    return gone


def events(session: Session, run_id: UUID) -> Gone:
    """Of the audit; pruning is an event of it already."""
    return Gone(_counts(session.scalar(ERASE_AUDIT, {"run": run_id})), [])


def _work(session: Session, one: Record, run_id: UUID | None) -> Gone:
    if run_id is not None and one not in queries.record_of(session, one):
        return Gone(Counter(), [])
    given = {"kind": one.kind, "key": one.key, "run": run_id}
    counts = _counts(session.scalar(ERASE_WORK, given))
    return Gone(counts, [_mark_of(one)] if counts else [])


def _batch(session: Session, some: list[Record], run_id: UUID | None) -> Gone:
    keys = [one.key for one in some]
    given = {"kind": some[0].kind, "keys": keys, "run": run_id}
    answer = dict(session.scalar(ERASE_RECORDS, given) or {})
    gone = {UUID(key) for key in answer.pop("keys", [])}
    return Gone(_counts(answer), [_mark_of(one) for one in some if one.key in gone])


def _tell(session: Session, kind: str, counts: Counter[str], *, again: bool) -> None:
    if counts:
        more: dict[str, Any] = {"again": True} if again else {}
        audit.record(session, "erasure", kind, None, rows=counts.total(), **more)


def _mark_of(one: Record) -> str:
    return rules.mark_of(one.kind, one.key, one.since)


def _counts(answer: Any) -> Counter[str]:  # noqa: ANN401 - JSON of the function
    return Counter({kind: n for kind, n in (answer or {}).items() if n})
