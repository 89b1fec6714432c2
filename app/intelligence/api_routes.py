"""Intelligence for programs: lists, one item, sending, checking, conditions."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response

from app.accounts.deps import Db, May
from app.core.actor import Actor
from app.core.openapi import FEATURES, GeoJson, answers
from app.core.problems import documented
from app.intelligence import checking, service, view
from app.intelligence.routes import Asked, Partners, Reader, of_role
from app.intelligence.schemas import FullOut, IntelIn, SanitisedOut

api = APIRouter(prefix="/api/v1/intelligence", tags=["intelligence"])

Writer = Annotated[Actor, Depends(May("intelligence_p.create"))]
Limit = Annotated[int, Query(ge=1, le=1000)]


@api.get("", response_class=GeoJson, responses=answers(GeoJson, FEATURES) | documented(422))
def collection(db: Db, actor: Reader, asked: Asked, limit: Limit = 100) -> Response:
    """Items as a GeoJSON FeatureCollection, in the sanitised view."""
    with db.begin(actor) as session:
        body = service.features(session, asked, limit=limit)
    return GeoJson(body)


@api.post("", status_code=201, responses=documented(403, 422))
def submit(wanted: IntelIn, db: Db, actor: Writer, partners: Partners) -> FullOut:
    """Send an item to QA."""
    with db.begin(of_role(actor)) as session:
        item = service.submit(session, actor, checking.check(session, wanted, partners))
        return view.full(session, item)


@api.get("/{ref}", responses=documented(404))
def one(ref: str, db: Db, actor: Reader) -> FullOut | SanitisedOut:
    """One item: for analysts in full, for others as it was sanitised."""
    with db.begin(actor) as session:
        return view.shown(session, service.opened(session, ref))
