"""The second factor again, where a rule asks for one of the last ten minutes. Pages only."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from sqlalchemy.orm import Session

from app.accounts import queries, sign_in, sign_on, visits
from app.accounts.deps import Db, Post, Proofs, Somebody, Source
from app.accounts.passkeys import Party
from app.accounts.rules import FAILED_AGAIN, WAIT, own_path
from app.accounts.visits import SYSTEM, patient, signed_in_at, system_for
from app.audit import service as audit
from app.core import clock
from app.core import pages as html
from app.core.actor import Actor
from app.core.mail import send_all

confirm_pages = APIRouter(include_in_schema=False)

CONFIRM_PAGE = "/account/confirm"

Next = Annotated[str | None, Query(alias="next", max_length=1000)]


@confirm_pages.get("/account/confirm")
def ask(request: Request, db: Db, actor: Somebody, to: Next = None) -> Response:
    with db.begin(system_for(actor.id)) as session:
        visits.full(session, request.state.identified.session_id)
        return _page(request, session, actor, own_path(to))


@confirm_pages.post("/account/confirm")
def confirm(
    request: Request,
    db: Db,
    actor: Somebody,
    proofs: Proofs,
    source: Source,
    post: Post,
    sent: html.Form,
) -> Response:
    now, to = clock.now(), own_path(sent.get("next"))
    with db.begin(SYSTEM) as session:
        account = queries.user_by_id(session, actor.id).username
        tried = sign_in.counted(session, proofs, account=account, source=source, now=now)
        if tried is None:
            return _page(request, session, actor, to, status=429)
    with db.begin(system_for(actor.id)) as session:
        visit = visits.full(session, request.state.identified.session_id)
        user = queries.user_by_id(session, actor.id)
        way = sign_in.shows_code(session, proofs, user.id, sent.get("code", ""), now=now)
        if way is None:
            letters = sign_in.failed(
                session, tried, ref=user.ref, email=user.email, action="step_up", why="code"
            )
            answer = _page(request, session, actor, to, status=422)
        else:
            queries.take_back(session, tried.id)
            audit.record(session, "step_up", "user", user.ref, way=way)
            letters = sign_in.code_letters(session, user, way)
            answer = signed_in_at(html.see(to), visits.renewed(visit, now=now))
    send_all(post, letters)
    return answer


def _page(
    request: Request, session: Session, actor: Actor, to: str, *, status: int = 200
) -> Response:
    words = {422: FAILED_AGAIN, 429: WAIT}.get(status)
    here = Party.of(request.app.state.settings) is not None
    passkey = here and queries.has_passkeys(session, actor.id)
    answer = html.render(
        request,
        "account/confirm.html",
        status=status,
        page_title="Confirm that it is you",
        values={},
        errors={"code": words} if words else {},
        to=to,
        passkey=html.address(f"{CONFIRM_PAGE}/passkey", next=to) if passkey else None,
        factor=sign_on.has_factor(session, actor.id),
    )
    return patient(answer)
