"""The audit viewer: events for auditors, totals of units and "who has seen this" for leads."""

import tomllib
from typing import Any

from fastapi import APIRouter, Request, Response
from sqlalchemy.orm import Session

from app.accounts.deps import Db
from app.accounts.permissions import PERMISSIONS
from app.core import clock
from app.core import pages as html
from app.core.actor import Actor
from app.core.clock import LONDON
from app.core.db import Database
from app.core.errors import InvalidError
from app.core.paging import Page
from app.oversight import queries, rules, service
from app.oversight.deps import (
    Asked,
    Auditor,
    Downloader,
    Inquirer,
    Looker,
    Verifier,
    check_oversees,
    oversees,
    sees_metadata,
)
from app.oversight.schemas import AskedIn, Event

pages = APIRouter(prefix="/audit", include_in_schema=False)


@pages.get("")
def viewer(request: Request, db: Db, actor: Looker, sent: Asked) -> Response:
    """Events for an auditor, totals of units for a lead; others find their own on their account."""
    if sees_metadata(actor):
        return _events(request, db, actor, *sent)
    if not oversees(actor):
        return html.see("/account")
    with db.begin(actor) as session:
        months, rows = service.totals(session)
        return html.render(
            request, "audit/totals.html", page_title="Audit", months=months, rows=rows
        )


@pages.get("/events.csv")
def download(db: Db, actor: Downloader, sent: Asked) -> Response:
    """Built and recorded in one transaction; the first byte leaves after its commit."""
    asked, errors = sent
    if errors:
        raise InvalidError("Change the fields named below.", errors)
    with db.begin(actor) as session:
        body = service.download(session, asked)
    name = f"audit-{clock.today().isoformat()}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(body, media_type="text/csv; charset=utf-8", headers=headers)


@pages.get("/unusual")
def unusual(request: Request, db: Db, actor: Auditor) -> Response:
    """What an auditor would look for, already looked for."""
    with db.begin(actor) as session:
        return html.render(
            request,
            "audit/unusual.html",
            page_title="Unusual use",
            found=service.unusual_use(session),
            roles=_roles(),
            days=rules.UNUSUAL_DAYS,
            at_most=rules.UNUSUAL_ROWS,
        )


@pages.get("/seen/{ref}")
def seen(ref: str, request: Request, db: Db, actor: Inquirer) -> Response:
    check_oversees(actor)
    with db.begin(actor) as session:
        known, rows = service.seen_by(session, actor, ref)
        return html.render(
            request,
            "audit/seen.html",
            page_title=f"Who has seen {known}",
            ref=known,
            rows=rows,
            at_most=rules.SEEN_ROWS,
            place=known.startswith("PL-") and not sees_metadata(actor),
            roles=_roles(),
            purposes=queries.labels(session, "purpose"),
        )


@pages.post("/verify")
def verify(db: Db, actor: Verifier, _: html.Form) -> Response:
    """Asked of the worker; the state line tells how it ended."""
    with db.begin(actor) as session:
        service.ask_to_verify(session)
    return html.see("/audit")


def _events(
    request: Request, db: Database, actor: Actor, asked: AskedIn, errors: dict[str, str]
) -> Response:
    with db.begin(actor) as session:
        keeping = queries.keeping(session)
        page: Page[Event] = Page([], 0) if errors else service.events(session, asked)
        here = clock.now().astimezone(LONDON)
        return html.render(
            request,
            "audit/events.html",
            page_title="Audit",
            page=page,
            values=dict(request.query_params),
            errors=errors,
            query=request.url.query,
            state=rules.state_sentence(keeping, here.date()),
            alarm=rules.alarm(keeping, _contact(request)),
            late=rules.late(keeping, here),
            asked_at=keeping.asked_at,
            **_choices(session),
        )


def _choices(session: Session) -> dict[str, Any]:
    """What occurs in the audit, in words."""
    return {
        "roles": _roles(),
        "actions": [(code, rules.action_words(code)) for code in queries.actions(session)],
        "types": [(code, rules.action_words(code)) for code in queries.kinds(session)],
        "purposes": queries.labels(session, "purpose"),
        "outcomes": list(rules.OUTCOMES.items()),
    }


def _roles() -> dict[str, str]:
    people = (role for role in PERMISSIONS.roles.values() if role.account)
    return {role.name: html.capital(role.label) for role in people} | {rules.JOB: rules.SERVICE}


def _contact(request: Request) -> str:
    path = request.app.state.settings.partnership
    return str(tomllib.loads(path.read_text())["contact_email"])
