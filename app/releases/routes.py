"""Releases: the list, one with its tables, and a table as a page or a file.

Who reads numbers has no filter: an address is a release and a table, and nothing else is there.
"""

from collections.abc import Callable
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy.orm import Session

from app.accounts.deps import Db, May
from app.core import pages as html
from app.core.actor import Actor
from app.core.errors import InvalidError, NotFoundError, RuleBrokenError
from app.core.partnership import partnership
from app.releases import queries, rules, service, view
from app.releases.models import Release

releases = APIRouter(prefix="/releases", include_in_schema=False)

Reader = Annotated[Actor, Depends(May("release.read"))]
Asker = Annotated[Actor, Depends(May("release.create"))]
Signer = Annotated[Actor, Depends(May("release.approve"))]
Taker = Annotated[Actor, Depends(May("release.download"))]
LEDGER = frozenset({"partner", "practitioner", "police_analyst", "vca_member"})


@releases.get("")
def show_all(
    request: Request, db: Db, actor: Reader, sign: Literal["mine"] | None = None
) -> Response:
    """All, or those that wait for the reader's signature."""
    with db.read(actor) as session:
        found = queries.to_sign(session, actor.role) if sign else None
        return _list(request, session, {}, {}, found)


@releases.post("")
def ask(request: Request, db: Db, actor: Asker, sent: html.Form) -> Response:
    with db.begin(actor) as session:
        try:
            release = service.ask(session, actor, sent.get("period", ""))
        except InvalidError as wrong:
            return _list(request, session, sent, wrong.fields)
        return html.see(f"/releases/{release.code}")


@releases.get("/{code}")
def show(code: str, request: Request, db: Db, actor: Reader) -> Response:
    with db.begin(actor) as session:
        release = queries.find(session, code)
        _note(session, actor, release, "ALL")
        return _show(request, session, release, {}, {})


@releases.post("/{code}/sign")
def sign(code: str, request: Request, db: Db, actor: Signer, _: html.Form) -> Response:
    with db.begin(actor) as session:
        release = queries.find(session, code, lock=True)
        return _after(request, session, release, {}, lambda: service.sign(session, actor, release))


@releases.post("/{code}/recount")
def recount(code: str, request: Request, db: Db, actor: Asker, _: html.Form) -> Response:
    with db.begin(actor) as session:
        release = queries.find(session, code)
        return _after(request, session, release, {}, lambda: service.recount(session, release))


@releases.post("/{code}/withdraw")
def withdraw(code: str, request: Request, db: Db, actor: Signer, sent: html.Form) -> Response:
    with db.begin(actor) as session:
        release, why = queries.find(session, code, lock=True), sent.get("reason", "")
        return _after(
            request, session, release, sent, lambda: service.withdraw(session, actor, release, why)
        )


@releases.get("/{code}/{table}.csv")
def take(code: str, table: str, request: Request, db: Db, actor: Taker) -> Response:
    with db.begin(actor) as session:
        release = queries.find(session, code)
        found = queries.cells(session, release, table)
        if not found:
            raise NotFoundError(rules.NO_TABLE)
        _note(session, actor, release, table)
        names = names_of(session, request, release)
    file_name = f"vca-{release.code}-{table}.csv"
    return Response(
        view.as_csv(found, names),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{file_name}"'},
    )


@releases.get("/{code}/{table}")
def show_table(code: str, table: str, request: Request, db: Db, actor: Reader) -> Response:
    with db.begin(actor) as session:
        release = queries.find(session, code)
        found = queries.cells(session, release, table)
        if not found:
            raise NotFoundError(rules.NO_TABLE)
        _note(session, actor, release, table)
        made = view.grid(table, found, names_of(session, request, release))
        return html.render(
            request,
            "releases/table.html",
            page_title=made.title,
            release=release,
            window=rules.window(release.period),
            grid=made,
            states=rules.STATES,
        )


def names_of(session: Session, request: Request, release: Release) -> dict[str, str]:
    told = partnership(request.app.state.settings.partnership)
    boroughs = {one.code: one.name for one in told.borough}
    return view.names_of(release.named, boroughs, queries.names(session))


def _after(
    request: Request,
    session: Session,
    release: Release,
    sent: dict[str, str],
    step: Callable[[], object],
) -> Response:
    """The release once the step is done, or its page with what stands in the way."""
    try:
        step()
    except (InvalidError, RuleBrokenError) as refused:
        return _show(request, session, release, sent, refused.beside("form"))
    return html.see(f"/releases/{release.code}")


def _note(session: Session, actor: Actor, release: Release, table: str) -> None:
    """The ledger is of those who see no records."""
    if actor.role in LEDGER:
        queries.note_read(session, release, table)


def _list(
    request: Request,
    session: Session,
    values: dict[str, str],
    errors: dict[str, str],
    found: list[Release] | None = None,
) -> Response:
    some = queries.newest(session) if found is None else found
    return html.render(
        request,
        "releases/list.html",
        page_title="Releases of numbers" if found is None else "Releases that you may sign",
        rows=[(one, rules.window(one.period)) for one in some],
        states=rules.STATES,
        values=values,
        errors=errors,
    )


def _show(
    request: Request,
    session: Session,
    release: Release,
    values: dict[str, str],
    errors: dict[str, str],
) -> Response:
    found = queries.cells(session, release)
    window = rules.window(release.period)
    return html.render(
        request,
        "releases/show.html",
        page_title=f"Numbers of {window.words}",
        release=release,
        window=window,
        tables=[(code, rules.TITLES[code]) for code in view.tables_of(found)],
        states=rules.STATES,
        beside=queries.beside(session, release),
        values=values,
        errors=errors,
    )
