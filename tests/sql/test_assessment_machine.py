"""Whatever people do to an assessment, no step is taken without its guard, and none is lost.

The guards are told a second time here, from the design, over a plain model.
CONTEXTMAP_LONG_TESTS=1 takes more than ten thousand steps.
"""

from datetime import date, timedelta

import psycopg
import pytest
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule

from app.assessments import parts, service, writing
from app.assessments.indicators import CODES
from app.assessments.rules import COLUMNS
from app.assessments.schemas import MethodIn, ScaleIn, SignIn
from app.core import clock
from tests import context_work
from tests.sql import steps

EXAMPLES, STEPS = (100, 40) if steps.LONG else (14, 14)
ORDER = ("DRAFT", "SCOPING", "GATHERING", "ANALYSIS", "PEER_REVIEW", "APPROVED")
VOICE = ("CHILD_SESSION", "WALKABOUT")
SLOTS = {  # the day, the part of it, after dark
    "school": (date(2026, 3, 3), "AFTER_SCHOOL", "no"),
    "evening": (date(2026, 3, 4), "EVENING", "yes"),
    "weekend": (date(2026, 3, 7), "DAYTIME", "no"),
}
WHY = "Synthetic: the club is shut until the spring, and nobody else is known to them."
WHO = ("author", "second", "lead", "other_lead", "partner")


class Work(steps.Steps):
    """Two practitioners, two leads, a partner, and one assessment after another of one place."""

    team = None

    @initialize()
    def begin(self):
        context_work.set_state(self.team, "ASSESSING")
        self.assessing, self.moves = True, []
        self.fresh()

    def fresh(self):
        """A draft; the one before it is put away, or was approved."""
        self.admin.execute("update app.context_assessment set deleted_at = now() "
                           "where state not in ('APPROVED', 'SUPERSEDED')")  # fmt: skip
        author = self.people["author"]
        with self.db.begin(author) as session:
            place = self.team.place(session)
            self.ref = writing.begin(session, author, place, {"prompted_by": "REPORT"}).ref
        self.state, self.moves = "DRAFT", ["DRAFT"]
        self.bounded = self.reasoned = False
        self.slots, self.planned, self.held = set(), set(), set()
        self.heard = self.excused = False
        self.due = None
        self.rated = {}
        self.columns, self.parties = set(), set()

    def did(self, who, what, step=None):
        actor = self.people[who]

        def done(session):
            what(writing.open_to_change(session, actor, self.ref))

        return self.takes(actor, done, step or what.__name__)

    def may_write(self, who):
        return who != "partner" and self.state != "APPROVED"

    @rule(who=st.sampled_from(WHO))
    def draw(self, who):
        columns = {"boundary": context_work.from_shape(context_work.SHAPE, srid=27700)}
        columns["boundary_reason"] = "Synthetic: the square."
        wanted = {"boundary_reason": columns["boundary_reason"]}

        def save(desk):
            seen = writing.locking.seal(writing.forms.said(desk.assessment, BASICS))
            form = {"seen": seen}
            writing.save_section(desk, "basics", columns=columns, wanted=wanted, form=form)

        assert self.did(who, save) == self.may_write(who)
        self.bounded = self.bounded or self.may_write(who)

    @rule(who=st.sampled_from(WHO), days=st.sampled_from([10, 60, 61, 200]))
    def excuse(self, who, days):
        due = clock.today() + timedelta(days=days)
        columns = {"no_voice_reason": WHY, "voice_due_on": due}
        wanted = {"no_voice_reason": WHY, "voice_due_on": due.isoformat()}

        def save(desk):
            seen = writing.locking.seal(writing.forms.said(desk.assessment, wanted))
            form = {"seen": seen}
            writing.save_section(desk, "voice", columns=columns, wanted=wanted, form=form)

        assert self.did(who, save) == self.may_write(who)
        if self.may_write(who):
            self.excused, self.due = True, days

    @rule(
        who=st.sampled_from(WHO),
        code=st.sampled_from(["DESKTOP", "OBSERVATION", "PARENT", *VOICE]),
        held=st.booleans(),
        slot=st.sampled_from(sorted(SLOTS)),
        n=st.sampled_from([0, 7]),
    )
    def look(self, who, code, held, slot, n):
        day, part, dark = SLOTS[slot]
        given = {"method_code": code, "day_part": part, "after_dark": dark, "n_children": n}
        wanted = MethodIn(**given, held_on=day if held else None)
        done = self.did(who, lambda d: parts.save_part(d, "methods", None, wanted=wanted, form={}))
        assert done == self.may_write(who)
        if done:
            self.planned.add(code)
            self.held |= {code} if held else set()
            self.slots |= {slot} if held and code == "OBSERVATION" else set()
            self.heard = self.heard or (held and code in VOICE and n > 0)

    @rule(who=st.sampled_from(WHO))
    def observe_all(self, who):
        for slot in SLOTS:
            self.look(who=who, code="OBSERVATION", held=True, slot=slot, n=0)

    @rule(
        who=st.sampled_from(WHO), n=st.sampled_from([1, 20, 27]), known=st.sampled_from([5, 14, 27])
    )
    def settle(self, who, n, known):
        """The first `n` questions, of which only some are known."""

        def save(desk):
            for number, code in enumerate(CODES[:n]):
                rating = 3 if number < known else None
                service.answer(desk.session, desk.actor, desk.assessment, code, "SETTLED", rating)

        done = self.did(who, save)
        assert done == self.may_write(who)
        if done:
            self.rated |= {code: number < known for number, code in enumerate(CODES[:n])}

    @rule(who=st.sampled_from(WHO), column=st.sampled_from(sorted(COLUMNS)))
    def say(self, who, column):
        wanted = SignIn(column_code=column, body="Synthetic.", view="CHILDREN")
        done = self.did(who, lambda d: parts.save_part(d, "signs", None, wanted=wanted, form={}))
        assert done == self.may_write(who)
        self.columns |= {column} if done else set()

    @rule(who=st.sampled_from(WHO), party=st.sampled_from(["CHILDREN", "POLICE", "SCHOOL"]))
    def score(self, who, party):
        wanted = ScaleIn(party=party, n_people=3, score=4, on_date=date(2026, 3, 3))
        done = self.did(who, lambda d: parts.save_part(d, "scale", None, wanted=wanted, form={}))
        assert done == self.may_write(who)
        self.parties |= {party} if done else set()

    @rule()
    def the_place_goes_its_way(self):
        self.assessing = not self.assessing
        context_work.set_state(self.team, "ASSESSING" if self.assessing else "IDENTIFIED")

    def enough(self, domain):
        return sum(known for code, known in self.rated.items() if code[1] == domain) >= 6

    def open_to(self, to):
        voice = self.planned & set(VOICE)
        return {
            "SCOPING": self.assessing and self.bounded,
            "GATHERING": bool(self.planned) and (bool(voice) or self.excused),
            "ANALYSIS": "DESKTOP" in self.held and len(self.slots) == 3,
            "PEER_REVIEW": len(self.rated) == 27
            and sum(self.enough(domain) for domain in "123") >= 2
            and len(self.columns) == 3
            and len(self.parties) >= 2,
            "APPROVED": self.heard or (self.excused and self.due <= 60),
        }[to]

    @rule(who=st.sampled_from(WHO), was=st.sampled_from(["as it is", *ORDER]))
    def go_on(self, who, was):
        was = self.state if was == "as it is" else was
        done = self.did(who, lambda desk: writing.move_on(desk, was=was), "move on")
        to = ORDER[min(ORDER.index(self.state) + 1, 5)]
        asked = self.may_write(who) and was == self.state and to != "APPROVED"
        assert done == (asked and self.open_to(to)), (self.state, to, was, who)
        if done:
            self.state = to
            self.moves.append(to)

    @rule(who=st.sampled_from(WHO))
    def approve(self, who):
        done = self.did(
            who, lambda desk: writing.approve(desk, was=desk.assessment.state), "approve"
        )
        lead = who in ("lead", "other_lead")
        assert done == (lead and self.state == "PEER_REVIEW" and self.open_to("APPROVED"))
        if done:
            self.moves.append("APPROVED")
            self.is_as_the_model_says(approved=True)
            self.fresh()

    @rule(to=st.sampled_from(ORDER[2:5]), days=st.sampled_from([60, 61, 200]))
    def hurry(self, to, days):
        """With what each stage asks for and no more, so that the guards of the next are met."""
        if self.state != "DRAFT":
            return
        if not self.assessing:
            self.the_place_goes_its_way()
        self.draw(who="author")
        self.excuse(who="second", days=days)
        self.look(who="author", code="DESKTOP", held=True, slot="school", n=0)
        while self.state != to:
            if self.state == "GATHERING":
                self.observe_all(who="second")
            if self.state == "ANALYSIS":
                self.weigh()
            self.go_on(who="author", was="as it is")

    def weigh(self):
        self.settle(who="author", n=27, known=27)
        for column in sorted(COLUMNS):
            self.say(who="second", column=column)
        self.score(who="author", party="CHILDREN")
        self.score(who="author", party="SCHOOL")

    @rule()
    def everything(self):
        """So that the end is reached often enough."""
        if self.state == "APPROVED":
            return
        self.draw(who="author")
        self.look(who="author", code="DESKTOP", held=True, slot="school", n=0)
        self.observe_all(who="second")
        self.look(who="author", code="CHILD_SESSION", held=True, slot="school", n=7)
        self.weigh()

    @invariant()
    def is_as_the_model_says(self, approved=False):
        if not getattr(self, "moves", None):
            return
        ((state, approver, moves, kept),) = self.admin.execute(
            "select state, approved_by, array(select to_state from "
            "app.context_assessment_state_change where record_id = made.id order by id), "
            "(select count(*) from app.context_assessment where place_id = made.place_id "
            "and state = 'APPROVED' and deleted_at is null) "
            "from app.context_assessment as made where ref = %s",
            (self.ref,),
        ).fetchall()
        assert state == ("APPROVED" if approved else self.state)
        assert moves == self.moves
        assert (approver is not None) == approved
        assert kept <= 1, "a newer one supersedes the older"


BASICS = writing.forms.SECTIONS["basics"]


@pytest.fixture
def work(module_db):
    team = context_work.team(module_db)
    second = context_work.sign_in_as(module_db, "practitioner")
    with psycopg.connect(module_db.logins.dsn("postgres"), autocommit=True) as admin:
        Work.db, Work.team, Work.admin = module_db, team, admin
        Work.people = {
            "author": team.worker.actor,
            "second": second.actor,
            "lead": team.lead.actor,
            "other_lead": team.other_lead.actor,
            "partner": team.partner.actor,
        }
        yield Work


@pytest.mark.asvs("2.3.1")
def test_no_step_is_taken_without_its_guard(work, record_testsuite_property):
    steps.walk(work, record_testsuite_property, examples=EXAMPLES, steps=STEPS, least=100)
