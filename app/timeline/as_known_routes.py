"""A place as it was known on a day: for reviews, by a lead, with the purpose."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from app.accounts.deps import Db, May, for_record
from app.core import pages as html
from app.core.actor import Actor
from app.core.errors import InvalidError
from app.core.types import Day, StrictModel
from app.places import queries as places
from app.reference import queries as reference
from app.timeline import as_known

pages = APIRouter(prefix="/places", include_in_schema=False)

Reviewer = Annotated[Actor, Depends(May("place.approve"))]


class AskedIn(StrictModel):
    """Nothing is shown before both are said."""

    on: Day
    purpose: str


@pages.get("/{ref}/as-known")
def show(
    ref: str, request: Request, db: Db, actor: Reviewer, on: str = "", purpose: str = ""
) -> Response:
    """A form first; then what was known. The purpose stands in the audit beside the day."""
    sent = {"on": on, "purpose": purpose}
    asked, errors = html.parse(AskedIn, sent) if on or purpose else (None, {})
    if (on or purpose) and purpose not in as_known.PURPOSES:
        errors = errors | {"purpose": "Select why you need to see this."}
    if errors.get("on"):
        errors["on"] = "Give a day, as 2026-03-31."
    known = None
    reading = for_record(actor, ref, purpose) if not errors and asked else actor
    with db.begin(reading) as session:
        place = places.find(session, ref)
        if asked and not errors:
            try:
                known = as_known.replay(session, reading, place, asked.on)
            except InvalidError as wrong:
                errors = wrong.fields
        words = dict(reference.codes(session, "purpose"))
        return html.render(
            request,
            "timeline/as-known.html",
            page_title="What was known on a day",
            place=place,
            known=known,
            purposes=[(code, words.get(code, code)) for code in as_known.PURPOSES],
            not_kept=as_known.NOT_KEPT,
            values=sent,
            errors=errors,
        )
