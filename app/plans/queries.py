"""Reads of plans and actions. Row-level security has limited them to what the actor may see."""

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.assessments import queries as assessments
from app.assessments.models import Assessment
from app.assessments.rules import State as AssessmentState
from app.assessments.rules import has_voice
from app.core import references
from app.core.errors import NotFoundError
from app.places.models import Place
from app.plans import rules
from app.plans.models import Action, Goal, Measure, Plan
from app.plans.rules import ActionIn, Known, MeasureIn

NO_PLAN = "This place has no plan."


def find(session: Session, ref: str, *, lock: bool = False) -> Plan:
    return references.find(session, Plan, "PN", ref, lock=lock)


def find_action(session: Session, ref: str, *, lock: bool = False) -> Action:
    return references.find(session, Action, "AC", ref, lock=lock)


def of_place(session: Session, place: Place) -> Sequence[Plan]:
    """What is worked on first, then the newest."""
    return session.scalars(
        select(Plan)
        .where(Plan.place_id == place.id, Plan.deleted_at.is_(None))
        .order_by(Plan.state.in_(rules.OVER), Plan.created_at.desc(), Plan.id)
    ).all()


def worked_on(session: Session, place: Place, *, lock: bool = False) -> Plan:
    """The one plan of a place that is not over; the second of two who lock it waits here."""
    found = [plan for plan in of_place(session, place) if plan.state not in rules.OVER]
    if not found:
        raise NotFoundError(NO_PLAN)
    if lock:
        session.refresh(found[0], with_for_update=True)
    return found[0]


def goals(session: Session, plan: Plan) -> Sequence[Goal]:
    return session.scalars(
        select(Goal)
        .where(Goal.plan_id == plan.id, Goal.deleted_at.is_(None))
        .order_by(Goal.position, Goal.created_at, Goal.id)
    ).all()


def measures(session: Session, plan: Plan) -> Sequence[Measure]:
    return session.scalars(
        select(Measure)
        .join(Goal, Goal.id == Measure.goal_id)
        .where(Goal.plan_id == plan.id, Measure.deleted_at.is_(None), Goal.deleted_at.is_(None))
        .order_by(Goal.position, Measure.created_at, Measure.id)
    ).all()


def actions(session: Session, plan: Plan) -> Sequence[Action]:
    return session.scalars(
        select(Action)
        .where(Action.plan_id == plan.id, Action.deleted_at.is_(None))
        .order_by(Action.due_on, Action.id)
    ).all()


def loose(session: Session, place: Place) -> Sequence[Action]:
    """Of a place, and of no plan."""
    return session.scalars(
        select(Action)
        .where(Action.place_id == place.id, Action.plan_id.is_(None), Action.deleted_at.is_(None))
        .order_by(Action.due_on, Action.id)
    ).all()


def assessed(session: Session, plan: Plan) -> Assessment | None:
    """What the plan rests on: the one it is linked to, or what there is, approved ones first."""
    if plan.assessment_id is not None and plan.state != rules.State.DRAFT:
        return session.get(Assessment, plan.assessment_id)
    superseded = Assessment.state == AssessmentState.SUPERSEDED
    approved = Assessment.state == AssessmentState.APPROVED
    return session.scalar(
        select(Assessment)
        .where(Assessment.place_id == plan.place_id, Assessment.deleted_at.is_(None), ~superseded)
        .order_by(approved.desc(), Assessment.created_at.desc(), Assessment.id)
        .limit(1)
    )


def known(session: Session, plan: Plan, *, reason: str | None = None) -> Known:
    """What the guards of a step ask."""
    place = session.get_one(Place, plan.place_id)
    standing = goals(session, plan)
    of_goal: dict[UUID, list[MeasureIn]] = {goal.id: [] for goal in standing}
    for one in measures(session, plan):
        whole = MeasureIn(one.is_change, one.baseline, one.target, one.due_on)
        designed = one.design is not None
        of_goal[one.goal_id].append(replace(whole, kind=one.kind, has_design=designed))
    made = assessed(session, plan)
    held = assessments.held(session, made) if made is not None else []
    return Known(
        goals=list(of_goal.values()),
        goal_texts=[goal.body for goal in standing],
        actions=[
            weighed(action, place)
            for action in actions(session, plan)
            if action.state != "WITHDRAWN"
        ],
        equality_check=plan.equality_check,
        has_ring=plan.ring_m is not None,
        has_voice=has_voice(held),
        has_reason=made is not None and bool(made.no_voice_reason),
        assessment_approved=made is not None and made.state == AssessmentState.APPROVED,
        children_took_part=has_voice(held),
        summary_plain=plan.summary_plain,
        shown_on=plan.shown_on,
        reason=reason,
        lacks_assessment=made is None,
    )


def weighed(action: Action, place: Place) -> ActionIn:
    by_manager = action.owner_agency == place.managed_by_agency
    return ActionIn(action.response_code, action.owner_agency, action.due_on, by_manager)
