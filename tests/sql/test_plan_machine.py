"""Whatever people do to a plan and its actions, each is in the state that a plain model says.

No state without its guard; each move is one change of state. CONTEXTMAP_LONG_TESTS=1 takes more
than ten thousand steps.
"""

from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal

import psycopg
import pytest
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule

from app.core import clock
from app.core.errors import AppError
from app.core.ids import random_id
from app.places.models import Place
from app.plans import building, drafting, owning, queries
from app.plans.schemas import ActionIn, DecisionIn, MeasureIn, MoveIn, TellIn, WordsIn
from tests.people import KINGSTON, LEAD, sign_in_as
from tests.plans import AUTHOR, METHOD, assessment_row
from tests.sql import steps, world

EXAMPLES, STEPS = 12, 50
FAIR = "Black children are stopped more often; disabled children need a quiet way in."
MOVES = {
    ("DRAFT", "AGREED"),
    ("AGREED", "ACTIVE"),
    ("ACTIVE", "REVIEWED"),
    ("REVIEWED", "ACTIVE"),
    ("REVIEWED", "COMPLETED"),
    ("DRAFT", "ABANDONED"),
    ("AGREED", "ABANDONED"),
    ("REVIEWED", "ABANDONED"),
}
TELLS = {
    ("OPEN", "IN_PROGRESS"): ["IN_PROGRESS"],
    ("OPEN", "DONE_PENDING_EVIDENCE"): ["IN_PROGRESS", "DONE_PENDING_EVIDENCE"],
    ("IN_PROGRESS", "DONE_PENDING_EVIDENCE"): ["DONE_PENDING_EVIDENCE"],
}
OVER = ("DONE", "WITHDRAWN")


@dataclass
class Task:
    ref: str
    gated: bool
    owner: str
    state: str = "OPEN"
    moves: list = field(default_factory=lambda: ["OPEN"])
    done_by: object = None
    evidence: bool = False

    def goes(self, *states):
        self.moves += states
        self.state = states[-1]


class Work(steps.Steps):
    """Two leads, a practitioner, a partner who owns actions; one place with its plan."""

    @initialize(voice=st.booleans(), approved=st.booleans())
    def begin(self, voice, approved):
        place = world.Place("K", "H0", state="ASSESSED")
        world.write(place, self.admin)
        self.place = place.id
        self.voice, self.approved = voice, approved
        row = assessment_row(place.ref, "APPROVED" if approved else "ANALYSIS")
        self.admin.execute(*row)
        if voice:
            self.admin.execute(METHOD, (random_id(), row[1]["id"], AUTHOR, AUTHOR))
        self.state, self.moves, self.tasks = "DRAFT", ["DRAFT"], []
        self.measured = self.change = self.words = self.ring = self.shown = False
        self.count = 0
        with self.db.begin(LEAD) as session:
            self.ref = drafting.begin(session, LEAD, session.get_one(Place, self.place)).ref
        self.act(gated=False, owner="BUSINESS")

    def did(self, actor, what):
        return self.takes(actor, what)

    def plan(self, session):
        return queries.find(session, self.ref, lock=True)

    @rule(change=st.booleans(), whole=st.booleans())
    def measure(self, change, whole):
        """One goal, and a measure of it; there are never many."""
        if self.count > 5:
            return

        def made(session):
            plan = self.plan(session)
            goals = queries.goals(session, plan)
            if not goals:
                words = {"G_NORM": "Shouting is no longer accepted here"}
                building.choose_goals(session, LEAD, plan, words, plan.version)
                session.flush()
                goals = queries.goals(session, plan)
            given = {"goal": goals[0].id, "kind": "INDICATOR", "body": "It falls"}
            given |= {"direction": "DOWN", "is_change": change, "baseline": Decimal(3)}
            given |= {"target": Decimal(1), "due_on": clock.today()} if whole else {}
            building.save_measure(session, LEAD, plan, MeasureIn(**given), None)

        done = self.did(LEAD, made)
        assert done == (self.state == "DRAFT")
        if done:
            self.count += 1
            self.measured, self.change = self.measured or whole, self.change or change

    @rule(ring=st.booleans(), fair=st.booleans())
    def write(self, ring, fair):
        def wrote(session):
            plan = self.plan(session)
            given = {"summary_plain": "Adults will help.", "version": plan.version}
            if self.state == "DRAFT":
                given |= {"equality_check": FAIR, "ring_m": 250 if ring else None}
            elif fair:
                given |= {"equality_check": "Another", "ring_m": 300}
            drafting.write(session, LEAD, plan, WordsIn(**given, shown_on=clock.today()))

        done = self.did(LEAD, wrote)
        over = self.state in ("COMPLETED", "ABANDONED")
        assert done == (not over and (self.state == "DRAFT" or not fair))
        if done:
            self.shown = True
            if self.state == "DRAFT":
                self.words, self.ring = True, ring

    @rule(gated=st.booleans(), owner=st.sampled_from(["AFC", "BUSINESS"]))
    def one_more(self, gated, owner):
        self.act(gated=gated, owner=owner)

    def act(self, *, gated, owner):
        made = []
        if len(self.tasks) > 5:
            return

        def acted(session):
            plan = self.plan(session)
            due = clock.today() + timedelta(days=9)
            code = "PATROL" if gated else "SAFE_SPACE"
            said = ActionIn(response_code=code, body="Do it", owner_agency=owner, due_on=due)
            where = session.get_one(Place, self.place), plan
            made.append(building.save_action(session, LEAD, where, said, None).ref)

        done = self.did(LEAD, acted)
        gates = self.state == "DRAFT" or (self.ring and self.words and self.voice)
        assert done == (self.state not in ("COMPLETED", "ABANDONED") and (not gated or gates))
        if done:
            self.tasks.append(Task(made[0], gated, owner))

    @rule(
        to=st.sampled_from(["AGREED", "ACTIVE", "REVIEWED", "COMPLETED", "ABANDONED"]),
        why=st.sampled_from([None, "Synthetic"]),
    )
    def move(self, to, why):
        def moved(session):
            plan = self.plan(session)
            given = MoveIn(to=to, reason=why, version=plan.version)
            drafting.step(session, LEAD, plan, given)

        done = self.did(LEAD, moved)
        assert done == ((self.state, to) in MOVES and self.ready(to, why))
        if done:
            self.state = to
            self.moves.append(to)
            for task in self.tasks if to == "ABANDONED" else ():
                if task.state not in OVER:
                    task.goes("WITHDRAWN")

    def ready(self, to, why):
        gated = any(task.gated and task.state != "WITHDRAWN" for task in self.tasks)
        gates = not gated or (self.ring and self.words and self.voice)
        return {
            "AGREED": self.measured and self.change and self.words and gates,
            "ACTIVE": self.approved and self.voice and self.shown and gates,
            "ABANDONED": why is not None,
        }.get(to, True)

    @rule(
        data=st.data(),
        who=st.integers(0, 3),
        to=st.sampled_from(["OPEN", "IN_PROGRESS", "DONE_PENDING_EVIDENCE"]),
        said=st.sampled_from([None, "It was done."]),
    )
    def tell(self, data, who, to, said):
        if not self.tasks:
            return
        task, actor = data.draw(st.sampled_from(self.tasks)), self.people[who]
        version = self.version(task)

        def told(session):
            wanted = TellIn(state=to, evidence=said, version=version)
            owning.tell(session, actor, task.ref, wanted)

        done = self.did(actor, told)
        path = TELLS.get((task.state, to), [] if to == task.state else None)
        may = actor.role != "partner" or task.owner == "BUSINESS"
        may = may and task.state not in OVER and path is not None
        assert done == (may and (to != "DONE_PENDING_EVIDENCE" or said is not None))
        if done:
            task.evidence = said is not None
            task.done_by = actor.id if to == "DONE_PENDING_EVIDENCE" else None
            if path:
                task.goes(*path)

    def version(self, task):
        sql = "select version from app.plan_action where ref = %s"
        return self.admin.execute(sql, (task.ref,)).fetchone()[0]

    @rule(
        data=st.data(),
        who=st.integers(0, 1),
        to=st.sampled_from(OVER),
        why=st.sampled_from([None, "Synthetic"]),
    )
    def decide(self, data, who, to, why):
        if not self.tasks:
            return
        task, actor = data.draw(st.sampled_from(self.tasks)), self.people[who]
        version = self.version(task)

        def decided(session):
            wanted = DecisionIn(to=to, reason=why, version=version)
            owning.decide(session, actor, task.ref, wanted)

        done = self.did(actor, decided)
        if to == "WITHDRAWN":
            assert done == (task.state not in OVER and why is not None)
        else:
            assert done == (task.state == "DONE_PENDING_EVIDENCE" and task.done_by != actor.id)
        if done:
            task.goes(to)

    @invariant()
    def the_partner_sees_the_own_actions_alone(self):
        partner = self.people[3]
        with self.db.read(partner) as session:
            for task in getattr(self, "tasks", ())[-2:]:
                try:
                    seen = queries.find_action(session, task.ref).state
                except AppError:
                    seen = None
                assert seen == (task.state if task.owner == "BUSINESS" else None)

    def teardown(self):
        if not hasattr(self, "ref"):
            return
        sql = (
            "select to_state from app.{0}_state_change s join app.{0} r on r.id = s.record_id "
            "where r.ref = %s order by s.id"
        )
        kept = [("context_plan", self.ref, self.moves)]
        kept += [("plan_action", task.ref, task.moves) for task in self.tasks]
        for table, ref, moves in kept:
            found = self.admin.execute(sql.format(table).encode(), (ref,)).fetchall()
            assert [state for (state,) in found] == moves


@pytest.fixture
def work(module_db):
    with psycopg.connect(module_db.logins.dsn("postgres"), autocommit=True) as admin:
        Work.db, Work.admin = module_db, admin
        second = replace(LEAD, id=random_id())
        worker = sign_in_as(module_db, "practitioner", boroughs=(KINGSTON,)).actor
        partner = sign_in_as(module_db, "partner", agency="BUSINESS").actor
        Work.people = (LEAD, second, worker, replace(partner, tiers=("H0", "H1")))
        yield Work


@pytest.mark.asvs("2.3.1")
def test_no_state_is_reached_without_its_guard(work, record_testsuite_property):
    steps.walk(work, record_testsuite_property, examples=EXAMPLES, steps=STEPS, least=100)
