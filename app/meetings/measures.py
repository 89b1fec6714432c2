"""How the MARVE panel works: M01 to M08 of the meetings held in a window. They feed V19.

What is counted was so at the cut, so that a report that is built again tells the same. `named_only`
leaves out homes and places that may not be named, as everything must that leaves the records.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from statistics import median
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.core.clock import london

# The panels of the window, and which places each considered: on its agenda, or one it was about.
CONSIDERED = """
    with panel as (
        select id, held_at, place_ids from app.meeting
        where kind = 'MARVE' and deleted_at is null and created_at <= :cut
          and state in ('HELD', 'MINUTES_AGREED')
    ),
    looked_at as (
        select panel.id as meeting_id, panel.held_at, place.id as place_id
        from panel
        cross join lateral (
            select unnest(panel.place_ids) as id
            union
            select item.subject_id from app.meeting_item as item
            where item.meeting_id = panel.id and item.section = 'L' and item.deleted_at is null
        ) as wanted
        join app.place on place.id = wanted.id
        where not :named_only or (place.tier = 'H0' and (
            place.sensitivity = 'PUBLIC_REALM'
            or (place.sensitivity = 'MANAGED' and place.may_name)))
    )
"""
PLACES = text(
    CONSIDERED
    + """
    select place_id, min(held_at) filter (where held_at >= :since and held_at < :until) as first_at,
           bool_or(held_at < :since) as known,
           exists (
               select from app.assessment_method as method
               join app.context_assessment as made on made.id = method.assessment_id
               where made.place_id = looked_at.place_id and method.deleted_at is null
                 and method.method_code in ('CHILD_SESSION', 'CHILD_SURVEY', 'SAFETY_MAP',
                                            'WALKABOUT')
                 and method.n_children >= 1 and method.held_on < :end_on) as with_voice
    from looked_at where held_at < :until
    group by place_id having bool_or(held_at >= :since)
    order by place_id
"""
)
CLOSED = text(
    CONSIDERED
    + """
    select place.close_code, count(*) as n
    from app.place join (select distinct place_id from looked_at where held_at < :until) as seen
        on seen.place_id = place.id
    where place.state = 'CLOSED' and place.closed_at >= :since and place.closed_at < :until
    group by 1 order by 1
"""
)
# Every task of every decision, as its state was at the cut; a decision without a task has one row.
TASKS = text(
    CONSIDERED
    + """
    select item.id, panel.held_at, action.owner_agency, action.due_on, at_cut.to_state as state,
           (at_cut.at at time zone 'Europe/London')::date as since_on
    from panel
    join app.meeting_item as item on item.meeting_id = panel.id and item.decision is not null
    left join app.plan_action as action on action.id = any (item.action_ids)
        and action.deleted_at is null and action.created_at <= :cut
    left join lateral (
        select change.to_state, change.at from app.plan_action_state_change as change
        where change.record_id = action.id and change.at <= :cut
        order by change.at desc, change.id desc limit 1) as at_cut on true
    where item.deleted_at is null and panel.held_at < :until
      and (item.section <> 'L' or item.subject_id is null
           or exists (select from looked_at where looked_at.place_id = item.subject_id))
    order by item.id, action.due_on, action.id
"""
)
AGENCIES = text("""
    select meeting.id, meeting.held_at, count(distinct member.agency_code) as invited,
           count(distinct member.agency_code) filter (where member.attended) as present
    from app.meeting left join app.meeting_member as member
        on member.meeting_id = meeting.id and member.deleted_at is null
    where meeting.kind = 'MARVE' and meeting.deleted_at is null and meeting.created_at <= :cut
      and meeting.state in ('HELD', 'MINUTES_AGREED')
      and meeting.held_at >= :since and meeting.held_at < :until
    group by meeting.id, meeting.held_at order by meeting.held_at, meeting.id
""")
WAITED = text(
    CONSIDERED
    + """
    select extract(epoch from panel.held_at - item.created_at) / 86400 as days
    from panel join app.meeting_item as item on item.meeting_id = panel.id
    where item.section = 'L' and item.deleted_at is null and item.created_at <= panel.held_at
      and panel.held_at >= :since and panel.held_at < :until
      and exists (select from looked_at where looked_at.place_id = item.subject_id)
    order by 1
"""
)
OVER = ("DONE", "WITHDRAWN")


class Task(NamedTuple):
    """A decision and one task of it; a decision that nobody carries out has no owner."""

    decision: UUID
    held_at: datetime
    owner: str | None
    due_on: date | None
    state: str | None
    since_on: date | None


@dataclass(frozen=True, slots=True)
class Panel:
    """Exact numbers of work, each of the window."""

    meetings: int
    considered: int  # M01
    new: int  # M02
    closed: Mapping[str, int]  # M03, by close code
    in_time: int  # M04, of `due`
    due: int
    overdue: Mapping[str, int]  # M05, by the agency that owns the task
    present: int  # M06, of `invited`, added up over the meetings
    invited: int
    median_days: float | None  # M07, from being put on the agenda to being discussed
    with_voice: int  # M08, of the places considered


def panel(
    session: Session, since: datetime, until: datetime, *, cut: datetime, named_only: bool
) -> Panel:
    """M01 to M08 of the panels held in a half-open window, as known at `cut`."""
    given: dict[str, Any] = {
        "since": since,
        "until": until,
        "cut": cut,
        "named_only": named_only,
        "end_on": london(until).date(),
    }
    places = session.execute(PLACES, given).all()
    meetings = session.execute(AGENCIES, given).all()
    tasks = [Task._make(row) for row in session.execute(TASKS, given)]
    in_time, due = carried_out([one for one in tasks if one.held_at >= since], given["end_on"])
    days = [float(row.days) for row in session.execute(WAITED, given)]
    return Panel(
        meetings=len(meetings),
        considered=len(places),
        new=sum(not row.known for row in places),
        closed={row.close_code: row.n for row in session.execute(CLOSED, given)},
        in_time=in_time,
        due=due,
        overdue=overdue(tasks, given["end_on"]),
        present=sum(row.present for row in meetings),
        invited=sum(row.invited for row in meetings),
        median_days=median(days) if days else None,
        with_voice=sum(row.with_voice for row in places),
    )


def carried_out(tasks: Iterable[Task], day: date) -> tuple[int, int]:
    """M04: decisions whose every task was done by its day, and decisions whose day is over.

    A decision without a task, or with none left but withdrawn ones, was never carried out.
    """
    by_decision: dict[UUID, list[Task]] = defaultdict(list)
    for task in tasks:
        by_decision[task.decision].append(task)
    in_time = due = 0
    for several in by_decision.values():
        real = [one for one in several if one.owner is not None and one.state != "WITHDRAWN"]
        if any(one.due_on is not None and one.due_on >= day for one in real):
            continue
        due += 1
        in_time += bool(real) and all(map(_in_time, real))
    return in_time, due


def _in_time(task: Task) -> bool:
    if task.state != "DONE" or task.since_on is None or task.due_on is None:
        return False
    return task.since_on <= task.due_on


def overdue(tasks: Iterable[Task], day: date) -> dict[str, int]:
    """M05: tasks of decisions that are not over and should be, by who owns them."""
    found = Counter(
        task.owner
        for task in tasks
        if task.owner is not None
        and task.state not in OVER
        and task.due_on is not None
        and task.due_on < day
    )
    return {owner: found[owner] for owner in sorted(found)}
