"""Clusters for programs: start a run, follow it, read what it found as GeoJSON."""

from datetime import date, datetime, timedelta
from typing import Annotated, Any, Literal
from uuid import UUID

import orjson
from fastapi import APIRouter, Depends, Query, Response
from sqlalchemy.orm import Session

from app.accounts.deps import Db, May
from app.clusters import queries, rules, service
from app.clusters.deps import Partners
from app.clusters.models import Row
from app.clusters.queries import Asked
from app.clusters.schemas import (
    ClusterOut,
    OwnSideOut,
    RunIn,
    RunOut,
    RunsOut,
)
from app.core.actor import Actor
from app.core.clock import LONDON
from app.core.openapi import FEATURE, FEATURES, GeoJson, answers
from app.core.problems import documented
from app.places.schemas import Box, Period, box_of, period_of

api = APIRouter(prefix="/api/v1/clusters", tags=["clusters"])

Viewer = Annotated[Actor, Depends(May("cluster.read"))]
Runner = Annotated[Actor, Depends(May("cluster.run"))]
Limit = Annotated[int, Query(ge=1, le=1000)]


@api.get("", response_class=GeoJson, responses=answers(GeoJson, FEATURES) | documented(422))
def collection(
    db: Db,
    actor: Viewer,
    period: Annotated[Period, Depends(period_of)],
    box: Annotated[Box | None, Depends(box_of)],
    run: UUID | None = None,
    source: Literal["police", "partnership"] | None = None,
    limit: Limit = 100,
) -> Response:
    """Clusters of a run, or of the newest run of each source, as a GeoJSON FeatureCollection."""
    with db.read(actor) as session:
        chosen = [run] if run else queries.newest_runs(session, source)
        asked = Asked(
            runs=chosen,
            box=box,
            since=_day(period.since),
            until=_day(period.until, before=True),
            patterns_only=not rules.sees_exact(actor.role),
        )
        features = [
            _feature(session, actor, row) for row in queries.clusters(session, asked, limit=limit)
        ]
    body = {"type": "FeatureCollection", "numberReturned": len(features), "features": features}
    return _geojson(body)


@api.post("/runs", status_code=202, responses=documented(403, 422))
def start(wanted: RunIn, db: Db, actor: Runner, partners: Partners) -> RunsOut:
    """Start a run, or one for each source; `href` tells its state."""
    with db.begin(actor) as session:
        runs = service.ask_in_background(session, actor, wanted, partners)
        return RunsOut(runs=[RunOut.of(run) for run in runs])


@api.get("/runs/{run_id}", responses=documented(404))
def run_state(run_id: UUID, db: Db, actor: Viewer) -> RunOut:
    """State and figures of a run."""
    with db.read(actor) as session:
        return RunOut.of(queries.find_run(session, run_id))


@api.get("/{key}", response_class=GeoJson, responses=answers(GeoJson, FEATURE) | documented(404))
def one(key: str, db: Db, actor: Viewer) -> Response:
    """One cluster as a GeoJSON feature, by its id or by the reference of its lineage."""
    with db.read(actor) as session:
        body = _feature(session, actor, queries.find(session, key))
    return _geojson(body)


def _feature(session: Session, actor: Actor, row: Row) -> dict[str, Any]:
    if rules.sees_exact(actor.role):
        run = queries.find_run(session, row.run_id)
        out: ClusterOut | OwnSideOut = ClusterOut.of(row, run.params)
    else:
        out = OwnSideOut.of(row, actor.boroughs)
    return {
        "type": "Feature",
        "id": row.content_id,
        "geometry": orjson.Fragment(row.hull),
        "properties": out.model_dump(mode="json", by_alias=True),
    }


def _geojson(body: dict[str, Any]) -> Response:
    return GeoJson(orjson.dumps(body))


def _day(at: datetime | None, *, before: bool = False) -> date | None:
    """London's day of an instant, or of the moment before it."""
    if at is None:
        return None
    return (at - timedelta(microseconds=1 if before else 0)).astimezone(LONDON).date()
