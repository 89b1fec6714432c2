"""Meetings: what is to come, one that is planned, its page, and who is named in it."""

from datetime import datetime, time
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request, Response
from sqlalchemy.orm import Session

from app.accounts import queries as accounts
from app.accounts.deps import Db, May, can
from app.core import clock
from app.core import pages as html
from app.core.actor import Actor
from app.core.errors import InvalidError, NotFoundError, RuleBrokenError
from app.core.paging import linked
from app.meetings import conference, queries, rules, screen, service, view
from app.meetings.models import Meeting
from app.meetings.rules import State
from app.meetings.schemas import MeetingIn, PersonIn
from app.places import queries as places
from app.places.models import Place

pages = APIRouter(prefix="/meetings", include_in_schema=False)

Reader = Annotated[Actor, Depends(May("meeting_pack.read"))]
Builder = Annotated[Actor, Depends(May("meeting_pack.create"))]
Editor = Annotated[Actor, Depends(May("meeting_pack.update"))]
Chair = Annotated[Actor, Depends(May("meeting_pack.approve"))]
PageNumber = Annotated[int, Query(alias="page", ge=1, le=10_000)]
WORDS = {
    "kind": "Choose what kind of meeting it is.",
    "on": "Enter the day of the meeting.",
    "at": "Enter the time, like 14:30.",
    "user": "Choose who takes part.",
}
NEXT = {
    State.PLANNED: (State.PACK_ISSUED, "Issue the pack"),
    State.PACK_ISSUED: (State.HELD, "Say that it was held"),
}


def said_of(errors: dict[str, str], words: dict[str, str]) -> dict[str, str]:
    return {name: words.get(name, said) for name, said in errors.items()}


@pages.get("")
def listing(
    request: Request,
    db: Db,
    actor: Reader,
    past: Literal["yes", ""] = "",
    number: PageNumber = 1,
) -> Response:
    with db.begin(actor) as session:
        found = queries.listed(session, past=past == "yes", number=number)
        names = {row.id: queries.places(session, row) for row in found.rows}
        service.seen(session, len(found.rows))
        return html.render(
            request,
            "meetings/list.html",
            page_title="Meetings",
            page=linked(found, request.url, queries.PAGE_SIZE),
            past=past == "yes",
            places=names,
            kinds=called_by(request),
            states=rules.STATES,
        )


@pages.get("/new")
def new(request: Request, db: Db, actor: Builder, place: str = "", kind: str = "") -> Response:
    return _new(request, {"places": place, "kind": kind}, {})


@pages.post("/new")
def plan(request: Request, db: Db, actor: Builder, sent: html.Form) -> Response:
    wanted, errors = html.parse(MeetingIn, sent)
    if wanted is None:
        return _new(request, sent, said_of(errors, WORDS))
    try:
        with db.begin(actor) as session:
            hour, minute = map(int, wanted.at.split(":"))
            at = datetime.combine(wanted.on, time(hour, minute), clock.LONDON)
            about = _places(session, wanted.places)
            chairs = wanted.chair == "yes"
            ref = service.create(session, actor, wanted.kind, at, about, is_chair=chairs).ref
    except InvalidError as wrong:
        return _new(request, sent, wrong.fields)
    return html.see(f"/meetings/{ref}/people")


def _places(session: Session, typed: str) -> list[Place]:
    found = []
    for ref in typed.replace(",", " ").split():
        try:
            found.append(places.find(session, ref))
        except NotFoundError:
            words = f"There is no place {ref[:14]} that you may see."
            raise InvalidError(service.WRONG, {"places": words}) from None
    return list({place.id: place for place in found}.values())


def _new(request: Request, values: dict[str, str], errors: dict[str, str]) -> Response:
    return html.render(
        request,
        "meetings/new.html",
        page_title="Plan a meeting",
        kinds=list(called_by(request).items()),
        values=values,
        errors=errors,
    )


@pages.get("/{ref}")
def show(
    ref: str,
    request: Request,
    db: Db,
    actor: Reader,
    screen_mode: Annotated[Literal["1", ""], Query(alias="screen")] = "",
    place: str = "",
) -> Response:
    with db.begin(actor) as session:
        meeting = view.opened(session, ref)
        if screen_mode:
            return _on_screen(request, session, actor, meeting, place)
        return shown(request, session, actor, meeting)


def shown(
    request: Request,
    session: Session,
    actor: Actor,
    meeting: Meeting,
    values: dict[str, str] | None = None,
    errors: dict[str, str] | None = None,
) -> Response:
    """The page of one meeting, with what was typed into the form of its agenda."""
    found = view.shown(session, actor, meeting)
    return html.render(
        request,
        "meetings/show.html",
        page_title=heading(request, meeting),
        meeting=meeting,
        shown=found,
        place_choices=[(one.ref, one.name) for one in found.places],
        states=rules.STATES,
        next_step=NEXT.get(State(meeting.state)),
        weighed=conference.WEIGHED,
        agencies=service.agencies(session),
        may=can(actor, "meeting_pack.update"),
        values=values or {},
        errors=errors or {},
    )


def called_by(request: Request) -> dict[str, str]:
    return rules.kinds(request.app.state.partnership.meeting_names)


def heading(request: Request, meeting: Meeting) -> str:
    return f"{called_by(request)[meeting.kind]}, {clock.london(meeting.held_at):%-d %B %Y}"


def _on_screen(
    request: Request, session: Session, actor: Actor, meeting: Meeting, ref: str
) -> Response:
    known = queries.places(session, meeting)
    chosen = ([one for one in known if one.ref == ref] or known)[:1]
    seen = [view.on_screen(session, actor, meeting, one) for one in chosen]
    return html.render(
        request,
        "meetings/screen.html",
        page_title=heading(request, meeting),
        meeting=meeting,
        seen=seen,
        others=[(one.ref, view.title_of(one)) for one in known if one not in chosen],
        left_out=screen.LEFT_OUT,
        agencies=service.agencies(session),
        may_choose=can(actor, "plan.create"),
        **conference.ABOUT,
    )


@pages.get("/{ref}/people")
def people(ref: str, request: Request, db: Db, actor: Editor) -> Response:
    with db.begin(actor) as session:
        return _people(request, session, view.opened(session, ref), {}, {})


@pages.post("/{ref}/people")
def name(ref: str, request: Request, db: Db, actor: Editor, sent: html.Form) -> Response:
    wanted, errors = html.parse(PersonIn, sent)
    with db.begin(actor) as session:
        meeting = view.opened(session, ref) if wanted is None else queries.find(session, ref)
        if wanted is None:
            return _people(request, session, meeting, sent, said_of(errors, WORDS))
        user = accounts.user(session, wanted.user)
        part = {"is_chair": wanted.chair == "yes", "rates": wanted.rates == "yes"}
        try:
            service.name(session, actor, meeting, user.id, user.agency_code, **part)
        except InvalidError as wrong:
            return _people(request, session, meeting, sent, wrong.fields)
    return html.see(f"/meetings/{meeting.ref}/people")


def _people(
    request: Request,
    session: Session,
    meeting: Meeting,
    values: dict[str, str],
    errors: dict[str, str],
) -> Response:
    there = view.named(session, meeting)
    return html.render(
        request,
        "meetings/people.html",
        page_title="Who takes part",
        meeting=meeting,
        kind=called_by(request)[meeting.kind],
        people=there,
        colleagues=view.colleagues(accounts.users(session), there),
        values=values or {"rates": "yes"},
        errors=errors,
    )


@pages.post("/{ref}/move")
def move(ref: str, request: Request, db: Db, actor: Editor, sent: html.Form) -> Response:
    """One step further, but not to agreed minutes: a chair does that."""
    return _moved(ref, request, db, actor, agreed=False)


@pages.post("/{ref}/agree")
def agree(ref: str, request: Request, db: Db, actor: Chair, sent: html.Form) -> Response:
    return _moved(ref, request, db, actor, agreed=True)


def _moved(ref: str, request: Request, db: Db, actor: Actor, *, agreed: bool) -> Response:
    try:
        with db.begin(actor) as session:
            meeting = queries.find(session, ref, lock=True)
            step = NEXT.get(State(meeting.state), (State.MINUTES_AGREED, ""))[0]
            if agreed is not (step is State.MINUTES_AGREED):
                raise RuleBrokenError("This step is not the next one of this meeting.")
            service.move(session, actor, meeting, step)
    except RuleBrokenError as refused:
        with db.begin(actor) as session:
            meeting = view.opened(session, ref)
            return shown(request, session, actor, meeting, {}, {"step": refused.detail})
    return html.see(f"/meetings/{meeting.ref}")
