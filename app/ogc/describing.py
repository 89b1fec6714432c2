"""What the standard wants told about the service: links, collections, an OpenAPI document."""

from collections.abc import Mapping, Sequence
from typing import Any

from app.ogc.rules import COMMON, CONFORMS_TO, CRS84, DEFAULT_LIMIT, MOST, Collection
from app.ogc.schemas import with_query

Body = dict[str, Any]
JSON, GEOJSON = "application/json", "application/geo+json"
OPENAPI = "application/vnd.oai.openapi+json;version=3.0"
TITLE = "Contextmap"
# Of Greater London and its surroundings, always the same: an extent of the rows that there are
# would tell where the hidden ones lie.
EXTENT = [-0.60, 51.25, 0.40, 51.75]


def link(href: str, rel: str, kind: str, title: str) -> Body:
    return {"href": href, "rel": rel, "type": kind, "title": title}


def landing(root: str) -> Body:
    return {
        "title": TITLE,
        "description": "Places of concern and what happened there, as far as you may see them.",
        "links": [
            link(f"{root}/", "self", JSON, "This document"),
            link(f"{root}/?f=html", "alternate", "text/html", "This document as a page"),
            link(f"{root}/api", "service-desc", OPENAPI, "Addresses and parameters"),
            link(f"{root}/conformance", "conformance", JSON, "What this conforms to"),
            link(f"{root}/collections", "data", JSON, "Collections"),
        ],
    }


def conformance() -> Body:
    return {"conformsTo": list(CONFORMS_TO)}


def collections(root: str, own: Sequence[Body]) -> Body:
    return {
        "links": [link(f"{root}/collections", "self", JSON, "Collections")],
        "collections": list(own),
    }


def collection(root: str, one: Collection) -> Body:
    at = f"{root}/collections/{one.name}"
    body: Body = {
        "id": one.name,
        "title": one.title,
        "description": one.description,
        "itemType": "feature",
        "crs": list(one.crs),
        "links": [
            link(at, "self", JSON, one.title),
            link(f"{at}/items", "items", GEOJSON, one.title),
        ],
    }
    if one.has_geometry:
        body["extent"] = {"spatial": {"bbox": [EXTENT], "crs": CRS84}}
    return body


def links_of_items(url: str, said: Mapping[str, str]) -> list[Body]:
    root = url.removesuffix("/items")
    return [
        link(with_query(url, said), "self", GEOJSON, "This page"),
        link(root, "collection", JSON, "Collection"),
    ]


def openapi(root: str, own: Sequence[Collection]) -> Body:
    paths: Body = {
        path: {"get": _operation(name)}
        for path, name in (
            ("/", "landing"),
            ("/conformance", "conformance"),
            ("/collections", "collections"),
        )
    }
    for one in own:
        at = f"/collections/{one.name}"
        paths[at] = {"get": _operation(f"{one.name}")}
        paths[f"{at}/items"] = {"get": _operation(f"{one.name}.items", _parameters(one))}
        key = {"name": "key", "in": "path", "required": True, "schema": {"type": "string"}}
        paths[f"{at}/items/{{key}}"] = {"get": _operation(f"{one.name}.item", [key])}
    return {
        "openapi": "3.0.3",
        "info": {"title": TITLE, "version": "1"},
        "servers": [{"url": root}],
        "paths": paths,
        "components": {"securitySchemes": {"token": {"type": "http", "scheme": "bearer"}}},
        "security": [{"token": []}],
    }


def _operation(name: str, parameters: Sequence[Body] = ()) -> Body:
    return {
        "operationId": name,
        "parameters": list(parameters),
        "responses": {"200": {"description": "Found"}, "400": {"description": "Not usable"}},
    }


def _parameters(one: Collection) -> list[Body]:
    limit: Body = {"type": "integer", "minimum": 1, "maximum": MOST, "default": DEFAULT_LIMIT}
    schemas: Body = {name: {"type": "string"} for name in (*COMMON, *one.filters)}
    schemas["limit"] = limit
    return [
        {"name": name, "in": "query", "required": False, "schema": schema}
        for name, schema in schemas.items()
    ]
