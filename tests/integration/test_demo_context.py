"""Work with places of the demonstration: what each state asks for is there, synthetic, and once."""

from datetime import date

import pytest
from sqlalchemy import text

from app.assessments import queries as assessment_queries
from app.assessments import rules as assessing
from app.assessments.models import Assessment
from app.core import clock
from app.demo import context
from app.meetings.models import Meeting
from app.outcomes.models import Review
from app.places.models import Place
from app.plans import queries as plan_queries
from app.plans import rules as planning
from app.plans.models import Plan
from tests.people import LEAD

SYNTHETIC = ("context_assessment", "assessment_answer", "context_plan", "plan_action",
             "outcome_review", "meeting", "context_weighting",
             "safety_map", "wdd_result")  # fmt: skip
QUARTERS = """
    select count(distinct date_trunc('quarter', at)) from app.{}_state_change
    where at <= now()
"""


@pytest.fixture
def session(context_db):
    with context_db.read(LEAD) as session:
        yield session


def value(session, query, **given):
    return session.scalar(text(query), given)


def rows(session, query):
    return dict(session.execute(text(query)).all())


def test_everything_is_marked_as_synthetic(session):
    for table in SYNTHETIC:
        marks = f"select bool_and(is_synthetic) and count(*) > 0 from app.{table}"
        assert value(session, marks) is True, table
    assert value(session, "select bool_and(body like 'Demo: %') from app.plan_action") is True
    assert value(session, "select bool_and(body like 'Demo: %') from app.signs_panel") is True
    assert value(session, "select bool_and(reason like 'Demo: %') from app.outcome_review") is True


def test_a_second_load_adds_nothing(context_db):
    assert context.load_once(context_db) == 0


def test_a_load_without_places_adds_nothing(db):
    assert context.load_once(db) == 0


def test_approved_assessments_pass_every_guard_of_their_steps(session):
    for made in session.query(Assessment).where(Assessment.state.in_(("APPROVED", "SUPERSEDED"))):
        known = assessment_queries.known(session, LEAD, made)
        assert assessing.gathering(known) == []
        assert assessing.analysis(known) == []
        assert assessing.peer_review(known) == []
        assert assessing.approved(known) == []
        assert made.approved_by not in {made.created_by, made.assessor_user_id}
        assert made.d1_known >= 6


def test_answers_below_what_children_say_have_a_reason(session):
    for made in session.query(Assessment):
        answers = assessment_queries.answers(session, made)
        children = {a.indicator_code: a.rating for a in answers if a.view == "CHILDREN"}
        for one in answers:
            if one.view == "SETTLED":
                told = children.get(one.indicator_code)
                assert assessing.rating_problem(told, one.rating, one.note) is None


def test_plans_pass_every_guard_and_their_measures_are_frozen(session):
    plans = session.query(Plan).all()
    assert {plan.state for plan in plans} == {"ACTIVE", "COMPLETED"}
    for plan in plans:
        known = plan_queries.known(session, plan, reason=None)
        assert planning.agreed(known) == []
        assert plan.measures_hash == value(session, "select app.measures_hash(:plan)", plan=plan.id)
        assert plan.conference_id is not None


def test_the_newest_assessment_of_a_place_with_a_plan_is_approved(session):
    missing = """
        select count(*) from app.context_plan as plan where not exists (
            select from app.context_assessment
            where place_id = plan.place_id and state = 'APPROVED')
    """

    assert value(session, missing) == 0


def test_tasks_are_of_several_agencies_and_kinds_late_done_and_stuck(session):
    (plan,) = session.execute(
        text("select plan_id from app.plan_action where help_wanted group by 1")
    ).one()
    tasks = session.execute(
        text("select * from app.plan_action where plan_id = :plan"), {"plan": plan}
    ).all()

    assert len({one.owner_agency for one in tasks}) >= 4
    assert {"welfare", "environmental", "regulatory"} <= {one.kind for one in tasks}
    assert any(one.due_on < clock.today() and one.state == "IN_PROGRESS" for one in tasks)
    assert any(one.state == "DONE" and one.evidence and one.confirmed_by for one in tasks)
    assert sum(one.help_wanted for one in tasks) == 1


def test_one_place_is_closed_as_safer_by_two_people(session):
    closed = session.query(Place).where(Place.close_code == "SAFER").one()
    review = session.query(Review).where(Review.decision == "CLOSE_SAFER").one()

    assert (closed.state, review.place_id) == ("CLOSED", closed.id)
    assert review.second_by not in {None, review.decided_by}
    assert review.voice_method_ids != []
    assert review.displacement == "NONE_SEEN"


def test_a_comparison_of_incidents_stands_in_a_review(session):
    found = session.execute(
        text("select verdict from app.outcome_review join app.wdd_result on "
             "wdd_result.id = wdd_result_id")
    ).all()  # fmt: skip

    assert len(found) == 1


def test_children_s_maps_of_one_place_are_released_and_of_another_wait(session):
    found = rows(
        session, "select state, count(distinct sheet_id) from app.safety_map group by state"
    )

    assert found["RELEASED"] >= 10
    assert 0 < found["COLLECTED"] < 10


def test_meetings_of_each_kind_were_held_or_are_planned(session):
    meetings = session.query(Meeting).all()
    found = {(one.kind, one.state) for one in meetings}

    assert {("MARVE", "HELD"), ("VCA", "MINUTES_AGREED"), ("MISSING", "HELD"), ("DRB", "HELD"),
            ("CONTEXT_CONFERENCE", "PLANNED"), ("CONTEXT_CONFERENCE", "HELD")} <= found  # fmt: skip
    for one in meetings:
        held = one.state in {"HELD", "MINUTES_AGREED"}
        assert held == (one.held_at <= clock.now())
        assert bool(one.minutes) == (one.state == "MINUTES_AGREED")


def test_points_are_shown_where_all_have_rated_and_hidden_where_some_have(context_db, session):
    count = "select all_rated, count(*) from app.context_weighting group by 1"
    with context_db.cursor(context.JOB) as cursor:
        found = dict(cursor.execute(count).fetchall())

    assert found[True] >= 4
    assert found[False] == 2
    assert rows(session, count) == {True: found[True]}


def test_histories_reach_back_over_five_quarters(session):
    for table in ("context_assessment", "context_plan", "plan_action", "place"):
        assert value(session, QUARTERS.format(table)) >= 5, table
    late = "select count(*) from app.place_state_change where at > now()"
    assert value(session, late) == 0


def test_a_place_came_to_its_state_step_by_step(session):
    chains = session.execute(
        text("""
            select array_agg(to_state order by at), array_agg(from_state order by at),
                   (select state from app.place where id = place_id)
            from app.place_state_change
            group by place_id
        """)
    ).all()

    for became, was, state in chains:
        assert became[0] == "PROPOSED"
        assert became[-1] == state
        assert was == [None, *became[:-1]]


def test_the_same_day_gives_the_same_rows(context_db):
    with context_db.cursor(context.JOB) as cursor:
        first, second = (context.told(cursor, date(2026, 11, 26)) for _ in range(2))

    assert context._rows(first).keys() == context._rows(second).keys()
    for one, other in zip(first, second, strict=True):
        assert (one.id("plan"), one.ref("PN", "plan")) == (
            other.id("plan"),
            other.ref("PN", "plan"),
        )
