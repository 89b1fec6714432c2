"""A second person checks drawings; a lead releases them together, or withholds some."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy.orm import Session

from app.accounts.deps import Db, May
from app.audit import service as audit
from app.core import pages as html
from app.core.actor import Actor
from app.core.errors import InvalidError
from app.places import queries as places
from app.places.models import Place
from app.safety_maps import queries, rules, service, view
from app.safety_maps.routes import REFUSED
from app.safety_maps.rules import State

checking = APIRouter(prefix="/places/{ref}/safety-maps", include_in_schema=False)

Checker = Annotated[Actor, Depends(May("safety_map.update"))]
Lead = Annotated[Actor, Depends(May("safety_map.approve"))]
WHAT = "Choose what to do."


@checking.get("/check")
def ask_check(ref: str, request: Request, db: Db, actor: Checker) -> Response:
    with db.begin(actor) as session:
        place = places.find(session, ref)
        return _check(request, session, actor, place, {}, {})


@checking.post("/check")
def check(ref: str, request: Request, db: Db, actor: Checker, sent: html.Form) -> Response:
    with db.begin(actor) as session:
        place = places.find(session, ref)
        try:
            service.check(session, actor, place, chosen(sent))
        except REFUSED as refused:
            return _check(request, session, actor, place, sent, refused.beside("sheets"))
        return html.see(f"/places/{place.ref}/safety-maps")


def chosen(sent: dict[str, str]) -> set[UUID]:
    """Keys of the drawings that were ticked; what is no key is of no drawing."""
    keys = (name.removeprefix("sheet_") for name in sent if name.startswith("sheet_"))
    try:
        return {UUID(key) for key in keys}
    except ValueError:
        return set()


def _check(
    request: Request,
    session: Session,
    actor: Actor,
    place: Place,
    values: dict[str, str],
    errors: dict[str, str],
) -> Response:
    found = [one for one in queries.sheets(session, place) if one.state == State.COLLECTED]
    others = [one for one in found if one.author != actor.id]
    own = len(found) - len(others)
    return _sheets(request, session, "check", place, others, values, errors, own=own)


def _sheets(
    request: Request,
    session: Session,
    template: str,
    place: Place,
    found: list[queries.Sheet],
    values: dict[str, str],
    errors: dict[str, str],
    **more: Any,  # noqa: ANN401 - what the template needs
) -> Response:
    audit.record(session, "safety_map.look", "place", place.ref, rows=len(found))
    drawn = [
        (sheet, view.squares(queries.grid_of(place, sheet.area).cells(), sheet.cells))
        for sheet in found
    ]
    return html.render(
        request,
        f"safety_maps/{template}.html",
        page_title="Check drawings" if template == "check" else "Release drawings",
        place=place,
        drawn=drawn,
        values=values,
        errors=errors,
        colours=rules.COLOURS,
        unit=view.UNIT,
        lights=rules.LIGHTS,
        least=rules.LEAST,
        **more,
    )


@checking.get("/release")
def ask_release(ref: str, request: Request, db: Db, actor: Lead) -> Response:
    with db.begin(actor) as session:
        place = places.find(session, ref)
        return _release(request, session, place, {}, {})


@checking.post("/release")
def release(ref: str, request: Request, db: Db, actor: Lead, sent: html.Form) -> Response:
    with db.begin(actor) as session:
        place = places.find(session, ref)
        try:
            _decide(session, actor, place, sent)
        except REFUSED as refused:
            return _release(request, session, place, sent, refused.beside("release"))
        return html.see(f"/places/{place.ref}/safety-maps")


def _decide(session: Session, actor: Actor, place: Place, sent: dict[str, str]) -> None:
    what = sent.get("release", "")
    if what == "withhold":
        service.withhold(session, actor, place, chosen(sent), sent.get("reason", "").strip())
        return
    code, _, light = what.partition(" ")
    if code not in {area.code for area in rules.AREAS} or light not in {"day", "dark"}:
        raise InvalidError(rules.WRONG, {"release": WHAT})
    service.release(session, actor, place, code, after_dark=light == "dark")


def _release(
    request: Request,
    session: Session,
    place: Place,
    values: dict[str, str],
    errors: dict[str, str],
) -> Response:
    found = queries.sheets(session, place)
    waiting = [one for one in found if one.state == State.CHECKED]
    boards = [board for board in view.boards(place, found) if board.waiting]
    return _sheets(request, session, "release", place, waiting, values, errors, boards=boards)
