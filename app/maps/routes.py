"""The map page with its table, what it shows as items, its tiles and its street map."""

import re
from datetime import date
from functools import cached_property, lru_cache
from typing import Annotated

from fastapi import APIRouter, Depends, FastAPI, Path, Request, Response
from fastapi.routing import APIRoute
from starlette.datastructures import QueryParams

from app.accounts.deps import Db, May, can, database
from app.accounts.identity import Identified
from app.core import clock
from app.core import pages as html
from app.core.actor import Actor
from app.core.asgi import App, Receive, Scope, Send
from app.core.errors import InvalidError, NotFoundError
from app.core.json import json_bytes
from app.core.openapi import VectorTile, answers
from app.core.packing import packed, takes_gzip
from app.core.problems import documented
from app.maps import basemap, kept, picture_page, queries, rules, table, view
from app.maps.months import months
from app.maps.rules import Filters


class TileRoute(APIRoute):
    """A route with its signature, permission and problems, but without FastAPI's solving of them.

    A map view asks for a dozen tiles at once, and for a small one solving cost as much as SQL.
    """

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] not in (self.methods or ()):
            await super().handle(scope, receive, send)
            return
        if (met := scope.pop(MET, None)) is not None:
            raise met
        request = Request(scope, receive)
        db = await database(request)
        actor = await self._may.check_soon(request)
        parts = {k: v if k == "layer" else _whole(v) for k, v in request.path_params.items()}
        response: Response = await self.endpoint(**parts, request=request, db=db, actor=actor)
        await response(scope, receive, send)

    @cached_property
    def _may(self) -> May:
        return next(d.call for d in self.dependant.dependencies if isinstance(d.call, May))


class TilesFirst:
    """Tiles before the framework: the same route, but for its stack, which cost as much again.

    What goes wrong there is met again within the framework, which has the words for it.
    """

    def __init__(self, app: App, whole: FastAPI) -> None:
        self.app, self.whole = app, whole
        self.route = next(r for r in tiles.routes if isinstance(r, TileRoute))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        found = None
        if scope["type"] == "http" and scope["method"] == "GET":
            found = TILE_PATH.fullmatch(scope["path"])
        if found is None:
            await self.app(scope, receive, send)
            return
        state = scope.setdefault("state", {})  # who asked is known to what answers for a refusal
        own = {**scope, "app": self.whole, "path_params": found.groupdict(), "state": state}
        try:
            await self.route.handle(own, receive, send)
        except Exception as met:
            if scope.get("answered"):
                raise
            scope[MET] = met
            await self.app(scope, receive, send)


def _whole(digits: str) -> int:
    if not (digits.isascii() and digits.isdigit() and len(digits) < 10):
        raise InvalidError("There is no such tile.", {"z": f"Zooms are 0 to {MAX_ZOOM}."})
    return int(digits)


MET = "contextmap.met"
TILE_PATH = re.compile(r"/tiles/(?P<layer>[^/]+)/(?P<z>[^/]+)/(?P<x>[^/]+)/(?P<y>[^/]+)\.pbf")

pages = APIRouter(include_in_schema=False)
tiles = APIRouter(tags=["tiles"], route_class=TileRoute)
streets = APIRouter(include_in_schema=False)

Reader = Annotated[Actor, Depends(May("place.read", own_query=True))]
# What each layer shows; whoever may not read that finds no such layer.
SHOWS = {
    "areas": "reference_data.read",
    "context": "reference_data.read",
    "places": "place.read",
    "routes": "route.read",
    "incidents": "incident.read",
    "hotspots": "cluster.read",
    "clusters": "cluster.read",
}
TILE = answers(VectorTile, {"type": "string", "format": "binary"}) | {204: {"description": "Empty"}}
MAX_ZOOM = 18


@pages.get("/map")
def map_page(request: Request, db: Db, actor: Reader) -> Response:
    filters, wrong = rules.parse(request.query_params, clock.today(), in_full=in_full(actor))
    shows = frozenset(layer for layer, needed in SHOWS.items() if can(actor, needed))
    if filters.layer not in shows:
        raise NotFoundError("There is no such layer.")
    columns = table.shown(
        filters, reports=can(actor, "report_decision.read"), incidents="incidents" in shows
    )
    asked = table.parse(request.query_params, columns, wrong)
    with db.read(actor) as session:
        context = view.page(session, filters, request.app.state.settings, shows, asked)
    return html.render(
        request,
        "map/map.html",
        page_title="Map of both boroughs",
        errors=wrong,
        status=422 if wrong else 200,
        days={key: request.query_params.get(key, "") for key in ("from", "to")},
        columns=columns,
        headings=table.headings(filters, asked, columns),
        months=months(filters, clock.today()) if filters.in_full else None,
        picture=picture_page.on_page(request.query_params, context),
        **context,
    )


@pages.get("/map/items")
def map_items(request: Request, db: Db, actor: Reader) -> Response:
    """What is in view; with `totals=no` without the totals, which do not change as a map moves."""
    filters = _filters(request, actor)
    box = rules.bbox(request.query_params.get("bbox", "-180,-90,180,90"))
    zoom = request.query_params.get("z", "12")
    totals = request.query_params.get("totals", "yes")
    if box is None or not zoom.isdigit() or totals not in {"yes", "no"}:
        raise InvalidError(
            "Change the fields named below.", {"bbox": "Give west,south,east,north."}
        )
    if not can(actor, SHOWS[filters.layer]):
        raise NotFoundError("There is no such layer.")
    partners = view.partner_codes(request.app.state.settings)
    with db.read(actor, may_lag=True) as session:
        found = view.items_in(session, filters, partners, box=box, zoom=min(int(zoom), 22))
        if totals == "yes":
            found |= view.counted(session, filters, partners)
    return Response(json_bytes(found), media_type="application/json")


@tiles.get(
    "/tiles/{layer}/{z}/{x}/{y}.pbf", response_class=VectorTile, responses=TILE | documented(404)
)
async def tile(
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
    filters = _filters(request, actor)
    partners = view.partner_codes(request.app.state.settings)
    tiles: kept.Tiles = request.app.state.tiles
    key = _key(request, actor, layer, (z, x, y), filters)
    if key is not None and (known := tiles.get(key)) is not None:
        return _as_kept(known)
    asked = queries.tile_asked(layer, (z, x, y), filters, partners)
    sure = db.replica is None or db.replica.has(actor.map_version)
    (body,) = await db.soon(actor, asked, keep_plans=True, may_lag=True)
    response = packed(request, VectorTile(body)) if body else Response(status_code=204)
    if key is not None and sure:
        encoding = response.headers.get("content-encoding", "")
        tiles.keep(key, kept.Kept(bytes(response.body), encoding))
    return response


def _key(
    request: Request, actor: Actor, layer: str, zxy: tuple[int, int, int], filters: Filters
) -> kept.Key | None:
    """Of a tile that may be kept; words and counts of children are asked anew each time."""
    known: Identified = request.state.identified
    if known.map_version is None or filters.q or filters.children != "any":
        return None
    takes = takes_gzip(request)
    return kept.Key(known.map_version, known.said, actor.view, layer, zxy, filters, takes)


def _as_kept(known: kept.Kept) -> Response:
    if not known.body:
        return Response(status_code=204)
    headers = {"content-encoding": known.encoding, "vary": "Accept-Encoding"}
    return VectorTile(known.body, headers=headers if known.encoding else None)


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


def in_full(actor: Actor) -> bool:
    """Partners see shapes and stages, and filter by no more than that."""
    return actor.view == "full"


def _filters(request: Request, actor: Actor) -> Filters:
    filters, wrong = _parsed(request.scope["query_string"], clock.today(), in_full(actor))
    if wrong:
        raise InvalidError("Change the fields named below.", wrong)
    return filters


@lru_cache(maxsize=512)
def _parsed(query: bytes, today: date, whole: bool) -> tuple[Filters, dict[str, str]]:
    """The tiles of a view, a dozen at once, ask with the same filters."""
    return rules.parse(QueryParams(query), today, in_full=whole)
