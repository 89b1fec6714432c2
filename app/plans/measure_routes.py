"""Forms for the measures of a plan, one page each."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy.orm import Session

from app.accounts.deps import Db, May
from app.core import pages as html
from app.core.actor import Actor
from app.core.errors import NotFoundError, StaleError
from app.core.references import NOT_FOUND
from app.places.models import Place
from app.plans import building, finding, green, library, queries, rules
from app.plans.forms import REFUSED, compared, form, locked, standing
from app.plans.models import Measure, Plan
from app.plans.schemas import MeasureIn

measuring = APIRouter(prefix="/places/{ref}/plan", include_in_schema=False)

Writer = Annotated[Actor, Depends(May("plan.update"))]
MEASURE = {
    "goal": "Choose the goal.",
    "kind": "Choose how it is measured.",
    "body": "Say what will be different, in 3 to 200 characters.",
    "direction": "Choose whether more or less is better.",
    "baseline": "Enter a number.",
    "target": "Enter a number.",
    "baseline_n": "Enter a whole number.",
}
SHOWN = {
    "body": "What will be different",
    "kind": "How it is measured",
    "unit": "Unit",
    "direction": "Which way",
    "baseline": "Baseline",
    "baseline_on": "Baseline on",
    "target": "Target",
    "due_on": "Due",
}
DIRECTIONS = [("UP", "More is better"), ("DOWN", "Less is better")]


@measuring.get("/measures/new")
def new_measure(
    ref: str, request: Request, db: Db, actor: Writer, goal: UUID | None = None
) -> Response:
    with db.read(actor) as session:
        place, plan = standing(session, actor, ref)
        values: dict[str, Any] = {"goal": goal, "is_change": "yes"}
        found = next((one for one in queries.goals(session, plan) if one.id == goal), None)
        if found is not None:
            values["kind"] = library.goal(found.goal_code).measure_kind
        return _measure(request, session, (place, plan), None, values, {})


@measuring.post("/measures/new")
def send_new_measure(
    ref: str, request: Request, db: Db, actor: Writer, sent: html.Form
) -> Response:
    with db.begin(actor) as session:
        place, plan = locked(session, actor, ref)
        return _save_measure(request, session, actor, (place, plan), None, sent)


@measuring.get("/measures/{key}")
def one_measure(ref: str, key: UUID, request: Request, db: Db, actor: Writer) -> Response:
    with db.read(actor) as session:
        place, plan = standing(session, actor, ref)
        one = next((m for m in queries.measures(session, plan) if m.id == key), None)
        if one is None:
            raise NotFoundError(NOT_FOUND)
        names = [name for name in MeasureIn.model_fields if name not in ("goal", "release")]
        values = {name: getattr(one, name) for name in names}
        values["release"] = green.chosen(one, green.releases(session, plan))
        values |= {"goal": one.goal_id, "is_change": "yes" if one.is_change else ""}
        for name in ("baseline", "target"):
            values[name] = amount(values[name])
        return _measure(request, session, (place, plan), one, values, {})


@measuring.post("/measures/{key}")
def send_measure(
    ref: str, key: UUID, request: Request, db: Db, actor: Writer, sent: html.Form
) -> Response:
    with db.begin(actor) as session:
        place, plan = locked(session, actor, ref)
        one = finding.measure(session, plan, key)
        if sent.get("remove") == "yes":
            building.remove_measure(session, actor, plan, one)
            return html.see(f"/places/{place.ref}/plan#goals")
        return _save_measure(request, session, actor, (place, plan), one, sent)


def _save_measure(
    request: Request,
    session: Session,
    actor: Actor,
    where: tuple[Place, Plan],
    one: Measure | None,
    sent: dict[str, str],
) -> Response:
    place, plan = where
    wanted, errors = html.parse(MeasureIn, sent | {"is_change": sent.get("is_change") == "yes"})
    if wanted is None:
        said = {name: MEASURE.get(name, why) for name, why in errors.items()}
        if sent.get("kind") != "EFFORT" and (effort := rules.measure_problem(sent.get("body", ""))):
            said = {"body": effort} | said
        return _measure(request, session, where, one, sent, said)
    try:
        building.save_measure(session, actor, plan, wanted, one)
    except REFUSED as refused:
        return _measure(request, session, where, one, sent, refused.beside("body"))
    except StaleError as stale:
        both = [(w, getattr(one, n), getattr(wanted, n)) for n, w in SHOWN.items()]
        return compared(request, place, sent, both, 1 if one is None else one.version, stale.detail)
    return html.see(f"/places/{place.ref}/plan#goals")


def amount(value: Any) -> str:  # noqa: ANN401 - a number of the database, or none
    """Without noughts that nobody typed."""
    said = "" if value is None else f"{value:f}"
    return said.rstrip("0").rstrip(".") if "." in said else said


def _measure(
    request: Request,
    session: Session,
    where: tuple[Place, Plan],
    one: Measure | None,
    values: dict[str, Any],
    errors: dict[str, str],
) -> Response:
    goals = queries.goals(session, where[1])
    more: dict[str, Any] = {
        "goals": [(goal.id, goal.body) for goal in goals],
        "hints": [(goal.body, library.goal(goal.goal_code).measure) for goal in goals],
        "kinds": list(rules.MEASURE_KINDS.items()),
        "directions": DIRECTIONS,
        "releases": [(each.key, each.words) for each in green.releases(session, where[1])],
        "one": one,
    }
    values = {"version": 1 if one is None else one.version} | values
    title = "Add a measure" if one is None else "Change the measure"
    return form(request, "measure", title, *where, values, errors, **more)
