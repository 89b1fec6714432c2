"""How synthetic places and the work with them came where they are, with the days of each step.

Rows that go in together get one line of history each, of now: here the whole of it is written.
"""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from psycopg import sql

from app.core import clock
from app.core.actor import NOBODY
from app.demo import planned
from app.demo.lives import MARK, Story, at
from app.demo.service import Cursor

TABLES = ("context_assessment", "plan_action", "safety_map", "meeting")
CHAINS = {
    "context_assessment": ("DRAFT", "SCOPING", "GATHERING", "ANALYSIS", "PEER_REVIEW", "APPROVED",
                           "SUPERSEDED"),
    "plan_action": ("OPEN", "IN_PROGRESS", "DONE_PENDING_EVIDENCE", "DONE"),
    "safety_map": ("COLLECTED", "CHECKED", "RELEASED"),
    "meeting": ("PLANNED", "PACK_ISSUED", "HELD", "MINUTES_AGREED"),
}  # fmt: skip
# When the last step of a row was: what begins and ends between.
ROWS = {
    "context_assessment": sql.SQL("updated_at"),
    "plan_action": sql.SQL("coalesce(confirmed_at, done_at, created_at + interval '20 days')"),
    "safety_map": sql.SQL("created_at + interval '7 days'"),
    "meeting": sql.SQL("held_at"),
}
READ = sql.SQL("select id, state, created_at, {}, updated_by from {} where is_synthetic")
LIFE = ("PROPOSED", "SCREENED", "IDENTIFIED", "ASSESSING", "ASSESSED", "CONFERENCE", "PLAN_ACTIVE",
        "MONITORING", "CLOSED")  # fmt: skip
WORKED_ON = LIFE[:8]  # a closed or dormant place got there from any of them
USUAL_PART = 0.7  # of its life, by which a place came to its state
FORGET = sql.SQL("delete from {} using {} as own where record_id = own.id and own.is_synthetic")
TELL = sql.SQL("""
    insert into {} (record_id, {}, borough_codes, tier, from_state, to_state, at, by)
    select own.id, {}, own.borough_codes, own.tier, was, becomes, given.at, who
    from unnest(%s::uuid[], %s::text[], %s::text[], %s::timestamptz[], %s::uuid[])
         as given (id, was, becomes, at, who)
    join {} as own on own.id = given.id order by given.at, given.id
""")
OF_PLACE = (sql.SQL("place_id"), sql.SQL("own.place_id"))
OF_MEETING = (
    sql.SQL("member_ids, access_ends_at"),
    sql.SQL("own.member_ids, own.access_ends_at"),
)
OTHERS = """
    select id, state, created_at from app.place where is_synthetic and id <> all (%s) order by ref
"""
FORGET_PLACES = "delete from app.place_state_change where place_id = any (%s)"
PLACES = """
    insert into app.place_state_change (place_id, borough_codes, tier, from_state, to_state, at, by)
    select own.id, own.borough_codes, own.tier, was, becomes, given.at, who
    from unnest(%s::uuid[], %s::text[], %s::text[], %s::timestamptz[], %s::uuid[])
         as given (id, was, becomes, at, who)
    join app.place as own on own.id = given.id order by given.at, given.id
"""
# An agreed plan has the hash of its measures by a trigger of the database.
PLANS = """
    update app.context_plan as plan set state = %s from unnest(%s::uuid[]) as given (id)
    where plan.id = given.id
"""
PLACE = """
    update app.place set lead_agency = 'AFC', lead_user_id = %s, boundary_note = %s,
        next_review_on = %s, close_code = %s, closed_at = %s, label_renewed_at = %s,
        label_expires_on = greatest(label_expires_on, %s), last_information_at = %s
    where id = %s
"""


class Step(NamedTuple):
    """One line of a history."""

    id: UUID
    was: str | None
    becomes: str
    at: datetime
    who: UUID


def tell(cursor: Cursor, stories: Sequence[Story]) -> None:
    with_plan = [story for story in stories if story.reached("PLAN_ACTIVE")]
    for state in ("AGREED", "ACTIVE", "COMPLETED"):
        over = [one for one in with_plan if planned.state(one) == "COMPLETED"]
        ours = over if state == "COMPLETED" else with_plan
        cursor.execute(PLANS, (state, [one.id("plan") for one in ours]))
    for name in TABLES:
        _history(cursor, name)
    _write(cursor, "context_plan", [step for story in with_plan for step in _plan(story)])
    steps = [step for story in stories for step in _life(story)]
    others = cursor.execute(OTHERS, ([story.key for story in stories],)).fetchall()
    steps += [step for row in others for step in _usual_life(*row)]
    cursor.execute(FORGET_PLACES, ([step.id for step in steps],))
    cursor.execute(PLACES, _columns(steps))
    for story in stories:
        cursor.execute(PLACE, _place(story))


def _columns(steps: Sequence[Step]) -> list[list[object]]:
    return [list(column) for column in zip(*steps, strict=True)]


def _history(cursor: Cursor, name: str) -> None:
    rows = cursor.execute(READ.format(ROWS[name], sql.Identifier("app", name))).fetchall()
    _write(cursor, name, [step for row in rows for step in _steps(CHAINS[name], *row)])


def _write(cursor: Cursor, name: str, steps: Sequence[Step]) -> None:
    own = sql.Identifier("app", name)
    told = sql.Identifier("app", f"{name}_state_change")
    cursor.execute(FORGET.format(told, own))
    if steps:
        scope = OF_MEETING if name == "meeting" else OF_PLACE
        cursor.execute(TELL.format(told, *scope, own), _columns(steps))


def _plan(story: Story) -> Iterator[Step]:
    key, lead = story.id("plan"), story.team.lead
    yield Step(key, None, "DRAFT", at(story.agreed - planned.DRAFTED), story.author)
    yield Step(key, "DRAFT", "AGREED", at(story.agreed, 16), lead)
    yield Step(key, "AGREED", "ACTIVE", at(story.day("PLAN_ACTIVE"), 9), lead)
    if story.reached("CLOSED"):
        closed = story.day("CLOSED")
        yield Step(key, "ACTIVE", "REVIEWED", at(closed, 9), lead)
        yield Step(key, "REVIEWED", "COMPLETED", at(closed), lead)


def _steps(
    chain: Sequence[str], key: UUID, state: str, begun: datetime, over: datetime, who: UUID
) -> Iterator[Step]:
    """Evenly from the first day to the last; what was withdrawn never went further."""
    reached = [*chain[:1], state] if state not in chain else chain[: chain.index(state) + 1]
    for number, becomes in enumerate(reached):
        part = number / max(len(reached) - 1, 1)
        when = begun + (max(over, begun) - begun) * part
        yield Step(key, reached[number - 1] if number else None, becomes, when, who)


def _life(story: Story) -> Iterator[Step]:
    """From the proposal on; what has no day of its own comes just before the next."""
    days: dict[str, date] = {"PROPOSED": story.born, "SCREENED": story.part_of_life(0.02)}
    days |= {step: story.day(step) for step in story.steps}
    was = None
    for number, becomes in enumerate(step for step in LIFE if step in days):
        by = story.author if number < 3 else story.team.lead
        yield Step(story.key, was, becomes, at(days[becomes], 11), by)
        was = becomes


def _usual_life(key: UUID, state: str, begun: datetime) -> Iterator[Step]:
    """Of a place of which nothing else is told: the steps before its state, evenly."""
    before = LIFE[: LIFE.index(state)] if state in WORKED_ON else LIFE[:3]
    chain = [*(one for one in before if one != state), state]
    until = begun + (clock.now() - begun) * USUAL_PART
    for number, becomes in enumerate(chain):
        when = begun + (until - begun) * (number / max(len(chain) - 1, 1))
        yield Step(key, chain[number - 1] if number else None, becomes, when, NOBODY)


def _place(story: Story) -> tuple[object, ...]:
    closed = at(story.day("CLOSED"), 11) if story.reached("CLOSED") else None
    watched = story.reached("PLAN_ACTIVE") and closed is None
    last = max(story.day(step) for step in story.steps)
    return (
        story.author,
        f"{MARK}the place and the ways into it, as the assessment draws them.",
        story.today + timedelta(days=20 + 7 * (story.number % 6)) if watched else None,
        "SAFER" if closed else None,
        closed,
        at(last),
        last + timedelta(days=180),
        at(last),
        story.key,
    )
