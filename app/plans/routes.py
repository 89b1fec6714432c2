"""The plan of a place: page, begin, goals, words and steps."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request, Response
from sqlalchemy.orm import Session

from app.accounts.deps import Db, May
from app.comments import service as comments
from app.comments.rules import KINDS as COMMENTED
from app.core import pages as html
from app.core.actor import Actor
from app.core.errors import NotFoundError, StaleError
from app.core.references import NOT_FOUND
from app.places import queries as places
from app.places.models import Place
from app.plans import building, drafting, library, queries, rules, view
from app.plans.forms import REFUSED, compared, form, locked, standing, version_of
from app.plans.models import Plan
from app.plans.schemas import MoveIn, WordsIn

pages = APIRouter(prefix="/places/{ref}/plan", include_in_schema=False)

Reader = Annotated[Actor, Depends(May("plan.read"))]
Maker = Annotated[Actor, Depends(May("plan.create"))]
Writer = Annotated[Actor, Depends(May("plan.update"))]
Lead = Annotated[Actor, Depends(May("plan.approve"))]
WORDS = ("equality_check", "ring_m", "consultation", "summary_plain", "shown_on")
REASON = "Give the reason, in at most 500 characters."


@pages.get("")
def show(
    ref: str,
    request: Request,
    db: Db,
    actor: Reader,
    which: Annotated[str | None, Query(alias="plan", max_length=20)] = None,
    joined: Annotated[Literal["all"] | None, Query(alias="print")] = None,
) -> Response:
    with db.read(actor) as session:
        place = places.find(session, ref)
        plan = _asked(session, place, which)
        return html.render(
            request,
            "plans/show.html",
            page_title=f"Plan for {place.name}",
            place=place,
            own=actor.works_in(place.borough_codes),
            printing=joined == "all",
            page=None if plan is None else view.page(session, place, plan),
            loose=view.lines(session, queries.loose(session, place)),
            kinds=rules.MEASURE_KINDS,
            states=rules.STATES,
            begins=place.state not in drafting.WITHOUT,
            comments=_comments(session, actor, plan),
            came=view.came(session, place),
        )


def _comments(session: Session, actor: Actor, plan: Plan | None) -> comments.Shown | None:
    if plan is None:
        return None
    return comments.shown(session, actor, COMMENTED["PN"], plan.id, plan.ref)


def _asked(session: Session, place: Place, which: str | None) -> Plan | None:
    """The one with this reference, or the one that is worked on, or the newest."""
    if which is None:
        return next(iter(queries.of_place(session, place)), None)
    found = queries.find(session, which)
    if found.place_id != place.id:
        raise NotFoundError(NOT_FOUND)
    return found


@pages.post("")
def begin(ref: str, request: Request, db: Db, actor: Maker, sent: html.Form) -> Response:
    with db.begin(actor) as session:
        place = places.lock(session, ref)
        drafting.begin(session, actor, place)
        return html.see(f"/places/{place.ref}/plan")


@pages.get("/goals")
def ask_goals(ref: str, request: Request, db: Db, actor: Writer) -> Response:
    with db.read(actor) as session:
        place, plan = standing(session, actor, ref)
        chosen = {goal.goal_code: goal.body for goal in queries.goals(session, plan)}
        values = {f"goal_{code}": "yes" for code in chosen}
        values |= {f"body_{code}": body for code, body in chosen.items()}
        return _goals(request, place, plan, values, {})


@pages.post("/goals")
def send_goals(ref: str, request: Request, db: Db, actor: Writer, sent: html.Form) -> Response:
    wanted = {
        code: sent.get(f"body_{code}", "").strip()
        for code in (one.code for one in library.goals())
        if sent.get(f"goal_{code}") == "yes"
    }
    with db.begin(actor) as session:
        place, plan = locked(session, actor, ref)
        try:
            building.choose_goals(session, actor, plan, wanted, version_of(sent))
        except REFUSED as refused:
            return _goals(request, place, plan, sent, refused.beside("goals"))
        except StaleError as stale:
            now = {goal.goal_code: goal.body for goal in queries.goals(session, plan)}
            named = {one.code: one.text for one in library.goals()}
            both = [(named[c], now.get(c), wanted.get(c)) for c in named if c in now or c in wanted]
            return compared(request, place, sent, both, plan.version, stale.detail)
        return html.see(f"/places/{place.ref}/plan#goals")


def _goals(
    request: Request, place: Place, plan: Plan, values: dict[str, Any], errors: dict[str, str]
) -> Response:
    return form(
        request,
        "goals",
        "Goals of the plan",
        place,
        plan,
        values,
        errors,
        library=library.goals(),
    )


@pages.get("/words")
def ask_words(ref: str, request: Request, db: Db, actor: Writer) -> Response:
    with db.read(actor) as session:
        place, plan = standing(session, actor, ref)
        values = {name: getattr(plan, name) for name in WORDS}
        return form(request, "words", TITLE, place, plan, values, {})


TITLE = "Equality, consultation and summary"
LABELS = {
    "equality_check": "Equality check",
    "ring_m": "Displacement ring, in metres",
    "consultation": "Consultation",
    "summary_plain": "Summary in plain words",
    "shown_on": "Shown to the children on",
}


@pages.post("/words")
def send_words(ref: str, request: Request, db: Db, actor: Writer, sent: html.Form) -> Response:
    with db.begin(actor) as session:
        place, plan = locked(session, actor, ref)
        names = WORDS if plan.state == rules.State.DRAFT else WORDS[2:]
        frozen = {name: getattr(plan, name) for name in WORDS if name not in names}
        given = {name: sent.get(name) for name in names} | {"version": sent.get("version")}
        given |= {name: sent[name] for name in frozen if name in sent}
        wanted, errors = html.parse(WordsIn, given)
        if wanted is None:
            return form(request, "words", TITLE, place, plan, sent, errors)
        try:
            drafting.write(session, actor, plan, wanted)
        except REFUSED as refused:
            wrong = refused.beside(names[0])
            return form(request, "words", TITLE, place, plan, frozen | sent, wrong)
        except StaleError as stale:
            both = [(LABELS[n], getattr(plan, n), getattr(wanted, n)) for n in names]
            return compared(request, place, sent, both, plan.version, stale.detail)
        return html.see(f"/places/{place.ref}/plan#words")


@pages.get("/move")
def ask_move(ref: str, request: Request, db: Db, actor: Lead) -> Response:
    with db.read(actor) as session:
        place, plan = standing(session, actor, ref)
        return _move(request, session, place, plan, {}, {})


@pages.post("/move")
def send_move(ref: str, request: Request, db: Db, actor: Lead, sent: html.Form) -> Response:
    words = {"to": "Choose what happens next.", "reason": REASON}
    wanted, errors = html.parse(MoveIn, sent)
    with db.begin(actor) as session:
        place, plan = locked(session, actor, ref)
        if wanted is None:
            said = {name: words.get(name, why) for name, why in errors.items()}
            return _move(request, session, place, plan, sent, said)
        try:
            drafting.step(session, actor, plan, wanted)
        except REFUSED as refused:
            field = "reason" if wanted.to == "ABANDONED" else "to"
            return _move(request, session, place, plan, sent, refused.beside(field))
        return html.see(f"/places/{place.ref}/plan?plan={plan.ref}")


def _move(
    request: Request,
    session: Session,
    place: Place,
    plan: Plan,
    values: dict[str, Any],
    errors: dict[str, str],
) -> Response:
    known = queries.known(session, plan)
    more = {"steps": view.steps(plan, known), "warnings": rules.warnings(known.actions)}
    return form(
        request, "move", "What happens next with this plan?", place, plan, values, errors, **more
    )
