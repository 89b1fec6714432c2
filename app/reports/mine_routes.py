"""My reports: for partners, who see of a report what its sender is told."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from app.accounts.deps import Db, May
from app.audit import service as audit
from app.core import pages as html
from app.core.actor import Actor
from app.core.paging import linked
from app.reports import mine

mine_pages = APIRouter(prefix="/reports/mine", include_in_schema=False)

Reader = Annotated[Actor, Depends(May("report.read"))]
PageNumber = Annotated[int, Query(alias="page", ge=1, le=10_000)]
STATUS = "status"


@mine_pages.get("")
def listing(request: Request, db: Db, actor: Reader, number: PageNumber = 1) -> Response:
    """Whoever may read more of reports has the inbox."""
    if actor.view != STATUS:
        return html.see("/reports")
    with db.begin(actor) as session:
        found = mine.sent_by(session, actor, number=number)
        audit.record(session, "report.list", "report", None, rows=len(found.rows))
    page = linked(found, request.url, mine.PAGE_SIZE)
    return html.render(request, "reports/mine.html", page_title="My reports", page=page)
