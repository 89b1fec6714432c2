"""What a collection tells, and the trace of it where reads are watched."""

from collections.abc import Callable
from dataclasses import replace

from sqlalchemy.orm import Session

from app.accounts.permissions import PERMISSIONS
from app.audit import service as audit
from app.core.actor import Actor
from app.ogc import queries, whole
from app.ogc.queries import Found, Table
from app.ogc.rules import Collection
from app.ogc.schemas import Asked
from app.places import shown

TABLES: dict[str, Callable[[Asked], Table]] = {
    "places": queries.of_places,
    "incidents": queries.of_incidents,
    "online_spaces": queries.of_online_spaces,
    "intelligence": queries.of_intelligence,
}
MOST_REFS = 500
EVENTS = {"intelligence_p": "intel_item"}


def watched(collection: Collection) -> bool:
    return PERMISSIONS.objects[_thing(collection)].audit_reads


def page(session: Session, actor: Actor, collection: Collection, asked: Asked) -> Found:
    if collection.name == "clusters":
        found = whole.of_clusters(session, actor, asked)
    elif collection.name == "areas":
        found = whole.of_areas(session, asked)
    else:
        found = queries.rows(session, _table(actor, collection, asked), asked)
    if watched(collection):
        kind, refs = EVENTS[_thing(collection)], list(found.refs)
        audit.record(
            session, f"{kind}.list", kind, None, rows=len(refs), refs=refs[:MOST_REFS], via="ogc"
        )
    return found


def one(session: Session, actor: Actor, collection: Collection, key: str, asked: Asked) -> str:
    if collection.name == "clusters":
        return whole.one_cluster(session, actor, key, asked)
    if collection.name == "areas":
        return whole.one_area(session, key, asked)
    if watched(collection):
        kind = EVENTS[_thing(collection)]
        audit.record(session, f"{kind}.read", kind, key, via="ogc")
    return queries.row(session, _table(actor, collection, asked), key, asked)


def _table(actor: Actor, collection: Collection, asked: Asked) -> Table:
    return TABLES[collection.name](replace(asked, in_full=shown.in_full(actor)))


def _thing(collection: Collection) -> str:
    return collection.permission.partition(".")[0]
