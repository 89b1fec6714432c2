"""Published police events as input of a run: each distinct point a site, counted by month.

SQL collapses first: a point is one row, however many its events.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from psycopg import sql

from app.clusters.rules import Settings
from app.clusters.study import Study, epoch_day
from app.core import bulk
from app.core.bulk import Array, Cursor
from geo.boundaries import Lads
from geo.crossborough import Events
from geo.evidence.persistent import Dated

SINCE = np.datetime64("2000-01", "M")

POLICE = sql.SQL("""
    select id, lon_e6, lat_e6, easting_m, northing_m, coalesce(known.lad, 0)::int4,
           cardinality(months), array_send(months)
    from reference.place_point
    left join unnest({}::text[]) with ordinality as known (code, lad) on known.code = lad_code
    where n_events > 0
""")
POLICE_KINDS = {
    "id": "int4",
    "lon_e6": "int4",
    "lat_e6": "int4",
    "easting_m": "float8",
    "northing_m": "float8",
    "lad": "int4",
    "n_months": "int4",
    "months": "raw",
}
NOWHERE = """
    select count(*) from reference.police_event
    where place_point_id is null and month + 15 between %s and %s
"""


def midpoints(month: Array) -> Array:
    """Middle day (days since 1970) of months counted from January 2000: the 15th or 16th.

    The publisher gives the month only, so its events share this day: months are 28 to 31 days
    apart, and join at `--eps-days 31` and not at 28.
    """
    first = (SINCE + np.asarray(month)).astype("datetime64[D]").astype(np.int64)
    after = (SINCE + np.asarray(month) + 1).astype("datetime64[D]").astype(np.int64)
    return (first + (after - first) // 2).astype(np.int32)


def read(cursor: Cursor, settings: Settings, lads: Lads) -> Study:
    """Published events: each distinct point is a site, with its events counted by month.

    An event has no id that lasts, so the id of a cluster comes from what is published of its
    core: `longitude,latitude,months,number` (millionths of a degree). It is the same in every
    database that loaded the same files.
    """
    points = bulk.copy_out(cursor, POLICE.format(sql.Literal(list(lads.codes))), POLICE_KINDS)
    by = np.lexsort((points["lat_e6"], points["lon_e6"]))
    site, month, n = _months(points["months"], points["n_months"])
    rank = np.empty(len(by), dtype=np.int64)
    rank[by] = np.arange(len(by))
    rows = _in_window(rank[site], midpoints(month), n, settings)
    by_day = None
    if settings.eps_days is None:
        rows, by_day = _by_site(rows), rows
    point = {name: points[name][by] for name in POLICE_KINDS if name != "months"}
    nowhere = cursor.execute(NOWHERE, (settings.first_on, settings.last_on)).fetchone()
    coverage = {
        "events": int(rows.n.sum()),
        "places": len(np.unique(rows.site)),
        "left_out": {"without_coordinates": int(nowhere[0]) if nowhere else 0},
    }
    study = _police_study(point, rows, coverage)
    if by_day is None:
        return study
    row = np.searchsorted(rows.site, by_day.site)
    return replace(study, by_day=Dated(row, by_day.first_day, by_day.n))


class Counted(NamedTuple):
    """Events by site and month, or by site; sorted by site, then day."""

    site: Array
    first_day: Array
    last_day: Array
    dates: Array
    n: Array


def _months(raw: Array, n_months: Array) -> tuple[Array, Array, Array]:
    """Site, month and number of every count: arrays of int4 as PostgreSQL sends them, joined.

    Each has a head of five words, then length and value of each element; the value holds the
    month above its number (column reference.place_point.months).
    """
    words = raw.view(">i4")
    site = np.repeat(np.arange(len(n_months)), n_months)
    packed = words[5 * (site + 1) + 2 * np.arange(len(site)) + 1].astype(np.int64)
    return site, packed >> 16, packed & 0xFFFF


def _in_window(site: Array, day: Array, n: Array, settings: Settings) -> Counted:
    first, last = epoch_day(settings.first_on), epoch_day(settings.last_on)
    keep = (day >= first) & (day <= last)
    by = np.flatnonzero(keep)[np.argsort(site[keep], kind="stable")]
    site, day, n = site[by], day[by], n[by].astype(np.int64)
    return Counted(site, day, day, np.ones(len(site), dtype=np.int64), n)


def _by_site(rows: Counted) -> Counted:
    """Without a limit in time a site is one row, however many its months."""
    if not len(rows.site):
        return rows
    start = np.flatnonzero(np.append(True, rows.site[1:] != rows.site[:-1]))
    end = np.append(start[1:], len(rows.site))
    total = np.add.reduceat(rows.n, start)
    last = rows.last_day[end - 1]
    return Counted(rows.site[start], rows.first_day[start], last, end - start, total)


def _police_study(point: Mapping[str, Array], rows: Counted, coverage: dict[str, Any]) -> Study:
    xy_m = np.column_stack([point["easting_m"], point["northing_m"]])[rows.site]
    lon, lat = point["lon_e6"][rows.site], point["lat_e6"][rows.site]
    order = np.arange(len(rows.site))

    def site_ids(at: Array) -> list[str]:
        pairs = zip(lon[at].tolist(), lat[at].tolist(), strict=True)
        return [f"p{x},{y}" for x, y in pairs]

    def tokens(at: Array) -> list[str]:
        parts = (lon, lat, rows.first_day, rows.last_day, rows.n)
        columns = [part[at].tolist() for part in parts]
        return [f"{x},{y},{a},{b},{n}" for x, y, a, b, n in zip(*columns, strict=True)]

    return Study(
        Events(
            order=order,
            site=rows.site,
            xy_m=xy_m,
            day=rows.first_day,
            weight=rows.n,
            lad=point["lad"][rows.site] - 1,
            may_be_core=np.ones(len(order), dtype=bool),
            last_day=rows.last_day,
            dates=rows.dates,
        ),
        None,
        {"place_point_id": point["id"][rows.site], "lon_e6": lon, "lat_e6": lat},
        coverage,
        tokens,
        site_ids,
    )
