"""A signed-in person reports: the public form without the question who they are."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy.orm import Session

from app.accounts.deps import Db, May
from app.audit import service as audit
from app.core import pages as html
from app.core.actor import Actor
from app.intake import drafts
from app.intake.routes import OPENING
from app.reports import mine

partner_pages = APIRouter(prefix="/reports/new", include_in_schema=False)

OFFERED = 10
Sender = Annotated[Actor, Depends(May("report.create"))]


@partner_pages.get("")
def ask(request: Request, db: Db, actor: Sender) -> Response:
    with db.begin(actor) as session:
        own = _own(session, actor)
        audit.record(session, "report.asked", "report", None, rows=len(own))
    return html.render(request, "reports/new.html", page_title="Tell us about a place", own=own)


@partner_pages.post("")
def begin(request: Request, db: Db, actor: Sender, sent: html.Form) -> Response:
    """An empty form of this person: only they send it, for their organisation."""
    with db.begin(actor) as session:
        drafts.drop_of(session, request.cookies.get(drafts.COOKIE))
        about = next((e.ref for e in _own(session, actor) if e.ref == sent.get("about")), None)
        cookie = drafts.start(session, sender=actor.id, about=about)
        audit.record(session, "report.begun", "report", None, rows=0)
    return drafts.remember(html.see(OPENING), cookie)


def _own(session: Session, actor: Actor) -> Sequence[mine.Sent]:
    """The newest that the organisation sent: this report may be about one of them."""
    return mine.sent_by(session, actor).rows[:OFFERED]
