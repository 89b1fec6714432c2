"""The steps of an import as pages: upload, kind, columns, values. Each has its own address."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy.orm import Session

from app.accounts.deps import Db, May
from app.core import pages as html
from app.core.actor import Actor
from app.core.errors import InvalidError, NotFoundError
from app.imports import batches, forms, native, staging, step_views
from app.imports.applying import shelf_of
from app.imports.deps import NO_FILE, Form
from app.imports.kinds import KINDS
from app.imports.mapping import Mapping as Columns
from app.imports.mapping import guessed, with_swapped
from app.imports.models import Batch, Upload
from app.reading import service as reading
from app.reading.schemas import Choices, Found

step_pages = APIRouter(prefix="/imports", include_in_schema=False)

Importer = Annotated[Actor, Depends(May("import_batch.create"))]
Owner = Annotated[Actor, Depends(May("import_batch.update"))]


@step_pages.get("/new")
def new(request: Request, actor: Importer) -> Response:
    return step_views.upload_page(request, actor, {})


@step_pages.post("/new")
def send_new(request: Request, db: Db, actor: Importer, sent: Form) -> Response:
    """Read by a process that can do nothing else, before anything of it is kept."""
    settings = request.app.state.settings
    try:
        found = read_of(sent.name, sent.body, settings.upload_bytes)
    except InvalidError as refused:
        return step_views.upload_page(request, actor, refused.fields or {"file": refused.detail})
    with db.begin(actor) as session:
        batch = staging.stage(
            session, actor, shelf_of(settings), name=sent.name, body=sent.body, found=found
        )
        return html.see(f"/imports/{batch.ref}/kind")


def read_of(name: str, body: bytes, most: int, choices: Choices = Choices()) -> Found:  # noqa: B008 - immutable
    """What a file is, or why it is refused, in words for its field."""
    if not body:
        raise InvalidError("Change the fields named below.", {"file": NO_FILE})
    if len(body) > most:
        words = (
            f"The file is larger than {most // 1_000_000} MB. Split it, or use the command line."
        )
        raise InvalidError("Change the fields named below.", {"file": words})
    found = reading.inspect(staging.file_name(name), body, choices)
    if found.rows == 0:
        words = "The file holds no rows. Nothing was imported."
        raise InvalidError("Change the fields named below.", {"file": words})
    return found


@step_pages.get("/{ref}/kind")
def kind(ref: str, request: Request, db: Db, actor: Owner) -> Response:
    with db.read(actor) as session:
        batch, upload = own(session, actor, ref)
        return step_views.kind_page(request, session, batch, upload, {"kind": batch.kind}, {})


@step_pages.post("/{ref}/kind")
def send_kind(ref: str, request: Request, db: Db, actor: Owner, sent: html.Form) -> Response:
    """Read again where another layer, encoding or delimiter was chosen."""
    choices = forms.choices_of(sent)
    with db.read(actor) as session:
        batch, upload = own(session, actor, ref)
        errors = forms.kind_problems(actor, sent)
        found = None if errors or choices != Choices(**upload.choices) else forms.found_of(upload)
    if not errors and found is None:
        body = shelf_of(request.app.state.settings).open(upload.stored_name, upload.key)
        try:
            found = reading.inspect(batch.file_name, body, choices)
        except InvalidError as refused:
            errors = {"layer": refused.detail}
    if found and (wrong := native.missing(sent["kind"], [c.name for c in found.columns])):
        errors = {"kind": wrong}
    with db.begin(actor) as session:
        if errors or found is None:
            batch, upload = own(session, actor, ref)
            return step_views.kind_page(request, session, batch, upload, sent, errors)
        batch = staging.choose(session, actor, ref, sent["kind"], choices, found)
        return html.see(f"/imports/{batch.ref}/columns")


@step_pages.get("/{ref}/columns")
def columns(
    ref: str, request: Request, db: Db, actor: Owner, saved: str | None = None, swap: bool = False
) -> Response:
    """Matched by name at first, or as a saved mapping says, or as they were sent last."""
    with db.read(actor) as session:
        batch, upload = own(session, actor, ref)
        wanted = KINDS.get(batch.kind)
        if wanted is None:
            return html.see(f"/imports/{batch.ref}/kind")
        if wanted.police:
            return step_views.native_page(request, batch, upload)
        mapping = forms.mapping_for(session, batch, upload, saved)
        if swap:
            mapping = with_swapped(mapping)
        return step_views.columns_page(request, session, actor, (batch, upload), mapping, {})


@step_pages.post("/{ref}/columns")
def send_columns(ref: str, request: Request, db: Db, actor: Owner, sent: html.Form) -> Response:
    """Kept, and the dry run begins; an earlier mapping is replaced."""
    with db.begin(actor) as session:
        batch, upload = own(session, actor, ref)
        wanted = KINDS.get(batch.kind)
        if wanted is None:
            return html.see(f"/imports/{batch.ref}/kind")
        if wanted.police:
            staging.try_out(session, actor, ref, None)
            return html.see(f"/imports/{batch.ref}/progress")
        mapping, errors = forms.mapping_of(wanted, sent, Columns.model_validate(batch.mapping))
        known = [name for name, _ in staging.found_columns(upload)]
        if mapping is not None:
            errors |= mapping.problems(wanted, known)
        if sent.get("save") == "yes" and not sent.get("save_name", "").strip():
            errors["save_name"] = "Enter a name for the mapping."
        if errors or mapping is None:
            shown = mapping or guessed(wanted, staging.found_columns(upload), shapes=False)
            return step_views.columns_page(
                request, session, actor, (batch, upload), shown, errors, sent
            )
        staging.try_out(session, actor, ref, mapping)
        if sent.get("save") == "yes":
            staging.save_mapping(
                session, actor, batch, name=sent["save_name"].strip(), shared="share" in sent
            )
        return html.see(f"/imports/{batch.ref}/progress")


@step_pages.get("/{ref}/values")
def values(ref: str, request: Request, db: Db, actor: Owner) -> Response:
    with db.read(actor) as session:
        batch, upload = own(session, actor, ref)
        return step_views.values_page(request, session, batch, upload)


@step_pages.post("/{ref}/values")
def send_values(ref: str, request: Request, db: Db, actor: Owner, sent: html.Form) -> Response:
    """What words of the file mean here; then the dry run is done anew."""
    with db.begin(actor) as session:
        batch, upload = own(session, actor, ref)
        mapping = forms.with_values(batch, upload, sent)
        staging.try_out(session, actor, ref, mapping)
        return html.see(f"/imports/{batch.ref}/progress")


def own(session: Session, actor: Actor, ref: str) -> tuple[Batch, Upload]:
    """An import of one's own whose file is still there."""
    batch = batches.find(session, ref)
    if batch.by != actor.id:
        raise NotFoundError("There is no such import.")
    return batch, batches.upload(session, batch)
