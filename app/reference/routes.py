"""Boundaries for programs."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Response

from app.accounts.deps import Db, May
from app.core.actor import Actor
from app.core.problems import documented
from app.reference import queries

api = APIRouter(prefix="/api/v1/areas", tags=["areas"])

Reader = Annotated[Actor, Depends(May("place.read"))]
Kind = Literal["borough", "district", "ward", "lsoa"]
Limit = Annotated[int, Query(ge=1, le=5000)]
BBOX = r"^-?\d+(\.\d+)?(,-?\d+(\.\d+)?){3}$"
Box = Annotated[str | None, Query(pattern=BBOX, max_length=100)]


@api.get("", responses=documented(422))
def collection(
    db: Db, actor: Reader, kind: Kind = "borough", bbox: Box = None, limit: Limit = 1000
) -> Response:
    """Boundaries of a kind as a GeoJSON FeatureCollection, simplified for a map of a town."""
    box = [float(part) for part in (bbox or "-180,-90,180,90").split(",")]
    with db.read(actor) as session:
        body = queries.areas_geojson(session, kind, box, limit)
    return Response(body, media_type="application/geo+json")
