"""Lines of the agenda, what was decided about them, who does it; the minutes."""

from collections.abc import Callable
from typing import Annotated, NamedTuple, TypeVar
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel
from sqlalchemy.orm import Session

from app.accounts.deps import Db, May, can
from app.core import pages as html
from app.core.actor import Actor
from app.core.db import Database
from app.core.errors import InvalidError, RuleBrokenError
from app.meetings import minutes, queries, rules, service, view
from app.meetings.models import Item, Meeting
from app.meetings.routes import Editor, called_by, said_of, shown
from app.meetings.schemas import ActionIn, DecisionIn, ItemIn, MinutesIn
from app.plans.library import KINDS, responses

items = APIRouter(prefix="/meetings", include_in_schema=False)

Wanted = TypeVar("Wanted", bound=BaseModel)
Doer = Annotated[Actor, Depends(May("action.create"))]
WORDS = {
    "section": "Choose where on the agenda it belongs.",
    "decision": "Write what was decided, in 3 to 500 characters.",
    "response_code": "Choose what kind of response it is.",
    "body": "Write what is done, in 3 to 200 characters.",
    "owner_agency": "Choose who does it.",
    "due_on": "Enter by when.",
    "place": "Choose one of the places of this meeting.",
    "minutes": "Write the minutes, in 3 to 5,000 characters.",
}


class Sent(NamedTuple):
    """A form about one line, and who sent it."""

    ref: str
    item_id: UUID
    request: Request
    db: Database
    actor: Actor
    fields: dict[str, str]


@items.post("/{ref}/items")
def add(ref: str, request: Request, db: Db, actor: Editor, sent: html.Form) -> Response:
    wanted, errors = html.parse(ItemIn, sent)
    errors = said_of(errors, {"section": WORDS["section"]})
    if wanted is not None:
        try:
            with db.begin(actor) as session:
                meeting = queries.find(session, ref)
                minutes.put_on(session, actor, meeting, wanted)
                return html.see(f"/meetings/{meeting.ref}")
        except InvalidError as wrong:
            errors = dict(wrong.fields)
        except RuleBrokenError as refused:
            errors = {"body": refused.detail}
    with db.begin(actor) as session:
        return shown(request, session, actor, view.opened(session, ref), sent, errors)


@items.get("/{ref}/items/{item_id}")
def look(ref: str, item_id: UUID, request: Request, db: Db, actor: Editor) -> Response:
    with db.begin(actor) as session:
        meeting = view.opened(session, ref)
        item = queries.item(session, meeting, item_id)
        values = {"decision": item.decision or ""}
        return _item(request, session, actor, meeting, item, values, {})


@items.post("/{ref}/items/{item_id}")
def decide(
    ref: str, item_id: UUID, request: Request, db: Db, actor: Editor, sent: html.Form
) -> Response:
    said = Sent(ref, item_id, request, db, actor, sent)
    return _sent(said, DecisionIn, minutes.decide, "decision")


@items.post("/{ref}/items/{item_id}/action")
def act(
    ref: str, item_id: UUID, request: Request, db: Db, actor: Doer, sent: html.Form
) -> Response:
    return _sent(Sent(ref, item_id, request, db, actor, sent), ActionIn, minutes.act, "body")


def _sent(
    said: Sent,
    model: type[Wanted],
    do: Callable[[Session, Actor, Meeting, Item, Wanted], object],
    field: str,
) -> Response:
    """One form of a line: done, or shown again with what stopped it beside `field`."""
    wanted, errors = html.parse(model, said.fields)
    errors = said_of(errors, WORDS)
    if wanted is not None:
        try:
            with said.db.begin(said.actor) as session:
                meeting = queries.find(session, said.ref)
                item = queries.item(session, meeting, said.item_id)
                do(session, said.actor, meeting, item, wanted)
                line = "" if field == "decision" else f"/items/{item.id}"
                return html.see(f"/meetings/{meeting.ref}{line}")
        except InvalidError as wrong:
            errors = dict(wrong.fields)
        except RuleBrokenError as refused:
            errors = {field: refused.detail}
    with said.db.begin(said.actor) as session:
        meeting = view.opened(session, said.ref)
        item = queries.item(session, meeting, said.item_id)
        values = {"decision": item.decision or ""} | said.fields
        return _item(said.request, session, said.actor, meeting, item, values, errors)


def _item(
    request: Request,
    session: Session,
    actor: Actor,
    meeting: Meeting,
    item: Item,
    values: dict[str, str],
    errors: dict[str, str],
) -> Response:
    known = queries.places(session, meeting)
    choices = [(place.ref, place.name) for place in known]
    of = [place.ref for place in known if place.id == item.subject_id] or [r for r, _ in choices]
    kinds = [(kind, [r for r in responses().values() if r.kind == kind]) for kind in KINDS]
    return html.render(
        request,
        "meetings/item.html",
        page_title=rules.SECTIONS[item.section],
        kind=called_by(request)[meeting.kind],
        meeting=meeting,
        item=item,
        actions=minutes.actions_of(session, item),
        places=choices,
        responses=[(r.code, f"{r.label} ({kind})") for kind, rows in kinds for r in rows],
        agencies=service.agencies(session),
        may_act=can(actor, "action.create") and bool(known),
        values={"place": of[0] if of else ""} | values,
        errors=errors,
    )


@items.get("/{ref}/minutes")
def read(ref: str, request: Request, db: Db, actor: Editor) -> Response:
    with db.begin(actor) as session:
        meeting = view.opened(session, ref)
        return _minutes(request, session, meeting, {"minutes": meeting.minutes or ""}, {})


@items.post("/{ref}/minutes")
def write(ref: str, request: Request, db: Db, actor: Editor, sent: html.Form) -> Response:
    came = [name.removeprefix("here_") for name in sent if name.startswith("here_")]
    words = {name: value for name, value in sent.items() if not name.startswith("here_")}
    wanted, errors = html.parse(MinutesIn, words)
    errors = said_of(errors, WORDS)
    if wanted is not None:
        try:
            with db.begin(actor) as session:
                meeting = queries.find(session, ref, lock=True)
                there = queries.members(session, meeting)
                here = [one.id for one in there if str(one.id) in came]
                minutes.write(session, actor, meeting, wanted, here)
                return html.see(f"/meetings/{meeting.ref}")
        except InvalidError as wrong:
            errors = dict(wrong.fields)
        except RuleBrokenError as refused:
            errors = {"minutes": refused.detail}
    with db.begin(actor) as session:
        return _minutes(request, session, view.opened(session, ref), sent, errors)


def _minutes(
    request: Request,
    session: Session,
    meeting: Meeting,
    values: dict[str, str],
    errors: dict[str, str],
) -> Response:
    there = view.named(session, meeting)
    return html.render(
        request,
        "meetings/minutes.html",
        page_title="Minutes and attendance",
        meeting=meeting,
        kind=called_by(request)[meeting.kind],
        people=there,
        due=rules.minutes_due(meeting.held_at),
        values=values,
        errors=errors,
    )
