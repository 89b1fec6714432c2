"""What happened at a place, why it is listed, and the decisions that rest on it."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy.orm import Session

from app.accounts.deps import Db, May
from app.core import pages as html
from app.core.actor import Actor
from app.core.errors import InvalidError, RuleBrokenError
from app.core.problems import documented
from app.core.types import Day
from app.places import life, life_queries, view
from app.places import queries as places
from app.places.audiences import AnyPlace
from app.places.guards import CLOSE_WORDS
from app.places.life_schemas import MoveIn
from app.places.routes import shown_page
from app.places.rules import State
from app.reference import queries as reference
from app.timeline import service
from app.timeline.rules import KIND_WORDS, Kind, nothing_since
from app.timeline.schemas import AskedIn, TimelineOut
from app.timeline.service import Asked, Gathered

pages = APIRouter(prefix="/places", include_in_schema=False)
api = APIRouter(prefix="/api/v1/places", tags=["places"])

Reader = Annotated[Actor, Depends(May("place.read"))]
Mover = Annotated[Actor, Depends(May("place.update"))]


def asked_in_form(
    request: Request, kind: str = "", since: str = "", until: str = ""
) -> tuple[Asked, dict[str, str]]:
    """A form sends what was left open as an empty text, and what is no day is said beside it."""
    wanted, errors = html.parse(AskedIn, html.asked(request, AskedIn.model_fields))
    return Asked(wanted.kind, wanted.since, wanted.until) if wanted else Asked(), errors


def asked_by_program(
    kind: Kind | None = None, since: Day | None = None, until: Day | None = None
) -> Asked:
    """A program leaves out what it does not ask: an empty text is no date."""
    return Asked(kind, since, until)


Wanted = Annotated[tuple[Asked, dict[str, str]], Depends(asked_in_form)]
WantedByProgram = Annotated[Asked, Depends(asked_by_program)]


@api.get("/{ref}/timeline", responses=documented(404, 422))
def timeline_of(ref: str, db: Db, actor: Reader, asked: WantedByProgram) -> TimelineOut:
    """What happened at a place and was decided about it, newest first."""
    with db.begin(actor) as session:
        found = service.gather(session, actor, places.find(session, ref))
        rows = service.rows(session, found, asked)
        empty = None if rows else nothing_since(service.newest_day(found))
        return TimelineOut(rows=rows, nothing_since=empty)


@api.post("/{ref}/moves", responses=documented(403, 404, 409, 422))
def move_on(ref: str, wanted: MoveIn, db: Db, actor: Mover) -> AnyPlace:
    """Decide what happens to a place next. A refusal says all that is missing."""
    with db.begin(actor) as session:
        return view.shown(session, actor, service.move(session, actor, ref, wanted))


@pages.get("/{ref}/timeline")
def timeline(ref: str, request: Request, db: Db, actor: Reader, wanted: Wanted) -> Response:
    asked, errors = wanted
    with db.begin(actor) as session:
        place = places.find(session, ref)
        found = service.gather(session, actor, place)
        return html.render(
            request,
            "timeline/timeline.html",
            page_title=f"Timeline of {place.name}",
            place=place,
            rows=service.rows(session, found, asked) if not errors else [],
            kinds=list(KIND_WORDS.items()),
            filters=dict(request.query_params),
            errors=errors,
            empty=nothing_since(service.newest_day(found)),
        )


@pages.get("/{ref}/why")
def why(ref: str, request: Request, db: Db, actor: Reader) -> Response:
    with db.begin(actor) as session:
        place = places.find(session, ref)
        found = service.gather(session, actor, place)
        return html.render(
            request,
            "timeline/why.html",
            page_title="Why is this listed?",
            place=place,
            sentences=service.why(session, found),
        )


@pages.get("/{ref}/print")
def printed(ref: str, request: Request, db: Db, actor: Reader) -> Response:
    """The place, why it is listed, its timeline and its incidents, on one page."""
    with db.begin(actor) as session:
        place = places.find(session, ref)
        found = service.gather(session, actor, place)
        return html.render(
            request,
            "timeline/print.html",
            page_title=place.name,
            sentences=service.why(session, found),
            rows=service.rows(session, found, Asked()),
            empty=nothing_since(service.newest_day(found)),
            **shown_page(session, actor, place) | {"printing": True},
        )


@pages.get("/{ref}/move")
def ask_move(ref: str, request: Request, db: Db, actor: Mover) -> Response:
    with db.begin(actor) as session:
        found = service.gather(session, actor, places.find(session, ref))
        return _asked(Page(request, session, actor, found), {}, {})


@pages.post("/{ref}/move")
def send_move(ref: str, request: Request, db: Db, actor: Mover, sent: html.Form) -> Response:
    wanted, errors = html.parse(MoveIn, sent)
    with db.begin(actor) as session:
        place = places.lock(session, ref)
        found = service.gather(session, actor, place)
        page = Page(request, session, actor, found)
        if wanted is None:
            return _asked(page, sent, _said(errors))
        try:
            service.make(session, actor, found, wanted)
        except InvalidError as wrong:
            return _asked(page, sent, wrong.fields)
        except RuleBrokenError as refused:
            return _asked(page, sent, {"to": refused.detail})
        return html.see(f"/places/{place.ref}")


@dataclass(frozen=True, slots=True)
class Page:
    request: Request
    session: Session
    actor: Actor
    found: Gathered


WORDS = {
    "to": "Choose what happens next.",
    "reason": "Give the reason, in 10 to 500 characters.",
    "boundary": "Use at most 500 characters.",
}


def _said(errors: dict[str, str]) -> dict[str, str]:
    return {name: WORDS.get(name, words) for name, words in errors.items()}


def _asked(page: Page, values: dict[str, str], errors: dict[str, str]) -> Response:
    place, session, actor = page.found.place, page.session, page.actor
    known = service.evidence(session, page.found)
    options = service.choices(actor, place.state, known)
    offered = {move.to for move, _ in options}
    lead = actor.role == "cs_lead"
    return html.render(
        page.request,
        "timeline/move.html",
        page_title=f"What happens to {place.name} next?",
        place=place,
        options=options,
        offered=offered,
        sentences=service.why(session, page.found),
        stands=life_queries.stands(session, place.state),
        others=[m for m in life.MOVES[State(place.state)] if actor.role not in m.by],
        levels=[(c, w) for c, w in reference.codes(session, "level") if c != "CL0"],
        closes=list(CLOSE_WORDS.items()),
        assessors=life_queries.assessors(session) if lead and "ASSESSING" in offered else [],
        values={"version": place.version, "level": place.level} | values,
        errors=errors,
    )
