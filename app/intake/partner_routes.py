"""A signed-in person reports: the public form without the question who they are."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from app.accounts.deps import Db, May
from app.audit import service as audit
from app.core import pages as html
from app.core.actor import Actor
from app.intake import drafts
from app.intake.routes import OPENING

partner_pages = APIRouter(prefix="/reports/new", include_in_schema=False)

Sender = Annotated[Actor, Depends(May("report.create"))]


@partner_pages.get("")
def ask(request: Request, db: Db, actor: Sender) -> Response:
    with db.begin(actor) as session:
        audit.record(session, "report.asked", "report", None, rows=0)
    return html.render(request, "reports/new.html", page_title="Tell us about a place")


@partner_pages.post("")
def begin(request: Request, db: Db, actor: Sender, _: html.Form) -> Response:
    """An empty form of this person: only they send it, for their organisation."""
    with db.begin(actor) as session:
        drafts.drop_of(session, request.cookies.get(drafts.COOKIE))
        cookie = drafts.start(session, sender=actor.id)
        audit.record(session, "report.begun", "report", None, rows=0)
    return drafts.remember(html.see(OPENING), cookie)
