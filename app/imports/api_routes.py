"""Imports for programs: the same steps, the same refusals."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from sqlalchemy.orm import Session

from app.accounts.deps import Db, May
from app.core.actor import Actor
from app.core.errors import InvalidError
from app.core.problems import documented
from app.core.types import Bare
from app.imports import applying, batches, forms, staging
from app.imports.deps import Sent
from app.imports.kinds import KINDS
from app.imports.models import Batch
from app.imports.schemas import ApplyIn, DecisionsIn, ImportOut, MappingIn
from app.imports.step_routes import own, read_of
from app.reading import service as reading
from app.reading.schemas import Choices

api = APIRouter(prefix="/api/v1/imports", tags=["imports"])

Importer = Annotated[Actor, Depends(May("import_batch.create"))]
Owner = Annotated[Actor, Depends(May("import_batch.update"))]
Reader = Annotated[Actor, Depends(May("import_batch.read"))]
Undoer = Annotated[Actor, Depends(May("import_batch.undo"))]
FILE = {"requestBody": {"content": {
    "application/octet-stream": {"schema": {"type": "string", "format": "binary"}},
    "multipart/form-data": {"schema": {"type": "object", "properties": {
        "file": {"type": "string", "format": "binary"}}}},
}, "required": True}}  # fmt: skip


@api.post("", status_code=201, responses=documented(403, 413, 422), openapi_extra=FILE)
def upload(request: Request, db: Db, actor: Importer, sent: Sent) -> ImportOut:
    """Upload a file: as the body, or as the part `file` of a form."""
    settings = request.app.state.settings
    found = read_of(sent.name, sent.body, settings.upload_bytes)
    with db.begin(actor) as session:
        batch = staging.stage(
            session,
            actor,
            applying.shelf_of(settings),
            name=sent.name,
            body=sent.body,
            found=found,
        )
        return _out(session, actor, batch)


@api.get("/{ref}", responses=documented(404))
def one(ref: str, db: Db, actor: Reader) -> ImportOut:
    """Where an import stands."""
    with db.read(actor) as session:
        return _out(session, actor, batches.find(session, ref))


@api.put("/{ref}/mapping", responses=documented(404, 409, 422))
def say(ref: str, wanted: MappingIn, request: Request, db: Db, actor: Owner) -> ImportOut:
    """Say what the file is and which column is what; without a mapping, by their names."""
    choices = Choices(wanted.layer, wanted.encoding, wanted.delimiter, wanted.crs)
    if errors := forms.kind_problems(actor, {"kind": wanted.kind}):
        raise InvalidError("Change the fields named below.", errors)
    with db.read(actor) as session:
        batch, upload = own(session, actor, ref)
    body = applying.shelf_of(request.app.state.settings).open(upload.stored_name, upload.key)
    found = reading.inspect(batch.file_name, body, choices)
    with db.begin(actor) as session:
        batch = staging.choose(session, actor, ref, wanted.kind, choices, found)
        kept = batches.upload(session, batch)
        if not KINDS[batch.kind].police:  # their columns are what they are
            mapping = wanted.mapping or forms.mapping_for(session, batch, kept, None)
            staging.keep(session, actor, ref, mapping)
        return _out(session, actor, batch)


@api.post("/{ref}/dry-run", status_code=202, responses=documented(404, 409, 422))
def dry_run(ref: str, _sent: Bare, db: Db, actor: Owner) -> ImportOut:
    """Have the dry run done. Nothing is written."""
    with db.begin(actor) as session:
        return _out(session, actor, staging.try_out(session, actor, ref, None))


@api.put("/{ref}/duplicates", responses=documented(404, 409, 422))
def decide(ref: str, wanted: DecisionsIn, db: Db, actor: Owner) -> ImportOut:
    """Say what happens to possible duplicates."""
    rows = {int(row): said for row, said in wanted.rows.items() if row.isdecimal()}
    if len(rows) < len(wanted.rows):
        raise InvalidError("Change the fields named below.", {"rows": "Give numbers of rows."})
    with db.begin(applying.of_role(actor)) as session:
        return _out(session, actor, staging.decide(session, actor, ref, rows, wanted.rest))


@api.post("/{ref}/apply", status_code=202, responses=documented(404, 409, 422))
def apply(ref: str, wanted: ApplyIn, db: Db, actor: Owner) -> ImportOut:
    """Have it imported."""
    with db.begin(actor) as session:
        return _out(session, actor, staging.confirm(session, actor, ref, str(wanted.rows)))


@api.post("/{ref}/undo", status_code=202, responses=documented(403, 404, 409, 422))
def undo(ref: str, _sent: Bare, db: Db, actor: Undoer) -> ImportOut:
    """Have it undone, within 30 days; what people changed since stays."""
    with db.begin(actor) as session:
        return _out(session, actor, staging.take_back(session, actor, ref))


def _out(session: Session, actor: Actor, batch: Batch) -> ImportOut:
    """Of somebody else's import, the state and the tallies."""
    if batch.by != actor.id:
        return ImportOut.of(batch, None)
    upload = batches.upload(session, batch) if batches.has_file(session, batch) else None
    ready = batch.state == "DRY_RUN" and batch.work is None
    return ImportOut.of(
        batch,
        upload,
        undecided=batches.undecided(session, batch) if ready else 0,
        to_write=batches.to_write(session, batch) if ready else 0,
        hindrance=staging.hindrance(session, batch) if ready else None,
    )
