"""Briefings: the list, a page of one, its tables as files. What is shown is the snapshot alone."""

import json
from collections.abc import Callable
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request, Response
from sqlalchemy.orm import Session

from app.accounts.deps import Db, May, Somebody, can
from app.accounts.permissions import PERMISSIONS
from app.audit import service as audit
from app.briefings import document, printing, queries, rules, service, sheets
from app.briefings.models import Briefing, Json
from app.core import pages as html
from app.core.actor import Actor
from app.core.errors import InvalidError, NotFoundError
from app.packs import routes as packs
from app.packs import view as packs_view
from app.releases import rules as periods

TYPES = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "zip": "application/zip",
}
briefings = APIRouter(prefix="/briefings", include_in_schema=False)

Reader = Annotated[Actor, Depends(May("briefing_released.read"))]
Printer = Annotated[Actor, Depends(May("briefing_released.read"))]
Beginner = Annotated[Actor, Depends(May("briefing_draft.create"))]
Taker = Annotated[Actor, Depends(May("briefing_released.download"))]


@briefings.get("")
def show_all(
    request: Request, db: Db, actor: Somebody, sign: Literal["mine"] | None = None
) -> Response:
    """All, or those that wait for the reader's signature."""
    with db.begin(actor) as session:
        found = queries.to_sign(session, actor.role) if sign else None
        return _list(request, session, {}, {}, found)


@briefings.post("")
def begin(request: Request, db: Db, actor: Beginner, sent: html.Form) -> Response:
    with db.begin(actor) as session:
        try:
            briefing = service.begin(session, actor, sent.get("period", ""))
        except InvalidError as wrong:
            return _list(request, session, sent, wrong.fields)
        return html.see(f"/briefings/{briefing.ref}/write")


@briefings.get("/{ref}")
def show(
    ref: str,
    request: Request,
    db: Db,
    actor: Somebody,
    all_parts: Annotated[Literal["all"] | None, Query(alias="print")] = None,
    screen: packs.Screen = 0,
) -> Response:
    """The pack of a panel; or the cover of a report, whose draft leads to its sentences.

    With `print=all` every page of a report.
    """
    found = packs.page(request, db, actor, ref, screen)
    if found is not None:
        return found
    if all_parts is not None:
        return _whole(db, actor, ref)
    return _page(request, db, actor, ref, None)


@briefings.get("/{ref}/whole")
def show_whole(ref: str, request: Request, db: Db, actor: Printer) -> Response:
    """Every page on one, to print: the canonical report."""
    return _whole(db, actor, ref)


@briefings.get("/{ref}/pages/{number}")
def show_page(ref: str, number: int, request: Request, db: Db, actor: Reader) -> Response:
    return _page(request, db, actor, ref, number)


@briefings.get("/{ref}/pdf")
def take_pdf(ref: str, request: Request, db: Db, actor: Taker) -> Response:
    """The file that a job printed; a recalled report says so on each page."""
    with db.begin(actor) as session:
        briefing = queries.find(session, ref)
        file = queries.printed(session, briefing)
        if file is None:
            raise NotFoundError(rules.NO_PDF)
        audit.record(session, "briefing.download", "briefing", briefing.ref, format="pdf")
        return Response(
            file.body,
            media_type="application/pdf",
            headers={
                "Content-Disposition": f'attachment; filename="vca-{briefing.period_code}.pdf"'
            },
        )


@briefings.get("/{ref}/tables.xlsx")
def take_workbook(ref: str, request: Request, db: Db, actor: Taker) -> Response:
    """A sheet for each table."""
    return _tables(db, actor, ref, "xlsx", sheets.as_xlsx)


@briefings.get("/{ref}/tables.zip")
def take_tables(ref: str, request: Request, db: Db, actor: Taker) -> Response:
    """Each table as CSV, and a list of them."""
    return _tables(db, actor, ref, "zip", sheets.as_zip)


@briefings.get("/{ref}/tables/{table}.csv")
def take(ref: str, table: str, request: Request, db: Db, actor: Taker) -> Response:
    with db.begin(actor) as session:
        briefing, made = read(session, ref)
        found = document.block(made, table)
        if found is None or briefing.state not in rules.OUT:
            raise NotFoundError(rules.NO_PAGE)
        audit.record(session, "briefing.download", "briefing", briefing.ref, table=table)
        name = f"vca-{briefing.period_code}-{table}.csv"
    return Response(
        sheets.as_csv(found, made, briefing),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _tables(
    db: Db, actor: Actor, ref: str, kind: str, writer: Callable[[Json, Briefing], bytes]
) -> Response:
    """All tables of a report that is out, as one file."""
    with db.begin(actor) as session:
        briefing, made = read(session, ref)
        if briefing.state not in rules.OUT:
            raise NotFoundError(rules.NO_PAGE)
        audit.record(session, "briefing.download", "briefing", briefing.ref, format=kind)
        body, name = writer(made, briefing), f"vca-{briefing.period_code}-tables.{kind}"
    return Response(
        body,
        media_type=TYPES[kind],
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def read(session: Session, ref: str) -> tuple[Briefing, Json]:
    """A briefing and what is printed of it."""
    briefing = queries.find(session, ref)
    if briefing.snapshot is None:
        raise NotFoundError(rules.NO_PAGE)
    made: Json = json.loads(briefing.snapshot)
    return briefing, made


def _whole(db: Db, actor: Actor, ref: str) -> Response:
    with db.begin(actor) as session:
        briefing, made = read(session, ref)
        audit.record(session, "briefing.read", "briefing", briefing.ref)
        page = printing.whole(made, briefing)
    return Response(page, media_type="text/html; charset=utf-8")


def _page(request: Request, db: Db, actor: Actor, ref: str, number: int | None) -> Response:
    with db.begin(actor) as session:
        briefing = queries.find(session, ref)
        if briefing.snapshot is None:
            audit.record(session, "briefing.read", "briefing", briefing.ref, rows=0)
            return html.see(f"/briefings/{briefing.ref}/write")
        made: Json = json.loads(briefing.snapshot)
        numbers = [page["number"] for page in made["pages"]]
        if number is not None and number not in numbers:
            raise NotFoundError(rules.NO_PAGE)
        audit.record(session, "briefing.read", "briefing", briefing.ref, page=number or 0)
        told = document.document(made, briefing)
        page = None if number is None else told["pages"][numbers.index(number)]
        return html.render(
            request,
            "briefings/page.html" if page else "briefings/cover.html",
            page_title=page["title"] if page else made["title"],
            briefing=briefing,
            made=made,
            document=told,
            page=page,
            printed=queries.printed(session, briefing) is not None,
            states=rules.STATES,
            values={},
            errors={},
        )


def _list(
    request: Request,
    session: Session,
    values: dict[str, str],
    errors: dict[str, str],
    found: list[Briefing] | None = None,
) -> Response:
    actor = request.state.actor
    some = found
    if some is None:
        some = queries.newest(session) if may_read(actor) else []
    shown = packs_view.listed(session, actor) if can(actor, "meeting_pack.read") else []
    audit.record(session, "briefing.list", "briefing", None, rows=len(some) + len(shown))
    return html.render(
        request,
        "briefings/list.html",
        page_title="Briefings" if found is None else "Reports that you may sign",
        rows=[(one, periods.window(one.period_code)) for one in some],
        packs=shown if found is None else [],
        summaries=packs_view.tonight(session, actor),
        reads_reports=may_read(actor),
        states=rules.STATES,
        values=values,
        errors=errors,
    )


def may_read(actor: Actor) -> bool:
    """Whether quarterly reports are anything to this role."""
    return PERMISSIONS.rule(actor.role, "briefing_released.read") is not None
