"""Pages for who comes back with a code. The code is in no address; errors come by 303."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request, Response
from starlette.responses import RedirectResponse

from app.accounts.deps import Db, May, Source
from app.core import clock
from app.core import pages as html
from app.core.actor import PUBLIC, Actor
from app.core.errors import ForbiddenError
from app.intake import drafts, mailbox, tokens
from app.intake.deps import OLD, Sent
from app.intake.drafts import Lock
from app.intake.limits import count_look

status_pages = APIRouter(prefix="/report/status", include_in_schema=False)

Ended = Annotated[Literal["yes"] | None, Query()]

HERE = "/report/status"
MESSAGES = "/report/status/messages"
CODE_TITLE = "Come back with your code"
# Whoever is signed in comes as the public all the same: nothing but the code opens a mailbox.
Anybody = Annotated[Actor, Depends(May("report.update", open_to_all=True))]


@status_pages.get("")
def ask(
    request: Request, db: Db, ended: Annotated[Literal["yes"] | None, Query()] = None
) -> Response:
    lock = _lock(request)
    with db.begin(PUBLIC) as session:
        visit = mailbox.read(session, lock) if lock else None
        if lock and visit and visit.error:
            # Once: who has this browser next is not told a code that is right but for one letter.
            mailbox.write(session, lock, visit.but(error="", typed=""))
    is_try = visit is not None and visit.receipt is None
    return _page(
        request,
        "report/status.html",
        CODE_TITLE,
        values={"code": visit.typed if visit and is_try else ""},
        errors={"code": visit.error} if visit and is_try and visit.error else {},
        ended=ended is not None,
    )


@status_pages.post("")
def open_mailbox(request: Request, db: Db, address: Source, sent: Sent) -> Response:
    """Every try counts, whatever is typed; all that are not found are told the same."""
    count_look(db, request.app.state.limits, address)
    with db.begin(PUBLIC) as session:
        drafts.drop_of(session, request.cookies.get(drafts.COOKIE))
        visit = mailbox.begin(session, request.app.state.keys, sent.get("code", [""])[-1])
        cookie = drafts.new_cookie()
        mailbox.write(session, Lock.of(cookie), visit)
    return drafts.remember(html.see(MESSAGES if visit.is_open else HERE), cookie)


@status_pages.get("/messages")
def show(request: Request, db: Db) -> Response:
    lock = _lock(request)
    if lock is None:
        return RedirectResponse(request.app.state.partnership.exit_site, status_code=303)
    with db.begin(PUBLIC) as session:
        visit = mailbox.read(session, lock)
        found = None
        if visit is not None and visit.is_open and visit.receipt:
            found = mailbox.shown(session, request.app.state.keys, visit.receipt)
        if visit is None or found is None:
            drafts.drop_of(session, request.cookies.get(drafts.COOKIE))
            return drafts.forget(html.see(f"{HERE}?ended=yes"))
        if visit.error or visit.sent:
            mailbox.write(session, lock, visit.but(error="", sent=False))
    return _page(
        request,
        "report/status-messages.html",
        "What you told us",
        found=found,
        token=tokens.issue(_key(request), lock.id, clock.now().timestamp()),
        message_id=visit.message_id,
        sent=visit.sent,
        values={"message": visit.typed},
        errors={"message": visit.error} if visit.error else {},
    )


@status_pages.post("/message")
def write(request: Request, db: Db, _: Anybody, sent: Sent) -> Response:
    lock = _lock(request)
    if lock is None:
        return RedirectResponse(request.app.state.partnership.exit_site, status_code=303)
    token = sent.get("token", [""])[-1]
    if not tokens.is_good(_key(request), lock.id, token, clock.now().timestamp()):
        raise ForbiddenError(OLD)
    with db.begin(PUBLIC) as session:
        visit = mailbox.read(session, lock)
        # A message that was taken is not taken again: the next has another number.
        if visit and visit.is_open and sent.get("id") == [str(visit.message_id)]:
            typed = sent.get("message", [""])[-1]
            mailbox.write(
                session, lock, mailbox.reply(session, request.app.state.keys, visit, typed)
            )
    return html.see(MESSAGES)


def _lock(request: Request) -> Lock | None:
    cookie = request.cookies.get(drafts.COOKIE)
    return Lock.of(cookie) if cookie else None


def _page(request: Request, template: str, title: str, **context: Any) -> Response:  # noqa: ANN401 - what the template needs
    shared: dict[str, Any] = {"token": "", "trap": "", "errors": {}, "values": {}, "back": None}
    return html.render(request, template, page_title=title, **(shared | context))


def _key(request: Request) -> bytes:
    found: bytes = request.app.state.settings.key_for("form")
    return found
