"""Places that may be the same one: near by, as far as the reader may see."""

from typing import NamedTuple

from geoalchemy2.shape import from_shape
from shapely import Geometry
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.core.db import BNG
from app.places import queries
from app.places.models import Place
from app.places.rules import State

SPOT_M, WIDE_M = 50, 150
MOST = 5


class Like(NamedTuple):
    """A place near by, its distance in metres."""

    ref: str
    name: str
    type_label: str
    away_m: int


def like(session: Session, shape: Geometry | None, *, but: str | None = None) -> list[Like]:
    """Nearest first: within 50 m of a spot, within 150 m of a line or an area.

    `&&` comes first: it alone is marked LEAKPROOF, so it alone may use the index.
    """
    if shape is None:
        return []
    here = from_shape(shape, srid=BNG)
    radius_m = SPOT_M if shape.geom_type == "Point" else WIDE_M
    away_m = func.ST_Distance(Place.geom, here)
    found = session.execute(
        select(Place.ref, Place.name, queries.TYPE.c.label, away_m)
        .join(queries.TYPE, queries.TYPE.c.code == Place.type_code)
        .where(Place.geom.op("&&")(func.ST_Expand(here, radius_m)))
        .where(away_m <= radius_m, Place.deleted_at.is_(None), Place.state != State.CLOSED)
        .where(Place.ref != (but or ""))
        .order_by(away_m, Place.ref)
        .limit(MOST)
    )
    return [Like(ref, name, label, round(metres)) for ref, name, label, metres in found]
