"""Saved mappings and templates: what helps with the next file."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response

from app.accounts.deps import Db, May
from app.core import pages as html
from app.core.actor import Actor
from app.core.errors import NotFoundError
from app.imports import batches, staging
from app.imports.kinds import label
from app.imports.templates import TEMPLATES, csv_of

mapping_pages = APIRouter(prefix="/imports", include_in_schema=False)

Reader = Annotated[Actor, Depends(May("import_mapping.read"))]
Owner = Annotated[Actor, Depends(May("import_mapping.update"))]
Remover = Annotated[Actor, Depends(May("import_mapping.delete"))]


@mapping_pages.get("/mappings")
def listing(request: Request, db: Db, actor: Reader) -> Response:
    return _page(request, db, actor, {})


@mapping_pages.post("/mappings/{mapping_id}/name")
def rename(mapping_id: UUID, request: Request, db: Db, actor: Owner, sent: html.Form) -> Response:
    name = sent.get("name", "").strip()
    if not 0 < len(name) <= 80:
        return _page(request, db, actor, {f"name-{mapping_id}": "Enter a name."})
    with db.begin(actor) as session:
        staging.change_mapping(session, actor, mapping_id, name=name)
    return html.see("/imports/mappings")


@mapping_pages.post("/mappings/{mapping_id}/delete")
def remove(mapping_id: UUID, db: Db, actor: Remover, sent: html.Form) -> Response:
    with db.begin(actor) as session:
        staging.change_mapping(session, actor, mapping_id, delete=True)
    return html.see("/imports/mappings")


@mapping_pages.get("/templates/{kind}.csv")
def template(request: Request, kind: str, actor: Reader) -> Response:
    """The columns that need no mapping, and made-up rows to look at."""
    if kind not in TEMPLATES:
        raise NotFoundError("Page not found. Check the address.")
    return Response(
        csv_of(kind, request.app.state.partnership),
        media_type="text/csv; charset=utf-8",
        headers={"content-disposition": f'attachment; filename="template-{kind}.csv"'},
    )


def _page(request: Request, db: Db, actor: Actor, errors: dict[str, str]) -> Response:
    with db.read(actor) as session:
        return html.render(
            request,
            "imports/mappings.html",
            page_title="Saved mappings",
            mappings=[(each, label(each.kind)) for each in batches.mappings(session, actor)],
            me=actor.id,
            values={},
            errors=errors,
        )
