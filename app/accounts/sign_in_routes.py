"""Sign-in with a username, a password and a code, and sign-out. Pages only.

A try takes three transactions instead of one: it is counted before it is made, and a slow hash
must not hold a connection.
"""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from sqlalchemy.orm import Session

from app.accounts import browsers, queries, sign_in, visits
from app.accounts.deps import Db, Post, Proofs, Somebody, Source
from app.accounts.identity import identify, token_hash
from app.accounts.models import Visit
from app.accounts.passkeys import Party
from app.accounts.passwords import LONGEST
from app.accounts.rules import FAILED, WAIT, Stage, own_path
from app.accounts.visits import SYSTEM, patient, signed_in_at, system_for
from app.audit import service as audit
from app.core import clock
from app.core import pages as html
from app.core.db import Database
from app.core.errors import SignInNeededError
from app.core.mail import send_all

sign_in_pages = APIRouter(include_in_schema=False)

CODE_PAGE = "/sign-in/code"
IDLED = (
    "You were signed out because you did not use the service for {} minutes. "
    "Saved sections are safe."
)

Next = Annotated[str | None, Query(alias="next", max_length=1000)]


@sign_in_pages.get("/sign-in")
def ask(request: Request, db: Db, asked: Next = None, done: str | None = None) -> Response:
    to = own_path(asked)
    if request.headers.get("sec-fetch-site") == "cross-site":
        # A link elsewhere: the browser left the strict cookie out, and sends it from here on.
        return html.arrived(request, html.address("/sign-in", next=to))
    token = request.cookies.get(html.SESSION_COOKIE)
    if token and identify(db, token):
        return html.see(to)
    said = "You are signed out." if done == "out" else _idled(db, token)
    return _page(request, to, said=said)


@sign_in_pages.post("/sign-in")
def password(
    request: Request, db: Db, proofs: Proofs, source: Source, post: Post, sent: html.Entry
) -> Response:
    now, to = clock.now(), own_path(sent.get("next"))
    account, given = sign_in.spelt(sent.get("username", "")), sent.get("password", "")
    with db.begin(SYSTEM) as session:
        tried = sign_in.counted(session, proofs, account=account, source=source, now=now)
    if tried is None:
        return _page(request, to, sent=sent, status=429)
    with db.read(SYSTEM) as session:
        found = sign_in.known(session, account, now=now)
    stored = found.password_hash if found else None
    right = proofs.password_matches(stored, given[: LONGEST + 1])
    with db.begin(SYSTEM) as session:
        if right and found is not None:
            _leave(request, session)
            token = sign_in.passed_password(session, tried, found, now=now, return_to=to)
            return signed_in_at(html.see(CODE_PAGE), token)
        ref, email = (found.ref, found.email) if found else (None, None)
        letters = sign_in.failed(
            session, tried, ref=ref, email=email, action="sign_in", why="password"
        )
    send_all(post, letters)
    return _page(request, to, sent=sent, status=422)


@sign_in_pages.get("/sign-in/code")
def ask_code(request: Request, db: Db) -> Response:
    with db.begin(SYSTEM) as session:
        return _code_page(request, session, _on_the_way(request, session))


@sign_in_pages.post("/sign-in/code")
def code(
    request: Request, db: Db, proofs: Proofs, source: Source, post: Post, sent: html.Entry
) -> Response:
    now = clock.now()
    with db.begin(SYSTEM) as session:
        visit = _on_the_way(request, session)
        user = queries.user_by_id(session, visit.user_id)
        tried = sign_in.counted(session, proofs, account=user.username, source=source, now=now)
        if tried is None:
            return _code_page(request, session, visit, status=429)
    with db.begin(system_for(user.id)) as session:
        visit = _on_the_way(request, session)
        user = queries.user_by_id(session, visit.user_id)
        way = sign_in.shows_code(session, proofs, user.id, sent.get("code", ""), now=now)
        if way and sign_in.is_open(user, now):
            found = sign_in.code_letters(session, user, way)
            letters = found + sign_in.browser_letters(user, new=browsers.is_new(request, user.id))
            token = sign_in.passed_code(session, tried, visit, user, way=way, now=now)
            answer = signed_in_at(html.see(visit.return_to or "/"), token)
            browsers.remember(request, answer, user.id)
        else:
            letters = sign_in.failed(
                session, tried, ref=user.ref, email=user.email, action="sign_in", why="code"
            )
            answer = _code_page(request, session, visit, status=422)
    send_all(post, letters)
    return answer


@sign_in_pages.post("/sign-out")
def sign_out(request: Request, db: Db, actor: Somebody, _sent: html.Form) -> Response:
    with db.begin(system_for(actor.id)) as session:
        visit = visits.full(session, request.state.identified.session_id)
        visit.ended_at = clock.now()
        audit.record(session, "sign_out", "user", queries.user_by_id(session, visit.user_id).ref)
    return visits.signed_out(html.see("/sign-in?done=out"))


def _page(
    request: Request,
    to: str,
    *,
    sent: dict[str, str] | None = None,
    said: str | None = None,
    status: int = 200,
) -> Response:
    words = {422: FAILED, 429: WAIT}.get(status)
    settings = request.app.state.settings
    answer = html.render(
        request,
        "sign-in/password.html",
        status=status,
        page_title="Sign in",
        values={"username": (sent or {}).get("username")},
        errors={"username": words} if words else {},
        said=said,
        to=to,
        work_account=html.address("/sign-in/oidc", next=to) if settings.oidc_issuer else None,
    )
    return patient(answer)


def _code_page(request: Request, session: Session, visit: Visit, *, status: int = 200) -> Response:
    words = {422: FAILED, 429: WAIT}.get(status)
    here = Party.of(request.app.state.settings) is not None
    answer = html.render(
        request,
        "sign-in/code.html",
        status=status,
        page_title="Enter a code",
        values={},
        errors={"code": words} if words else {},
        passkey=here and queries.has_passkeys(session, visit.user_id),
    )
    return patient(answer)


def _on_the_way(request: Request, session: Session) -> Visit:
    """A browser that has shown the first factor."""
    token = request.cookies.get(html.SESSION_COOKIE, "")
    found = queries.visit(session, token_hash(token), Stage.CODE, now=clock.now())
    if found is None:
        raise SignInNeededError("Sign in first.")
    return found


def _leave(request: Request, session: Session) -> None:
    """Whatever this browser was signed in to before ends here."""
    token = request.cookies.get(html.SESSION_COOKIE)
    visit = queries.visit(session, token_hash(token), *Stage, now=clock.now()) if token else None
    if visit is not None:
        visit.ended_at = clock.now()


def _idled(db: Database, token: str | None) -> str | None:
    if token is None:
        return None
    with db.read(SYSTEM) as session:
        minutes = queries.idled(session, token_hash(token), now=clock.now())
    return IDLED.format(minutes) if minutes else None
