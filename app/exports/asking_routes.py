"""Asking for a file: what it will hold, who will receive it, why. Above 500 rows with another."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy.orm import Session

from app.accounts import queries as accounts
from app.accounts.deps import Db, May, for_record, session_of
from app.audit import service as audit
from app.core import clock
from app.core import pages as html
from app.core.actor import Actor
from app.exports import rights, service, view
from app.exports.schemas import ExportIn
from app.exports.service import Asked
from app.exports.source import Around
from app.exports.sources import source
from app.reference import queries as reference

asking = APIRouter(prefix="/exports", include_in_schema=False)

# The address of a list stands in these addresses, so they read their queries themselves.
Asker = Annotated[Actor, Depends(May("export.create", own_query=True))]
Second = Annotated[Actor, Depends(May("export.request", own_query=True))]


@asking.get("/new")
def new(request: Request, db: Db, actor: Asker) -> Response:
    return _form(request, db, actor, {}, with_another=False)


@asking.post("/new")
def send_new(request: Request, db: Db, actor: Asker, sent: html.Form) -> Response:
    return _form(request, db, actor, sent, with_another=False)


@asking.get("/request")
def new_request(request: Request, db: Db, actor: Second) -> Response:
    """More rows than one person may take: somebody else looks at it first."""
    return _form(request, db, actor, {}, with_another=True)


@asking.post("/request")
def send_request(request: Request, db: Db, actor: Second, sent: html.Form) -> Response:
    return _form(request, db, actor, sent, with_another=True)


def _form(
    request: Request, db: Db, actor: Actor, sent: dict[str, str], *, with_another: bool
) -> Response:
    able = rights.of(actor.role)
    wanted, errors = html.parse(ExportIn, sent)
    given = request.method == "POST"
    purpose = wanted.purpose if wanted and wanted.purpose in able.purposes else None
    with db.begin(for_record(rights.bare(actor), "", purpose)) as session:
        asked = _asked(request, session, actor, able)
        barrier = asked.barrier(able, with_another=with_another)
        if given and wanted is not None:
            agencies = dict(reference.codes(session, "agency"))
            errors = service.problems(wanted, asked, able, agencies)
        if given and barrier is not None:
            errors = {"rows": barrier}
        if given and wanted is not None and not errors:
            export = service.ask(session, actor, wanted, asked, alone=able.alone)
            return html.see(f"/exports/{export.ref}")
        audit.record(
            session, "export.look", "export", None, rows=asked.rows, dataset=asked.source.name
        )
        context = _context(session, asked, able)
        return html.render(
            request,
            "exports/new.html",
            status=422 if given else 200,
            page_title=f"Export {asked.source.title[:1].lower()}{asked.source.title[1:]}",
            values=sent,
            errors=errors if given else {},
            barrier=barrier,
            narrowed=bool(actor.named) or actor.emergency,
            with_another=with_another,
            ask_another=html.address("/exports/request", **dict(request.query_params))
            if able.with_another
            else None,
            **context,
        )


def _asked(request: Request, session: Session, actor: Actor, able: rights.Rights) -> Asked:
    """The list that was looked at, by its own address."""
    query = {key: value for key, value in request.query_params.items() if value}
    kind = source(query.pop("what", None), able)
    query.pop("page", None)
    partners = tuple(sorted(request.app.state.partnership.codes))
    visit = accounts.last_visit(session, session_of(request))
    around = Around(clock.today(), partners, asker=actor.id, visit=visit)
    filters = kind.read(query, around)
    rows = kind.count(session, filters, able)
    return Asked(kind, filters, query, rows, kind.total(session, filters) - rows)


def _context(session: Session, asked: Asked, able: rights.Rights) -> dict[str, Any]:
    back = html.address(asked.source.list_path, **asked.query)
    return {
        "source": asked.source,
        "rows": asked.rows,
        "kept_back": asked.kept_back,
        "why_kept": asked.source.kept_back(able),
        "filters": asked.source.words(session, asked.filters),
        "back": back,
        "alone": able.alone,
        "formats": view.formats(asked.rows),
        "purposes": [p for p in reference.codes(session, "purpose") if p[0] in able.purposes],
        "agencies": reference.codes(session, "agency"),
    }
