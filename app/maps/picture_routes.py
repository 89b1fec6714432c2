"""Pictures of the map: without JavaScript, on paper, for a phone. Nothing of them is kept."""

from fastapi import APIRouter, Request, Response

from app.accounts.deps import Db, can
from app.core import clock
from app.core.actor import Actor
from app.core.db import Database
from app.core.errors import InvalidError, NotFoundError
from app.core.partnership import partnership
from app.core.settings import Settings
from app.maps import basemap, map_picture, queries, rules, view
from app.maps.map_picture import Ground, Seen
from app.maps.picture import Frame
from app.maps.picture_page import SIZES, view_of
from app.maps.pin import View
from app.maps.pin_routes import drawing_for_staff, taking_turns
from app.maps.routes import SHOWS, Reader, in_full
from app.maps.rules import Filters
from app.reference import gazetteer

map_pictures = APIRouter(prefix="/map", include_in_schema=False)
PATIENCE_S = 15  # a page of two pictures takes two turns, and others may be before it


@map_pictures.get("/picture.png")
def map_picture_png(request: Request, db: Db, actor: Reader) -> Response:
    """What /map shows with these filters, around `bbox` at `z`; `size=small` is for phones."""
    asked = dict(request.query_params)
    units = SIZES.get(asked.pop("size", "wide"))
    filters, wrong = rules.parse(asked, clock.today(), in_full=in_full(actor))
    if units is None or wrong:
        raise InvalidError("Change the fields named below.", wrong or {"size": "wide or small."})
    if not can(actor, SHOWS.get(filters.layer, "")):
        raise NotFoundError("There is no such layer.")
    settings: Settings = request.app.state.settings
    partners = view.partner_codes(settings)
    with db.read(actor) as session:
        clusters, found = queries.clusters(session, filters, partners), queries.NO_PLACES
        if filters.layer == "places":
            found = queries.counts(session, filters, partners)
    seen = view_of(asked, view.bounds(found, clusters, view.area_of(settings)), units)
    body = drawn(settings, db, actor, filters, seen, units)
    return Response(body, media_type="image/png")


def drawn(
    settings: Settings, db: Database, actor: Actor, filters: Filters, seen: View, units: int
) -> bytes:
    frame = Frame.of_view(seen, units)
    partners = view.partner_codes(settings)
    with db.read(actor) as session:
        box = frame.degrees()
        items = view.items_in(session, filters, partners, box=box, zoom=frame.zoom)["items"]
        found = gazetteer.drawn(session, frame.box(), frame.zoom)
    layers = {
        layer: _tiles(db, actor, filters, partners, frame, layer)
        for layer in _shown(filters)
        if layer in map_picture.PAINTERS and can(actor, SHOWS[layer])
    }
    own = frozenset(partnership(settings.partnership).codes)
    ground = Ground(found, own, basemap.readable(settings.basemap))
    with taking_turns(drawing_for_staff, PATIENCE_S):
        return map_picture.png(seen, units, Seen(items, layers), ground, settings.marking)


def _shown(filters: Filters) -> tuple[str, ...]:
    """Squares stand alone, as in a browser: clusters are another calculation."""
    return ("hotspots",) if filters.layer == "hotspots" else (filters.layer, "clusters")


def _tiles(
    db: Database, actor: Actor, filters: Filters, partners: list[str], frame: Frame, layer: str
) -> list[tuple[map_picture.Tile, bytes]]:
    with db.cursor(actor, keep_plans=True) as cursor:
        found = [
            (
                tile,
                queries.tile(
                    cursor, layer, queries.tile_parameters(layer, tile, filters, partners), filters
                ),
            )
            for tile in map_picture.tiles_of(frame)
        ]
    return [(tile, body) for tile, body in found if body]
