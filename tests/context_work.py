"""Work with a context, ready made for tests: an approved assessment, an active plan, a meeting.

Everything goes through the services, as the people who would do it. All of it is synthetic.
"""

from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import psycopg
from geoalchemy2.shape import from_shape
from shapely import Point
from sqlalchemy.orm import Session

from app.assessments import queries as assessment_queries
from app.assessments import service as assessments
from app.assessments.indicators import CODES
from app.assessments.models import Assessment
from app.assessments.rules import State as Step
from app.core import clock
from app.core.actor import Actor
from app.core.db import BNG, Database
from app.meetings import service as meetings
from app.meetings.models import Meeting
from app.meetings.rules import State as Sitting
from app.outcomes import gathering
from app.outcomes import queries as outcome_queries
from app.outcomes import service as outcomes
from app.places.models import Place
from app.plans import actions as of_actions
from app.plans import queries as plan_queries
from app.plans import service as plans
from app.plans.models import Action
from app.plans.rules import State as Stage
from tests.people import Person, sign_in_as
from tests.sql import world

EQUALITY = "Read with a panel: effect on racialised and on disabled children is looked at monthly."
SHAPE = Point(518000, 169000).buffer(80, quad_segs=4)


@dataclass
class Team:
    """The people who work with one place, and the place."""

    db: Database
    lead: Person
    other_lead: Person
    worker: Person
    partner: Person
    place_id: UUID
    place_ref: str
    more: dict[str, Any] = field(default_factory=dict)

    def place(self, session: Session) -> Place:
        return session.get_one(Place, self.place_id)


def team(db: Database, *, state: str = "ASSESSING", where: str = "K", **of_place: Any) -> Team:
    """A practitioner who writes, two leads who approve, a partner who owns a task."""
    place = world.Place(where, of_place.pop("tier", "H0"), state=state, **of_place)
    with psycopg.connect(db.logins.dsn("postgres")) as admin:
        world.write(place, admin)
    return Team(
        db,
        lead=sign_in_as(db, "cs_lead", agency="AFC"),
        other_lead=sign_in_as(db, "cs_lead", agency="AFC"),
        worker=sign_in_as(db, "practitioner"),
        partner=sign_in_as(db, "partner", agency="BUSINESS"),
        place_id=place.id,
        place_ref=place.ref,
    )


def set_state(team: Team, state: str) -> None:
    """Of the place, past its guards."""
    with psycopg.connect(team.db.logins.dsn("postgres")) as admin:
        admin.execute(
            "update app.place set state = %s, version = version + 1 where id = %s",
            (state, team.place_id),
        )


def fill(session: Session, actor: Actor, made: Assessment, *, rating: int = 3) -> None:
    """Everything that the steps up to the peer review ask for."""
    add = assessments.add_method
    weekday, weekend = date(2026, 11, 9), date(2026, 11, 14)
    add(session, actor, made, "DESKTOP", held_on=weekday)
    for day, part, dark in (
        (weekday, "AFTER_SCHOOL", False),
        (weekday, "EVENING", True),
        (weekend, "EVENING", True),
    ):
        add(session, actor, made, "OBSERVATION", held_on=day, day_part=part, after_dark=dark)
    add(session, actor, made, "CHILD_SESSION", held_on=weekday, n_children=6)
    for code in CODES:
        assessments.answer(session, actor, made, code, "SETTLED", rating)
    assessments.answer(session, actor, made, "D2_TRUST", "CHILDREN", rating)
    for column in ("WORKING", "WORRIED", "NEEDS"):
        assessments.add_sign(
            session, actor, made, column, body=f"Synthetic: {column.lower()}.", view="CHILDREN"
        )
    for party, score in (("CHILDREN", 4), ("POLICE", 6)):
        assessments.add_scale(session, actor, made, party, n_people=6, score=score)


def draft_assessment(team: Team) -> str:
    """By the practitioner, with its boundary."""
    actor = team.worker.actor
    with team.db.begin(actor) as session:
        made = assessments.create(
            session,
            actor,
            team.place(session),
            boundary=from_shape(SHAPE, srid=BNG),
            boundary_reason="The square and the ways into it.",
        )
        return made.ref


def approved_assessment(team: Team, *, rating: int = 3) -> str:
    """Written by the practitioner, approved by the lead."""
    ref, actor = draft_assessment(team), team.worker.actor
    with team.db.begin(actor) as session:
        made = assessment_queries.find(session, ref)
        fill(session, actor, made, rating=rating)
        for step in (Step.SCOPING, Step.GATHERING, Step.ANALYSIS, Step.PEER_REVIEW):
            assessments.move(session, actor, made, step)
    with team.db.begin(team.lead.actor) as session:
        made = assessment_queries.find(session, ref)
        assessments.move(session, team.lead.actor, made, Step.APPROVED)
    return ref


def draft_plan(team: Team, assessment: str) -> str:
    """One goal with a measure of change, one action of a partner, one of the council."""
    actor, today = team.worker.actor, clock.today()
    with team.db.begin(actor) as session:
        place = team.place(session)
        made = assessment_queries.find(session, assessment)
        plan = plans.create(
            session,
            actor,
            place,
            assessment_id=made.id,
            equality_check=EQUALITY,
            summary_plain="More adults whom you know, and light on the way home.",
            shown_on=today,
            ring_m=250,
        )
        goal = plans.add_goal(session, actor, plan, "G_TRUSTED_ADULT")
        plans.add_measure(
            session,
            actor,
            plan,
            goal,
            "Share of children who can name an adult here",
            kind="SURVEY_SHARE",
            is_change=True,
            direction="UP",
            unit="%",
            baseline=Decimal(20),
            baseline_n=20,
            baseline_on=today,
            target=Decimal(60),
            due_on=today + timedelta(days=90),
        )
        add = plans.add_action
        due = today + timedelta(days=14)
        add(
            session,
            actor,
            place,
            "GUARDIAN_TRAIN",
            "Train the evening staff",
            "BUSINESS",
            due,
            plan_id=plan.id,
            goal_id=goal.id,
            owner_user_id=team.partner.user_id,
        )
        add(session, actor, place, "DESIGN_OUT", "Light", "LA_KINGSTON", due, plan_id=plan.id)
        return plan.ref


def active_plan(team: Team, assessment: str | None = None) -> str:
    """Agreed and active."""
    ref = draft_plan(team, assessment or approved_assessment(team))
    with team.db.begin(team.lead.actor) as session:
        plan = plan_queries.find(session, ref)
        for stage in (Stage.AGREED, Stage.ACTIVE):
            plans.move(session, team.lead.actor, plan, stage)
    return ref


def finish(session: Session, action: Action, actor: Actor) -> None:
    """Said to be done by this person."""
    steps = of_actions.State
    if action.state == steps.OPEN:
        plans.move_action(session, actor, action, steps.IN_PROGRESS)
    plans.move_action(session, actor, action, steps.DONE_PENDING_EVIDENCE, evidence="It was done.")


def all_done(team: Team, plan: str) -> None:
    """Every action done by the practitioner, confirmed by the lead."""
    for actor, last in ((team.worker.actor, False), (team.lead.actor, True)):
        with team.db.begin(actor) as session:
            for action in plan_queries.actions(session, plan_queries.find(session, plan)):
                if last:
                    plans.move_action(session, actor, action, of_actions.State.DONE)
                else:
                    finish(session, action, actor)


def held_meeting(
    team: Team, kind: str = "CONTEXT_CONFERENCE", *, ago: timedelta = timedelta(hours=1)
) -> str:
    """Planned and chaired by the lead, the practitioner is named; held a while ago."""
    actor = team.lead.actor
    with team.db.begin(actor) as session:
        at = clock.now() - ago
        meeting: Meeting = meetings.create(session, actor, kind, at, [team.place(session)])
        meetings.name(session, actor, meeting, team.worker.user_id, "LA_KINGSTON")
        meetings.add_item(session, actor, meeting, "L", "PLACE", "Synthetic item")
        for sitting in (Sitting.PACK_ISSUED, Sitting.HELD):
            meetings.move(session, actor, meeting, sitting)
        return meeting.ref


def decided_review(team: Team, plan: str, decision: str = "CLOSE_SAFER") -> str:
    """The goal is met, children were asked again; a second lead agrees."""
    actor = team.lead.actor
    with team.db.begin(actor) as session:
        made = plan_queries.find(session, plan)
        goal = plan_queries.goals(session, made)[0]
        goal.result = "MET"
        measure = plan_queries.measures(session, made)[0]
        outcomes.observe(session, actor, measure, Decimal(70), n=20)
        held = [one.key for one in gathering.voices(session, team.place(session), date(2026, 1, 1))]
        assert held
        review = outcomes.create(
            session, actor, made, "M3", voice_method_ids=held, displacement="NONE_SEEN"
        )
        outcomes.decide(session, actor, review, decision, "Children say that it is better.")
        ref = review.ref
    with team.db.begin(team.other_lead.actor) as session:
        outcomes.agree(session, team.other_lead.actor, outcome_queries.find(session, ref))
    return ref
