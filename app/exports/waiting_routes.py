"""What waits for a second person: a lead or the auditor, never the one who asked."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy.orm import Session

from app.accounts.deps import Db, May
from app.accounts.permissions import ROLES
from app.audit import service as audit
from app.core import clock
from app.core import pages as html
from app.core.actor import Actor
from app.exports import queries, service, view
from app.exports.queries import Waiting
from app.exports.rules import FORMATS, Format
from app.exports.source import Around
from app.reference import queries as reference

waiting = APIRouter(prefix="/exports/waiting", include_in_schema=False)

Decider = Annotated[Actor, Depends(May("export.approve"))]
ANSWERS = {"approve": True, "refuse": False}


@waiting.get("")
def listing(request: Request, db: Db, actor: Decider) -> Response:
    with db.begin(actor) as session:
        found = queries.waiting(session)
        refs = [row.ref for row in found]
        audit.record(session, "export.list", "export", None, rows=len(refs), refs=refs)
        return html.render(
            request,
            "exports/waiting.html",
            page_title="Exports that wait for you",
            rows=found,
            title=view.title,
            roles={name: role.label for name, role in ROLES.items()},
        )


@waiting.get("/{ref}")
def show(ref: str, request: Request, db: Db, actor: Decider) -> Response:
    with db.begin(actor) as session:
        row = queries.waits(session, ref)
        audit.record(session, "export.read", "export", row.ref)
        return _page(request, session, row, {})


@waiting.post("/{ref}")
def decide(ref: str, request: Request, db: Db, actor: Decider, sent: html.Form) -> Response:
    agreed = ANSWERS.get(sent.get("decision", ""))
    with db.begin(actor) as session:
        if agreed is None:
            row = queries.waits(session, ref)
            return _page(request, session, row, {"decision": "Choose one answer."})
        service.decide(session, actor, ref, agreed=agreed)
    return html.see("/exports/waiting")


def _page(request: Request, session: Session, row: Waiting, errors: dict[str, str]) -> Response:
    around = Around(clock.today(), tuple(sorted(request.app.state.partnership.codes)))
    return html.render(
        request,
        "exports/decide.html",
        page_title=f"Export {row.ref}: may it leave?",
        row=row,
        what=view.title(row.dataset),
        filters=view.filters(session, row.dataset, row.filters, around),
        format=FORMATS[Format(row.format)].label,
        agencies=dict(reference.codes(session, "agency")),
        purposes=dict(reference.codes(session, "purpose")),
        role=ROLES[row.role].label,
        values={},
        errors=errors,
    )
