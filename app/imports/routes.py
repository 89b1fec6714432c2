"""The list of imports."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from app.accounts.deps import Db, May
from app.core import pages as html
from app.core.actor import Actor
from app.imports import queries

pages = APIRouter(prefix="/imports", include_in_schema=False)

Reader = Annotated[Actor, Depends(May("import_batch.read"))]


@pages.get("")
def listing(request: Request, db: Db, actor: Reader) -> Response:
    with db.read(actor) as session:
        return html.render(
            request, "imports/list.html", page_title="Imports", batches=queries.batches(session)
        )
