"""A place that turns out to be two: what goes to the new one is chosen, item by item."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy.orm import Session

from app.accounts.deps import Db, May
from app.core import pages as html
from app.core.actor import Actor
from app.core.errors import InvalidError, RuleBrokenError
from app.places import life_queries, merging
from app.places import queries as places
from app.places import service as place_service
from app.places import view as place_view
from app.places.life_schemas import SplitIn
from app.places.models import Place
from app.places.routes import Partners, choices
from app.places.schemas import PlaceIn
from app.timeline import queries, service

splitting = APIRouter(prefix="/places", include_in_schema=False)

Lead = Annotated[Actor, Depends(May("place.approve"))]
NEW: tuple[str, ...] = ("type_code", "name", "description", "shape", "postcode", "easting")
NEW += ("northing", "longitude", "latitude", "harm_codes", "precision_m")
GOES = "goes_"
WORDS = {"reason": "Give the reason, in 10 to 500 characters."}


@splitting.get("/{ref}/split")
def ask_split(ref: str, request: Request, db: Db, actor: Lead) -> Response:
    with db.begin(actor) as session:
        place = places.find(session, ref)
        return _asked(request, session, actor, place, {"type_code": place.type_code}, {})


@splitting.post("/{ref}/split")
def send_split(
    ref: str, request: Request, db: Db, actor: Lead, sent: html.Form, partners: Partners
) -> Response:
    wanted, errors = html.parse(SplitIn, _split(sent))
    said = place_view.ticked(sent)
    new, wrong = html.parse(PlaceIn, {name: said[name] for name in NEW if name in said})
    errors = {name: WORDS.get(name, words) for name, words in (wrong | errors).items()}
    with db.begin(actor) as session:
        place = places.lock(session, ref)
        if wanted is None or new is None:
            return _asked(request, session, actor, place, sent, errors)
        draft = place_service.draft(session, new, partners)
        if draft.errors:
            return _asked(request, session, actor, place, sent, draft.errors)
        try:
            part = merging.split(session, actor, place, wanted, (new, draft))
        except InvalidError as refused:
            return _asked(request, session, actor, place, sent, refused.fields)
        except RuleBrokenError as refused:
            return _asked(request, session, actor, place, sent, {"reason": refused.detail})
        return html.see(f"/places/{part.ref}#history")


def _split(sent: dict[str, str]) -> dict[str, Any]:
    chosen = [name.removeprefix(GOES) for name in sent if name.startswith(GOES)]
    given = {name: sent[name] for name in ("reason", "version") if name in sent}
    return given | {"keys": chosen}


def _asked(
    request: Request,
    session: Session,
    actor: Actor,
    place: Place,
    values: dict[str, str],
    errors: dict[str, str],
) -> Response:
    service.gather(session, actor, place)  # what is listed here is watched as on the timeline
    return html.render(
        request,
        "timeline/split.html",
        page_title=f"What of {place.name} is another place?",
        place=place,
        movable=queries.movable(session, place),
        guardians=place_view.guardians(session, place),
        aliases=life_queries.aliases(session, place),
        links=life_queries.links(session, place),
        values={"version": place.version} | values,
        errors=errors,
        **choices(session),
    )
