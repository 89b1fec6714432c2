"""Collections that are read whole and cut into pages: there are never many of them."""

from datetime import date, datetime, timedelta

import orjson
from sqlalchemy.orm import Session

from app.clusters import queries as clusters
from app.clusters import rules as clusters_rules
from app.clusters.models import Row
from app.clusters.schemas import ClusterOut, OwnSideOut
from app.core.actor import Actor
from app.core.clock import LONDON
from app.core.errors import InvalidError, NotFoundError
from app.ogc.queries import ABSENT, Found, cut
from app.ogc.schemas import CHECK, Asked
from app.reference import queries as reference

KINDS = ("borough", "district", "ward", "lsoa")
SOURCES = ("police", "partnership")
WORLD = (-180.0, -90.0, 180.0, 90.0)
ALL = 10_000


def of_clusters(session: Session, actor: Actor, asked: Asked) -> Found:
    """Those of the newest runs; there are never many."""
    found = _clusters(session, actor, asked)
    keys = sorted(found)
    later = [key for key in keys if asked.after is None or key > asked.after]
    pairs = [(key, _cluster(session, actor, found[key])) for key in later[: asked.limit + 1]]
    return cut(pairs, asked, len(keys))


def one_cluster(session: Session, actor: Actor, key: str, asked: Asked) -> str:
    found = _clusters(session, actor, asked)
    if key not in found:
        raise NotFoundError(ABSENT)
    return _cluster(session, actor, found[key])


def _clusters(session: Session, actor: Actor, asked: Asked) -> dict[str, Row]:
    source = asked.filters.get("source")
    if source not in {None, *SOURCES}:
        raise InvalidError(CHECK, {"source": f"Give one of {', '.join(SOURCES)}."})
    wanted = clusters.Asked(
        runs=clusters.newest_runs(session, source),
        box=asked.box,
        since=_day(asked.period.since),
        until=_day(asked.period.until, before=True),
        patterns_only=not clusters_rules.sees_exact(actor.role),
    )
    return {one.content_id: one for one in clusters.clusters(session, wanted, limit=ALL)}


def _cluster(session: Session, actor: Actor, one: Row) -> str:
    if clusters_rules.sees_exact(actor.role):
        run = clusters.find_run(session, one.run_id)
        told: ClusterOut | OwnSideOut = ClusterOut.of(one, run.params)
    else:
        told = OwnSideOut.of(one, actor.boroughs)
    properties = told.model_dump(mode="json", by_alias=True)
    properties.pop("children", None)
    body = {
        "type": "Feature",
        "id": one.content_id,
        "geometry": orjson.Fragment(one.hull),
        "properties": properties,
    }
    return orjson.dumps(body).decode()


def _day(at: datetime | None, *, before: bool = False) -> date | None:
    if at is None:
        return None
    return (at - timedelta(microseconds=1 if before else 0)).astimezone(LONDON).date()


def of_areas(session: Session, asked: Asked) -> Found:
    """Of a code in several years, the newest."""
    found = _areas(session, asked)
    later = [key for key in sorted(found) if asked.after is None or key > asked.after]
    return cut([(key, found[key]) for key in later[: asked.limit + 1]], asked, len(found))


def one_area(session: Session, key: str, asked: Asked) -> str:
    for kind in KINDS:
        found = _areas(session, Asked({"kind": kind}, asked.box))
        if key in found:
            return found[key]
    raise NotFoundError(ABSENT)


def _areas(session: Session, asked: Asked) -> dict[str, str]:
    kind = asked.filters.get("kind", "borough")
    if kind not in KINDS:
        raise InvalidError(CHECK, {"kind": f"Give one of {', '.join(KINDS)}."})
    told = orjson.loads(reference.areas_geojson(session, kind, asked.box or WORLD, ALL))
    newest: dict[str, str] = {}
    for one in told["features"]:  # newest first of each code
        newest.setdefault(one["id"], orjson.dumps(one).decode())
    return newest
