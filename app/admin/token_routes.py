"""Tokens of one account: made with a second factor, shown once, ended."""

from collections.abc import Mapping
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy.orm import Session

from app.accounts import queries as known
from app.accounts.deps import Db, Post
from app.accounts.models import User
from app.accounts.rules import TokenScope, lifetime
from app.admin import service, tokens
from app.admin.deps import MayAll
from app.admin.schemas import TokenForm
from app.core import clock
from app.core import pages as html
from app.core.actor import Actor
from app.core.errors import RuleBrokenError

token_pages = APIRouter(prefix="/admin/users/{ref}/tokens", include_in_schema=False)

Maker = Annotated[Actor, Depends(MayAll("user.create"))]
Ender = Annotated[Actor, Depends(MayAll("user.revoke"))]

NO_SCOPE = "Choose what the token may do."
SUBJECT = "A program may use Contextmap in your name"
LETTER = """\
An administrator has made a token for a program that uses Contextmap in your name, until {until}.

If you do not know of this, tell the contextual safeguarding lead: the token can be ended at once.
"""


@token_pages.get("")
def listing(ref: str, request: Request, db: Db, actor: Maker) -> Response:
    with db.read(actor) as session:
        return _page(request, session, known.user(session, ref), {"ttl": "1h"}, {})


@token_pages.post("")
def make(ref: str, request: Request, db: Db, post: Post, actor: Maker, sent: html.Form) -> Response:
    form, errors = html.parse(TokenForm, sent)
    if form is not None:
        errors = _problems(form)
    with db.begin(tokens.system_for(actor)) as session:
        user = known.user(session, ref)
        if form is None or errors:
            return _page(request, session, user, sent, errors)
        if barrier := tokens.barrier(user):
            raise RuleBrokenError(barrier)
        token, ends_at = tokens.make(
            session,
            actor.id,
            user,
            scope=TokenScope(form.scope),
            lives=lifetime(form.ttl),
            label=form.label,
        )
    until = ends_at.astimezone(clock.LONDON).strftime("%-d %B %Y, %H:%M")
    if user.email:
        post.send(user.email, SUBJECT, LETTER.format(until=until))
    return html.render(
        request,
        "admin/shown-once.html",
        page_title="Copy this token now",
        user=user,
        secret=token,
        what="token",
        why=f"It works until {until}.",
    )


@token_pages.post("/{token_id}/revoke")
def revoke(ref: str, token_id: UUID, db: Db, actor: Ender, _: html.Form) -> Response:
    with db.begin(actor) as session:
        user = known.user(session, ref)
        service.revoke_token(session, user, token_id)
    return html.see(f"/admin/users/{user.ref}")


def _page(
    request: Request,
    session: Session,
    user: User,
    values: Mapping[str, Any],
    errors: Mapping[str, str],
) -> Response:
    return html.render(
        request,
        "admin/tokens.html",
        page_title="Make a token",
        user=user,
        values=values,
        errors=errors,
        barrier=tokens.barrier(user),
        live=known.live_tokens(session, user.id, now=clock.now()),
    )


def _problems(form: TokenForm) -> dict[str, str]:
    found = {} if form.scope in list(TokenScope) else {"scope": NO_SCOPE}
    try:
        lifetime(form.ttl)
    except ValueError as wrong:
        found["ttl"] = str(wrong)
    return found
