"""The public form, from its first page to the receipt, and the way out. No answer is in an address.

Every POST is answered by 303, errors too: after leaving, Back never shows our address and asks to
send something again. A page that is asked for without its cookie leads to the exit site.
"""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request, Response
from sqlalchemy.orm import Session

from app.accounts.deps import Db, May, Source
from app.core import clock, closed
from app.core import pages as html
from app.core.actor import PUBLIC, Actor
from app.core.errors import ForbiddenError, NotFoundError
from app.intake import drafts, rules, service, view, where
from app.intake.deps import OLD, Sent, checked, leave, opened, page
from app.intake.limits import count_sending, count_start, work_wanted
from app.intake.questions import Form
from app.intake.schemas import Draft
from app.intake.work import ZERO_BITS

pages = APIRouter(include_in_schema=False)

ENDED = "/report?ended=yes"
OPENING = "/report/opening"
ELSEWHERE = frozenset({"cross-site", "same-site"})  # where a browser says that a request began
DONE = "/report/done"
SHOWN_FOR_S = 600  # a receipt
Sender = Annotated[Actor, Depends(May("report.send", open_to_all=True))]


@pages.get("/report")
def start(request: Request, ended: Annotated[Literal["yes"] | None, Query()] = None) -> Response:
    title = "Tell us about a place or online space that worries you"
    begun, over = drafts.COOKIE in request.cookies, ended is not None
    return html.render(request, "report/start.html", page_title=title, ended=over, begun=begun)


@pages.post("/report")
def begin(request: Request, db: Db, address: Source) -> Response:
    """The only cookie, and an empty form; one that was open here before is over."""
    count_start(db, request.app.state.limits, address)
    with db.begin(PUBLIC) as session:
        drafts.drop_of(session, request.cookies.get(drafts.COOKIE))
        cookie = drafts.start(session)
    return drafts.remember(html.see(OPENING), cookie)


@pages.get(OPENING)
def opening(request: Request) -> Response:
    """Goes on by itself. Chromium keeps the page that came with a cookie in its memory.

    It would show that one after the cookie has gone, without asking us; this one holds no question,
    and the first question takes its place in the history.
    """
    if drafts.COOKIE not in request.cookies:
        return leave(request)
    return html.render(request, "report/opening.html", page_title="Opening the form")


@pages.get("/exit")
def exit_page(request: Request, db: Db) -> Response:
    """Answers and cookie are gone, and what the browser kept of us.

    A link on another site only leads away: it must not sign anybody out.
    """
    if request.headers.get("sec-fetch-site") in ELSEWHERE:
        return leave(request)
    with db.begin(PUBLIC) as session:
        drafts.drop_of(session, request.cookies.get(drafts.COOKIE))
    answer = drafts.forget(leave(request))
    answer.headers["Clear-Site-Data"] = '"cache", "cookies", "storage"'
    return answer


@pages.get("/cookies")
def cookies(request: Request) -> Response:
    return html.render(request, "report/cookies.html", page_title="Cookies")


@pages.get("/report/emergency")
def emergency(request: Request, db: Db) -> Response:
    with db.read(PUBLIC) as session:
        found = opened(request, session)
    if found is None:
        return leave(request)
    onwards = service.onwards(found.draft)
    title = view.EMERGENCY_TITLE
    return page(request, found, "report/emergency.html", page_title=title, onwards=onwards)


@pages.get("/report/check")
def check(request: Request, db: Db, address: Source) -> Response:
    with db.read(PUBLIC) as session:
        found = opened(request, session)
        if found is None:
            return leave(request)
        one = found.draft.key.bytes
        challenge = work_wanted(session, request.app.state.limits, address, one)
    if found.draft.done or not rules.may_see(rules.CHECK, *_progress(found.draft)):
        return html.see(DONE if found.draft.done else service.onwards(found.draft))
    house = request.app.state.partnership
    shown = view.check(found.draft, house) | {"challenge": challenge, "bits": ZERO_BITS}
    return page(request, found, "report/check.html", **shown)


@pages.post("/report/send")
def send(request: Request, db: Db, sender: Sender, address: Source, sent: Sent) -> Response:
    if drafts.COOKIE not in request.cookies:
        return html.see(ENDED)
    with db.read(PUBLIC) as session:
        found = checked(request, session, sent)
    if found is None:
        return html.see(ENDED)
    draft = found.draft
    if draft.done:
        return html.see(DONE)
    if not rules.may_see(rules.CHECK, *_progress(draft)):
        return html.see(service.onwards(draft))
    actor = PUBLIC if draft.sender is None else sender
    if sent.get("key") != [str(draft.key)] or not service.is_of(draft, actor.id):
        raise ForbiddenError(OLD)
    of, proof = request.app.state, sent.get("proof", [""])[-1]
    waits: tuple[str, ...] = ()
    if draft.sender is None:  # whoever is signed in answers for what they send
        waits = count_sending(db, of.limits, address, sending=draft.key.bytes, proof=proof)
    with db.begin(actor) as session:
        service.send(session, of.keys, draft, found.lock, waits, synthetic=of.settings.demo)
    return html.see(DONE)


@pages.get("/report/problem/{code}")
def problem(code: str, request: Request) -> Response:
    """What was wrong with a sending; a page of its own, so that no history entry is a POST."""
    if not closed.has_cookie(request):
        return leave(request)
    if code not in closed.WORDS:
        raise NotFoundError("Page not found. Check the address.")
    house, begun = request.app.state.partnership, closed.is_begun(request)
    return closed.problem(house, code, back=begun)


@pages.get("/report/done")
def done(request: Request, db: Db) -> Response:
    with db.begin(PUBLIC) as session:
        found = opened(request, session)
        if found is None:
            return leave(request)
        sent = found.draft.done
        if sent is None:
            return html.see(service.onwards(found.draft))
        if clock.now().timestamp() - sent.at_s > SHOWN_FOR_S:
            drafts.drop(session, found.lock)
            return drafts.forget(leave(request))
    return page(request, found, "report/done.html", **view.done(found.draft))


@pages.post("/report/stay", status_code=204)
def stay(request: Request, db: Db, sent: Sent) -> Response:
    """Another hour, asked for by the script of an open page."""
    with db.begin(PUBLIC) as session:
        found = checked(request, session, sent)
        if found is None:
            raise NotFoundError("This form is over.")
        drafts.write(session, found.lock, found.draft)
    return Response(status_code=204)


@pages.get("/report/{step}")
def show(step: str, request: Request, db: Db) -> Response:
    if step not in rules.STEPS:
        raise NotFoundError("Page not found. Check the address.")
    with db.begin(PUBLIC) as session:
        found = opened(request, session)
        if found is None:
            return leave(request)
        if found.draft.done:
            return html.see(DONE)
        if not rules.may_see(step, *_progress(found.draft)):
            return html.see(service.onwards(found.draft))
        told = service.told(found.draft)
        if told is not found.draft:
            drafts.write(session, found.lock, told)
    return page(
        request,
        found,
        view.template(found.draft, step),
        **view.question(found.draft, step, request.app.state.partnership),
    )


@pages.post("/report/{step}")
def answer(step: str, request: Request, db: Db, sent: Sent) -> Response:
    if step not in rules.STEPS:
        raise NotFoundError("Page not found. Check the address.")
    with db.begin(PUBLIC) as session:
        found = checked(request, session, sent)
        if found is None:
            return html.see(ENDED)
        if found.draft.done:
            return html.see(DONE)
        to, draft = _taken(request, session, found.draft, step, sent)
        drafts.write(session, found.lock, draft)
    return html.see(to)


def _taken(request: Request, session: Session, draft: Draft, step: str, sent: Form) -> where.Taken:
    """Where to go next, and the form with the answer in it, or with what is wrong with it."""
    if not rules.may_see(step, *_progress(draft)):
        return service.onwards(draft), draft
    if step == "where" and "describe" in sent:
        return where.HERE, where.in_words(draft)
    if step == "where" and draft.answer("where_kind") == "PLACE":
        return where.searched(session, draft, sent, request.app.state.partnership.codes)
    return service.taken(draft, step, sent)


def _progress(draft: Draft) -> tuple[Any, bool]:
    return draft.answered, draft.sender is not None
