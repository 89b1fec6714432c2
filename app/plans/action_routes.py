"""Forms for the actions of a plan, or of a place that has none."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy.orm import Session

from app.accounts.deps import Db, May
from app.core import pages as html
from app.core.actor import Actor
from app.core.errors import NotFoundError, StaleError
from app.core.references import NOT_FOUND
from app.places import queries as places
from app.places.models import Place
from app.places.section_routes import agencies
from app.plans import building, finding, library, queries, rules
from app.plans.forms import REFUSED, compared, form
from app.plans.models import Action, Plan
from app.plans.owning import BY_FUNCTION
from app.plans.schemas import ActionIn

acting = APIRouter(prefix="/places/{ref}/plan", include_in_schema=False)

Asker = Annotated[Actor, Depends(May("action.create"))]
Changer = Annotated[Actor, Depends(May("action.update"))]
ACTION = {
    "response_code": "Choose a response.",
    "body": "Say what will be done, in 3 to 200 characters.",
    "owner_agency": "Say who owns this action.",
    "due_on": "Enter a due date.",
}
SHOWN = {
    "body": "What will be done",
    "response_code": "Response",
    "owner_agency": "Owner",
    "due_on": "Due",
}


@acting.get("/actions/new")
def new_action(
    ref: str,
    request: Request,
    db: Db,
    actor: Asker,
    goal: UUID | None = None,
) -> Response:
    with db.read(actor) as session:
        where = _where(session, ref)
        return _action(request, session, where, None, {"goal": goal}, {})


@acting.post("/actions/new")
def send_new_action(ref: str, request: Request, db: Db, actor: Asker, sent: html.Form) -> Response:
    with db.begin(actor) as session:
        return _save_action(request, session, actor, _where(session, ref), None, sent)


@acting.get("/actions/{action_ref}")
def one_action(ref: str, action_ref: str, request: Request, db: Db, actor: Changer) -> Response:
    with db.read(actor) as session:
        where, one = _of_place(session, actor, ref, action_ref)
        values = {name: getattr(one, name, None) for name in ActionIn.model_fields}
        values |= {"goal": one.goal_id, "owner": finding.ref_of(session, one.owner_user_id)}
        return _action(request, session, where, one, values, {})


@acting.post("/actions/{action_ref}")
def send_action(
    ref: str, action_ref: str, request: Request, db: Db, actor: Changer, sent: html.Form
) -> Response:
    with db.begin(actor) as session:
        where, one = _of_place(session, actor, ref, action_ref)
        return _save_action(request, session, actor, where, one, sent)


def _where(session: Session, ref: str) -> tuple[Place, Plan | None]:
    """A place and the plan that is worked on; an action may stand alone."""
    place = places.find(session, ref)
    open_ones = [p for p in queries.of_place(session, place) if p.state not in rules.OVER]
    return place, next(iter(open_ones), None)


def _of_place(
    session: Session, actor: Actor, ref: str, action_ref: str
) -> tuple[tuple[Place, Plan | None], Action]:
    """An action of this place, for whoever may change the whole of it."""
    place = places.find(session, ref)
    one = queries.find_action(session, action_ref, lock=actor.role not in BY_FUNCTION)
    if one.place_id != place.id or actor.role in BY_FUNCTION:
        raise NotFoundError(NOT_FOUND)
    plan = next((p for p in queries.of_place(session, place) if p.id == one.plan_id), None)
    return (place, plan), one


def _save_action(
    request: Request,
    session: Session,
    actor: Actor,
    where: tuple[Place, Plan | None],
    one: Action | None,
    sent: dict[str, str],
) -> Response:
    wanted, errors = html.parse(ActionIn, sent)
    if wanted is None:
        said = {name: ACTION.get(name, why) for name, why in errors.items()}
        return _action(request, session, where, one, sent, said)
    try:
        building.save_action(session, actor, where, wanted, one)
    except REFUSED as refused:
        wrong = refused.beside("response_code")
        return _action(request, session, where, one, sent, wrong)
    except StaleError as stale:
        both = [(w, getattr(one, n), getattr(wanted, n)) for n, w in SHOWN.items()]
        version = 1 if one is None else one.version
        return compared(request, where[0], sent, both, version, stale.detail)
    return html.see(f"/places/{where[0].ref}/plan#actions")


def _action(
    request: Request,
    session: Session,
    where: tuple[Place, Plan | None],
    one: Action | None,
    values: dict[str, Any],
    errors: dict[str, str],
) -> Response:
    plan = where[1]
    goals = () if plan is None else queries.goals(session, plan)
    more: dict[str, Any] = {
        "goals": [(goal.id, goal.body) for goal in goals],
        "responses": list(library.responses().values()),
        "response_kinds": library.KINDS,
        "agencies": agencies(session),
        "people": finding.people(session),
        "one": one,
    }
    values = {"version": 1 if one is None else one.version} | values
    title = "Add an action" if one is None else "Change the action"
    return form(request, "action", title, *where, values, errors, **more)
