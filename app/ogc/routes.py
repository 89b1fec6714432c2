"""OGC API - Features: what a desktop map opens directly, for whoever may see it and no more."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Depends, Request, Response

from app.accounts.deps import Db, May, Somebody, can
from app.core import pages as html
from app.core import problems
from app.core.actor import Actor
from app.core.db import Database
from app.core.errors import InvalidError, NotFoundError
from app.core.json import json_bytes
from app.ogc import describing, service
from app.ogc.rules import COLLECTIONS, Collection
from app.ogc.schemas import Asked, asked_of, must_be_known, with_query

pages = APIRouter(prefix="/ogc", include_in_schema=False)

GEOJSON = "application/geo+json"
BAD_REQUEST = problems.Kind("invalid", 400, "This address cannot be used")
Answer = Callable[[], Response]


@pages.get("/")
def landing(request: Request, actor: Somebody, f: str | None = None) -> Response:
    own = [one for one in COLLECTIONS.values() if can(actor, one.permission)]
    if f == "html" or (f is None and "text/html" in request.headers.get("accept", "")):
        return html.render(
            request,
            "ogc/landing.html",
            page_title="Maps for desktop programs",
            collections=own,
            address=_root(request) + "/",
        )
    return _json(describing.landing(_root(request)))


@pages.get("/conformance")
def conformance(actor: Somebody, f: str | None = None) -> Response:
    return _json(describing.conformance())


@pages.get("/api")
def api(request: Request, actor: Somebody, f: str | None = None) -> Response:
    """The OpenAPI document of these addresses, of those collections that the reader has."""
    own = [one for one in COLLECTIONS.values() if can(actor, one.permission)]
    body = describing.openapi(_root(request), own)
    return Response(json_bytes(body), media_type="application/vnd.oai.openapi+json;version=3.0")


@pages.get("/collections")
def collections(request: Request, db: Db, actor: Somebody, f: str | None = None) -> Response:
    root = _root(request)
    own = [
        describing.collection(root, one)
        for one in COLLECTIONS.values()
        if can(actor, one.permission)
    ]
    return _json(describing.collections(root, own))


@pages.get("/collections/{name}")
def collection(name: str, request: Request, actor: Somebody, f: str | None = None) -> Response:
    """A collection that the reader may not read is one that is not there."""
    known = COLLECTIONS.get(name)
    if known is None or not can(actor, known.permission):
        raise NotFoundError("There is no such collection.")
    return _json(describing.collection(_root(request), known))


def _root(request: Request) -> str:
    """The address that people use, if an operator told it; else the one that was asked."""
    settings = request.app.state.settings
    told = "base_url" in settings.model_fields_set
    base = settings.base_url if told else str(request.base_url)
    return base.rstrip("/") + "/ogc"


def _json(body: Mapping[str, Any]) -> Response:
    return Response(json_bytes(body), media_type="application/json")


def _items(known: Collection, request: Request, db: Database, actor: Actor) -> Response:
    said = dict(request.query_params)
    asked = asked_of(known, said)
    with db.begin(actor) if service.watched(known) else db.read(actor, may_lag=True) as session:
        found = service.page(session, actor, known, asked)
    url = f"{_root(request)}/collections/{known.name}/items"
    links = describing.links_of_items(url, said)
    if found.after is not None:
        address = with_query(url, said, after=found.after)
        links.append(describing.link(address, "next", GEOJSON, "Next page"))
    body = (
        b'{"type":"FeatureCollection","numberMatched":%d,"numberReturned":%d,"links":%b,'
        b'"features":[%b]}'
        % (found.matched, len(found.features), orjson.dumps(links), _joined(found.features))
    )
    return _features(body, asked)


def _joined(features: Any) -> bytes:  # noqa: ANN401 - texts
    return ",".join(features).encode()


def _item(known: Collection, key: str, request: Request, db: Database, actor: Actor) -> Response:
    said = dict(request.query_params)
    must_be_known(said, "f", "crs")
    asked = asked_of(known, said)
    with db.begin(actor) if service.watched(known) else db.read(actor, may_lag=True) as session:
        feature = orjson.loads(service.one(session, actor, known, key, asked))
    root = f"{_root(request)}/collections/{known.name}"
    feature["links"] = [
        describing.link(f"{root}/items/{key}", "self", GEOJSON, "This feature"),
        describing.link(root, "collection", "application/json", known.title),
    ]
    return _features(orjson.dumps(feature), asked)


def _features(body: bytes, asked: Asked) -> Response:
    return Response(body, media_type=GEOJSON, headers={"Content-Crs": f"<{asked.crs}>"})


def _told(request: Request, made: Answer) -> Response:
    """The standard wants 400 for parameters that cannot be used."""
    try:
        return made()
    except InvalidError as refused:
        return problems.answer(request, BAD_REQUEST, refused.detail, refused.fields)


def _serve(known: Collection) -> None:
    """The two addresses of features of a collection, each asking for its own permission."""
    reader = Depends(May(known.permission, own_query=True))

    def items(request: Request, db: Db, actor: Annotated[Actor, reader]) -> Response:
        return _told(request, lambda: _items(known, request, db, actor))

    def item(key: str, request: Request, db: Db, actor: Annotated[Actor, reader]) -> Response:
        return _told(request, lambda: _item(known, key, request, db, actor))

    path = f"/collections/{known.name}/items"
    pages.add_api_route(path, items, methods=["GET"], name=f"{known.name} items")
    pages.add_api_route(f"{path}/{{key}}", item, methods=["GET"], name=f"{known.name} item")


for each in COLLECTIONS.values():
    _serve(each)
