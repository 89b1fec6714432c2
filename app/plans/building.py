"""Goals, measures and actions of a plan, inside the caller's transaction."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from app.assessments.rules import METHODS
from app.audit import service as audit
from app.core import clock
from app.core.actor import Actor
from app.core.errors import ForbiddenError, InvalidError, RuleBrokenError
from app.core.ids import new_reference
from app.places import queries as places
from app.places.models import Place
from app.places.recording import touch
from app.plans import actions, finding, green, library, queries, rules
from app.plans.drafting import WRONG, must_be_as_looked_at, must_be_draft, must_be_neutral
from app.plans.models import Action, Goal, Measure, Plan
from app.plans.schemas import ActionIn, MeasureIn

MOST_MEASURES, MOST_ACTIONS = 20, 60
LEAD_REMOVES = "Only a contextual safeguarding lead takes something away from a plan."
OVER = "A plan that is over is not changed."
ACTION_OVER = "An action that is over is not changed."


def choose_goals(
    session: Session, actor: Actor, plan: Plan, wanted: Mapping[str, str], version: int
) -> None:
    """One to five of the library, each in the words of this place."""
    must_be_as_looked_at(plan, actor, version)
    must_be_draft(plan)
    if not 1 <= len(wanted) <= rules.MOST_GOALS:
        raise InvalidError(WRONG, {"goals": "Choose 1 to 5 goals."})
    bodies = {f"body_{code}": body for code, body in wanted.items()}
    if wrong := {name: said for name, body in bodies.items() if (said := _body_problem(body))}:
        raise InvalidError(WRONG, wrong)
    must_be_neutral(session, bodies)
    standing = {goal.goal_code: goal for goal in queries.goals(session, plan)}
    for code, goal in standing.items():
        if code not in wanted:
            _remove(actor, goal)
    for position, (code, body) in enumerate(wanted.items()):
        goal = standing.get(code) or _new_goal(actor, plan, code)
        goal.body, goal.position = body, position
        goal.updated_by = actor.id
        session.add(goal)
    touch(plan, actor)
    audit.record(session, "plan.goals", "plan", plan.ref, goals=sorted(wanted))


def _body_problem(body: str) -> str | None:
    if not body:
        return "Say what will be so, in at most 200 characters."
    return "Use at most 200 characters." if len(body) > 200 else None


def _new_goal(actor: Actor, plan: Plan, code: str) -> Goal:
    indicator = library.goal(code).indicator_code
    return Goal(plan_id=plan.id, goal_code=code, indicator_code=indicator, created_by=actor.id)


def _remove(actor: Actor, part: Goal | Measure) -> None:
    if actor.role != "cs_lead":
        raise ForbiddenError(LEAD_REMOVES)
    part.deleted_at = clock.now()
    touch(part, actor)


def save_measure(
    session: Session, actor: Actor, plan: Plan, wanted: MeasureIn, one: Measure | None
) -> Measure:
    """A new one, or a change of a locked one; frozen once the plan is agreed."""
    if one is not None:
        must_be_as_looked_at(one, actor, wanted.version)
    must_be_draft(plan)
    goal = finding.goal(session, plan, wanted.goal)
    if problem := _effort(wanted):
        raise InvalidError(WRONG, {"body": problem})
    if wanted.method_code is not None and wanted.method_code not in METHODS:
        raise InvalidError(WRONG, {"method_code": "Choose a method."})
    must_be_neutral(session, {"body": wanted.body, "unit": wanted.unit})
    from_maps = green.baseline(session, plan, wanted)
    if one is None:
        if len(queries.measures(session, plan)) >= MOST_MEASURES:
            raise RuleBrokenError(f"A plan has at most {MOST_MEASURES} measures.")
        one = Measure(goal_id=goal.id, created_by=actor.id, version=0)
    given: dict[str, Any] = wanted.model_dump(exclude={"goal", "version", "release"}) | from_maps
    for name, said in given.items():
        setattr(one, name, said)
    one.goal_id = goal.id
    one.is_change = wanted.is_change and wanted.kind != "EFFORT"
    if wanted.kind != "INCIDENT_WDD":
        one.design = None
    touch(one, actor)
    touch(plan, actor)
    session.add(one)
    audit.record(session, "plan.measure", "plan", plan.ref, kind=one.kind)
    return one


def _effort(wanted: MeasureIn) -> str | None:
    """What was done is no measure of what is different; it may be noted as effort."""
    return None if wanted.kind == "EFFORT" else rules.measure_problem(wanted.body)


def remove_measure(session: Session, actor: Actor, plan: Plan, one: Measure) -> None:
    must_be_draft(plan)
    _remove(actor, one)
    touch(plan, actor)
    audit.record(session, "plan.measure-remove", "plan", plan.ref, kind=one.kind)


def save_action(
    session: Session,
    actor: Actor,
    where: tuple[Place, Plan | None],
    wanted: ActionIn,
    one: Action | None,
) -> Action:
    """Who does what by when: in a plan, or at a place that has none."""
    place, plan = where
    _must_be_open(actor, where, wanted, one)
    response = library.responses().get(wanted.response_code)
    errors = {} if response else {"response_code": "Choose a response."}
    if places.unknown_code(session, "agency", wanted.owner_agency):
        errors["owner_agency"] = "Say who owns this action."
    owner = _owner(session, actor, wanted, errors)
    if errors or response is None:
        raise InvalidError(WRONG, errors)
    must_be_neutral(session, {"body": wanted.body})
    _must_be_allowed(session, place, plan, wanted)
    goal = None if plan is None or wanted.goal is None else finding.goal(session, plan, wanted.goal)
    made = one or _new_action(session, actor, where)
    made.response_code, made.kind, made.body = response.code, response.kind, wanted.body
    made.owner_agency, made.owner_user_id, made.due_on = wanted.owner_agency, owner, wanted.due_on
    made.goal_id = None if goal is None else goal.id
    touch(made, actor)
    session.add(made)
    event = "action.create" if one is None else "action.update"
    audit.record(session, event, "action", made.ref, place=place.ref, kind=made.kind)
    return made


def _must_be_open(
    actor: Actor, where: tuple[Place, Plan | None], wanted: ActionIn, one: Action | None
) -> None:
    place, plan = where
    if one is not None:
        must_be_as_looked_at(one, actor, wanted.version)
        if one.state in actions.OVER:
            raise RuleBrokenError(ACTION_OVER)
    if plan is not None and plan.state in rules.OVER:
        raise RuleBrokenError(OVER)
    if place.state in ("CLOSED", "DORMANT"):
        raise RuleBrokenError("A place that is closed or dormant has no new actions.")


def _new_action(session: Session, actor: Actor, where: tuple[Place, Plan | None]) -> Action:
    place, plan = where
    if (
        len(queries.loose(session, place) if plan is None else queries.actions(session, plan))
        >= MOST_ACTIONS
    ):
        raise RuleBrokenError(f"A plan has at most {MOST_ACTIONS} actions.")
    return Action(
        ref=new_reference("AC"),
        agency_code=actor.agency or "OTHER",
        tier=place.tier,
        purpose_code="PLAN",
        place_id=place.id,
        plan_id=None if plan is None else plan.id,
        created_by=actor.id,
        version=0,
    )


def _owner(session: Session, actor: Actor, wanted: ActionIn, errors: dict[str, str]) -> UUID | None:
    """A person of that agency, or nobody in it by name."""
    if wanted.owner is None:
        return None
    found = finding.person(session, wanted.owner)
    if found is None:
        errors["owner"] = "Choose somebody from the list."
    elif found.agency_code != wanted.owner_agency:
        errors["owner"] = "This person is of another agency."
    return None if found is None else found.id


def _must_be_allowed(session: Session, place: Place, plan: Plan | None, wanted: ActionIn) -> None:
    """In a draft everything may be written down; afterwards enforcement needs its gates at once."""
    if plan is not None and plan.state == rules.State.DRAFT:
        return
    more = rules.ActionIn(wanted.response_code, wanted.owner_agency, wanted.due_on)
    if plan is None:
        found = rules.stops(rules.Known(actions=[more]))
    else:
        here = queries.known(session, plan)
        found = rules.stops(replace(here, actions=[more]))
    if found:
        raise RuleBrokenError(" ".join(found))
