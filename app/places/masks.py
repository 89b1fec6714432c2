"""The public point that stands for each home in maps and files: drawn once, kept for good."""

import numpy as np
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.audit import service as audit
from app.core.actor import job_actor
from app.core.db import Database
from geo import masking
from geo.masking import Points, Square

MASK = job_actor("places:mask")
FEWEST_ADDRESSES = 8  # what two live postcodes stand for, where addresses are not counted
AROUND_M = 3_000  # more than the last ring, so that what is cut at the edge is not drawn from
HOMES = text("""
    select exact.place_id, ST_X(exact.geom) as east, ST_Y(exact.geom) as north,
           place.borough_codes[1] as borough, ST_X(exact.snap_geom) as drawn_east,
           ST_Y(exact.snap_geom) as drawn_north
    from app.place_exact as exact join app.place as place on place.id = exact.place_id
    where place.deleted_at is null and cardinality(place.borough_codes) > 0
    order by exact.place_id
""")
NAMED = text("""
    select easting_m, northing_m, lad_code from (
        select 1 as list, id, easting_m, northing_m, lad_code, geom from reference.street
        union all
        select 2, id, easting_m, northing_m, lad_code, geom from reference.site) as named
    where geom && ST_MakeEnvelope(:west, :south, :east, :north, 27700)
    order by list, id
""")
POSTCODES = text("""
    select ST_X(geom) as east, ST_Y(geom) as north from reference.postcode
    where geom && ST_MakeEnvelope(:west, :south, :east, :north, 27700)
""")
KEPT = text("""
    select square, easting_m, northing_m from app.place_mask where square = any (:squares)
""")
KEEP = text("""
    insert into app.place_mask (square, easting_m, northing_m, ring_m)
    values (:square, :east, :north, :ring) on conflict do nothing
""")
WRITE = text("""
    update app.place_exact
    set snap_geom = ST_SetSRID(ST_MakePoint(:east, :north), 27700), snap_catchment = :addresses
    where place_id = :place
""")
At = tuple[float, float]


def draw(db: Database, key: bytes) -> int:
    """How many homes got a point, or another one because their address is in another square.

    A square keeps the point that was drawn first, whatever the key or the list of points is now.
    """
    with db.begin(MASK) as session:
        homes = session.execute(HOMES).all()
        at = {home.place_id: masking.square_of(home.east, home.north) for home in homes}
        boroughs = {at[home.place_id]: home.borough for home in homes}
        kept = _kept(session, boroughs)
        missing = {square: boroughs[square] for square in boroughs if square.words not in kept}
        kept |= _drawn(session, missing, key)
        changed = 0
        for home in homes:
            point = kept.get(at[home.place_id].words)
            if point is not None and point != (home.drawn_east, home.drawn_north):
                given = {"place": home.place_id, "east": point[0], "north": point[1]}
                session.execute(WRITE, given | {"addresses": FEWEST_ADDRESSES})
                changed += 1
        if changed:
            audit.record(session, "place.mask", "place", None, rows=changed)
    return changed


def _kept(session: Session, squares: dict[Square, str]) -> dict[str, At]:
    rows = session.execute(KEPT, {"squares": [square.words for square in squares]})
    return {row.square: (row.easting_m, row.northing_m) for row in rows}


def _drawn(session: Session, missing: dict[Square, str], key: bytes) -> dict[str, At]:
    """Squares without points enough stay without: the ward is all that may be told of them."""
    points = _points(session, list(missing)) if missing else None
    made: dict[str, At] = {}
    for square, borough in missing.items():
        found = None if points is None else masking.draw(points, square, borough, key)
        if points is None or found is None:
            continue
        east, north = map(float, points.xy_m[found.number])
        given = {"square": square.words, "east": east, "north": north, "ring": found.ring_m}
        session.execute(KEEP, given)
        made[square.words] = (east, north)
    return made


def _points(session: Session, squares: list[Square]) -> Points | None:
    centres = np.array([square.centre_m for square in squares])
    (west, south), (east, north) = centres.min(axis=0) - AROUND_M, centres.max(axis=0) + AROUND_M
    box = {"west": west, "south": south, "east": east, "north": north}
    box = {side: float(at) for side, at in box.items()}
    named = session.execute(NAMED, box).all()
    postcodes = [(row.east, row.north) for row in session.execute(POSTCODES, box)]
    if not named or not postcodes:
        return None
    xy_m = np.array([(row.easting_m, row.northing_m) for row in named], float)
    return Points.of(xy_m, [row.lad_code or "" for row in named], postcodes)
