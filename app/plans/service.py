"""Changes to plans and actions. Every function runs inside the caller's transaction."""

from datetime import date

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from app.audit import service as audit
from app.core import clock
from app.core.actor import Actor
from app.core.errors import InvalidError, NotFoundError, StaleError
from app.core.references import NOT_FOUND
from app.places import recording
from app.places.models import Place
from app.plans import actions as of_actions
from app.plans import queries, rules
from app.plans.library import goals, responses
from app.plans.models import Action, Goal, Measure, Plan
from app.plans.rules import State
from geo.lineage import params_hash

WRONG = "Some answers need another look."
TELL = text("select app.tell_own_action(:ref, :version, :state, :evidence, :help)")
STALE = "Somebody else changed this action. Compare and save again."


def create(session: Session, actor: Actor, place: Place, **given: object) -> Plan:
    """A draft."""
    made = Plan(**recording.record(actor, "PN", "PLAN"), place_id=place.id, **given)
    session.add(made)
    session.flush()
    session.refresh(made)
    audit.record(session, "plan.create", "plan", made.ref, place=place.ref)
    return made


def add_goal(
    session: Session, actor: Actor, plan: Plan, goal_code: str, body: str | None = None
) -> Goal:
    """A goal of the library, in its own words or in others."""
    known = {goal.code: goal for goal in goals()}
    if goal_code not in known:
        raise InvalidError(WRONG, {"goal_code": "Choose a goal."})
    made = Goal(
        **recording.part(actor),
        plan_id=plan.id,
        goal_code=goal_code,
        body=body or known[goal_code].text,
        indicator_code=known[goal_code].indicator_code,
        position=len(queries.goals(session, plan)),
    )
    session.add(made)
    session.flush()
    audit.record(session, "plan.update", "plan", plan.ref, goal=goal_code)
    return made


def add_measure(
    session: Session, actor: Actor, plan: Plan, goal: Goal, body: str, **given: object
) -> Measure:
    """How change is seen; what begins with what somebody did is effort."""
    effort = rules.measure_problem(body)
    if effort is not None and given.get("is_change"):
        raise InvalidError(WRONG, {"body": effort})
    made = Measure(**recording.part(actor), goal_id=goal.id, body=body, **given)
    session.add(made)
    session.flush()
    audit.record(session, "plan.update", "plan", plan.ref, measure=made.kind)
    return made


def add_action(
    session: Session,
    actor: Actor,
    place: Place,
    response_code: str,
    body: str,
    owner_agency: str,
    due_on: date,
    **given: object,
) -> Action:
    """A task with an owner; of a plan, or of a place without one."""
    if response_code not in responses():
        raise InvalidError(WRONG, {"response_code": "Choose what kind of response it is."})
    made = Action(
        **recording.record(actor, "AC", "PLAN"),
        place_id=place.id,
        response_code=response_code,
        kind=responses()[response_code].kind,
        body=body,
        owner_agency=owner_agency,
        due_on=due_on,
        **given,
    )
    session.add(made)
    session.flush()
    session.refresh(made)
    audit.record(session, "action.create", "action", made.ref, place=place.ref, kind=made.kind)
    return made


def move(
    session: Session, actor: Actor, plan: Plan, to: State, *, reason: str | None = None
) -> Plan:
    """One step further, or everything that is missing, in words."""
    rules.must_be_open(plan.state, to, queries.known(session, plan, reason=reason))
    recording.because(session, reason)
    if to is State.AGREED:
        freeze(session, plan)
    was, plan.state = plan.state, to
    if to is State.AGREED:
        plan.agreed_on = clock.today()
    if to is State.ACTIVE and plan.active_on is None:
        plan.active_on = clock.today()
    recording.touch(plan, actor)
    session.flush()
    session.refresh(plan)
    audit.record(session, "plan.move", "plan", plan.ref, was=was, to=plan.state)
    if to is State.ABANDONED:
        _withdraw(session, actor, plan, reason)
    return plan


def _withdraw(session: Session, actor: Actor, plan: Plan, reason: str | None) -> None:
    """What nobody does any more: no owner is reminded of an action of an abandoned plan."""
    for action in queries.actions(session, plan):
        if action.state not in of_actions.OVER:
            move_action(session, actor, action, of_actions.State.WITHDRAWN, reason=reason)


def freeze(session: Session, plan: Plan) -> None:
    """What a plan rests on, and the hash of each design; the database hashes all measures with it.

    Whoever makes the design of a comparison writes it into the measure while the plan is a draft.
    """
    made = queries.assessed(session, plan)
    plan.assessment_id = None if made is None else made.id
    for one in queries.measures(session, plan):
        if one.design is not None:
            one.design_hash = params_hash(one.design)
    session.flush()


def move_action(
    session: Session,
    actor: Actor,
    action: Action,
    to: of_actions.State,
    *,
    evidence: str | None = None,
    reason: str | None = None,
) -> Action:
    """One step of an action, by staff; owners elsewhere tell theirs by `tell_own`."""
    said = evidence or action.evidence
    known = of_actions.Known(
        evidence=said,
        reason=reason,
        by_owner=action.owner_user_id == actor.id,
        by_doer=action.done_by == actor.id,
    )
    of_actions.must_be_open(action.state, to, known)
    recording.because(session, reason)
    action.evidence = said
    was, action.state = action.state, to
    if to is of_actions.State.DONE_PENDING_EVIDENCE:
        action.done_by, action.done_at = actor.id, clock.now()
    if to is of_actions.State.DONE:
        action.confirmed_by, action.confirmed_at = actor.id, clock.now()
    recording.touch(action, actor)
    session.flush()
    audit.record(session, "action.move", "action", action.ref, was=was, to=action.state)
    return action


def tell_own(
    session: Session,
    ref: str,
    version: int,
    state: of_actions.State,
    evidence: str | None,
    *,
    help_wanted: bool = False,
) -> int:
    """How the own task stands; the new version. Nothing else of it changes.

    Raises
    ------
    NotFoundError
        It is not the actor's, nor of the actor's agency.
    """
    if state is of_actions.State.DONE_PENDING_EVIDENCE and not (evidence or "").strip():
        raise InvalidError(WRONG, {"evidence": of_actions.SAY_WHAT})
    said = {"state": state, "evidence": evidence, "help": help_wanted}
    try:
        with session.begin_nested():
            found: int | None = session.scalar(TELL, {"ref": ref, "version": version, **said})
    except DBAPIError as refused:
        if getattr(refused.orig, "sqlstate", "") != "42501":
            raise
        raise NotFoundError(NOT_FOUND) from None
    if found is None:
        raise StaleError(STALE)
    audit.record(session, "action.update", "action", ref, to=state, help=help_wanted)
    return found
