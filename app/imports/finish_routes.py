"""The steps of an import after its columns: dry run, duplicates, confirming, progress, receipt."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy.orm import Session

from app.accounts.deps import Db, May
from app.core import clock
from app.core import pages as html
from app.core.actor import Actor
from app.core.errors import NotFoundError, RuleBrokenError
from app.imports import applying, batches, staging
from app.imports.kinds import KINDS, label
from app.imports.models import Batch
from app.imports.schemas import percent
from app.imports.step_routes import Owner, own
from app.imports.steps import next_page, said
from app.imports.undo import OPEN_DATA
from app.reading import service as reading
from app.reading.schemas import Choices

finish_pages = APIRouter(prefix="/imports", include_in_schema=False)

Reader = Annotated[Actor, Depends(May("import_batch.read"))]
Undoer = Annotated[Actor, Depends(May("import_batch.undo"))]
PAIRS_AT_ONCE = 10


@finish_pages.get("/{ref}")
def go_on(ref: str, db: Db, actor: Reader) -> Response:
    """Where somebody left off; of somebody else's import, the receipt."""
    with db.read(actor) as session:
        batch = batches.find(session, ref)
        page = "receipt"
        if batch.by == actor.id and (batches.has_file(session, batch) or batch.work):
            page = next_page(batch.state, batch.kind, batch.work)
        return html.see(f"/imports/{batch.ref}/{page}")


@finish_pages.get("/{ref}/dry-run")
def dry_run(ref: str, request: Request, db: Db, actor: Owner) -> Response:
    with db.read(actor) as session:
        batch, upload = own(session, actor, ref)
        if batch.state != "DRY_RUN" or batch.work is not None:
            return html.see(
                f"/imports/{batch.ref}/{next_page(batch.state, batch.kind, batch.work)}"
            )
        return html.render(
            request,
            "imports/dry-run.html",
            page_title="Dry run: nothing is written yet",
            batch=batch,
            kind=KINDS[batch.kind],
            preview=upload.preview or {},
            errors_shown=batches.rows(session, batch, "ERROR")[:20],
            hindrance=staging.hindrance(session, batch),
            undecided=batches.undecided(session, batch),
            to_write=batches.to_write(session, batch),
        )


@finish_pages.post("/{ref}/dry-run")
def again(ref: str, db: Db, actor: Owner, sent: html.Form) -> Response:
    """The same once more, after records here have changed."""
    with db.begin(actor) as session:
        batch = staging.try_out(session, actor, ref, None)
        return html.see(f"/imports/{batch.ref}/progress")


@finish_pages.get("/{ref}/errors")
def errors(ref: str, request: Request, db: Db, actor: Owner) -> Response:
    """The person's own file with what is wrong and how to fix it, as a download."""
    with db.read(actor) as session:
        batch, upload = own(session, actor, ref)
        wrong = batches.wrong(session, batch)
    if not wrong:
        raise NotFoundError("This import has no errors.")
    body = applying.shelf_of(request.app.state.settings).open(upload.stored_name, upload.key)
    name, marked = reading.with_problems(batch.file_name, body, Choices(**upload.choices), wrong)
    return Response(
        marked,
        media_type="application/octet-stream",
        headers={"content-disposition": f'attachment; filename="{batch.ref}-{name}"'},
    )


@finish_pages.get("/{ref}/duplicates")
def duplicates(ref: str, request: Request, db: Db, actor: Owner) -> Response:
    with db.begin(applying.of_role(actor)) as session:  # reading intelligence leaves a trace
        batch, _ = own(session, actor, ref)
        return _duplicates_page(request, session, batch, {})


@finish_pages.post("/{ref}/duplicates")
def send_duplicates(ref: str, request: Request, db: Db, actor: Owner, sent: html.Form) -> Response:
    """Each row that is shown, and with `rest` all that nobody has decided."""
    decisions = {
        int(name[4:]): value
        for name, value in sent.items()
        if name.startswith("row_") and name[4:].isdecimal() and len(name) < 14
    }
    with db.begin(applying.of_role(actor)) as session:
        if not decisions and "rest" not in sent:
            batch, _ = own(session, actor, ref)
            words = {"row": "Choose what happens to one row or more."}
            return _duplicates_page(request, session, batch, words)
        batch = staging.decide(session, actor, ref, decisions, sent.get("rest"))
        left = batches.undecided(session, batch)
        return html.see(f"/imports/{batch.ref}/{'duplicates' if left else 'confirm'}")


@finish_pages.get("/{ref}/confirm")
def confirm(ref: str, request: Request, db: Db, actor: Owner) -> Response:
    with db.read(actor) as session:
        batch, _ = own(session, actor, ref)
        return _confirm_page(request, session, batch, {})


@finish_pages.post("/{ref}/confirm")
def send_confirm(ref: str, request: Request, db: Db, actor: Owner, sent: html.Form) -> Response:
    with db.begin(actor) as session:
        batch, _ = own(session, actor, ref)
        if batch.work == "APPLY":  # pressed twice: the first one counts
            return html.see(f"/imports/{batch.ref}/progress")
        if batch.state == "DRY_RUN" and staging.hindrance(session, batch):
            return _confirm_page(request, session, batch, {})
        wrong = staging.number_problem(session, batch, sent.get("rows", ""))
        if wrong:
            return _confirm_page(request, session, batch, {"rows": wrong})
        staging.confirm(session, actor, ref, sent.get("rows", ""))
        return html.see(f"/imports/{batch.ref}/progress")


@finish_pages.get("/{ref}/progress")
def progress(ref: str, request: Request, db: Db, actor: Reader) -> Response:
    """How far it is. A script asks again; without one, a button does."""
    with db.read(actor) as session:
        batch = batches.find(session, ref)
        if batch.work is None and batch.problem is None:
            page = next_page(batch.state, batch.kind, batch.work)
            return html.see(f"/imports/{batch.ref}/{page}")
        upload = batches.upload(session, batch) if batches.has_file(session, batch) else None
        return html.render(
            request,
            "imports/progress.html",
            page_title=said(batch.state, batch.work),
            batch=batch,
            percent=percent(upload),
            back=next_page(batch.state, batch.kind, None),
        )


@finish_pages.get("/{ref}/receipt")
def receipt(ref: str, request: Request, db: Db, actor: Reader) -> Response:
    with db.read(actor) as session:
        batch = batches.find(session, ref)
        has_file = batches.has_file(session, batch)
        mine = actor.role == "cs_lead" or batch.by == actor.id
        open_still = batch.undo_until is not None and batch.undo_until > clock.now()
        return html.render(
            request,
            "imports/receipt.html",
            page_title=f"Import {batch.ref}",
            batch=batch,
            kind=label(batch.kind),
            open_data=batch.kind in OPEN_DATA,
            state=said(batch.state, batch.work, has_file=has_file),
            own_file=has_file and batch.by == actor.id,
            may_undo=batch.state == "APPLIED" and batch.work is None and mine and open_still,
        )


@finish_pages.get("/{ref}/undo")
def undo(ref: str, request: Request, db: Db, actor: Undoer) -> Response:
    """What would go and what would stay, before anything does. Locks: a writing transaction."""
    with db.begin(actor) as session:
        batch = batches.find(session, ref)
        if batch.state != "APPLIED":
            raise RuleBrokenError("Only an import that was applied can be undone.")
        return html.render(
            request,
            "imports/undo.html",
            page_title="Undo this import?",
            batch=batch,
            kept=batches.changed_since(session, batch),
            open_data=batch.kind in OPEN_DATA,
        )


@finish_pages.post("/{ref}/undo")
def send_undo(ref: str, db: Db, actor: Undoer, sent: html.Form) -> Response:
    with db.begin(actor) as session:
        batch = staging.take_back(session, actor, ref)
        return html.see(f"/imports/{batch.ref}/progress")


def _duplicates_page(
    request: Request, session: Session, batch: Batch, errors: dict[str, str]
) -> Response:
    if batch.kind not in applying.SORTS:  # keys decide what is there already
        return html.see(f"/imports/{batch.ref}/{next_page(batch.state, batch.kind, batch.work)}")
    waiting = [row for row in batches.rows(session, batch, "DUPLICATE") if row.decision is None]
    sort = applying.SORTS[batch.kind](request.app.state.settings.partnership)
    pairs = [
        (row, sort.told(session, row.alike) if row.alike else {}) for row in waiting[:PAIRS_AT_ONCE]
    ]
    return html.render(
        request,
        "imports/duplicates.html",
        page_title="Are these there already?",
        batch=batch,
        pairs=pairs,
        n_waiting=len(waiting),
        values={},
        errors=errors,
    )


def _confirm_page(
    request: Request, session: Session, batch: Batch, errors: dict[str, str]
) -> Response:
    hindrance = staging.hindrance(session, batch)
    return html.render(
        request,
        "imports/confirm.html",
        status=422 if errors or hindrance else 200,
        page_title="Import these rows?",
        batch=batch,
        kind=label(batch.kind),
        hindrance=hindrance,
        to_write=batches.to_write(session, batch),
        values={},
        errors=errors,
    )
