"""One's own exports: the list, the page of one, the file."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from app.accounts.deps import Db, May, can
from app.audit import service as audit
from app.core import clock
from app.core import pages as html
from app.core.actor import Actor
from app.core.paging import Page, linked
from app.exports import making, queries, rights, rules, service, view
from app.exports.rules import FORMATS, Format
from app.exports.source import Around

pages = APIRouter(prefix="/exports", include_in_schema=False)

Reader = Annotated[Actor, Depends(May("export.read"))]
Lister = Annotated[Actor, Depends(May("export.read", elsewhere=True))]
Fetcher = Annotated[Actor, Depends(May("export.download"))]
PageNumber = Annotated[int, Query(alias="page", ge=1, le=10_000)]

# What is in a file came from people: in a browser it may do nothing, and it has no origin.
SANDBOX = "default-src 'none'; sandbox"


@pages.get("")
def listing(request: Request, db: Db, actor: Lister, number: PageNumber = 1) -> Response:
    """Whoever may only decide finds what waits for them."""
    if not can(actor, "export.read"):
        return html.see("/exports/waiting")
    now = clock.now()
    with db.begin(actor) as session:
        found = queries.own(session, number=number)
        refs = [export.ref for export in found.rows]
        audit.record(session, "export.list", "export", None, rows=len(refs), refs=refs)
        lines = view.lines(session, list(found.rows), now)
    page = linked(Page(lines, found.total, found.number), request.url, queries.PAGE_SIZE)
    return html.render(request, "exports/list.html", page_title="Exports", page=page)


@pages.get("/{ref}")
def show(ref: str, request: Request, db: Db, actor: Reader) -> Response:
    around = Around(clock.today(), tuple(sorted(request.app.state.partnership.codes)))
    with db.begin(actor) as session:
        export = queries.find(session, ref)
        audit.record(session, "export.read", "export", export.ref)
        return html.render(
            request,
            "exports/show.html",
            page_title=f"Export {export.ref}",
            line=view.line(session, export, clock.now()),
            filters=view.filters(session, export.dataset, export.filters, around),
            gone=rules.GONE,
        )


@pages.get("/{ref}/file")
def file(ref: str, request: Request, db: Db, actor: Fetcher) -> Response:
    """Told to the audit and committed before its first byte leaves."""
    kept = making.shelf(request.app.state.settings)
    with db.begin(rights.bare(actor)) as session:
        export, body = service.fetch(session, actor, ref, kept, clock.now())
    form = Format(export.format)
    name = rules.file_name(export.dataset, export.ref, form)
    headers = {
        "Content-Disposition": f'attachment; filename="{name}"',
        "Content-Security-Policy": SANDBOX,
    }
    return Response(body, headers=headers, media_type=FORMATS[form].media_type)
