"""Pages on which somebody asks for a label to be looked at again, and on which it is answered."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from sqlalchemy.orm import Session

from app.accounts.deps import Db, May
from app.core import pages as html
from app.core.actor import Actor
from app.core.errors import InvalidError, RuleBrokenError
from app.core.paging import linked
from app.places import objections, queries
from app.places.models import Objection, Place
from app.places.objections import AnswerIn, ObjectionIn

objecting = APIRouter(include_in_schema=False)

Asker = Annotated[Actor, Depends(May("objection.create"))]
Reader = Annotated[Actor, Depends(May("objection.read"))]
Decider = Annotated[Actor, Depends(May("objection.approve"))]
PageNumber = Annotated[int, Query(alias="page", ge=1, le=10_000)]
ASK = {
    "raised_by": "Select who asks.",
    "body": "Say why, in 20 to 500 characters.",
}
ANSWER = {
    "state": "Choose what you decide.",
    "decision": "Give the reason, in 20 to 1,000 characters.",
}


@objecting.get("/places/{ref}/objection")
def ask(ref: str, request: Request, db: Db, actor: Asker) -> Response:
    with db.read(actor) as session:
        return _asked(request, queries.find(session, ref), {}, {})


@objecting.post("/places/{ref}/objection")
def send(ref: str, request: Request, db: Db, actor: Asker, sent: html.Form) -> Response:
    wanted, errors = html.parse(ObjectionIn, sent)
    with db.begin(actor) as session:
        place = queries.find(session, ref)
        if wanted is None:
            return _asked(request, place, sent, {n: ASK.get(n, w) for n, w in errors.items()})
        try:
            made = objections.ask(session, actor, place, wanted)
        except InvalidError as wrong:
            return _asked(request, place, sent, wrong.fields)
    return html.see(f"/objections/{made.ref}")


def _asked(
    request: Request, place: Place, values: dict[str, str], errors: dict[str, str]
) -> Response:
    return html.render(
        request,
        "places/objection-new.html",
        page_title="Ask for this to be looked at again",
        place=place,
        raised_by=list(objections.RAISED_BY.items()),
        values=values,
        errors=errors,
    )


@objecting.get("/objections")
def listing(
    request: Request,
    db: Db,
    actor: Reader,
    answered: Literal["yes", ""] = "",
    number: PageNumber = 1,
) -> Response:
    with db.begin(actor) as session:
        page = objections.listed(session, answered=answered == "yes", number=number)
        named = {row.place_id for row in page.rows}
        return html.render(
            request,
            "places/objections.html",
            page_title="Objections",
            page=linked(page, request.url, objections.PAGE_SIZE),
            answered=answered == "yes",
            names=_names(session, actor, named),
            states=objections.STATES,
            raised_by=objections.RAISED_BY,
        )


@objecting.get("/objections/{ref}")
def show(ref: str, request: Request, db: Db, actor: Reader) -> Response:
    with db.begin(actor) as session:
        return _shown(request, session, actor, objections.opened(session, ref), {}, {})


@objecting.post("/objections/{ref}")
def decide(ref: str, request: Request, db: Db, actor: Decider, sent: html.Form) -> Response:
    wanted, errors = html.parse(AnswerIn, sent)
    with db.begin(actor) as session:
        if wanted is None:
            said = {name: ANSWER.get(name, words) for name, words in errors.items()}
            return _shown(request, session, actor, objections.opened(session, ref), sent, said)
        try:
            made = objections.answer(session, actor, ref, wanted)
        except InvalidError as wrong:
            found = objections.opened(session, ref)
            return _shown(request, session, actor, found, sent, wrong.fields)
        except RuleBrokenError as refused:
            found = objections.opened(session, ref)
            return _shown(request, session, actor, found, sent, {"state": refused.detail})
    return html.see(f"/objections/{made.ref}")


def _shown(
    request: Request,
    session: Session,
    actor: Actor,
    objection: Objection,
    values: dict[str, str],
    errors: dict[str, str],
) -> Response:
    waits = objection.state in objections.OPEN
    whole = actor.role in {"cs_lead", "auditor"}
    return html.render(
        request,
        "places/objection.html",
        page_title=f"Objection {objection.ref}",
        objection=objection,
        place_ref=objections.place_ref(session, objection),
        name=_names(session, actor, {objection.place_id}).get(objection.place_id),
        whole=whole,
        answerable=waits and whole and objections.answerable(session, actor, objection),
        waits=waits,
        answer_by=objections.answer_by(objection.created_at),
        states=objections.STATES,
        raised_by=objections.RAISED_BY,
        answers=list(objections.ANSWERS.items()),
        values=values,
        errors=errors,
    )


def _names(session: Session, actor: Actor, keys: set[UUID]) -> dict[UUID, str]:
    return {} if actor.db_role == "cs_audit" else objections.names(session, keys)
