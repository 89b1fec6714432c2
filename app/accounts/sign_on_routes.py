"""Sign-on with a work account: to the issuer and back. Pages only."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from sqlalchemy.orm import Session

from app.accounts import browsers, queries, sign_in, sign_on, visits
from app.accounts.deps import Db, Post
from app.accounts.issuer import SignOnRefusedError, Why
from app.accounts.oidc import ATTEMPT_S, Attempt, Client, Proven, Provider
from app.accounts.rules import State, own_path
from app.accounts.visits import SYSTEM, signed_in_at, system_for
from app.audit import service as audit
from app.core import clock
from app.core import pages as html
from app.core.errors import NotFoundError
from app.core.mail import send_all

sign_on_pages = APIRouter(include_in_schema=False)

ATTEMPT_COOKIE = "__Host-oidc"
CODE_PAGE = "/sign-in/code"
SIGNED_IN = "You are signed in"
REFUSED = "Your work account could not be signed in. Try again, or ask an administrator."
NO_FACTOR = (
    "Your work account did not ask for a second factor. Use your invitation link first, "
    "or ask an administrator."
)
WAITS = "Your account is set up. It opens when a second person has confirmed it."

Next = Annotated[str | None, Query(alias="next", max_length=300)]


async def provider_of(request: Request) -> Provider:
    """One a process, made when first needed. async: a plain function would be sent to a thread."""
    state = request.app.state
    if not hasattr(state, "provider"):
        client = Client.of(state.settings)
        state.provider = None if client is None else Provider(client)
    if state.provider is None:
        raise NotFoundError("Page not found. Check the address.")
    return state.provider  # type: ignore[no-any-return]  # set above


Issuer = Annotated[Provider, Depends(provider_of)]


@sign_on_pages.get("/sign-in/oidc")
def start(request: Request, provider: Issuer, asked: Next = None) -> Response:
    attempt = Attempt.new(own_path(asked))
    try:
        answer = html.see(provider.address(attempt))
    except SignOnRefusedError:
        return _sorry(request, "Your work account cannot be reached just now.", 503)
    _keep(answer, attempt.sealed(_key(request)))
    return answer


@sign_on_pages.get("/sign-in/oidc/callback")
def arrive(
    request: Request,
    db: Db,
    provider: Issuer,
    post: Post,
    code: str | None = None,
    state: str | None = None,
    iss: str | None = None,
) -> Response:
    """Back from the issuer: who this is, and how far that opens.

    A refusal is caught here, because it is kept in a transaction of its own.
    """
    try:
        attempt = Attempt.opened(_key(request), request.cookies.get(ATTEMPT_COOKIE), state)
        if not code or iss not in {None, provider.client.issuer}:
            raise SignOnRefusedError(Why.DECLINED)
        proven = provider.proven(code, attempt)
        with db.begin(SYSTEM) as session:
            owner = sign_on.owner(session, proven, now=clock.now())
        with db.begin(system_for(owner.id)) as session:  # so that the audit says whose it was
            answer = _entered(request, session, proven, owner.id, attempt.return_to)
        if proven.second_factor and owner.state == State.ACTIVE:
            send_all(post, sign_in.browser_letters(owner, new=browsers.is_new(request, owner.id)))
            browsers.remember(request, answer, owner.id)
    except SignOnRefusedError as refused:
        with db.begin(SYSTEM) as session:
            audit.record(session, "sign_in", "user", None, outcome="refused", why=refused.why)
        answer = _sorry(request, NO_FACTOR if refused.why is Why.FACTOR else REFUSED, 403)
    _keep(answer, None)
    return answer


def _entered(
    request: Request, session: Session, proven: Proven, user_id: UUID, to: str
) -> Response:
    """Signed in, asked for our second factor, or told to wait for a second person."""
    now = clock.now()
    user = queries.user_by_id(session, user_id)
    if user.state == State.WAITING:
        return _sorry(request, WAITS, 200)
    if proven.second_factor:
        token = visits.signed_in_elsewhere(
            session, user, now=now, return_to=to, way="oidc", shown_at=proven.shown_at
        )
        return signed_in_at(html.arrived(request, to, title=SIGNED_IN), token)
    token = visits.asked_for_code(session, user, now=now, return_to=to)
    return signed_in_at(html.arrived(request, CODE_PAGE, title=SIGNED_IN), token)


def _sorry(request: Request, words: str, status: int) -> Response:
    title = "Sign in with your work account"
    return html.render(
        request, "sign-on/refused.html", status=status, page_title=title, words=words
    )


def _key(request: Request) -> bytes:
    key = request.app.state.settings.key_for("oidc attempts")
    if not isinstance(key, bytes):
        raise TypeError("key_for gives bytes")
    return key


def _keep(answer: Response, attempt: str | None) -> None:
    """Lax, because it must come back with a click that began at the issuer."""
    answer.set_cookie(
        ATTEMPT_COOKIE,
        attempt or "",
        max_age=ATTEMPT_S if attempt else 0,
        path="/",
        secure=True,
        httponly=True,
        samesite="lax",
    )
