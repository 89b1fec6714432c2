"""Requests for identities: custodians approve or decline, whoever asked may withdraw. Pages."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from app.accounts.deps import Db, May
from app.accounts.permissions import ROLES
from app.core import clock
from app.core import pages as html
from app.core.actor import Actor
from app.reference import queries as reference
from app.vault import queries, rules, service
from app.vault.routes import identity_pages

request_pages = APIRouter(prefix="/identity-requests", include_in_schema=False)

# Both kinds of pages of this slice, for the application.
vault_pages = (identity_pages, request_pages)

Approver = Annotated[Actor, Depends(May("child_identity.approve"))]
Asker = Annotated[Actor, Depends(May("child_identity.request"))]


STATES = {
    "ASKED": "Waits for a custodian",
    "OPEN": "Open now",
    "OVER": "Over",
    "CLOSED": "Declined, withdrawn or ended",
}


@request_pages.get("")
def listing(request: Request, db: Db, actor: Approver) -> Response:
    """All of them, the newest first; which child is not said in a list."""
    with db.begin(actor) as session:
        found = queries.requests(session)
        service.note_looked(session, len(found))
        return html.render(
            request,
            "vault/requests.html",
            page_title="Requests for identities",
            rows=found,
            states=STATES,
            roles={name: role.label for name, role in ROLES.items()},
            custodian=queries.custodian(session),
        )


@request_pages.get("/{ref}")
def show(ref: str, request: Request, db: Db, actor: Approver) -> Response:
    now = clock.now()
    with db.begin(actor) as session:
        asked = queries.request(session, ref)
        service.note_looked(session, 1, asked)
        custodian = queries.custodian(session)
        barrier = None
        if asked.user_id == actor.id:
            barrier = rules.NOT_YOURS
        elif not custodian:
            barrier = rules.NOT_CUSTODIAN
        return html.render(
            request,
            "vault/request.html",
            page_title="Approve this request?",
            asked=asked,
            state=asked.state(now),
            states=STATES,
            left=rules.left_words(asked.until_at, now),
            role=ROLES[asked.role].label,
            purposes=dict(reference.codes(session, "purpose")),
            child=queries.child_of(session, asked),
            barrier=barrier,
            own=asked.user_id == actor.id,
        )


@request_pages.post("/{ref}/approve")
def approve(ref: str, db: Db, actor: Approver, _: html.Form) -> Response:
    with db.begin(actor) as session:
        service.approve(session, actor, queries.request(session, ref))
    return html.see(f"/identity-requests/{ref}")


@request_pages.post("/{ref}/close")
def close(ref: str, db: Db, actor: Approver, _: html.Form) -> Response:
    """Declined by a custodian, or ended before its day is over."""
    with db.begin(actor) as session:
        service.close(session, queries.request(session, ref))
    return html.see(f"/identity-requests/{ref}")


@request_pages.post("/{ref}/withdraw")
def withdraw(ref: str, db: Db, actor: Asker, _: html.Form) -> Response:
    """By whoever asked."""
    with db.begin(actor) as session:
        service.close(session, queries.own_request(session, ref))
    return html.see("/children")
