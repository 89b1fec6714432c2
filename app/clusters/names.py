"""Names of clusters: neutral, from what is near, the same whenever the data are the same."""

from collections.abc import Sequence

import numpy as np

from app.clusters import rules
from app.clusters.rules import Source
from app.clusters.study import Study
from app.core.bulk import Array, Cursor

NEAR_PLACE_M, NEAR_POSTCODE_M = 250.0, 1000.0

STREETS = """
    with named as (
        select event.place_point_id, event.street_id
        from unnest(%s::int[]) as asked (id)
        join reference.police_event as event on event.place_point_id = asked.id
        group by event.place_point_id, event.street_id
    )
    select named.place_point_id, min(label.label)
    from named join reference.police_label as label on label.id = named.street_id
    group by named.place_point_id
"""
# Never a home, a restricted label or a sensitive site: a name is read by all who see the cluster.
PLACES = """
    select name, ST_X(point), ST_Y(point)
    from app.place cross join lateral (select ST_PointOnSurface(geom) as point) as at
    where deleted_at is null and sensitivity in ('PUBLIC_REALM', 'MANAGED')
      and geom && ST_MakeEnvelope(%(w)s, %(s)s, %(e)s, %(n)s, 27700)
    order by name, ref
"""
POSTCODES = """
    select postcode, ST_X(geom), ST_Y(geom) from reference.postcode
    where geom && ST_MakeEnvelope(%(w)s, %(s)s, %(e)s, %(n)s, 27700)
    order by postcode
"""

# Of open data only: squares are read by one borough, and what is recorded in another is none of
# their names.
KNOWN = """
    select name, easting_m, northing_m from reference.site
    where kind <> 'TOWN' and geom && ST_MakeEnvelope(%(w)s, %(s)s, %(e)s, %(n)s, 27700)
    union all
    select name, easting_m, northing_m from reference.street
    where geom && ST_MakeEnvelope(%(w)s, %(s)s, %(e)s, %(n)s, 27700)
    order by name, easting_m, northing_m
"""


def near(cursor: Cursor, source: Source, study: Study, anchors: Array) -> list[str]:
    """A name for each anchor row: its street (police) or nearest place, and postcode sector."""
    if not len(anchors):
        return []
    xy_m = study.events.xy_m[anchors]
    police = source is Source.POLICE
    what = (
        _streets(cursor, study.members["place_point_id"][anchors])
        if police
        else _nearest(cursor, PLACES, xy_m, NEAR_PLACE_M)
    )
    postcodes = _nearest(cursor, POSTCODES, xy_m, NEAR_POSTCODE_M)
    sectors = [rules.sector_of(found) if found else None for found in postcodes]
    return [
        rules.name(label, sector, easting_m=x, northing_m=y)
        for label, sector, (x, y) in zip(what, sectors, xy_m.tolist(), strict=True)
    ]


def squares(cursor: Cursor, middle_m: Array, side_m: float) -> list[str]:
    """A name for each square: the nearest street or site in or beside it, and postcode sector."""
    if not len(middle_m):
        return []
    what = _nearest(cursor, KNOWN, middle_m, side_m)
    postcodes = _nearest(cursor, POSTCODES, middle_m, NEAR_POSTCODE_M)
    sectors = [rules.sector_of(found) if found else None for found in postcodes]
    return [
        rules.name(label, sector, easting_m=x, northing_m=y)
        for label, sector, (x, y) in zip(what, sectors, middle_m.tolist(), strict=True)
    ]


def _streets(cursor: Cursor, point_ids: Array) -> Sequence[str | None]:
    found = dict(cursor.execute(STREETS, (np.unique(point_ids).tolist(),)).fetchall())
    return [rules.street(found.get(point_id, "")) for point_id in point_ids.tolist()]


def _nearest(cursor: Cursor, query: str, xy_m: Array, within_m: float) -> Sequence[str | None]:
    """Label of the nearest; of several the first in the order of the query."""
    from scipy.spatial import cKDTree

    (west, south), (east, north) = xy_m.min(axis=0) - within_m, xy_m.max(axis=0) + within_m
    sides = {"w": west, "s": south, "e": east, "n": north}
    rows = cursor.execute(query.encode(), sides).fetchall()
    if not rows:
        return [None] * len(xy_m)
    labels = [label for label, _, _ in rows]
    tree = cKDTree(np.array([(x, y) for _, x, y in rows]))
    metres, at = tree.query(xy_m, distance_upper_bound=within_m)
    return [labels[i] if np.isfinite(m) else None for m, i in zip(metres, at, strict=True)]
