"""What the OpenAPI document says of every address, and the media types that are not JSON."""

from collections.abc import Container
from typing import Any

from fastapi import Response

from app.core.pages import SESSION_COOKIE
from app.core.problems import documented

Document = dict[str, Any]

TITLES = {"type": "string"}
PROBLEM = {
    "type": "object",
    "required": ["type", "title", "status", "detail", "instance", "request_id"],
    "additionalProperties": False,
    "properties": {
        "type": {"type": "string", "pattern": "^/problems/"},
        "title": TITLES,
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "detail": TITLES,
        "instance": {"type": "string", "description": "the address, without its query"},
        "request_id": TITLES,
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["field", "message"],
                "additionalProperties": False,
                "properties": {"field": TITLES, "message": TITLES},
            },
        },
    },
}
FEATURE = {
    "type": "object",
    "required": ["type", "geometry", "properties"],
    "properties": {
        "type": {"const": "Feature"},
        "geometry": {"type": ["object", "null"]},
        "properties": {"type": "object"},
    },
}
FEATURES = {
    "type": "object",
    "required": ["type", "features"],
    "properties": {
        "type": {"const": "FeatureCollection"},
        "features": {"type": "array", "items": FEATURE},
    },
}
SECURITY = {
    "session": {"type": "apiKey", "in": "cookie", "name": SESSION_COOKIE},
    "token": {"type": "http", "scheme": "bearer"},
}
# What any address of a signed-in person can answer, whatever it does.
ALWAYS = (401, 403, 422, 429, 500, 503)
WITH_BODY = (408, 413)


class GeoJson(Response):
    media_type = "application/geo+json"


class VectorTile(Response):
    media_type = "application/vnd.mapbox-vector-tile"


def answers(kind: type[Response], schema: Document) -> dict[int | str, Document]:
    """The success of a route whose answer is no model of ours."""
    return {200: {"description": "Found", "content": {str(kind.media_type): {"schema": schema}}}}


def completed(
    document: Document, public: Container[str], open_to_all: Container[str] = ()
) -> Document:
    """As `METHOD /path`, the routes that ask for nobody, and those that take nobody, too."""
    parts = document.setdefault("components", {})
    parts.setdefault("schemas", {})["Problem"] = PROBLEM
    parts["securitySchemes"] = SECURITY
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            common = (*ALWAYS, *(WITH_BODY if "requestBody" in operation else ()))
            for status, answer in documented(*common).items():
                operation["responses"][str(status)] = answer  # also over the framework's own
            name = f"{method.upper()} {path}"
            if name not in public:
                nobody: list[Document] = [{}] if name in open_to_all else []
                operation["security"] = nobody + [{scheme: []} for scheme in SECURITY]
    return document
