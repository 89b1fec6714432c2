"""What is due, runs and holds."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

import orjson
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app.core.errors import NotFoundError
from app.retention.models import Hold, Run
from app.retention.rules import Line, Look, Rule, State, line_of

DUE = text("""
    select kind, id as object_id, other_id from app.kept_records(null)
    where until_on < :as_of and not held order by 1, 2, 3
""")
DUE_AUDIT = text("select due from app.retention_audit(:as_of)")
REPORT = text("""
    select kind, rule, regime, kept, due, held, next_on from app.retention_report(:as_of)
    union all
    select 'audit', 'audit', 'ANY', kept, due, 0, next_on from app.retention_audit(:as_of)
""")
RULES = text("select record, regime, label, kept, then_what, by_auditor from app.retention_rules()")
SWEPT = text("select app.retention_swept(:at, :really)")
NOTE = text("""
    insert into app.retention_due (run_id, object_kind, object_id, other_id)
    values (:run, :kind, :object, :other)
""")
FORGET = text("delete from app.retention_due where run_id = :run")
RECORDS = text("""
    select due.object_kind as kind, due.object_id as key, one.since
    from app.retention_due as due
    join app.kept_records(:kind) as one
      on one.kind = due.object_kind and one.id = due.object_id
    where due.run_id = :run and due.object_kind = :kind and not one.held
      and one.since is not null
    order by one.until_on, due.object_id
""")
THIS_WORK = text("""
    select kind, id as key, since from app.kept_records(:kind)
    where kind = :kind and id = :key and since = :since and not held
""")
EVERY_RECORD = text("""
    select kind, id as key, since from app.kept_records(null)
    where kind not in ('child', 'child_place_link', 'child_incident_link')
      and (kind <> 'context_work' or since is not null)
    order by kind, id
""")
CHILDREN = text("""
    select object_id from app.retention_due where run_id = :run and object_kind = 'child'
    order by object_id
""")
# Each child has a tombstone of its own; those of links say how many.
ERASED = text("""
    select kind, cast(sum(n) as int) as n from (
        select object_kind as kind, 1 as n from app.retention_event
        where run_id = :run and object_kind = 'child'
        union all
        select counted.key, cast(counted.value as int) from app.retention_event as e
        cross join lateral jsonb_each_text(e.counts) as counted where e.run_id = :run
    ) as each group by kind having sum(n) > 0 order by kind
""")
EVERY_CHILD = text("select id from app.kept_records('child') where kind = 'child'")
HAS_ERASED = text("select exists (select from app.retention_event)")
NOTE_LOOK = text("select app.note_retention(:as_of, cast(:lines as jsonb), :overdue)")
LOOKED = text("select as_of, at, lines, overdue from app.retention_looked()")
LAST = 20


class Due(NamedTuple):
    kind: str
    object_id: UUID
    other_id: UUID | None


class Record(NamedTuple):
    """One record of a kind; `since` is when its time began to run, if it has."""

    kind: str
    key: UUID
    since: datetime | None


def due(session: Session, as_of: date) -> list[Due]:
    return [Due._make(row) for row in session.execute(DUE, {"as_of": as_of})]


def due_audit(session: Session, as_of: date) -> int:
    """Events of the audit: they go by whole seals and are named nowhere."""
    return int(session.scalar(DUE_AUDIT, {"as_of": as_of}) or 0)


def report(session: Session, as_of: date) -> list[Line]:
    return [Line._make(row) for row in session.execute(REPORT, {"as_of": as_of})]


def every_rule(session: Session) -> list[Rule]:
    return [Rule._make(row) for row in session.execute(RULES)]


def swept(session: Session, at: datetime, *, really: bool) -> dict[str, int]:
    """What goes without an approval and is over: counted, or erased."""
    return dict(session.scalar(SWEPT, {"at": at, "really": really}) or {})


def note_look(session: Session, as_of: date, lines: Sequence[Line], overdue: int) -> None:
    """What was counted, for the page, in place of what was counted before."""
    said = orjson.dumps([line.as_json() for line in lines]).decode()
    session.execute(NOTE_LOOK, {"as_of": as_of, "lines": said, "overdue": overdue})


def looked(session: Session) -> Look | None:
    """What was counted last; nothing before the first night."""
    found = session.execute(LOOKED).one_or_none()
    if found is None:
        return None
    lines = [line_of(said) for said in found.lines]
    return Look(found.as_of, found.at, lines, found.overdue)


def has_erased(session: Session) -> bool:
    """Whether this database says that anything was ever erased from it."""
    return bool(session.scalar(HAS_ERASED))


def note(session: Session, run: Run, found: Sequence[Due]) -> None:
    if found:
        session.execute(
            NOTE,
            [
                {"run": run.id, "kind": each.kind, "object": each.object_id, "other": each.other_id}
                for each in found
            ],
        )


def forget(session: Session, run: Run) -> None:
    session.execute(FORGET, {"run": run.id})


def children(session: Session, run: Run) -> list[UUID]:
    return list(session.scalars(CHILDREN, {"run": run.id}))


def records(session: Session, run_id: UUID, kind: str) -> list[Record]:
    """Of one kind: what the run names and nothing holds."""
    given = {"run": run_id, "kind": kind}
    return [Record._make(row) for row in session.execute(RECORDS, given)]


def record_of(session: Session, one: Record) -> list[Record]:
    """The same, as long as nothing holds it and its time still runs."""
    return [Record._make(row) for row in session.execute(THIS_WORK, one._asdict())]


def every_record(session: Session) -> list[Record]:
    return [Record._make(row) for row in session.execute(EVERY_RECORD)]


def every_child(session: Session) -> list[UUID]:
    return list(session.scalars(EVERY_CHILD))


def runs(session: Session, *states: State) -> list[Run]:
    """The newest first."""
    wanted = select(Run).order_by(Run.created_at.desc(), Run.id.desc()).limit(LAST)
    return list(session.scalars(wanted.where(Run.state.in_(states)) if states else wanted))


def run(session: Session, ref: str) -> Run:
    found = session.scalar(select(Run).where(Run.ref == ref.upper()))
    if found is None:
        raise NotFoundError("Page not found. Check the address.")
    return found


def run_by_id(session: Session, run_id: UUID) -> Run | None:
    return session.get(Run, run_id)


def lock(session: Session, run_id: UUID) -> Run:
    return session.get_one(Run, run_id, with_for_update=True)


def erased(session: Session, run: Run) -> dict[str, int]:
    """What a run has erased so far, in however many turns."""
    return {row.kind: row.n for row in session.execute(ERASED, {"run": run.id})}


def holds(session: Session) -> list[Hold]:
    return list(session.scalars(select(Hold).order_by(Hold.created_at.desc(), Hold.id).limit(100)))


def hold(session: Session, ref: str) -> Hold:
    found = session.scalar(select(Hold).where(Hold.ref == ref.upper()))
    if found is None:
        raise NotFoundError("Page not found. Check the address.")
    return found
