"""Pictures of clusters: the outline of one over the street map, or those of two runs alike."""

from collections.abc import Sequence
from typing import Annotated, Literal
from uuid import UUID

import orjson
import shapely
from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy.orm import Session

from app.accounts.deps import Db, May
from app.clusters import comparing, queries
from app.clusters.models import Row
from app.core.actor import Actor
from app.core.db import Database
from app.core.partnership import partnership
from app.core.settings import Settings
from app.maps import basemap, picture, pin
from app.maps.canvas import FINE
from app.maps.picture import Frame, Outline
from app.maps.pin import UNITS, View
from app.maps.pin_routes import drawing_for_staff, taking_turns
from app.reference import gazetteer
from geo import crs

cluster_pictures = APIRouter(prefix="/map/clusters", include_in_schema=False)

Viewer = Annotated[Actor, Depends(May("cluster.read"))]
CLOSEST = 16
MARGIN = 0.8  # of the picture that the outlines may fill


@cluster_pictures.get("/{key}.png")
def of_one(key: str, request: Request, db: Db, actor: Viewer) -> Response:
    with db.read(actor) as session:
        outlines = [outline(queries.find(session, key))]
    return answer(request, db, actor, outlines, outlines)


@cluster_pictures.get("/{before}/{after}/{which}.png")
def of_two_runs(
    before: UUID,
    after: UUID,
    which: Literal["before", "after"],
    request: Request,
    db: Db,
    actor: Viewer,
) -> Response:
    """The same ground and scale for both, so that they can be laid beside each other."""
    with db.read(actor) as session:
        pairs = _numbered(session, actor, before, after)
    sides = {"before": [one for one, _ in pairs if one], "after": [one for _, one in pairs if one]}
    both = [*sides["before"], *sides["after"]]
    return answer(request, db, actor, sides[which], both)


def _numbered(
    session: Session, actor: Actor, before: UUID, after: UUID
) -> list[tuple[Outline | None, Outline | None]]:
    found = comparing.compared(session, actor, before, after)
    return [
        (
            None if line.was is None else outline(line.was, str(line.number)),
            None if line.now_is is None else outline(line.now_is, str(line.number)),
        )
        for line in found.lines
    ]


def outline(row: Row, label: str = "") -> Outline:
    """In metres of the British National Grid."""
    hull = shapely.from_geojson(orjson.dumps(orjson.loads(row.hull)))
    ring = crs.to_bng(shapely.get_coordinates(shapely.get_exterior_ring(hull)))
    return Outline([(float(x), float(y)) for x, y in ring], label)


def around(outlines: Sequence[Outline]) -> View:
    """The closest view that holds them all."""
    xs = [x for one in outlines for x, _ in one.ring]
    ys = [y for one in outlines for _, y in one.ring]
    east, north = (min(xs) + max(xs)) / 2, (min(ys) + max(ys)) / 2
    wide = max(max(xs) - min(xs), max(ys) - min(ys), 1.0)
    for zoom in range(CLOSEST, pin.ZOOM_MIN, -1):
        view = View(round(east), round(north), zoom)
        per_unit = Frame.of_view(view).metres_per_pixel() * FINE
        if wide <= UNITS * per_unit * MARGIN:
            return view
    return View(round(east), round(north), pin.ZOOM_MIN)


def answer(
    request: Request,
    db: Database,
    actor: Actor,
    shown: Sequence[Outline],
    extent: Sequence[Outline],
) -> Response:
    if not extent:
        return Response(status_code=204)
    settings: Settings = request.app.state.settings
    view = around(extent)
    with db.read(actor) as session:
        frame = Frame.of_view(view)
        found = gazetteer.drawn(session, frame.box(), frame.zoom)
    codes = partnership(settings.partnership).codes
    with taking_turns(drawing_for_staff):
        body = picture.png(view, found, codes, basemap.readable(settings.basemap), shown)
    return Response(body, media_type="image/png")
