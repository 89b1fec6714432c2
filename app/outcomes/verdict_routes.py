"""What became of places that may be named: a name and sentences, and nothing else of them."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from app.accounts.deps import Db, May
from app.audit import service as audit
from app.core import pages as html
from app.core.actor import Actor
from app.outcomes import queries
from app.outcomes.schemas import VerdictsOut

verdicts = APIRouter(include_in_schema=False)
verdicts_api = APIRouter(prefix="/api/v1", tags=["outcomes"])

Reader = Annotated[Actor, Depends(May("outcome_review.read", elsewhere=True))]


@verdicts.get("/verdicts")
def show(request: Request, db: Db, actor: Reader) -> Response:
    with db.begin(actor) as session:
        found = queries.verdicts(session)
        audit.record(session, "outcome.verdicts", "outcome", None, rows=len(found))
        return html.render(
            request, "outcomes/verdicts.html", page_title="What became of places", rows=found
        )


@verdicts_api.get("/verdicts")
def listed(db: Db, actor: Reader) -> VerdictsOut:
    """Verdict sentences of places that may be named, in words without numbers."""
    with db.begin(actor) as session:
        found = queries.verdicts(session)
        audit.record(session, "outcome.verdicts", "outcome", None, rows=len(found))
        return VerdictsOut.model_validate({"items": found}, from_attributes=True)
