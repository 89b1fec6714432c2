"""Comments of an assessment, a plan or a review: a page of their own, and JSON."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy.orm import Session

from app.accounts.deps import Db, May
from app.comments import queries, rules, service
from app.comments.models import Comment
from app.comments.schemas import CommentIn, CommentOut
from app.core import pages as html
from app.core.actor import Actor
from app.core.errors import InvalidError
from app.core.problems import documented
from app.core.types import Bare

pages = APIRouter(prefix="/comments", include_in_schema=False)
api = APIRouter(prefix="/api/v1/comments", tags=["comments"])

Reader = Annotated[Actor, Depends(May("context_comment.read"))]
Writer = Annotated[Actor, Depends(May("context_comment.create"))]
Owner = Annotated[Actor, Depends(May("context_comment.update"))]


@pages.get("/{ref}")
def show(ref: str, request: Request, db: Db, actor: Reader) -> Response:
    with db.read(actor) as session:
        return _page(request, session, actor, queries.subject(session, ref), {}, {})


@pages.post("/{ref}")
def send(ref: str, request: Request, db: Db, actor: Writer, sent: html.Form) -> Response:
    wanted, errors = html.parse(CommentIn, sent)
    with db.begin(actor) as session:
        about = queries.subject(session, ref)
        if wanted is None:
            errors = {name: rules.EMPTY if name == "body" else w for name, w in errors.items()}
            return _page(request, session, actor, about, sent, errors)
        try:
            service.add(session, actor, about, wanted.body)
        except InvalidError as wrong:
            return _page(request, session, actor, about, sent, wrong.fields)
        return html.see(about.url)


@pages.post("/{ref}/{key}/withdraw")
def take_back(ref: str, key: UUID, db: Db, actor: Owner, _: html.Form) -> Response:
    with db.begin(actor) as session:
        about = queries.subject(session, ref)
        service.take_back(session, actor, about, key)
        return html.see(about.url)


@api.get("/{ref}", responses=documented(404))
def read(ref: str, db: Db, actor: Reader) -> list[CommentOut]:
    """The comments of an assessment, a plan or a review, the oldest first."""
    with db.read(actor) as session:
        about = queries.subject(session, ref)
        return [_out(about.ref, row) for row in queries.of(session, about.kind, about.id)]


@api.post("/{ref}", status_code=201, responses=documented(404, 422))
def write(ref: str, wanted: CommentIn, db: Db, actor: Writer) -> CommentOut:
    """Add a comment; nothing of the record itself changes."""
    with db.begin(actor) as session:
        about = queries.subject(session, ref)
        return _out(about.ref, service.add(session, actor, about, wanted.body))


@api.post("/{ref}/{key}/withdraw", responses=documented(404, 409))
def withdraw(ref: str, key: UUID, _: Bare, db: Db, actor: Owner) -> CommentOut:
    """Take a comment back: its words go, that there was one stays."""
    with db.begin(actor) as session:
        about = queries.subject(session, ref)
        return _out(about.ref, service.take_back(session, actor, about, key))


def _out(ref: str, row: Comment) -> CommentOut:
    return CommentOut(
        id=row.id,
        about=ref,
        at=row.created_at,
        agency=row.agency_code,
        body=row.body,
        withdrawn_at=row.withdrawn_at,
    )


def _page(
    request: Request,
    session: Session,
    actor: Actor,
    about: queries.Subject,
    values: dict[str, str],
    errors: dict[str, str],
) -> Response:
    return html.render(
        request,
        "comments/show.html",
        page_title=f"Comments on the {about.kind.label} {about.ref}",
        about=about,
        comments=service.shown(session, actor, about.kind, about.id, about.ref),
        values=values,
        errors=errors,
    )
