"""A drawing is made: on a phone that is handed on, or typed from paper."""

from fastapi import APIRouter, Request, Response

from app.accounts.deps import Db
from app.audit import service as audit
from app.core import pages as html
from app.core.ids import random_id
from app.places import queries as places
from app.places.models import Place
from app.safety_maps import queries, rules, service
from app.safety_maps.grid import NAMES
from app.safety_maps.routes import REFUSED, Asked, Maker, address, sheet
from app.safety_maps.schemas import DrawingIn, SessionIn

drawing = APIRouter(prefix="/places/{ref}/safety-maps", include_in_schema=False)

TITLES = {"draw": "Where do you feel safe?", "type": "Type a drawing from paper"}


@drawing.get("/draw")
def draw(ref: str, request: Request, db: Db, actor: Maker, asked: Asked) -> Response:
    return _blank(ref, request, db, actor, asked, "draw")


@drawing.get("/type")
def from_paper(ref: str, request: Request, db: Db, actor: Maker, asked: Asked) -> Response:
    return _blank(ref, request, db, actor, asked, "type")


def _blank(
    ref: str, request: Request, db: Db, actor: Maker, asked: SessionIn, how: str
) -> Response:
    with db.begin(actor) as session:
        place = places.find(session, ref)
        queries.grid_of(place, rules.area(asked.area))
        saved = len(queries.of_session(queries.sheets(session, place), asked))
        audit.record(session, "safety_map.form", "place", place.ref)
        return _page(request, place, asked, how, {"sheet": str(random_id())}, {}, saved)


@drawing.post("/draw")
def save(
    ref: str, request: Request, db: Db, actor: Maker, asked: Asked, sent: html.Form
) -> Response:
    return _save(ref, request, db, actor, asked, sent, "draw")


@drawing.post("/type")
def save_typed(
    ref: str, request: Request, db: Db, actor: Maker, asked: Asked, sent: html.Form
) -> Response:
    return _save(ref, request, db, actor, asked, sent, "type")


def _save(
    ref: str,
    request: Request,
    db: Db,
    actor: Maker,
    asked: SessionIn,
    sent: dict[str, str],
    how: str,
) -> Response:
    given = together(sent)
    wanted, errors = html.parse(DrawingIn, given)
    with db.begin(actor) as session:
        place = places.find(session, ref)
        if wanted is not None:
            try:
                service.save(session, actor, place, asked, wanted)
                return html.see(address(place, how, asked) + "#saved")
            except REFUSED as refused:
                errors = refused.beside("red")
        saved = len(queries.of_session(queries.sheets(session, place), asked))
        return _page(request, place, asked, how, given, errors, saved)


def together(sent: dict[str, str]) -> dict[str, str]:
    """Squares that were ticked one by one, beside those that were written in a row.

    >>> together({"red_A1": "yes", "red": "B2", "note": "Dark"})
    {'red': 'B2 A1', 'note': 'Dark'}
    """
    given = {name: said for name, said in sent.items() if name in DrawingIn.model_fields}
    for colour in rules.COLOURS:
        field = colour.code.lower()
        ticked = [name for name in NAMES if f"{field}_{name}" in sent]
        if ticked:
            given[field] = " ".join([given.get(field, ""), *ticked]).strip()
    return given


def _page(
    request: Request,
    place: Place,
    asked: SessionIn,
    how: str,
    values: dict[str, str],
    errors: dict[str, str],
    saved: int,
) -> Response:
    marked = {
        colour.code: frozenset(rules.squares(values.get(colour.code.lower(), "")))
        for colour in rules.COLOURS
    }
    return sheet(
        request,
        how,
        place,
        asked,
        page_title=TITLES[how],
        values=values,
        errors=errors,
        saved=saved,
        marked=marked,
    )
