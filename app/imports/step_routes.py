"""The steps of an import as pages: upload, kind, columns, values. Each has its own address."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy.orm import Session

from app.accounts.deps import Db, May, can
from app.core import pages as html
from app.core.actor import Actor
from app.core.errors import InvalidError, NotFoundError
from app.imports import batches, forms, staging
from app.imports.applying import SORTS, shelf_of
from app.imports.deps import NO_FILE, Form
from app.imports.kinds import KINDS, Kind
from app.imports.mapping import Mapping as Columns
from app.imports.mapping import guessed, swapped, with_swapped
from app.imports.models import Batch, Upload
from app.imports.reading_cells import DATE_FORMATS
from app.imports.steps import next_page
from app.reading import service as reading
from app.reading.schemas import Choices, Found

step_pages = APIRouter(prefix="/imports", include_in_schema=False)

Importer = Annotated[Actor, Depends(May("import_batch.create"))]
Owner = Annotated[Actor, Depends(May("import_batch.update"))]


@step_pages.get("/new")
def new(request: Request, actor: Importer) -> Response:
    return _upload_page(request, actor, {})


@step_pages.post("/new")
def send_new(request: Request, db: Db, actor: Importer, sent: Form) -> Response:
    """Read by a process that can do nothing else, before anything of it is kept."""
    settings = request.app.state.settings
    try:
        found = read_of(sent.name, sent.body, settings.upload_bytes)
    except InvalidError as refused:
        return _upload_page(request, actor, refused.fields or {"file": refused.detail})
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
        return _kind_page(request, session, batch, upload, {"kind": batch.kind}, {})


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
    with db.begin(actor) as session:
        if errors or found is None:
            batch, upload = own(session, actor, ref)
            return _kind_page(request, session, batch, upload, sent, errors)
        batch = staging.choose(session, actor, ref, sent["kind"], choices, found)
        return html.see(f"/imports/{batch.ref}/columns")


@step_pages.get("/{ref}/columns")
def columns(
    ref: str, request: Request, db: Db, actor: Owner, saved: str | None = None, swap: bool = False
) -> Response:
    """Matched by name at first, or as a saved mapping says, or as they were sent last."""
    with db.read(actor) as session:
        batch, upload = own(session, actor, ref)
        wanted = _kind_of(batch)
        if wanted is None:
            return html.see(f"/imports/{batch.ref}/kind")
        mapping = forms.mapping_for(session, batch, upload, saved)
        if swap:
            mapping = with_swapped(mapping)
        return _columns_page(request, session, actor, (batch, upload), mapping, {})


@step_pages.post("/{ref}/columns")
def send_columns(ref: str, request: Request, db: Db, actor: Owner, sent: html.Form) -> Response:
    """Kept, and the dry run begins; an earlier mapping is replaced."""
    with db.begin(actor) as session:
        batch, upload = own(session, actor, ref)
        wanted = _kind_of(batch)
        if wanted is None:
            return html.see(f"/imports/{batch.ref}/kind")
        mapping, errors = forms.mapping_of(wanted, sent, Columns.model_validate(batch.mapping))
        known = [name for name, _ in staging.found_columns(upload)]
        if mapping is not None:
            errors |= mapping.problems(wanted, known)
        if sent.get("save") == "yes" and not sent.get("save_name", "").strip():
            errors["save_name"] = "Enter a name for the mapping."
        if errors or mapping is None:
            shown = mapping or guessed(wanted, staging.found_columns(upload), shapes=False)
            return _columns_page(request, session, actor, (batch, upload), shown, errors, sent)
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
        return _values_page(request, session, batch, upload)


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


def _kind_of(batch: Batch) -> Kind | None:
    found = KINDS.get(batch.kind)
    return None if found is None or found.name not in SORTS else found


def _upload_page(request: Request, actor: Actor, errors: dict[str, str]) -> Response:
    return html.render(
        request,
        "imports/new.html",
        status=422 if errors else 200,
        page_title="Upload a file",
        kinds=[k for k in KINDS.values() if k.name in SORTS and can(actor, k.permission)],
        most_mb=request.app.state.settings.upload_mb,
        values={},
        errors=errors,
    )


def _kind_page(
    request: Request,
    session: Session,
    batch: Batch,
    upload: Upload,
    values: dict[str, Any],
    errors: dict[str, str],
) -> Response:
    actor = request.state.actor
    return html.render(
        request,
        "imports/kind.html",
        status=422 if errors else 200,
        page_title="What is it?",
        batch=batch,
        found=upload.found,
        earlier=batches.earlier(session, batch),
        kinds=[k for k in KINDS.values() if k.name in SORTS and can(actor, k.permission)],
        encodings=forms.ENCODINGS,
        delimiters=forms.DELIMITERS,
        values={k: v for k, v in upload.choices.items() if v} | values,
        errors=errors,
    )


def _columns_page(
    request: Request,
    session: Session,
    actor: Actor,
    at: tuple[Batch, Upload],
    mapping: Columns,
    errors: dict[str, str],
    sent: dict[str, str] | None = None,
) -> Response:
    batch, upload = at
    wanted = KINDS[batch.kind]
    found = staging.found_columns(upload)
    lists = SORTS[wanted.name](request.app.state.settings.partnership).lists(session)
    return html.render(
        request,
        "imports/columns.html",
        status=422 if errors else 200,
        page_title="Which columns are what?",
        batch=batch,
        kind=wanted,
        found=found,
        has_shapes=forms.has_shapes(upload),
        mapping=mapping,
        swapped=swapped(mapping, dict(found)),
        saved=batches.mappings(session, actor, wanted.name),
        lists=lists,
        date_formats=DATE_FORMATS,
        values=sent or forms.answers_of(mapping),
        errors=errors,
    )


def _values_page(request: Request, session: Session, batch: Batch, upload: Upload) -> Response:
    unknown = (upload.preview or {}).get("unknown", {})
    wanted = _kind_of(batch)
    if wanted is None or not unknown:
        return html.see(f"/imports/{batch.ref}/{next_page(batch.state, batch.kind, batch.work)}")
    lists = SORTS[wanted.name](request.app.state.settings.partnership).lists(session)
    return html.render(
        request,
        "imports/values.html",
        page_title="What do these values mean?",
        batch=batch,
        groups=forms.groups_of(wanted, unknown, lists),
        values={},
        errors={},
    )
