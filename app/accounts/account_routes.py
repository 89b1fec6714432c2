"""The own account: what it may do until when, where it is signed in, what it did. Pages only."""

from datetime import timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy.orm import Session

from app.accounts import passwords, queries, service, sign_in
from app.accounts.deps import Db, May, Post, Proofs, Somebody, Source, stepped_up
from app.accounts.models import User
from app.accounts.passkeys import Party
from app.accounts.permissions import PERMISSIONS, ROLES
from app.accounts.rules import GRANT_WORDS
from app.accounts.visits import full, patient, signed_out, system_for
from app.core import clock
from app.core import pages as html
from app.core.actor import Actor
from app.core.errors import StepUpNeededError
from app.core.mail import send_all

account_pages = APIRouter(include_in_schema=False)

ACCOUNT_PAGE, CODES_PAGE = "/account", "/account/recovery-codes"
SHOWN = timedelta(days=90)
LATEST = 100

Reader = Annotated[Actor, Depends(May("user.read"))]
Changer = Annotated[Actor, Depends(May("user.update"))]


@account_pages.get("/account")
def account(request: Request, db: Db, actor: Reader) -> Response:
    """Read with the person's own claims, so that nobody else's row can be on it."""
    now = clock.now()
    with db.read(actor) as session:
        user = queries.user_by_id(session, actor.id)
        boroughs = queries.boroughs(session)
        return html.render(
            request,
            "account/show.html",
            page_title="Your account",
            user=user,
            role=ROLES[user.role].label,
            agency=queries.agencies(session).get(user.agency_code, user.agency_code),
            boroughs=[boroughs.get(code, code) for code in user.borough_codes],
            everywhere=ROLES[user.role].all_boroughs,
            kinds=GRANT_WORDS,
            grants=queries.live_grants(session, actor.id, now=now),
            visits=queries.visits(session, actor.id, now=now),
            programs=queries.live_tokens(session, actor.id, now=now),
            this=request.state.identified.session_id,
            activity=queries.activity(session, actor.id, since=now - SHOWN, limit=LATEST),
            latest=LATEST,
            passkeys=Party.of(request.app.state.settings) is not None,
            emergency=actor.role in PERMISSIONS.emergency["roles"],
        )


@account_pages.get("/account/stay")
def stay(actor: Somebody) -> Response:
    """Asking is using: the session goes on."""
    return Response(status_code=204)


@account_pages.post("/account/sign-out-everywhere")
def sign_out_everywhere(request: Request, db: Db, actor: Somebody, _sent: html.Form) -> Response:
    with db.begin(system_for(actor.id)) as session:
        service.end_sessions(session, queries.user_by_id(session, actor.id))
    return signed_out(html.see("/sign-in?done=out"))


@account_pages.post("/account/sessions/{session_id}/end")
def end(request: Request, session_id: UUID, db: Db, actor: Somebody, _sent: html.Form) -> Response:
    with db.begin(system_for(actor.id)) as session:
        user = queries.user_by_id(session, actor.id)
        service.end_session(session, user, session_id, now=clock.now())
    if session_id == request.state.identified.session_id:
        return signed_out(html.see("/sign-in?done=out"))
    return html.see(ACCOUNT_PAGE)


@account_pages.get("/account/password")
def ask_password(request: Request, db: Db, actor: Reader) -> Response:
    _must_have_stepped(actor)
    return _password_page(request, db, actor, {})


@account_pages.post("/account/password")
def change_password(
    request: Request,
    db: Db,
    actor: Changer,
    proofs: Proofs,
    source: Source,
    post: Post,
    sent: html.Form,
) -> Response:
    _must_have_stepped(actor)
    wanted, now = sent.get("password", ""), clock.now()
    with db.begin(system_for(actor.id)) as session:
        user = queries.user_by_id(session, actor.id)
        stored = queries.password_hash(session, actor.id)
    wrong = passwords.problem(wanted, username=user.username, name=user.name)
    if wrong:
        return _password_page(request, db, actor, {"password": wrong})
    refused = sign_in.not_the_current(
        db, proofs, user, stored, given=sent.get("current", ""), source=source
    )
    if refused is not None:
        send_all(post, refused.letters)
        words = {"current": refused.words}
        return _password_page(request, db, actor, words, status=refused.status)
    hashed = proofs.hashed(wanted)
    with db.begin(system_for(actor.id)) as session:
        visit = full(session, request.state.identified.session_id)
        letters = service.change_password(
            session, user, password_hash=hashed, keep=visit.id, now=now
        )
    send_all(post, letters)
    return html.see(ACCOUNT_PAGE)


@account_pages.get("/account/recovery-codes")
def recovery_codes(request: Request, db: Db, actor: Reader, proofs: Proofs) -> Response:
    _must_have_stepped(actor)
    with db.begin(system_for(actor.id)) as session:
        user, now = _visited(request, session, actor), clock.now()
        made = service.fresh_recovery_codes(session, proofs, user, _token(request), now=now)
    return html.render(
        request,
        "account/codes.html",
        page_title="Recovery codes",
        codes=made,
    )


@account_pages.post("/account/recovery-codes")
def new_recovery_codes(
    request: Request, db: Db, actor: Changer, proofs: Proofs, post: Post, _sent: html.Form
) -> Response:
    _must_have_stepped(actor)
    with db.begin(system_for(actor.id)) as session:
        user, now = _visited(request, session, actor), clock.now()
        letters = service.new_recovery_codes(session, proofs, user, _token(request), now=now)
    send_all(post, letters)
    return html.see(CODES_PAGE)


def _visited(request: Request, session: Session, actor: Actor) -> User:
    full(session, request.state.identified.session_id)
    return queries.user_by_id(session, actor.id)


def _password_page(
    request: Request, db: Db, actor: Actor, errors: dict[str, str], *, status: int | None = None
) -> Response:
    with db.read(system_for(actor.id)) as session:
        has_password = queries.password_hash(session, actor.id) is not None
    answer = html.render(
        request,
        "account/password.html",
        status=status,
        page_title="Change your password",
        values={},
        errors=errors,
        username=None,
        has_password=has_password,
    )
    return patient(answer)


def _must_have_stepped(actor: Actor) -> None:
    if not stepped_up(actor):
        raise StepUpNeededError("Confirm that it is you: enter a code again.")


def _token(request: Request) -> str:
    return request.cookies.get(html.SESSION_COOKIE, "")
