"""Pages of one incident: what is known, its history, corrections, and the lead's decision."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, Response
from sqlalchemy.orm import Session

from app.accounts.deps import Db
from app.accounts.permissions import PERMISSIONS
from app.core import pages as html
from app.core.actor import Actor
from app.core.errors import InvalidError, StaleError
from app.incidents import changes, corrections, forms, history, queries, rules, view
from app.incidents.corrections import Correction
from app.incidents.deps import Partners
from app.incidents.missing_routes import pages as missing_pages
from app.incidents.models import Incident
from app.incidents.routes import Decider, Editor, Reader, choices
from app.incidents.rules import State
from app.incidents.schemas import MoveIn, RestoreIn

pages = APIRouter(prefix="/incidents", include_in_schema=False)
PAGES = (pages, missing_pages)

Number = Annotated[int, Path(ge=1, le=1_000_000)]
QUESTIONS = {
    State.CONFIRMED: "Is this incident confirmed?",
    State.WITHDRAWN: "Withdraw this incident?",
}
Errors = Mapping[str, str]


@pages.get("/{ref}")
def show(ref: str, request: Request, db: Db, actor: Reader) -> Response:
    with db.read(actor) as session:
        incident = queries.find(session, ref)
        rule = PERMISSIONS.rule(actor.role, "incident.update")
        closed = rules.change_problem(incident.state, rule.where if rule else None)
        return html.render(
            request,
            "incidents/show.html",
            page_title=f"Incident {incident.ref}",
            incident=queries.shown(session, incident),
            facts=view.facts(session, incident),
            newest=view.steps(session, incident, actor)[0],
            boroughs=choices(session)["boroughs"],
            states=view.STATES,
            own=actor.works_in(incident.borough_codes),
            closed=closed,
            moves=rules.MOVES.get(incident.state, ()),
            is_missing=incident.harm_code in rules.EPISODES,
            near=view.near(session, incident),
        )


@pages.get("/{ref}/edit")
def edit(ref: str, request: Request, db: Db, actor: Editor) -> Response:
    with db.begin(actor) as session:  # a lock tells whether it may be changed at all
        incident = changes.open_to_change(session, actor, ref)
        return _form(request, session, incident, view.answers(session, incident), {})


@pages.post("/{ref}/edit")
def send_edit(
    ref: str, request: Request, db: Db, actor: Editor, sent: html.Form, partners: Partners
) -> Response:
    wanted, errors = forms.correction(sent)
    with db.begin(actor) as session:
        incident = changes.open_to_change(session, actor, ref)
        if wanted is not None:
            made = corrections.correct(session, incident, wanted, partners)
            errors = made.errors or forms.unchanged(made.changed)
            if not errors:
                try:
                    changes.revise(session, actor, incident, wanted, made)
                except StaleError as stale:
                    return _stale(request, session, incident, made, sent, stale.detail)
                return html.see(f"/incidents/{incident.ref}")
        return _form(request, session, incident, sent, errors)


@pages.get("/{ref}/history")
def told(ref: str, request: Request, db: Db, actor: Reader) -> Response:
    with db.read(actor) as session:
        incident = queries.find(session, ref)
        return html.render(
            request,
            "incidents/history.html",
            page_title=f"History of incident {incident.ref}",
            incident=incident,
            steps=view.steps(session, incident, actor),
        )


@pages.get("/{ref}/history/{number}")
def earlier(ref: str, number: Number, request: Request, db: Db, actor: Reader) -> Response:
    with db.read(actor) as session:
        incident = queries.find(session, ref)
        return _earlier(request, session, actor, incident, number, {}, {})


@pages.post("/{ref}/history/{number}")
def send_restore(
    ref: str, number: Number, request: Request, db: Db, actor: Editor, sent: html.Form
) -> Response:
    """The earlier version becomes the newest: what was between them stays in the history."""
    wanted, errors = html.parse(RestoreIn, sent | {"restore": str(number)})
    with db.begin(actor) as session:
        incident = changes.open_to_change(session, actor, ref)
        if wanted is None:
            errors["reason"] = "Say why, in 3 to 300 characters."
            return _earlier(request, session, actor, incident, number, sent, errors)
        changes.restore(session, actor, incident, wanted)
        return html.see(f"/incidents/{incident.ref}/history")


@pages.get("/{ref}/confirm")
def ask_confirm(ref: str, request: Request, db: Db, actor: Decider) -> Response:
    return _asked(ref, request, db, actor, State.CONFIRMED)


@pages.post("/{ref}/confirm")
def confirm(ref: str, request: Request, db: Db, actor: Decider, sent: html.Form) -> Response:
    return _decided(ref, request, db, actor, State.CONFIRMED, sent)


@pages.get("/{ref}/withdraw")
def ask_withdraw(ref: str, request: Request, db: Db, actor: Decider) -> Response:
    return _asked(ref, request, db, actor, State.WITHDRAWN)


@pages.post("/{ref}/withdraw")
def withdraw(ref: str, request: Request, db: Db, actor: Decider, sent: html.Form) -> Response:
    return _decided(ref, request, db, actor, State.WITHDRAWN, sent)


def _asked(
    ref: str,
    request: Request,
    db: Db,
    actor: Actor,
    to: State,
    values: Mapping[str, str] | None = None,
    errors: Errors | None = None,
) -> Response:
    with db.read(actor) as session:
        incident = queries.find(session, ref)
        changes.may_become(incident, to)
        return html.render(
            request,
            "incidents/decide.html",
            page_title=QUESTIONS[to],
            incident=incident,
            facts=view.facts(session, incident),
            to=to,
            values=values or {},
            errors=errors or {},
        )


def _decided(
    ref: str, request: Request, db: Db, actor: Actor, to: State, sent: dict[str, str]
) -> Response:
    wanted, errors = html.parse(MoveIn, sent | {"to": to})
    if wanted is None:
        return _asked(ref, request, db, actor, to, sent, errors)
    try:
        with db.begin(actor) as session:
            incident = changes.move(session, actor, ref, wanted)
            return html.see(f"/incidents/{incident.ref}")
    except InvalidError as refused:
        return _asked(ref, request, db, actor, to, sent, refused.fields)


def _form(
    request: Request,
    session: Session,
    incident: Incident,
    values: Mapping[str, Any],
    errors: Errors,
) -> Response:
    return html.render(
        request,
        "incidents/edit.html",
        page_title=f"Correct incident {incident.ref}",
        incident=incident,
        places=queries.places_of(session, incident.id),
        values=values,
        errors=errors,
        **choices(session),
    )


def _stale(
    request: Request,
    session: Session,
    incident: Incident,
    made: Correction,
    sent: Mapping[str, str],
    words: str,
) -> Response:
    return html.render(
        request,
        "incidents/stale.html",
        status=409,
        page_title=words,
        incident=incident,
        compared=view.compared(session, made.was, made.content),
        sent=sent,
    )


def _earlier(
    request: Request,
    session: Session,
    actor: Actor,
    incident: Incident,
    number: int,
    values: Mapping[str, str],
    errors: Errors,
) -> Response:
    one = history.version(session, incident, number)
    now = history.content(session, incident)
    rule = PERMISSIONS.rule(actor.role, "incident.update")
    closed = rules.change_problem(incident.state, rule.where if rule else None)
    return html.render(
        request,
        "incidents/version.html",
        page_title=f"Version {number} of incident {incident.ref}",
        incident=incident,
        one=one,
        who=view.who(session, one, actor),
        compared=view.compared(session, one.content, now),
        closed=closed,
        may_change=rule is not None and actor.works_in(incident.borough_codes),
        values=values,
        errors=errors,
    )
