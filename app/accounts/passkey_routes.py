"""Passkeys: added and removed at the account, shown as the second factor. Pages only."""

from typing import Annotated
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import Field
from sqlalchemy.orm import Session

from app.accounts import browsers, letters, queries, sign_in, sign_on, visits
from app.accounts.deps import Db, May, Post, Somebody, stepped_up
from app.accounts.identity import token_hash
from app.accounts.models import Visit
from app.accounts.passkeys import Party, Use
from app.accounts.rules import Stage, own_path
from app.accounts.visits import SYSTEM, signed_in_at, system_for
from app.audit import service as audit
from app.core import clock
from app.core import pages as html
from app.core.actor import Actor
from app.core.db import Database
from app.core.errors import NotFoundError, SignInNeededError, StepUpNeededError
from app.core.mail import Mailer, send_all
from app.core.types import StrictModel, Text

passkey_pages = APIRouter(include_in_schema=False)

CODE_PAGE, CONFIRM_PAGE, KEYS_PAGE = "/sign-in/code", "/account/confirm", "/account/passkeys"
NOT_SHOWN = "That passkey was not accepted. Try again, or use a code."

Reader = Annotated[Actor, Depends(May("user.read"))]
Changer = Annotated[Actor, Depends(May("user.update"))]
Next = Annotated[str | None, Query(alias="next", max_length=300)]


class NewPasskey(StrictModel):
    """A name, and what the browser answered."""

    label: Annotated[Text, Field(max_length=40)]
    answer: str = ""


async def party_of(request: Request) -> Party:
    found = Party.of(request.app.state.settings)
    if found is None:
        raise NotFoundError("Page not found. Check the address.")
    return found


Site = Annotated[Party, Depends(party_of)]


@passkey_pages.get("/sign-in/passkey")
def ask(request: Request, db: Db, site: Site) -> Response:
    with db.begin(SYSTEM) as session:
        visit = _on_the_way(request, session)
        return _asked(request, session, visit, site, {})


@passkey_pages.post("/sign-in/passkey")
def shown(request: Request, db: Db, site: Site, post: Post, sent: html.Form) -> Response:
    now, answer = clock.now(), sent.get("answer", "")
    with db.begin(SYSTEM) as session:
        person = system_for(_on_the_way(request, session).user_id)
    with db.begin(person) as session:
        visit = _on_the_way(request, session)
        user = queries.user_by_id(session, visit.user_id)
        if sign_in.is_open(user, now) and sign_on.shows_passkey(
            session, visit, site, answer=answer, now=now
        ):
            visit.ended_at, to = now, visit.return_to or "/"
            token = visits.signed_in(session, user, now=now, return_to=to, way="passkey")
        else:
            audit.record(session, "sign_in", "user", user.ref, outcome="refused", why="passkey")
            return _asked(request, session, visit, site, {"passkey": NOT_SHOWN})
    send_all(post, sign_in.browser_letters(user, new=browsers.is_new(request, user.id)))
    return browsers.remember(request, signed_in_at(html.see(to), token), user.id)


@passkey_pages.get("/account/confirm/passkey")
def ask_again(request: Request, db: Db, actor: Somebody, site: Site, to: Next = None) -> Response:
    with db.begin(system_for(actor.id)) as session:
        visit = visits.full(session, request.state.identified.session_id)
        visit.return_to = own_path(to)
        return _asked(request, session, visit, site, {})


@passkey_pages.post("/account/confirm/passkey")
def shown_again(request: Request, db: Db, actor: Somebody, site: Site, sent: html.Form) -> Response:
    now, answer = clock.now(), sent.get("answer", "")
    with db.begin(system_for(actor.id)) as session:
        visit = visits.full(session, request.state.identified.session_id)
        user = queries.user_by_id(session, actor.id)
        if sign_on.shows_passkey(session, visit, site, answer=answer, now=now):
            audit.record(session, "step_up", "user", user.ref, way="passkey")
            to = visit.return_to or "/"
            return signed_in_at(html.see(to), visits.renewed(visit, now=now))
        audit.record(session, "step_up", "user", user.ref, outcome="refused", why="passkey")
        return _asked(request, session, visit, site, {"passkey": NOT_SHOWN})


@passkey_pages.get("/account/passkeys")
def listing(request: Request, db: Db, actor: Reader, site: Site) -> Response:
    with db.begin(system_for(actor.id)) as session:
        return _listing(request, session, site, {}, {})


@passkey_pages.post("/account/passkeys")
def add(
    request: Request, db: Db, actor: Changer, site: Site, post: Post, sent: html.Form
) -> Response:
    """Adding a factor is proving oneself for later: the one there is must have been shown."""
    if not stepped_up(actor):
        raise StepUpNeededError("Confirm that it is you: enter a code again.")
    wanted, errors = html.parse(NewPasskey, sent)
    with db.begin(system_for(actor.id)) as session:
        visit = visits.full(session, request.state.identified.session_id)
        if wanted is not None:
            wrong = sign_on.add(session, visit, site, wanted.answer, wanted.label, now=clock.now())
            errors = {"label": wrong} if wrong else {}
        if errors:
            return _listing(request, session, site, sent, errors)
    _tell(db, post, actor, "A passkey was added to your account.")
    return html.see(KEYS_PAGE)


@passkey_pages.post("/account/passkeys/{passkey_id}/remove")
def remove(
    request: Request, passkey_id: UUID, db: Db, actor: Changer, post: Post, sent: html.Form
) -> Response:
    if not stepped_up(actor):
        raise StepUpNeededError("Confirm that it is you: enter a code again.")
    with db.begin(system_for(actor.id)) as session:
        visit = visits.full(session, request.state.identified.session_id)
        sign_on.remove(session, visit, passkey_id, now=clock.now())
    _tell(db, post, actor, "A passkey was removed from your account.")
    return html.see(KEYS_PAGE)


def _tell(db: Database, post: Mailer, actor: Actor, words: str) -> None:
    """How somebody signs in was changed: the person hears of it."""
    with db.read(system_for(actor.id)) as session:
        email = queries.user_by_id(session, actor.id).email
    if email:
        post.send(*letters.factor_changed(email, words))


def _asked(
    request: Request, session: Session, visit: Visit, site: Party, errors: dict[str, str]
) -> Response:
    again = visit.stage == Stage.FULL
    return html.render(
        request,
        "sign-on/passkey.html",
        page_title="Confirm that it is you" if again else "Use a passkey",
        errors=errors,
        options=sign_on.options(session, visit, site, Use.SHOW, now=clock.now()),
        action=f"{CONFIRM_PAGE if again else '/sign-in'}/passkey",
        back=f"{CONFIRM_PAGE}?next={quote(visit.return_to or '/')}" if again else CODE_PAGE,
    )


def _listing(
    request: Request, session: Session, site: Party, values: dict[str, str], errors: dict[str, str]
) -> Response:
    visit = visits.full(session, request.state.identified.session_id)
    held = queries.passkeys(session, visit.user_id)
    stepped = stepped_up(request.state.actor)
    more = stepped and len(held) < sign_on.MOST_PASSKEYS
    return html.render(
        request,
        "sign-on/passkeys.html",
        page_title="Passkeys",
        passkeys=held,
        stepped=stepped,
        values=values,
        errors=errors,
        options=sign_on.options(session, visit, site, Use.ADD, now=clock.now()) if more else None,
    )


def _on_the_way(request: Request, session: Session) -> Visit:
    """A browser that has shown the first factor."""
    token = request.cookies.get(html.SESSION_COOKIE, "")
    found = queries.visit(session, token_hash(token), Stage.CODE, now=clock.now())
    if found is None:
        raise SignInNeededError("Sign in first.")
    return found
