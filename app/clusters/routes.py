"""Clusters: start a run, follow it, read what it found; pages and GeoJSON."""

from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal
from uuid import UUID

import orjson
from fastapi import APIRouter, Depends, Query, Request, Response
from sqlalchemy.orm import Session

from app.accounts.deps import Db, May
from app.clusters import queries, rules, service
from app.clusters.models import Row
from app.clusters.queries import Asked
from app.clusters.rules import Source, State
from app.clusters.schemas import (
    ClusterOut,
    OwnSideOut,
    Reader,
    RunIn,
    RunOut,
    RunsOut,
    Shown,
)
from app.core import pages as html
from app.core.actor import Actor
from app.core.clock import LONDON
from app.core.openapi import FEATURE, FEATURES, GeoJson, answers
from app.core.problems import documented
from app.places.queries import partner_codes
from app.places.schemas import Box, Period, box_of, period_of

pages = APIRouter(prefix="/clusters", include_in_schema=False)
api = APIRouter(prefix="/api/v1/clusters", tags=["clusters"])

Viewer = Annotated[Actor, Depends(May("cluster.read"))]
Runner = Annotated[Actor, Depends(May("cluster.run"))]
Limit = Annotated[int, Query(ge=1, le=1000)]

PER_RUN = 100
MEMBERS = 200
DEFAULTS = {"source": "all", "eps_m": "250", "eps_days": "28", "min_points": "5"}


def partners_of(request: Request) -> tuple[str, ...]:
    path: Path = request.app.state.settings.partnership
    return partner_codes(path)


Partners = Annotated[tuple[str, ...], Depends(partners_of)]


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


@pages.get("")
def listing(request: Request, db: Db, actor: Viewer) -> Response:
    with db.read(actor) as session:
        return _list(request, session, actor, DEFAULTS, {})


@pages.post("")
def send(request: Request, db: Db, actor: Runner, sent: html.Form, partners: Partners) -> Response:
    wanted, errors = html.parse(RunIn, sent)
    with db.begin(actor) as session:
        if wanted is None:
            return _list(request, session, actor, sent, errors)
        service.ask_in_background(session, actor, wanted, partners)
        return html.see("/clusters")


@pages.get("/{key}")
def show(key: str, request: Request, db: Db, actor: Viewer) -> Response:
    with db.begin(actor) as session:
        row = queries.find(session, key)
        run = RunOut.of(queries.find_run(session, row.run_id))
        members, left = service.members(session, actor, row, limit=MEMBERS)
        return html.render(
            request,
            "clusters/show.html",
            page_title=row.name,
            cluster=Shown.of(row, run, _reader(session, actor)),
            members=members,
            members_left=left,
        )


def _list(
    request: Request,
    session: Session,
    actor: Actor,
    values: dict[str, str],
    errors: dict[str, str],
) -> Response:
    runs = [RunOut.of(run) for run in queries.runs(session)]
    reader = _reader(session, actor)
    return html.render(
        request,
        "clusters/list.html",
        status=422 if errors else 200,
        page_title="Clusters",
        runs=runs,
        clusters=_newest(session, reader),
        values=values,
        errors=errors,
        running=any(run.state in {State.QUEUED, State.RUNNING} for run in runs),
    )


def _newest(session: Session, reader: Reader) -> list[Shown]:
    """Of the newest run of each source, partnership first."""
    found = []
    for source in (Source.PARTNERSHIP, Source.POLICE):
        for run_id in queries.newest_runs(session, source):
            run = RunOut.of(queries.find_run(session, run_id))
            asked = Asked(runs=[run_id], patterns_only=not reader.exact)
            rows = queries.clusters(session, asked, limit=PER_RUN)
            found += [Shown.of(row, run, reader) for row in rows]
    return found


def _reader(session: Session, actor: Actor) -> Reader:
    exact = rules.sees_exact(actor.role)
    return Reader(exact, actor.boroughs, queries.borough_names(session))


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
