"""Pages of the first steps of an import, as they are shown and shown again with what is wrong."""

from typing import Any

from fastapi import Request, Response
from sqlalchemy.orm import Session

from app.accounts.deps import can
from app.core import pages as html
from app.core.actor import Actor
from app.imports import batches, forms, native, staging
from app.imports.applying import SORTS
from app.imports.kinds import KINDS
from app.imports.mapping import Mapping as Columns
from app.imports.mapping import swapped
from app.imports.models import Batch, Upload
from app.imports.reading_cells import DATE_FORMATS
from app.imports.steps import next_page


def upload_page(request: Request, actor: Actor, errors: dict[str, str]) -> Response:
    return html.render(
        request,
        "imports/new.html",
        page_title="Upload a file",
        kinds=[k for k in KINDS.values() if can(actor, k.permission)],
        most_mb=request.app.state.settings.upload_mb,
        values={},
        errors=errors,
    )


def kind_page(
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
        page_title="What is it?",
        batch=batch,
        found=upload.found,
        earlier=batches.earlier(session, batch),
        kinds=[k for k in KINDS.values() if can(actor, k.permission)],
        encodings=forms.ENCODINGS,
        delimiters=forms.DELIMITERS,
        values={k: v for k, v in upload.choices.items() if v} | values,
        errors=errors,
    )


def columns_page(
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


def native_page(request: Request, batch: Batch, upload: Upload) -> Response:
    """Columns of the publisher are what they are; what becomes of each is shown."""
    found = dict(staging.found_columns(upload))
    return html.render(
        request,
        "imports/native.html",
        page_title="What is kept of this file",
        batch=batch,
        kind=KINDS[batch.kind],
        columns=[(name, use, found[name]) for name, use in native.uses(batch.kind, [*found])],
    )


def values_page(request: Request, session: Session, batch: Batch, upload: Upload) -> Response:
    unknown = (upload.preview or {}).get("unknown", {})
    wanted = KINDS.get(batch.kind)
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
