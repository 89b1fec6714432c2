"""From an invitation to an account: the link, two factors, recovery codes. Pages only."""

import segno
from fastapi import APIRouter, Request, Response
from sqlalchemy.orm import Session

from app.accounts import browsers, setup
from app.accounts.deps import Db, Post, Proofs
from app.accounts.models import User, Visit
from app.accounts.rules import LINK_OVER
from app.accounts.secrets import totp_address
from app.accounts.visits import SYSTEM, signed_in_at, signed_out, system_for
from app.core import clock
from app.core import pages as html
from app.core.mail import send_all

setup_pages = APIRouter(include_in_schema=False)

SETUP_PAGE, CODES_PAGE = "/sign-in/setup", "/sign-in/setup/codes"
TITLE = "Set up your account"
WAITS = "Your account is set up. It opens when a second person has confirmed it."


@setup_pages.get("/sign-in/invitation/{token}")
def invited(request: Request, token: str, db: Db) -> Response:
    """Programs that look through mail open every link: only the button spends it."""
    with db.read(SYSTEM) as session:
        if not setup.link_is_open(session, token, now=clock.now()):
            return _told(request, LINK_OVER, status=404)
    return html.render(request, "sign-in/invitation.html", page_title=TITLE)


@setup_pages.post("/sign-in/invitation/{token}")
def accept(request: Request, token: str, db: Db, proofs: Proofs, _sent: html.Entry) -> Response:
    with db.begin(SYSTEM) as session:
        opened = setup.spend(session, proofs, token, now=clock.now())
    if opened is None:
        return _told(request, LINK_OVER, status=404)
    return signed_in_at(html.see(SETUP_PAGE), opened)


@setup_pages.get("/sign-in/setup")
def ask(request: Request, db: Db, proofs: Proofs) -> Response:
    with db.begin(SYSTEM) as session:
        visit, user = _under_way(request, session)
        secret = setup.secret_of(proofs, visit)
        return html.see(CODES_PAGE) if secret is None else _page(request, user, secret, {})


@setup_pages.post("/sign-in/setup")
def keep(request: Request, db: Db, proofs: Proofs, post: Post, sent: html.Entry) -> Response:
    now, token = clock.now(), _token(request)
    with db.begin(SYSTEM) as session:
        visit, user = _under_way(request, session)
        secret = setup.secret_of(proofs, visit)
    if secret is None:
        return html.see(CODES_PAGE)
    typed = {"password": sent.get("password", ""), "code": sent.get("code", "")}
    given, errors = setup.checked(user, secret, now=now, **typed)
    if given is None:
        return _page(request, user, secret, errors)
    hashed = proofs.hashed(given.password)
    with db.begin(system_for(user.id)) as session:
        visit, _ = _under_way(request, session)
        letters = setup.finish(
            session,
            proofs,
            visit,
            token=token,
            password_hash=hashed,
            given=given,
            now=now,
        )
    send_all(post, letters)
    return html.see(CODES_PAGE)


@setup_pages.get("/sign-in/setup/codes")
def codes(request: Request, db: Db, proofs: Proofs) -> Response:
    with db.begin(SYSTEM) as session:
        visit, _ = _under_way(request, session)
        if visit.challenge is not None:
            return html.see(SETUP_PAGE)
    return html.render(
        request,
        "sign-in/codes.html",
        page_title="Keep your recovery codes",
        codes=proofs.recovery_codes(_token(request)),
        action=CODES_PAGE,
        button="I have kept the codes",
    )


@setup_pages.post("/sign-in/setup/codes")
def kept(request: Request, db: Db, _sent: html.Entry) -> Response:
    now = clock.now()
    with db.begin(SYSTEM) as session:
        visit, user = _under_way(request, session)
        if visit.challenge is not None:
            return html.see(SETUP_PAGE)
    with db.begin(system_for(user.id)) as session:
        visit, user = _under_way(request, session)
        token = setup.enter(session, visit, user, now=now)
    if token is None:
        return signed_out(_told(request, WAITS, status=200))
    return browsers.remember(request, signed_in_at(html.see("/"), token), user.id)


def _page(request: Request, user: User, secret: str, errors: dict[str, str]) -> Response:
    address = totp_address(secret, user.username)
    return html.render(
        request,
        "sign-in/setup.html",
        page_title=TITLE,
        username=user.username,
        name=user.name,
        picture=segno.make(address, error="m").svg_data_uri(scale=5, border=4),
        secret=" ".join(secret[i : i + 4] for i in range(0, len(secret), 4)),
        values={},
        errors=errors,
    )


def _told(request: Request, words: str, *, status: int) -> Response:
    return html.render(
        request, "sign-on/refused.html", status=status, page_title=TITLE, words=words
    )


def _under_way(request: Request, session: Session) -> tuple[Visit, User]:
    return setup.under_way(session, _token(request), now=clock.now())


def _token(request: Request) -> str:
    return request.cookies.get(html.SESSION_COOKIE, "")
