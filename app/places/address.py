"""The exact address of a residential place: a reason first, then one audited read at a time."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from app.accounts import reasons
from app.accounts.deps import Db, May, for_record
from app.core import pages as html
from app.core.actor import Actor
from app.core.db import Database
from app.core.ids import read_reference
from app.places import queries, service
from app.places.schemas import ExactOut
from app.reference import queries as reference

addresses = APIRouter(prefix="/places", include_in_schema=False)

PERMISSION = "place_exact_residential.read"
Addressee = Annotated[Actor, Depends(May("place_exact_residential.read"))]


@addresses.get("/{ref}/address")
def address(ref: str, request: Request, db: Db, actor: Addressee) -> Response:
    """The address, when a reason holds or none is asked of this role; else the question why."""
    if actor.purpose or not reasons.purposes(actor, PERMISSION):
        return _shown(ref, request, db, actor)
    return _asked(ref, request, db, actor)


@addresses.post("/{ref}/address")
def give_reason(ref: str, request: Request, db: Db, actor: Addressee, sent: html.Form) -> Response:
    """The reason holds for this record and this session, for half an hour."""
    session_id = reasons.session_of(request.state.identified)
    if errors := reasons.problems(sent, reasons.purposes(actor, PERMISSION)):
        return _asked(ref, request, db, actor, values=sent, errors=errors)
    known_ref = read_reference(ref, "PL") or ref
    with db.begin(for_record(actor, known_ref, sent["purpose"])) as session:
        place = queries.find(session, ref)
        reasons.hold(session, session_id, place.ref, sent)
        service.record_reason(session, place)
        return html.see(f"/places/{place.ref}/address")


def _shown(ref: str, request: Request, db: Database, actor: Actor) -> Response:
    with db.begin(for_record(actor, ref, actor.purpose)) as session:
        place = queries.find(session, ref)
        exact = ExactOut.of(place.ref, service.exact_point(session, place.ref))
        return html.render(
            request,
            "places/address.html",
            page_title="Exact address",
            place=place,
            exact=exact,
            agency=dict(reference.codes(session, "agency")).get(place.lead_agency or ""),
            purpose=dict(reference.codes(session, "purpose")).get(actor.purpose or ""),
        )


def _asked(
    ref: str,
    request: Request,
    db: Database,
    actor: Actor,
    *,
    values: dict[str, str] | None = None,
    errors: dict[str, str] | None = None,
) -> Response:
    with db.read(actor) as session:
        place = queries.find(session, ref)
        words = dict(reference.codes(session, "purpose"))
        allowed = reasons.purposes(actor, PERMISSION)
        return html.render(
            request,
            "places/why.html",
            page_title="Why do you need to see this?",
            place=place,
            purposes=[(code, words.get(code, code)) for code in allowed],
            values=values or {},
            errors=errors or {},
        )
