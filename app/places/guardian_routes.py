"""Who looks after children at a place: a form to add one and one to change it."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request, Response
from sqlalchemy.orm import Session

from app.accounts.deps import Db
from app.core import clock
from app.core import pages as html
from app.core.actor import Actor
from app.core.errors import InvalidError
from app.core.problems import documented
from app.places import life_queries, queries, relations, view, weeks
from app.places.audiences import GuardianOut
from app.places.life_models import GuardianSlot
from app.places.life_schemas import AliasIn, GuardianIn, LinkIn
from app.places.models import Place
from app.places.section_routes import YES_NO, Editor, Form, agencies, week_of

watching = APIRouter(prefix="/places", include_in_schema=False)
api = APIRouter(prefix="/api/v1/places", tags=["places"])

NAMES = ("kind", "agency", "trained", "trusted", "valid_from_on", "valid_to_on", "note")
WORDS = {
    "kind": "Choose who it is.",
    "agency": "Choose the agency.",
    "trusted": "Choose one of the list.",
}


@watching.get("/{ref}/guardians")
def new_guardian(ref: str, request: Request, db: Db, actor: Editor) -> Response:
    with db.read(actor) as session:
        form = _form(request, session, actor, queries.find(session, ref), {})
        return form.shown({"valid_from_on": clock.today(), "trusted": "NOT_ASKED"}, {})


@watching.post("/{ref}/guardians")
def send_guardian(ref: str, request: Request, db: Db, actor: Editor, sent: html.Form) -> Response:
    with db.begin(actor) as session:
        place = queries.lock(session, ref)
        form = _form(request, session, actor, place, sent)
        try:
            relations.add_guardian(session, actor, place, _wanted(sent))
        except InvalidError as wrong:
            return form.shown(sent, wrong.fields)
        return form.done("guardians")


@watching.get("/{ref}/guardians/{slot_id}")
def edit_guardian(ref: str, slot_id: UUID, request: Request, db: Db, actor: Editor) -> Response:
    with db.begin(actor) as session:
        place = queries.find(session, ref)
        slot = life_queries.guardian(session, place, slot_id)
        form = _form(request, session, actor, place, None, slot)
        return form.shown(_standing(slot), {})


@watching.post("/{ref}/guardians/{slot_id}")
def change_guardian(
    ref: str, slot_id: UUID, request: Request, db: Db, actor: Editor, sent: html.Form
) -> Response:
    with db.begin(actor) as session:
        place = queries.lock(session, ref)
        slot = life_queries.guardian(session, place, slot_id)
        form = _form(request, session, actor, place, sent, slot)
        try:
            relations.change_guardian(session, actor, place, slot_id, _wanted(sent))
        except InvalidError as wrong:
            return form.shown(sent, wrong.fields)
        return form.done("guardians")


@api.post("/{ref}/guardians", status_code=201, responses=documented(404, 409, 422))
def watch(ref: str, wanted: GuardianIn, db: Db, actor: Editor) -> GuardianOut:
    """Add somebody who looks after children at a place."""
    with db.begin(actor) as session:
        place = queries.lock(session, ref)
        return GuardianOut.of(relations.add_guardian(session, actor, place, wanted))


@api.post("/{ref}/aliases", status_code=201, responses=documented(404, 409, 422))
def name(ref: str, wanted: AliasIn, db: Db, actor: Editor) -> AliasIn:
    """Add another neutral name of a place."""
    with db.begin(actor) as session:
        relations.add_alias(session, actor, queries.lock(session, ref), wanted)
        return wanted


@api.post("/{ref}/links", status_code=201, responses=documented(404, 409, 422))
def join(ref: str, wanted: LinkIn, db: Db, actor: Editor) -> LinkIn:
    """Join two places that have to do with each other."""
    with db.begin(actor) as session:
        relations.link(session, actor, queries.lock(session, ref), wanted)
        return wanted


def _wanted(sent: dict[str, str]) -> GuardianIn:
    given: dict[str, Any] = {name: sent[name] for name in NAMES if name in sent}
    given["trained"] = YES_NO.get(sent.get("trained", ""))
    given["week"] = weeks.by_day(weeks.from_form(sent))
    wanted, errors = html.parse(GuardianIn, given)
    if wanted is None:
        said = {n.split(".")[0]: w for n, w in errors.items()}
        raise InvalidError(relations.WRONG, {n: WORDS.get(n, w) for n, w in said.items()})
    return wanted


def _standing(slot: GuardianSlot) -> dict[str, Any]:
    found = {name: getattr(slot, name) for name in NAMES if hasattr(slot, name)}
    trained = {True: "yes", False: "no", None: ""}[slot.trained]
    return found | {"agency": slot.guardian_agency, "trained": trained}


def _form(
    request: Request,
    session: Session,
    actor: Actor,
    place: Place,
    sent: dict[str, str] | None,
    slot: GuardianSlot | None = None,
) -> Form:
    standing = frozenset[int]() if slot is None else weeks.hours(slot.week_grid)
    chosen = standing if sent is None else weeks.from_form(sent)
    more = {
        "slot": slot,
        "kinds": list(view.GUARDIANS.items()),
        "trusts": list(view.TRUSTED.items()),
        "agencies": agencies(session),
    }
    title = "Add a guardian" if slot is None else "Change this guardian"
    return Form(request, session, actor, place, "guardian", title, more | week_of(chosen))
