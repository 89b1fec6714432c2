"""The page for everybody, and where a lead and an auditor turn it on and off."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy.orm import Session

from app.accounts.deps import Db, May
from app.audit import service as audit
from app.briefings import public, public_words, queries
from app.briefings.models import Briefing
from app.core import clock
from app.core import pages as html
from app.core.actor import PUBLIC, Actor
from app.core.errors import NotFoundError, RuleBrokenError

open_to_all = APIRouter(include_in_schema=False)
publishing = APIRouter(prefix="/briefings", include_in_schema=False)

Signer = Annotated[Actor, Depends(May("public_summary.approve"))]
# Short, so that what is recalled is gone within minutes from copies of it, too.
KEPT = {"Cache-Control": "public, max-age=300"}


@open_to_all.get("/summary")
def summary(request: Request, db: Db) -> Response:
    """Totals of one quarter for everybody: the same bytes to each, no cookie, nothing asked."""
    with db.read(PUBLIC) as session:
        shown = public.shown(session)
    if shown is None:
        raise NotFoundError(public_words.ABSENT)
    answer = html.render(
        request,
        "summary.html",
        page_title="Harm to young people outside the home",
        page=shown.page,
        shown_on=f"{clock.london(shown.shown_at):%-d %B %Y}",
    )
    answer.headers.update(KEPT)
    return answer


@publishing.get("/{ref}/public")
def ask(ref: str, request: Request, db: Db, actor: Signer) -> Response:
    with db.begin(actor) as session:
        return _page(request, session, queries.find(session, ref), {})


@publishing.post("/{ref}/public")
def sign(ref: str, request: Request, db: Db, actor: Signer, _: html.Form) -> Response:
    """A lead asks, an auditor signs."""
    with db.begin(actor) as session:
        briefing = queries.find(session, ref)
        try:
            if actor.role == "auditor":
                public.sign(session, actor, briefing)
            else:
                public.ask(session, actor, briefing, _boroughs(request))
        except RuleBrokenError as refused:
            return _page(request, session, briefing, refused.beside("form"))
        return html.see(f"/briefings/{briefing.ref}/public")


@publishing.post("/{ref}/public/end")
def end(ref: str, request: Request, db: Db, actor: Signer, _: html.Form) -> Response:
    with db.begin(actor) as session:
        briefing = queries.find(session, ref)
        try:
            public.end(session, actor, briefing)
        except RuleBrokenError as refused:
            return _page(request, session, briefing, refused.beside("form"))
        return html.see(f"/briefings/{briefing.ref}/public")


def _page(
    request: Request, session: Session, briefing: Briefing, errors: dict[str, str]
) -> Response:
    standing = public.of_report(session, briefing)
    preview, barrier = None, None
    try:
        preview = public.preview(session, briefing, standing, _boroughs(request))
    except RuleBrokenError as refused:
        barrier = str(refused)
    audit.record(session, "briefing.read", "briefing", briefing.ref, page="public")
    return html.render(
        request,
        "briefings/public.html",
        page_title="The page for everybody",
        briefing=briefing,
        standing=standing,
        preview=preview,
        barrier=barrier,
        values={},
        errors=errors,
    )


def _boroughs(request: Request) -> dict[str, str]:
    return {one.code: one.name for one in request.app.state.partnership.borough}
