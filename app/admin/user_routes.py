"""Accounts: list, new, one, change, and the decisions about one, each a page with a question."""

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BeforeValidator

from app.accounts import queries as known
from app.accounts import service as accounts
from app.accounts.deps import Db, Post
from app.accounts.models import User
from app.accounts.rules import UNUSED, State
from app.admin import queries, service, words
from app.admin.deps import MayAll
from app.admin.pages import Partners, account_page, change_page, decision_page, handed_over, wanted
from app.core import clock
from app.core import pages as html
from app.core.actor import Actor
from app.core.paging import linked

user_pages = APIRouter(prefix="/admin/users", include_in_schema=False)

Reader = Annotated[Actor, Depends(MayAll("user.read"))]
Maker = Annotated[Actor, Depends(MayAll("user.create"))]
Changer = Annotated[Actor, Depends(MayAll("user.update"))]
Confirmer = Annotated[Actor, Depends(MayAll("user.approve"))]
Ender = Annotated[Actor, Depends(MayAll("user.revoke"))]
PageNumber = Annotated[int, Query(alias="page", ge=1, le=10_000)]
Said = Annotated[str | None, Query(max_length=80)]


WHO_CHANGED = "Who signs in to your account was changed"
WHO_CHANGED_LETTER = """\
An administrator changed the e-mail address or the work account that belongs to your account. You
were signed out.

If you do not know of this, tell the contextual safeguarding lead now.

Contextmap
"""


def _or_none(value: str | None) -> str | None:
    return value or None


def filters_of(
    role: Said = None,
    state: Annotated[State | None, BeforeValidator(_or_none)] = None,
    q: Said = None,
    waiting: Literal["yes", ""] = "",
    unused: Literal["yes", ""] = "",
) -> queries.Filters:
    before = clock.now() - UNUSED if unused else None
    return queries.Filters(role or None, state, q or None, bool(waiting), before)


@user_pages.get("")
def listing(
    request: Request,
    db: Db,
    actor: Reader,
    asked: Annotated[queries.Filters, Depends(filters_of)],
    number: PageNumber = 1,
) -> Response:
    with db.read(actor) as session:
        found = queries.accounts(session, asked, number=number)
        return html.render(
            request,
            "admin/users.html",
            page_title="Accounts",
            page=linked(found, request.url, queries.PAGE_SIZE),
            waiting=queries.waiting(session),
            filters=dict(request.query_params),
            filtered=asked != queries.Filters(),
            roles=words.labels(accounts_only=True),
            agencies=known.agencies(session),
            boroughs=known.boroughs(session),
            today=clock.today(),
        )


@user_pages.get("/new")
def new(request: Request, db: Db, actor: Maker, partners: Partners) -> Response:
    with db.read(actor) as session:
        return change_page(request, session, partners, {}, {})


@user_pages.post("/new")
def send_new(
    request: Request, db: Db, post: Post, actor: Maker, sent: html.Form, partners: Partners
) -> Response:
    asked, _, errors = wanted(sent)
    with db.begin(actor) as session:
        if asked is not None:
            errors = service.problems(session, asked, partners)
        if asked is None or errors:
            return change_page(request, session, partners, sent, errors)
        issuer = request.app.state.settings.oidc_issuer
        user = service.create(session, actor.id, asked, issuer=issuer)
        token = service.invite(session, actor.id, user, now=clock.now())
    return handed_over(request, post, user, token)


@user_pages.get("/{ref}")
def show(
    ref: str, request: Request, db: Db, actor: Reader, invited: Literal["yes"] | None = None
) -> Response:
    with db.read(actor) as session:
        user = known.user(session, ref)
        return account_page(request, session, actor, user, invited=invited is not None)


@user_pages.get("/{ref}/edit")
def edit(ref: str, request: Request, db: Db, actor: Changer, partners: Partners) -> Response:
    with db.read(actor) as session:
        user = known.user(session, ref)
        return change_page(request, session, partners, _answers(user), {}, user=user)


@user_pages.post("/{ref}/edit")
def send_edit(
    ref: str,
    request: Request,
    db: Db,
    post: Post,
    actor: Changer,
    sent: html.Form,
    partners: Partners,
) -> Response:
    asked, version, errors = wanted(sent)
    issuer = request.app.state.settings.oidc_issuer
    with db.begin(actor) as session:
        user = known.lock_user(session, ref)
        if asked is not None:
            errors = service.problems(session, asked, partners, user)
        if asked is None or errors:
            return change_page(request, session, partners, sent, errors, user=user)
        if version != user.version:
            return change_page(request, session, partners, sent, {}, user=user, stale=True)
        before = (user.email, user.oidc_subject)
        service.revise(session, actor.id, user, asked, issuer=issuer)
    if before[0] and before != (user.email, user.oidc_subject):
        # To the address that was: whoever has the new one need not be the person.
        post.send(before[0], WHO_CHANGED, WHO_CHANGED_LETTER)
    return html.see(f"/admin/users/{user.ref}")


@user_pages.get("/{ref}/confirm")
def ask_confirm(ref: str, request: Request, db: Db, actor: Confirmer) -> Response:
    with db.read(actor) as session:
        user = known.user(session, ref)
        barrier = service.barrier_to_confirm(session, actor, user)
        return decision_page(request, session, user, "confirm", barrier=barrier)


@user_pages.post("/{ref}/confirm")
def send_confirm(ref: str, db: Db, actor: Confirmer, _: html.Form) -> Response:
    with db.begin(actor) as session:
        user = known.lock_user(session, ref)
        service.confirm(session, actor, user)
    return html.see(f"/admin/users/{user.ref}")


@user_pages.get("/{ref}/end-sessions")
def ask_end(ref: str, request: Request, db: Db, actor: Ender) -> Response:
    with db.read(actor) as session:
        return decision_page(request, session, known.user(session, ref), "end-sessions")


@user_pages.post("/{ref}/end-sessions")
def send_end(ref: str, db: Db, actor: Ender, _: html.Form) -> Response:
    with db.begin(actor) as session:
        user = known.user(session, ref)
        accounts.end_sessions(session, user)
    return html.see(f"/admin/users/{user.ref}")


@user_pages.post("/{ref}/sessions/{visit_id}/end")
def end_one(ref: str, visit_id: UUID, db: Db, actor: Ender, _: html.Form) -> Response:
    with db.begin(actor) as session:
        user = known.user(session, ref)
        service.end_session(session, user, visit_id)
    return html.see(f"/admin/users/{user.ref}")


@user_pages.get("/{ref}/disable")
def ask_disable(ref: str, request: Request, db: Db, actor: Changer) -> Response:
    with db.read(actor) as session:
        return decision_page(request, session, known.user(session, ref), "disable")


@user_pages.post("/{ref}/disable")
def send_disable(ref: str, db: Db, actor: Changer, _: html.Form) -> Response:
    with db.begin(actor) as session:
        user = known.lock_user(session, ref)
        service.disable(session, actor.id, user)
    return html.see(f"/admin/users/{user.ref}")


@user_pages.get("/{ref}/invite")
def ask_invite(ref: str, request: Request, db: Db, actor: Changer) -> Response:
    with db.read(actor) as session:
        return decision_page(request, session, known.user(session, ref), "invite")


@user_pages.post("/{ref}/invite")
def send_invite(
    ref: str, request: Request, db: Db, post: Post, actor: Changer, _: html.Form
) -> Response:
    with db.begin(actor) as session:
        user = known.lock_user(session, ref)
        token = service.invite(session, actor.id, user, now=clock.now())
    return handed_over(request, post, user, token)


def _answers(user: User) -> dict[str, Any]:
    """What the form shows before anybody typed."""
    names = (*service.FACTS, "username", "version")
    boxes = {f"borough_{code}": "yes" for code in user.borough_codes}
    return {name: getattr(user, name) for name in names} | boxes
