"""Who a reference stands for: asked for, entered, read one at a time. Pages only."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy.orm import Session

from app.accounts.deps import Db, May, Post, for_record, stepped_up
from app.children import queries as children
from app.children import why
from app.children.models import Child
from app.core import clock
from app.core import pages as html
from app.core.actor import Actor
from app.core.errors import InvalidError, TooManyError
from app.core.mail import send_all
from app.reference import queries as reference
from app.vault import letters, queries, rules, service
from app.vault.keys import Vault
from app.vault.rules import Identity
from app.vault.schemas import IdentityIn, KnownIn, ReasonIn

identity_pages = APIRouter(prefix="/children", include_in_schema=False)

Asker = Annotated[Actor, Depends(May("child_identity.request"))]
Reader = Annotated[Actor, Depends(May("child_identity.read"))]
Custodian = Annotated[Actor, Depends(May("child_identity.create"))]
Counter = Annotated[Actor, Depends(May("child_identity.count"))]


async def vault(request: Request) -> Vault:
    return Vault.of(request.app.state.settings)


Keys = Annotated[Vault, Depends(vault)]


@identity_pages.get("/known")
def ask_known(request: Request, db: Db, actor: Counter) -> Response:
    with db.read(actor) as session:
        return _known(request, session, actor, {}, {})


@identity_pages.post("/known")
def is_known(request: Request, db: Db, actor: Counter, keys: Keys, sent: html.Form) -> Response:
    """Yes or no, for one surname and date of birth; whom it is about is never kept or shown."""
    errors = why.problems(actor, sent)
    facts = {name: value for name, value in sent.items() if name not in ("purpose", "note")}
    wanted, wrong = html.parse(KnownIn, facts)
    errors |= wrong
    purpose = None if errors else sent["purpose"]
    with db.begin(for_record(actor, why.ANY, purpose)) as session:
        if wanted is None or errors:
            return _known(request, session, actor, sent, errors)
        try:
            found = service.known(session, keys, Identity(wanted.surname, "", wanted.born_on))
        except TooManyError as often:
            return _known(request, session, actor, {}, {"surname": often.detail})
        return _known(request, session, actor, {}, {}, found=found)


@identity_pages.get("/{ref}/identity")
def show(ref: str, request: Request, db: Db, actor: Asker) -> Response:
    """How it stands: held or not, asked for, open until. Never who it is."""
    if not actor.purpose:
        return html.see(f"/children/{ref}")
    with db.begin(actor) as session:
        child = children.find(session, ref)
        service.note_looked_at(session, child)
        return _page(request, session, actor, child, {}, {})


@identity_pages.post("/{ref}/identity")
def ask(ref: str, request: Request, db: Db, actor: Asker, sent: html.Form) -> Response:
    """Ask a custodian to open it for a day."""
    if not actor.purpose:
        return html.see(f"/children/{ref}")
    wanted, errors = html.parse(ReasonIn, sent)
    with db.begin(actor) as session:
        child = children.find(session, ref)
        if wanted is not None:
            service.ask(session, actor, child, wanted.reason)
            return html.see(f"/children/{child.ref}/identity")
        service.note_looked_at(session, child)
        return _page(request, session, actor, child, sent, errors)


@identity_pages.post("/{ref}/identity/read")
def read(
    ref: str, request: Request, db: Db, actor: Reader, keys: Keys, post: Post, _: html.Form
) -> Response:
    """One reading: the answer is in this page alone, and auditor and custodians are told."""
    if not actor.purpose:
        return html.see(f"/children/{ref}")
    with db.begin(actor) as session:
        child = children.find(session, ref)
        grant, identity = service.read(session, keys, child)
        until = service.open_until(queries.mine(session, child.id), clock.now())
        told = letters.identity_read(queries.watchers(session), grant=grant)
        answer = html.render(
            request,
            "vault/read.html",
            page_title="Who this is",
            child=child,
            identity=identity,
            left=until and rules.left_words(until, clock.now()),
        )
    send_all(post, told)
    return answer


@identity_pages.get("/{ref}/identity/enter")
def enter(ref: str, request: Request, db: Db, actor: Custodian) -> Response:
    if not actor.purpose:
        return html.see(f"/children/{ref}")
    with db.begin(actor) as session:
        child = children.find(session, ref)
        service.note_looked_at(session, child)
        return _enter_form(request, session, child, {}, {})


@identity_pages.post("/{ref}/identity/enter")
def send_enter(
    ref: str, request: Request, db: Db, actor: Custodian, keys: Keys, sent: html.Form
) -> Response:
    """Say who a reference stands for; it is never shown back."""
    if not actor.purpose:
        return html.see(f"/children/{ref}")
    wanted, errors = html.parse(IdentityIn, sent)
    with db.begin(actor) as session:
        child = children.find(session, ref)
        if wanted is not None:
            try:
                service.enter(session, keys, child, wanted)
                return html.see(f"/children/{child.ref}/identity")
            except InvalidError as invalid:
                errors = invalid.fields
        service.note_looked_at(session, child)
        return _enter_form(request, session, child, sent, errors)


def _page(
    request: Request,
    session: Session,
    actor: Actor,
    child: Child,
    values: Mapping[str, Any],
    errors: Mapping[str, str],
) -> Response:
    now = clock.now()
    asked = queries.mine(session, child.id)
    state = "NONE" if asked is None else asked.state(now)
    lasts = asked.until_at if asked is not None else now + timedelta()
    return html.render(
        request,
        "vault/identity.html",
        page_title="Who this is",
        child=child,
        agency=dict(reference.codes(session, "agency")).get(child.agency_code),
        held=queries.held(session, child.id),
        asked=asked,
        state=state,
        left=rules.left_words(lasts, now),
        stepped=stepped_up(actor),
        custodian=queries.custodian(session),
        values=values,
        errors=errors,
    )


def _enter_form(
    request: Request,
    session: Session,
    child: Child,
    values: Mapping[str, Any],
    errors: Mapping[str, str],
) -> Response:
    return html.render(
        request,
        "vault/enter.html",
        page_title="Enter who this is",
        child=child,
        held=queries.held(session, child.id),
        custodian=queries.custodian(session),
        values=values,
        errors=errors,
    )


def _known(
    request: Request,
    session: Session,
    actor: Actor,
    values: Mapping[str, Any],
    errors: Mapping[str, str],
    *,
    found: bool | None = None,
) -> Response:
    return html.render(
        request,
        "vault/known.html",
        page_title="Is somebody known?",
        purposes=why.purposes(session, actor),
        found=found,
        values=values,
        errors=errors,
    )
