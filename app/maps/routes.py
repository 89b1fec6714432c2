"""The map page with its table, what it shows as items, its tiles and its street map."""

from datetime import date
from functools import lru_cache
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request, Response
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import QueryParams
from starlette.types import Receive, Scope, Send

from app.accounts.deps import Db, May, can, database
from app.core import clock
from app.core import pages as html
from app.core.actor import Actor
from app.core.db import Database
from app.core.errors import InvalidError, NotFoundError
from app.core.json import json_bytes
from app.core.openapi import VectorTile, answers
from app.core.problems import documented
from app.maps import basemap, queries, rules, view
from app.maps.rules import Filters


class TileRoute(APIRoute):
    """A route with its signature, permission and problems, but without FastAPI's solving of them.

    A map view asks for a dozen tiles at once, and for a small one solving cost as much as SQL.
    """

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] not in (self.methods or ()):
            await super().handle(scope, receive, send)
            return
        request = Request(scope, receive)
        db = await database(request)
        response = await run_in_threadpool(self._answer, request, db)
        await response(scope, receive, send)

    def _answer(self, request: Request, db: Database) -> Response:
        """Who asks and what they get, in one thread."""
        may = next(d.call for d in self.dependant.dependencies if isinstance(d.call, May))
        actor = may.check(request)
        parts = {k: v if k == "layer" else _whole(v) for k, v in request.path_params.items()}
        found: Response = self.endpoint(**parts, request=request, db=db, actor=actor)
        return found


def _whole(digits: str) -> int:
    if not (digits.isascii() and digits.isdigit() and len(digits) < 10):
        raise InvalidError("There is no such tile.", {"z": f"Zooms are 0 to {MAX_ZOOM}."})
    return int(digits)


pages = APIRouter(include_in_schema=False)
tiles = APIRouter(tags=["tiles"], route_class=TileRoute)
streets = APIRouter(include_in_schema=False)

Reader = Annotated[Actor, Depends(May("place.read", own_query=True))]
# What each layer shows; whoever may not read that finds no such layer.
SHOWS = {
    "areas": "reference_data.read",
    "places": "place.read",
    "incidents": "incident.read",
    "clusters": "cluster.read",
}
TILE = answers(VectorTile, {"type": "string", "format": "binary"}) | {204: {"description": "Empty"}}
MAX_ZOOM = 18


@pages.get("/map")
def map_page(request: Request, db: Db, actor: Reader) -> Response:
    filters, wrong = rules.parse(request.query_params, clock.today())
    shows = frozenset(layer for layer, needed in SHOWS.items() if can(actor, needed))
    if filters.layer not in shows:
        raise NotFoundError("There is no such layer.")
    with db.read(actor) as session:
        context = view.page(session, filters, request.app.state.settings, shows)
    return html.render(
        request,
        "map/map.html",
        page_title="Map",
        errors=wrong,
        status=422 if wrong else 200,
        **context,
    )


@pages.get("/map/items")
def map_items(request: Request, db: Db, actor: Reader) -> Response:
    """What is in view; with `part=view` without the totals, which do not change as a map moves."""
    filters = _filters(request, clock.today())
    box = rules.bbox(request.query_params.get("bbox", "-180,-90,180,90"))
    zoom = request.query_params.get("z", "12")
    part = request.query_params.get("part", "all")
    if box is None or not zoom.isdigit() or part not in {"all", "view"}:
        raise InvalidError(
            "Change the fields named below.", {"bbox": "Give west,south,east,north."}
        )
    partners = view.partner_codes(request.app.state.settings)
    with db.read(actor) as session:
        found = view.items_in(session, filters, partners, box=box, zoom=min(int(zoom), 22))
        if part == "all":
            found |= view.counted(session, filters, partners)
    return Response(json_bytes(found), media_type="application/json")


@tiles.get(
    "/tiles/{layer}/{z}/{x}/{y}.pbf", response_class=VectorTile, responses=TILE | documented(404)
)
def tile(
    layer: Annotated[str, Path(json_schema_extra={"enum": list(SHOWS)})],
    z: Annotated[int, Path(ge=0, le=MAX_ZOOM)],
    x: Annotated[int, Path(ge=0)],
    y: Annotated[int, Path(ge=0)],
    request: Request,
    db: Db,
    actor: Reader,
) -> Response:
    """One layer as a vector tile of 4,096 units; 204 when it is empty."""
    if not can(actor, SHOWS.get(layer, "")):
        raise NotFoundError("There is no such layer.")
    if z > MAX_ZOOM or not rules.tile_exists(z, x, y):
        raise InvalidError("There is no such tile.", {"z": f"Zooms are 0 to {MAX_ZOOM}."})
    filters = _filters(request, clock.today())
    partners = view.partner_codes(request.app.state.settings)
    given = queries.tile_parameters(layer, (z, x, y), filters, partners)
    with db.cursor(actor, keep_plans=True) as cursor:
        body = queries.tile(cursor, layer, given)
    return VectorTile(body) if body else Response(status_code=204)


@streets.get("/basemap/{z}/{x}/{y}.pbf")
def basemap_tile(z: int, x: int, y: int, request: Request) -> Response:
    """The street map is no secret: it may be kept by the browser, and is the same for everybody."""
    path = request.app.state.settings.basemap
    if path is None:
        raise NotFoundError("No street map is installed.")
    opened = basemap.opened(path)
    body = opened.tile(z, x, y) if rules.tile_exists(z, x, y) else None
    headers = {"Cache-Control": "public, max-age=31536000, immutable"}
    if body is None:
        return Response(status_code=204, headers=headers)
    if opened.gzipped:
        headers["Content-Encoding"] = "gzip"
    return VectorTile(body, headers=headers)


def _filters(request: Request, today: date) -> Filters:
    filters, wrong = _parsed(request.scope["query_string"], today)
    if wrong:
        raise InvalidError("Change the fields named below.", wrong)
    return filters


@lru_cache(maxsize=512)
def _parsed(query: bytes, today: date) -> tuple[Filters, dict[str, str]]:
    """The tiles of a view, a dozen at once, ask with the same filters."""
    return rules.parse(QueryParams(query), today)
