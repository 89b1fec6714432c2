"""Measures of the quarterly report against a second path: rows as they are, counted in Python."""

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from statistics import median
from typing import Any

import psycopg
import pytest
from psycopg.rows import namedtuple_row

from app.briefings import of_places, of_records, of_work
from app.briefings.asked import STATES, Asked
from app.briefings.building import BUILD
from app.core import clock
from app.core.clock import london
from app.core.working_days import is_working_day
from app.releases.rules import Window
from tests.people import KINGSTON, RICHMOND

BOROUGHS = {KINGSTON: "Kingston", RICHMOND: "Richmond"}
FEW = "fewer than 8, not shown"
WORKED_WITH = {"IDENTIFIED", "ASSESSING", "ASSESSED", "CONFERENCE", "PLAN_ACTIVE", "MONITORING"}
# What the demonstration loads today was known on its day.
KNOWN_THEN = (
    "update app.incident set created_at = occurred_to + (hashtext(ref) & 15) * interval '1 day'",
    "update app.guardian_slot set created_at = valid_from_on",
    "update app.outcome_review set created_at = least(created_at, coalesce(held_on, due_on))",
)


@dataclass
class Past:
    """A year of the demonstration, as the report sees it and as its rows are."""

    db: Any
    asked: Asked
    tables: dict[str, list[Any]]

    @property
    def window(self) -> Window:
        return self.asked.window

    def measured(self, measure: Any, *more: Any) -> Any:
        with self.db.read(BUILD) as session:
            return measure(session, self.asked, *more)

    def known(self, table: str) -> list[Any]:
        return [row for row in self.tables[table] if row.created_at <= self.window.cut_at]

    def named(self) -> dict[Any, Any]:
        """Places that may be named, with their state at the cut."""
        return {
            place.id: state
            for place in self.known("place")
            if place.tier == "H0"
            and (place.sensitivity == "PUBLIC_REALM"
                 or (place.sensitivity == "MANAGED" and place.may_name))
            and set(place.borough_codes) & set(BOROUGHS)
            and (place.deleted_at is None or place.deleted_at > self.window.cut_at)
            and (state := self.state("place_state_change", "place_id", place.id))
        }  # fmt: skip

    def state(self, table: str, key: str, of: Any) -> str | None:
        steps = [row for row in self.tables[table]
                 if getattr(row, key) == of and row.at <= self.window.cut_at]  # fmt: skip
        return max(steps, key=lambda row: (row.at, row.id)).to_state if steps else None

    def within(self, at: datetime) -> bool:
        return self.window.start_at <= at < self.window.end_at

    def moves(self, named: Any) -> list[Any]:
        """Changes of state within the window."""
        return [row for row in self.tables["place_state_change"]
                if row.place_id in named and self.within(row.at)]  # fmt: skip

    def place(self, key: Any) -> Any:
        return next(row for row in self.tables["place"] if row.id == key)


# Sixty children who came back, some interviewed late, some not at all.
EPISODES = """
    insert into app.missing_episode (incident_id, borough_codes, tier, agency_code, created_at,
        created_by, updated_by, is_synthetic, kind, missing_from_at, returned_at, rhi_offered_at,
        rhi_held_at, rhi_declined, manager_decision_at, location_captured)
    select id, borough_codes, tier, agency_code, created_at, created_by, created_by, true, 'HOME',
        occurred_from, occurred_from + interval '9 hours',
        occurred_from + n * interval '3 hours',
        case when n % 3 = 0 then occurred_from + n * interval '4 hours' end, n % 5 = 0,
        case when n % 2 = 0 then occurred_from + n * interval '2 hours' end, n % 7 <> 0
    from (select *, row_number() over (order by ref) as n from app.incident) as numbered
    where n <= 60
"""
NAMES = ("place", "place_state_change", "plan_action", "plan_action_state_change",
         "context_plan_state_change", "guardian_slot", "outcome_review", "plan_goal", "incident",
         "missing_episode", "objection")  # fmt: skip


@pytest.fixture(scope="module")
def past(context_db):
    end = clock.today() - timedelta(days=20)
    window = Window("2026-Q3", "Q", end - timedelta(days=400), end)
    dsn = context_db.logins.cluster.dsn("postgres", context_db.logins.dbname)
    with psycopg.connect(dsn, autocommit=True, row_factory=namedtuple_row) as admin:
        admin.execute("set session_replication_role = replica")
        for change in KNOWN_THEN:
            admin.execute(change.encode())
        admin.execute(EPISODES.encode())
        given = (window.start_at, window.end_at)
        admin.execute("update app.incident set counted_in = 'R' where occurred_from >= %s "
                      "and occurred_from < %s", given)  # fmt: skip
        admin.execute("update app.missing_episode set counted_in = 'R' where missing_from_at >= %s "
                      "and missing_from_at < %s", given)  # fmt: skip
        tables = {name: admin.execute(f"select * from app.{name}".encode()).fetchall()
                  for name in NAMES}  # fmt: skip
    asked = Asked(window, tuple(BOROUGHS), BOROUGHS, "R")
    return Past(context_db, asked, tables)


def rows_of(block) -> dict[str, list[str]]:
    return dict(block["rows"])


def side(codes) -> str:
    return "BOTH" if len(codes) > 1 else codes[0]


def in_words(values: list[int]) -> str:
    return str(round(median(values))) if len(values) >= 8 else FEW


def working(began: date, ended: date) -> int:
    days = ((began + timedelta(days=n)) for n in range(1, (ended - began).days + 1))
    return sum(is_working_day(day) for day in days)


def test_v03_places_by_state(past):
    shown = rows_of(past.measured(of_places.pipeline))
    named = past.named()
    held = Counter((state, side(past.place(key).borough_codes)) for key, state in named.items())
    keys = (*BOROUGHS, "BOTH")
    assert sum(held.values()) > 20
    for state, label in STATES.items():
        assert shown[label] == [str(held[state, key]) for key in keys], label
    for label, state in (("Opened this quarter", "IDENTIFIED"), ("Closed this quarter", "CLOSED")):
        moved = {row.place_id for row in past.moves(named) if row.to_state == state}
        counted = Counter(side(past.place(key).borough_codes) for key in moved)
        assert shown[label] == [str(counted[key]) for key in keys], label


def test_v09_working_days_in_a_state(past):
    shown = rows_of(past.measured(of_places.days))
    named, taken = past.named(), defaultdict(list)
    for row in past.tables["place_state_change"]:
        earlier = [one.at for one in past.tables["place_state_change"]
                   if one.place_id == row.place_id and one.at < row.at]  # fmt: skip
        if row.place_id in named and earlier and past.within(row.at):
            days = working(london(max(earlier)).date(), london(row.at).date())
            taken[row.from_state].append(days)
    assert any(len(values) >= 8 for values in taken.values())
    for state, values in taken.items():
        label = {"PROPOSED": "Proposed", **STATES}[state]
        assert shown[label][0] == in_words(values), label


def test_v10_places_entering_each_stage(past):
    shown = rows_of(past.measured(of_places.funnel))
    named = past.named()
    for label, states in of_places.STAGES:
        came = {row.place_id for row in past.moves(named) if row.to_state in states}
        assert shown[label] == [str(len(came))], label


def actions_of(past) -> list[tuple[Any, str]]:
    named = past.named()
    found = []
    for action in past.known("plan_action"):
        state = past.state("plan_action_state_change", "record_id", action.id)
        plan = past.state("context_plan_state_change", "record_id", action.plan_id)
        if action.place_id in named and state not in {None, "WITHDRAWN"} and plan in {
            "ACTIVE", "REVIEWED", "COMPLETED"
        }:  # fmt: skip
            found.append((action, state))
    return found


def test_v13_and_v14_actions(past):
    kinds, late = past.measured(of_work.actions)
    found = actions_of(past)
    assert len(found) > 20
    for kind, label in of_work.KINDS.items():
        done = sum(state == "DONE" for one, state in found if one.kind == kind)
        every = sum(one.kind == kind for one, _ in found)
        assert rows_of(kinds)[label] == [str(every - done), str(done)], label
    day = london(past.window.cut_at).date()
    overdue = defaultdict(list)
    for one, state in found:
        if state != "DONE" and one.due_on < day:
            overdue[past.asked.agency(one.owner_agency)].append((day - one.due_on).days)
    expected = {who: [str(len(days)), str(round(median(days)))] for who, days in overdue.items()}
    assert rows_of(late) == expected


def test_v15_hours_of_concern_with_a_guardian(past):
    block = past.measured(of_places.guardians)
    day = london(past.window.cut_at).date()
    shares = {}
    for key, state in past.named().items():
        place = past.place(key)
        over = place.label_expires_on <= day or place.state in {"DORMANT", "CLOSED", "PROPOSED"}
        grid = place.week_grid
        if state not in WORKED_WITH or over or grid is None or str(grid).count("1") < 8:
            continue
        slots = [str(slot.week_grid) for slot in past.known("guardian_slot")
                 if slot.place_id == key and slot.valid_from_on <= day
                 and (slot.valid_to_on is None or slot.valid_to_on > day)]  # fmt: skip
        hours = [n for n in range(168) if str(grid)[n] == "1"]
        covered = sum(any(slot[n] == "1" for slot in slots) for n in hours)
        shares[place.name] = round(100 * covered / len(hours))
    fewest = sorted(shares.items(), key=lambda one: (one[1], one[0]))[:10]
    assert fewest
    assert [(name, shown[0]) for name, shown in block["rows"]] == [
        (name, f"{share}%") for name, share in fewest
    ]


def test_v16_reviews_and_goals(past):
    made = past.measured(of_work.outcomes)
    named, cut = past.named(), past.window.cut_at
    held = [row for row in past.tables["outcome_review"]
            if row.place_id in named and row.held_on and row.deleted_at is None
            and past.window.first <= row.held_on < past.window.end
            and row.decided_at and row.decided_at <= cut]  # fmt: skip
    assert len(made[0]["rows"]) == len(held) > 3
    standing = [goal for goal in past.tables["plan_goal"] if goal.deleted_at is None]
    goals = Counter(goal.result or "NOT_MEASURED" for row in held for goal in standing
                    if goal.plan_id == row.plan_id)  # fmt: skip
    told = {"Met": "MET", "Partly met": "PARTLY", "Not met": "NOT_MET",
            "Not measured": "NOT_MEASURED"}  # fmt: skip
    assert rows_of(made[1]) == {label: [str(goals[code])] for label, code in told.items()}
    due = [row for row in past.known("outcome_review")
           if row.place_id in named and row.due_on and row.due_on < past.window.end
           and row.deleted_at is None]  # fmt: skip
    now = sum(row.due_on >= past.window.first for row in due)
    late = sum(row.decided_at is None or row.decided_at > cut for row in due)
    assert made[0]["verdict"] == (
        f"Reviews due this quarter: {now}. Reviews overdue at the cut-off: {late}."
    )


def printed(n: int) -> int | None:
    return None if n < 8 else 5 * ((n + 2) // 5)


def share(part: int, whole: int) -> str:
    a, b = printed(part), printed(whole)
    return FEW if a is None or b is None else f"{5 * int(20 * a / b + 0.5)}%"


def test_v20_interviews_after_a_return(past):
    shown = rows_of(past.measured(of_records.interviews, "50"))
    cut = past.window.cut_at

    def by_cut(at):
        return at if at is not None and at <= cut else None

    back = [one for one in past.tables["missing_episode"]
            if past.within(one.missing_from_at) and by_cut(one.returned_at)]  # fmt: skip
    assert len(back) >= 8
    offered = [one for one in back if by_cut(one.rhi_offered_at)
               and one.rhi_offered_at - one.returned_at <= timedelta(hours=72)]  # fmt: skip
    decided = [one for one in back if by_cut(one.manager_decision_at) and
               one.manager_decision_at - (by_cut(one.rhi_held_at) or one.returned_at)
               <= timedelta(hours=24)]  # fmt: skip
    counted = [offered, [one for one in back if by_cut(one.rhi_held_at)],
               [one for one in back if one.rhi_declined], decided,
               [one for one in back if one.location_captured]]  # fmt: skip
    assert list(shown.values()) == [[share(len(one), len(back))] for one in counted]
    few = past.measured(of_records.interviews, "1 to 7")
    assert {said for _, (said,) in few["rows"]} == {FEW}


def test_v26_lateness_by_organisation(past):
    shown = rows_of(past.measured(of_records.lateness))
    late = defaultdict(list)
    for one in past.tables["incident"]:
        if past.within(one.occurred_from):
            middle = one.occurred_from + (one.occurred_to - one.occurred_from) / 2
            days = (london(one.created_at).date() - london(middle).date()).days
            late[past.asked.agency(one.source_agency)].append(max(0, days))
    assert len(late) > 2
    assert shown == {who: [in_words(days)] for who, days in late.items()}
