"""Work with a context in the database: what holds whatever program asks, and who sees what."""

from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app.assessments import queries as assessment_queries
from app.assessments import service as assessments
from app.assessments.models import Assessment, Weighting
from app.assessments.rules import State as Step
from app.core import clock
from app.core.errors import NotFoundError, RuleBrokenError, StaleError
from app.meetings import queries as meeting_queries
from app.meetings import service as meetings
from app.outcomes import service as outcomes
from app.places import life_queries
from app.plans import actions as of_actions
from app.plans import queries as plan_queries
from app.plans import service as plans
from app.plans.models import Action
from app.plans.rules import State as Stage
from tests import context_work
from tests.people import sign_in_as

POINTS = {"NEIGHBOURHOOD": 60, "PEER": 40}


@pytest.fixture
def team(db):
    return context_work.team(db)


def facts(team):
    with team.db.read(team.lead.actor) as session:
        return life_queries.work(session, team.place(session))


def refused(team, actor, sql, **given):
    with pytest.raises(DBAPIError) as found, team.db.begin(actor) as session:
        session.execute(text(sql), given)
    return str(found.value.orig)


def changed(team, actor, sql):
    """How many rows the statement reached."""
    with team.db.begin(actor) as session:
        return session.execute(text(sql)).rowcount


def test_the_whole_way_makes_each_fact_true_in_its_turn(team):
    assert not any(facts(team).values())

    assessment = context_work.approved_assessment(team)
    assert facts(team)["assessment_approved"]
    context_work.set_state(team, "ASSESSED")
    assert not facts(team)["conference_dated"]
    context_work.held_meeting(team, ago=timedelta(0))
    assert facts(team)["conference_dated"]
    plan = context_work.active_plan(team, assessment)
    seen = facts(team)
    assert (seen["plan_active"], seen["has_change_measure"], seen["voice_or_reason"]) == (True,) * 3
    assert seen["owned_actions"] == 2
    assert not seen["actions_are_over"]
    context_work.all_done(team, plan)
    assert facts(team)["actions_are_over"]
    context_work.set_state(team, "MONITORING")
    context_work.decided_review(team, plan)
    seen = facts(team)
    assert (seen["safer_decided"], seen["review_with_voice"], seen["displacement_checked"]) == (
        True,
        True,
        True,
    )
    assert not seen["more_work_decided"]


def test_an_assessment_is_approved_by_somebody_else_and_then_stays_as_it_is(team):
    ref = context_work.draft_assessment(team)
    with team.db.begin(team.worker.actor) as session:
        made = assessment_queries.find(session, ref)
        with pytest.raises(RuleBrokenError, match="cannot become approved"):
            assessments.move(session, team.worker.actor, made, Step.APPROVED)
    said = refused(
        team,
        team.lead.actor,
        "update app.context_assessment set state = 'APPROVED', approved_by = :me, "
        "approved_at = now() where ref = :ref",
        me=team.lead.user_id,
        ref=ref,
    )
    assert "this move of an assessment is not allowed" in said

    done = context_work.approved_assessment(team)
    for change in (
        "update app.context_assessment set scope = 'More' where ref = :ref",
        """update app.assessment_answer set rating = 0 where indicator_code = 'D1_USE' and
        assessment_id = (select id from app.context_assessment where ref = :ref)""",
    ):
        assert "is not changed" in refused(team, team.worker.actor, change, ref=done)


def test_a_newer_approved_assessment_takes_the_place_of_the_older(team):
    first = context_work.approved_assessment(team)
    second = context_work.approved_assessment(team)

    with team.db.read(team.worker.actor) as session:
        states = {a.ref: a.state for a in assessment_queries.of_place(session, team.place(session))}
        scores = assessment_queries.find(session, second)
        assert (scores.d1, scores.d2, scores.d3) == (75, 75, 75)
    assert states == {first: "SUPERSEDED", second: "APPROVED"}


def test_a_place_of_another_borough_or_an_erased_one_hides_all_of_it(team):
    context_work.active_plan(team)
    elsewhere = sign_in_as(team.db, "practitioner", boroughs=("E09000027",))
    tables = ("context_assessment", "assessment_answer", "context_plan", "plan_goal", "plan_action")

    def count(actor):
        with team.db.read(actor) as session:
            return [session.scalar(text(f"select count(*) from app.{t}")) for t in tables]

    assert count(elsewhere.actor) == [0] * 5
    assert 0 not in count(team.worker.actor)
    with team.db.begin(team.lead.actor) as session:
        team.place(session).deleted_at = clock.now()
    assert count(team.worker.actor) == [0] * 5
    assert count(team.lead.actor) == [0] * 5


def test_measures_are_frozen_when_the_plan_is_agreed(team):
    ref = context_work.active_plan(team)
    with team.db.read(team.worker.actor) as session:
        plan = plan_queries.find(session, ref)
        kept = session.scalar(text("select app.measures_hash(:id)"), {"id": plan.id})
        assert plan.measures_hash == kept

    for change in (
        "update app.plan_measure set target = 1",
        "update app.plan_goal set body = 'Another'",
        "update app.plan_measure set deleted_at = now()",
    ):
        said = refused(team, team.worker.actor, change)
        assert "an agreed plan keeps its" in said or "row-level security" in said


def test_an_action_is_done_with_evidence_and_a_second_person(team):
    ref = context_work.active_plan(team)
    worker, lead = team.worker.actor, team.lead.actor
    with team.db.begin(worker) as session:
        light = plan_queries.actions(session, plan_queries.find(session, ref))[0]
        plans.move_action(session, worker, light, of_actions.State.IN_PROGRESS)
        with pytest.raises(RuleBrokenError, match="Say what was done"):
            plans.move_action(session, worker, light, of_actions.State.DONE_PENDING_EVIDENCE)
    with team.db.begin(worker) as session:
        every = plan_queries.actions(session, plan_queries.find(session, ref))
        for action in every:
            context_work.finish(session, action, worker)
        with pytest.raises(RuleBrokenError, match="A second person confirms"):
            plans.move_action(session, worker, every[0], of_actions.State.DONE)
        session.flush()
    said = refused(
        team,
        worker,
        "update app.plan_action set state = 'DONE', confirmed_by = :me, confirmed_at = now()",
        me=worker.id,
    )
    assert "plan_action_second_check" in said or "a second person confirms" in said
    with team.db.begin(lead) as session:
        first = plan_queries.actions(session, plan_queries.find(session, ref))[0]
        plans.move_action(session, lead, first, of_actions.State.DONE)


def test_a_partner_sees_and_tells_the_own_task_and_nothing_else(team):
    context_work.active_plan(team)
    partner = team.partner.actor
    other = sign_in_as(team.db, "partner", agency="TFL")

    with team.db.read(partner) as session:
        (task,) = session.query(Action).all()
        assert task.goal_text == "Children can name an adult here they trust"
        assert session.query(Assessment).count() == 0
        ref, version = task.ref, task.version
    done = of_actions.State.DONE_PENDING_EVIDENCE
    with team.db.begin(partner) as session:
        again = plans.tell_own(session, ref, version, done, "All staff", help_wanted=True)
        assert again == version + 1
        with pytest.raises(StaleError):
            plans.tell_own(session, ref, version, done, "All staff")
    with team.db.begin(other.actor) as session, pytest.raises(NotFoundError):
        plans.tell_own(session, ref, again, done, "Not mine")
    assert changed(team, partner, "update app.plan_action set due_on = current_date + 999") == 0


def test_weightings_show_once_everybody_has_rated_and_nobody_rates_for_another(team):
    ref = context_work.held_meeting(team)
    worker, lead = team.worker.actor, team.lead.actor

    def rate(actor):
        with team.db.begin(actor) as session:
            meeting = meeting_queries.find(session, ref)
            assessments.rate(
                session, actor, team.place(session), meeting.id, POINTS, "PEER", "Because."
            )

    def seen(actor):
        with team.db.read(actor) as session:
            return session.query(Weighting).count()

    rate(lead)
    assert (seen(lead), seen(worker)) == (1, 0)
    rate(worker)
    assert (seen(lead), seen(worker)) == (2, 2)
    assert changed(team, lead, "update app.context_weighting set rationale = 'Mine'") == 1
    points = """update app.context_weighting set points = points || '{"PEER": 41, "HOME": 0}'
        || '{"NEIGHBOURHOOD": 59}'"""
    assert "everybody has seen these points already" in refused(team, worker, points)


def test_who_is_named_sees_a_meeting_until_its_access_ends(team):
    recent = context_work.held_meeting(team, "DRB", ago=timedelta(hours=47))
    old = context_work.held_meeting(team, "DRB", ago=timedelta(hours=49))
    stranger = sign_in_as(team.db, "practitioner")

    with team.db.read(team.worker.actor) as session:
        meeting = meeting_queries.find(session, recent)
        assert [item.body for item in meeting_queries.items(session, meeting)] == ["Synthetic item"]
        with pytest.raises(NotFoundError):
            meeting_queries.find(session, old)
    with team.db.read(team.lead.actor) as session:
        assert meeting_queries.find(session, old)
    with team.db.read(stranger.actor) as session, pytest.raises(NotFoundError):
        meeting_queries.find(session, recent)
    with team.db.begin(stranger.actor) as session:
        own = meetings.create(session, stranger.actor, "MARVE", clock.now())
        assert own.member_ids == [stranger.user_id]


def test_the_voice_of_children_in_a_review_is_a_method_that_was_held_there(team):
    plan = context_work.active_plan(team)
    lead = team.lead.actor
    with team.db.begin(lead) as session:
        outcomes.create(session, lead, plan_queries.find(session, plan), "M3")
    names = "update app.outcome_review set voice_method_ids = array["

    for one in (
        "(select id from app.assessment_method where method_code = 'OBSERVATION' limit 1)",
        "gen_random_uuid()",
    ):
        said = refused(team, lead, f"{names}{one}]")
        assert "no method in which children were heard here" in said
    heard = "(select id from app.assessment_method where method_code = 'CHILD_SESSION')"
    with team.db.begin(lead) as session:
        assert session.execute(text(f"{names}{heard}]")).rowcount == 1


def test_a_review_closes_nothing_without_a_second_person(team):
    plan = context_work.active_plan(team)
    lead = team.lead.actor
    with team.db.begin(lead) as session:
        made = plan_queries.find(session, plan)
        review = outcomes.create(session, lead, made, "M3")
        with pytest.raises(RuleBrokenError) as found:
            outcomes.decide(session, lead, review, "CLOSE_SAFER", "It is better.")
    assert "children have not been asked again." in found.value.detail
    assert "displacement was not checked." in found.value.detail
    assert not facts(team)["safer_decided"]


def test_a_plan_is_not_agreed_without_a_measure_of_change_whatever_program_asks(team):
    with team.db.begin(team.worker.actor) as session:
        plan = plans.create(session, team.worker.actor, team.place(session))
        with pytest.raises(RuleBrokenError, match="Choose 1 to 5 goals"):
            plans.move(session, team.worker.actor, plan, Stage.AGREED)
        ref = plan.ref
    said = refused(
        team,
        team.lead.actor,
        "update app.context_plan set state = 'AGREED', agreed_on = current_date where ref = :ref",
        ref=ref,
    )
    assert "this plan cannot be agreed yet" in said


def test_changes_of_state_are_kept_with_who_and_why(team):
    context_work.active_plan(team)
    with team.db.read(team.worker.actor) as session:
        rows = session.execute(
            text("select from_state, to_state from app.context_plan_state_change order by id")
        ).all()
    assert [tuple(row) for row in rows] == [
        (None, "DRAFT"),
        ("DRAFT", "AGREED"),
        ("AGREED", "ACTIVE"),
    ]


def test_points_must_add_up_in_the_database_too(team):
    ref = context_work.held_meeting(team)
    with team.db.read(team.worker.actor) as session:
        meeting_id = meeting_queries.find(session, ref).id
    said = refused(
        team,
        team.worker.actor,
        """insert into app.context_weighting (id, place_id, session_id, rater_id, rater_kind,
            points, must_change_first, rationale, created_by, updated_by)
        values (gen_random_uuid(), :place, :meeting, :me, 'OTHER', '{"HOME": 100}', 'HOME', 'x',
            :me, :me)""",
        place=team.place_id,
        meeting=meeting_id,
        me=team.worker.user_id,
    )
    assert "context_weighting_points_check" in said
