"""Another priority of a place: a lead sets it, for a time, with the reason."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy.orm import Session

from app.accounts.deps import Db, May
from app.core import clock
from app.core import pages as html
from app.core.actor import Actor
from app.core.errors import InvalidError, RuleBrokenError
from app.places import life_queries, queries
from app.places.models import Place
from app.places.ranking import BAND_WORDS
from app.priority import service
from app.priority.rules import usual_end

pages = APIRouter(prefix="/places", include_in_schema=False)

Lead = Annotated[Actor, Depends(May("place_priority.update"))]


@pages.get("/{ref}/priority")
def ask(ref: str, request: Request, db: Db, actor: Lead) -> Response:
    with db.read(actor) as session:
        place = queries.find(session, ref)
        ends = {"ends_on": usual_end(clock.today()).isoformat()}
        return _form(request, session, place, ends, {})


@pages.post("/{ref}/priority")
def send(ref: str, request: Request, db: Db, actor: Lead, sent: html.Form) -> Response:
    """Another band, or with `lift` the one of the night again."""
    with db.begin(actor) as session:
        place = queries.find(session, ref)
        try:
            if sent.get("lift") == "yes":
                service.lift(session, place)
            else:
                service.override(
                    session,
                    actor,
                    place,
                    sent.get("band", ""),
                    sent.get("reason", ""),
                    _day(sent.get("ends_on", "")),
                )
        except InvalidError as wrong:
            return _form(request, session, place, sent, wrong.fields)
        except RuleBrokenError as refused:
            return _form(request, session, place, sent, {"band": refused.detail})
        return html.see(f"/places/{place.ref}#priority")


def _day(said: str) -> date | None:
    """As the form joins its three boxes; None for what is no day."""
    try:
        return date.fromisoformat(said)
    except ValueError:
        return None


def _form(
    request: Request, session: Session, place: Place, values: dict[str, str], errors: dict[str, str]
) -> Response:
    return html.render(
        request,
        "places/priority.html",
        page_title="Which priority does this place have?",
        place=place,
        standing=life_queries.standing(session, place),
        bands=list(BAND_WORDS.items()),
        values=values,
        errors=errors,
    )
