"""Whatever analysts do to items, each is in the state a plain model says and seen by whom it says.

No state without its guard; each move is one change of state and at least one event.
CONTEXTMAP_LONG_TESTS=1 takes more than ten thousand steps.
"""

import os
from dataclasses import dataclass, field, replace

import psycopg
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import text

from app.core.actor import Actor, job_actor
from app.core.errors import AppError, NotFoundError
from app.core.ids import random_id
from app.intelligence import checking, qa, queries, service
from app.intelligence.schemas import DecisionIn, IntelIn
from tests.intelligence import CONDITIONAL, PLAIN, POLICE
from tests.people import KINGSTON, RICHMOND, ref_of, sign_in_as

LONG = os.environ.get("CONTEXTMAP_LONG_TESTS") == "1"
EXAMPLES, STEPS = (330, 50) if LONG else (8, 40)
PARTNERS = (KINGSTON, RICHMOND)
NAMED = "Synthetic: Kyle Example was there."
JOB = job_actor("intelligence:review")
RANK = {"RELEASE": "RELEASED", "SANITISE": "SANITISED", "ISSUES": "HAS_ISSUES"}
RANK |= {"REJECT": "REJECTED"}


def analyst(agency=POLICE) -> Actor:
    return Actor(
        id=random_id(),
        role="police_analyst",
        label="Synthetic analyst",
        agency=agency,
        all_boroughs=True,
        tiers=("H0", "H1", "P", "C"),
    )


@dataclass
class Item:
    """What a model knows of an item."""

    ref: str
    writers: set
    code: str
    doubtful: bool
    marked: bool
    state: str = "SUBMITTED"
    moves: list = field(default_factory=lambda: ["SUBMITTED"])
    accepted: bool = False

    def goes(self, state):
        self.state = state
        self.moves.append(state)


class Queue(RuleBasedStateMachine):
    """Analysts of one force, one of another, a recipient, and the clock."""

    db = admin = recipient = None
    steps = 0

    @initialize()
    def begin(self):
        self.analysts = [analyst() for _ in range(3)]
        self.items = []
        self.written(self.analysts[0], code="P", doubtful=False, marked=False)

    def did(self, actor, what):
        """Whether it was done; a refusal leaves nothing behind."""
        type(self).steps += 1
        try:
            with self.db.begin(actor) as session:
                what(session)
        except AppError:
            return False
        return True

    def written(self, actor, *, code, doubtful, marked):
        given = PLAIN if code == "P" else CONDITIONAL | {"recipients": [self.recipient[1]]}
        if doubtful:
            given = given | {"source_eval": "3", "info_assess": "E"}
        if marked:
            given = given | {"body": NAMED, "second_person": True}
        with self.db.begin(actor) as session:
            made = checking.check(session, IntelIn.model_validate(given), PARTNERS)
            item = service.submit(session, actor, made)
        self.items.append(Item(item.ref, {actor.id}, code, doubtful, marked))

    @rule(
        who=st.integers(0, 2), code=st.sampled_from("PC"), doubtful=st.booleans(), m=st.booleans()
    )
    def write(self, who, code, doubtful, m):
        if len(self.items) < 6:
            self.written(self.analysts[who], code=code, doubtful=doubtful, marked=m)

    @rule(data=st.data(), who=st.integers(0, 2))
    def take(self, data, who):
        item, actor = data.draw(st.sampled_from(self.items)), self.analysts[who]
        done = self.did(actor, lambda s: qa.take(s, actor, queries.lock(s, item.ref)))
        assert done == (item.state in ("SUBMITTED", "HAS_ISSUES") and actor.id not in item.writers)
        if done:
            item.goes("IN_QA")

    @rule(
        data=st.data(),
        who=st.integers(0, 2),
        decision=st.sampled_from([*RANK, "NONSENSE"]),
        note=st.sampled_from(["", "Synthetic"]),
        confirmed=st.booleans(),
    )
    def decide(self, data, who, decision, note, confirmed):
        item, actor = data.draw(st.sampled_from(self.items)), self.analysts[who]
        said = DecisionIn(decision=decision, note=note, confirmed=confirmed)
        done = self.did(actor, lambda s: qa.decide(s, actor, queries.lock(s, item.ref), said))
        ready = item.state == "IN_QA" and actor.id not in item.writers
        needs_note = decision in ("ISSUES", "REJECT")
        enough = bool(note) if needs_note else confirmed or not item.marked
        assert done == (ready and decision in RANK and enough)
        if done:
            if decision == "RELEASE":
                item.moves.append("SANITISED")
            item.goes(RANK[decision])

    @rule(data=st.data(), who=st.integers(0, 2))
    def release(self, data, who):
        item, actor = data.draw(st.sampled_from(self.items)), self.analysts[who]
        done = self.did(actor, lambda s: qa.release(s, actor, queries.lock(s, item.ref)))
        assert done == (item.state == "SANITISED" and actor.id not in item.writers)
        if done:
            item.goes("RELEASED")

    @rule(data=st.data(), who=st.integers(0, 2))
    def mend(self, data, who):
        item, actor = data.draw(st.sampled_from(self.items)), self.analysts[who]

        def mended(session):
            found = queries.lock(session, item.ref)
            given = PLAIN if item.code == "P" else CONDITIONAL
            given = given | {"recipients": [self.recipient[1]] if item.code == "C" else []}
            given |= {"body": f"Synthetic: mended {random_id()}"}
            given |= {"source_eval": "1", "info_assess": "B"}
            made = checking.check(session, IntelIn.model_validate(given), PARTNERS)
            service.revise(session, actor, found, made)
            qa.returned(session, found)

        done = self.did(actor, mended)
        assert done == (item.state in ("SUBMITTED", "HAS_ISSUES"))
        if done:
            item.writers = {*list(item.writers)[:0], self.creator(item), actor.id}
            item.doubtful = item.marked = False
            if item.state == "HAS_ISSUES":
                item.goes("IN_QA")

    def creator(self, item):
        sql = "select created_by from app.intel_item where ref = %s"
        return self.admin.execute(sql, (item.ref,)).fetchone()[0]

    @rule(data=st.data(), who=st.integers(0, 2), reason=st.sampled_from(["", "Synthetic"]))
    def withdraw(self, data, who, reason):
        item, actor = data.draw(st.sampled_from(self.items)), self.analysts[who]
        done = self.did(actor, lambda s: qa.withdraw(s, actor, queries.lock(s, item.ref), reason))
        assert done == (bool(reason) and item.state in ("RELEASED", "REVIEW_DUE"))
        if done:
            item.goes("WITHDRAWN")

    @rule(data=st.data())
    def accept(self, data):
        item = data.draw(st.sampled_from(self.items))
        person = self.reader(item)
        done = self.did(person, lambda s: service.accept(s, item.ref))
        open_to = item.state == "RELEASED" and item.code == "C" and not item.doubtful
        assert done == (open_to and not item.accepted)
        item.accepted = item.accepted or done

    @rule(data=st.data())
    def time_passes(self, data):
        """Half a year, for one of them."""
        item = data.draw(st.sampled_from(self.items))
        self.admin.execute(
            "update app.intel_item set review_due = current_date - 1 where ref = %s "
            "and state = 'RELEASED'",
            (item.ref,),
        )
        with self.db.begin(JOB) as session:
            n = session.scalar(text("select app.intel_reviewed(current_date)"))
        assert n == (item.state == "RELEASED")
        if n:
            item.goes("REVIEW_DUE")

    def reader(self, item) -> Actor:
        key = self.admin.execute(
            "select id::text from app.intel_item where ref = %s", (item.ref,)
        ).fetchone()[0]
        named = {"intel_item": (key,)} if item.code == "C" else {}
        return replace(self.recipient[0].actor, named=named)

    @invariant()
    def each_is_seen_by_whom_the_model_says(self):
        for item in self.items[-3:]:
            released = item.state == "RELEASED" and not item.doubtful
            assert self.sees(analyst(), item)
            assert self.sees(analyst("BTP"), item) == (item.code == "P")
            open_to = released and (item.code == "P" or item.accepted)
            assert self.sees(self.reader(item), item) == open_to

    def sees(self, actor, item):
        try:
            with self.db.read(actor) as session:
                found = queries.find(session, item.ref)
                return found.state == item.state
        except NotFoundError:
            return False

    def teardown(self):
        for item in getattr(self, "items", ()):
            moves = self.admin.execute(
                "select to_state from app.intel_state_change as step join app.intel_item as item "
                "on item.id = step.intel_item_id where ref = %s order by step.id",
                (item.ref,),
            ).fetchall()
            assert [state for (state,) in moves] == item.moves
            events = self.admin.execute(
                "select count(*) from audit.event where object_ref = %s", (item.ref,)
            ).fetchone()[0]
            by_people = [state for state in item.moves if state != "REVIEW_DUE"]
            assert events >= len(by_people)


@pytest.fixture
def queue(module_db):
    person = sign_in_as(module_db, "practitioner")
    dsn = module_db.logins.dsn("postgres")
    with psycopg.connect(dsn, autocommit=True) as admin:
        Queue.db, Queue.admin = module_db, admin
        Queue.recipient = (person, ref_of(module_db, person))
        yield Queue


@pytest.mark.asvs("2.3.1")
def test_no_state_is_reached_without_its_guard(queue, record_testsuite_property):
    run_state_machine_as_test(
        queue,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            deadline=None,
            database=None,
            derandomize=not LONG,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )

    record_testsuite_property("steps", queue.steps)
    assert queue.steps > (10_000 if LONG else 150)
