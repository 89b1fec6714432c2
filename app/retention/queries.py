"""What is due, runs and holds."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app.core.errors import NotFoundError
from app.retention.models import Hold, Run
from app.retention.rules import EMPTY_DAYS, LINK_YEARS, State

# Deleted references go whole; links go two years after they were made, or when work is over; a
# reference goes when no link is left. Nothing that is held, and no decoy. Work with a place goes
# six years after it was closed; meetings when their packs go, or with the work.
DUE = text("""
    with day as (
        select cast(cast(:as_of as date) as timestamp) at time zone 'Europe/London' as at
    ),
    kept as (
        select c.id, c.state, c.deleted_at, c.created_at from app.child as c
        where not app.on_hold(c.id)
          and not exists (select from vault.decoy as d where d.child_id = c.id)
    ),
    place_link as (
        select l.id, l.child_id, (l.created_at < day.at - make_interval(years => :years)
                                  or kept.state = 'CLOSED') as due
        from app.child_place_link as l join kept on kept.id = l.child_id, day
    ),
    incident_link as (
        select l.incident_id, l.child_id, (l.created_at < day.at - make_interval(years => :years)
                                           or kept.state = 'CLOSED') as due
        from app.child_incident_link as l join kept on kept.id = l.child_id, day
    ),
    child as (
        select kept.id from kept, day
        where kept.deleted_at is not null
           or (kept.state = 'CLOSED' or kept.created_at < day.at - make_interval(days => :empty))
              and not exists (select from place_link as l where l.child_id = kept.id and not l.due)
              and not exists (
                  select from incident_link as l where l.child_id = kept.id and not l.due)
    )
    select 'child' as kind, id as object_id, cast(null as uuid) as other_id from child
    union all select 'child_place_link', id, null from place_link where due
    union all select 'child_incident_link', child_id, incident_id from incident_link where due
    union all select work.kind, work.id, null from app.context_work_kept() as work, day
              where not work.held and work.since < day.at - work.kept
    order by 1, 2, 3
""")
NOTE = text("""
    insert into app.retention_due (run_id, object_kind, object_id, other_id)
    values (:run, :kind, :object, :other)
""")
FORGET = text("delete from app.retention_due where run_id = :run")
WORK = text("""
    select due.object_kind as kind, due.object_id as key, work.since
    from app.retention_due as due
    join app.context_work_kept() as work
      on work.kind = due.object_kind and work.id = due.object_id
    where due.run_id = :run and not work.held and work.since is not null
    order by due.object_kind, due.object_id
""")
THIS_WORK = text("""
    select kind, id as key, since from app.context_work_kept()
    where kind = :kind and id = :key and since = :since and not held
""")
EVERY_WORK = text("""
    select kind, id as key, since from app.context_work_kept() where since is not null
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
EVERY_CHILD = text("select id from app.child")
LAST = 20


class Due(NamedTuple):
    kind: str
    object_id: UUID
    other_id: UUID | None


class Work(NamedTuple):
    """Of one closed place, or one meeting."""

    kind: str
    key: UUID
    since: datetime


def due(session: Session, as_of: date) -> list[Due]:
    given = {"as_of": as_of, "years": LINK_YEARS, "empty": EMPTY_DAYS}
    return [Due._make(row) for row in session.execute(DUE, given)]


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


def work(session: Session, run: Run) -> list[Work]:
    """What the run names and nothing holds."""
    return [Work._make(row) for row in session.execute(WORK, {"run": run.id})]


def work_of(session: Session, one: Work) -> list[Work]:
    """The same, as long as nothing holds it and its time still runs."""
    return [Work._make(row) for row in session.execute(THIS_WORK, one._asdict())]


def every_work(session: Session) -> list[Work]:
    return [Work._make(row) for row in session.execute(EVERY_WORK)]


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
