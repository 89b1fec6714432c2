"""The list of imports."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Request, Response

from app.accounts.deps import Db, May
from app.core import pages as html
from app.core.actor import Actor
from app.imports import batches
from app.imports.kinds import label
from app.imports.models import Batch
from app.imports.steps import said

pages = APIRouter(prefix="/imports", include_in_schema=False)

Reader = Annotated[Actor, Depends(May("import_batch.read"))]


@pages.get("")
def listing(
    request: Request, db: Db, actor: Reader, state: Literal["unfinished", ""] = ""
) -> Response:
    with db.read(actor) as session:
        found = batches.listed(session, unfinished_of=actor.id if state else None)
        kept = batches.with_file(session, [batch.id for batch in found])
        return html.render(
            request,
            "imports/list.html",
            page_title="Imports",
            unfinished=bool(state),
            batches=[
                (batch, label(batch.kind), _state(batch, actor, batch.id in kept))
                for batch in found
            ],
        )


def _state(batch: Batch, actor: Actor, has_file: bool) -> str:
    """Of somebody else's upload nobody is told whether the file is still there."""
    return said(batch.state, batch.work, has_file=has_file or batch.by != actor.id)
