"""The picture of one place: its own shape over the street map, for whoever may see that shape.

A home has no shape, whatever its reader may do elsewhere, and so no picture.
"""

from collections.abc import Sequence
from typing import Annotated

import shapely
from fastapi import APIRouter, Depends, Request, Response
from shapely import Geometry

from app.accounts.deps import Db, May
from app.core.actor import Actor
from app.core.errors import NotFoundError
from app.maps.cluster_routes import answer, cluster_pictures
from app.maps.picture import Outline
from app.maps.picture_routes import map_pictures
from app.maps.pin_routes import pin_pages
from app.maps.safety_picture import safety_pictures
from app.places import queries

place_pictures = APIRouter(prefix="/map/places", include_in_schema=False)

Viewer = Annotated[Actor, Depends(May("place.read"))]
SPOT_M = 25  # around a point, so that it can be seen; wider where it may be off by more


@place_pictures.get("/{ref}.png")
def of_place(ref: str, request: Request, db: Db, actor: Viewer) -> Response:
    with db.read(actor) as session:
        place = queries.find(session, ref)
        shape = queries.shape_of(place)
    if shape is None:
        raise NotFoundError("There is no such place.")
    shown = outlines(shape, place.precision_m or 0)
    return answer(request, db, actor, shown, shown)


def outlines(shape: Geometry, precision_m: float = 0) -> list[Outline]:
    """In metres of the British National Grid: a ring around a point, a line as it is, an edge."""
    return [
        one for part in shapely.get_parts(shape) for one in _of_part(part, max(SPOT_M, precision_m))
    ]


def _of_part(part: Geometry, spot_m: float) -> Sequence[Outline]:
    if isinstance(part, shapely.LineString):
        return [Outline(_path(part), closed=False)]
    around = part if isinstance(part, shapely.Polygon) else shapely.buffer(part, spot_m)
    return [Outline(_path(ring)) for ring in (around.exterior, *around.interiors)]


def _path(line: Geometry) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in shapely.get_coordinates(line)]


PICTURES = (pin_pages, cluster_pictures, place_pictures, safety_pictures, map_pictures)
