"""Distinct published points: found or made once, with their borough, counts and pyramid."""

from dataclasses import dataclass

import numpy as np
from psycopg import sql

from app.core import bulk, morton
from app.core.bulk import Array, Cursor
from app.imports import queries
from app.imports.rules import Street
from geo import boundaries, crs

NEW_POINT = {
    "id": "int4",
    "lon_e6": "int4",
    "lat_e6": "int4",
    "easting_m": "float8",
    "northing_m": "float8",
    "mx": "int4",
    "my": "int4",
    "qk": "int8",
    "lad": "int4",
}
MONTH_BITS = 16


@dataclass(frozen=True, slots=True)
class Points:
    """Distinct points of some rows. `row` maps each located row to its point."""

    id: Array  # int32, as stored
    fresh: Array  # bool: not stored yet
    mx: Array  # int32, Web Mercator at 30 bits
    my: Array
    qk: Array
    lad: Array  # int32 index, -1 outside every borough
    row: Array  # int32 per located row
    located: Array  # bool per row

    def id_of_row(self) -> Array:
        """0 stands for no point."""
        out = np.zeros(len(self.located), dtype=np.int32)
        out[self.located] = self.id[self.row]
        return out

    def lad_of_row(self) -> Array:
        """Of located rows only."""
        return self.lad[self.row]


def place_points(cursor: Cursor, street: Street) -> Points:
    """Look the distinct points up; new ones get an id, a grid position and a borough."""
    packed = (street.lon_e6.astype(np.int64) << 32) | (street.lat_e6.astype(np.int64) & 0xFFFFFFFF)
    distinct, row = np.unique(packed[street.located], return_inverse=True)
    lon_e6 = (distinct >> 32).astype(np.int32)
    lat_e6 = (distinct & 0xFFFFFFFF).astype(np.uint32).view(np.int32)
    known, highest = queries.known_points(cursor, lon_e6, lat_e6)
    fresh = known.id == 0
    ids = known.id.copy()
    ids[fresh] = highest + 1 + np.arange(int(fresh.sum()), dtype=np.int32)
    lonlat = np.column_stack([lon_e6, lat_e6]) / 1e6
    mx, my = morton.mercator(lonlat)
    points = Points(
        ids, fresh, mx, my, morton.interleaved(mx >> 8, my >> 8), known.lad, row, street.located
    )
    if fresh.any():
        _insert(cursor, points, lonlat, lon_e6, lat_e6)
    return points


def _insert(cursor: Cursor, points: Points, lonlat: Array, lon_e6: Array, lat_e6: Array) -> None:
    new = np.flatnonzero(points.fresh)
    metres = crs.to_bng(lonlat[new])
    lads = queries.lads(cursor)
    points.lad[new] = boundaries.lad_of(metres, lads)
    order = np.argsort(points.qk[new], kind="stable")  # neighbours on the map share a page
    new, metres = new[order], metres[order]
    bulk.create_temporary(cursor, "point_in", NEW_POINT)
    bulk.copy_in(
        cursor,
        "point_in",
        NEW_POINT,
        {
            "id": points.id[new],
            "lon_e6": lon_e6[new],
            "lat_e6": lat_e6[new],
            "easting_m": metres[:, 0],
            "northing_m": metres[:, 1],
            "mx": points.mx[new],
            "my": points.my[new],
            "qk": points.qk[new],
            "lad": points.lad[new],
        },
    )
    cursor.execute(
        "insert into reference.place_point (id, lon_e6, lat_e6, easting_m, northing_m, mx, my, qk, "
        "lad_code) select id, lon_e6, lat_e6, easting_m, northing_m, mx, my, qk, "
        "(%s::text[])[lad + 1] from point_in",
        (list(lads.codes),),
    )
    cursor.execute("drop table point_in")


def counted(cursor: Cursor, street: Street, points: Points, fresh: Array) -> None:
    """Add the new rows to the counts of their points and to the pyramid."""
    rows = fresh[street.located]
    if not rows.any():
        return
    at = points.row[rows].astype(np.int64)
    months = street.month[street.located][rows].astype("datetime64[M]")
    number = (months - np.datetime64("2000-01", "M")).astype(np.int64)
    pairs, n = np.unique((at << MONTH_BITS) | number, return_counts=True)
    _add_months(cursor, points.id[pairs >> MONTH_BITS], pairs & 0xFFFF, n)
    _add_to_grid(cursor, points, np.bincount(at, minlength=len(points.id)))


def _add_months(cursor: Cursor, ids: Array, month: Array, n: Array) -> None:
    """Merge (month, n) into the packed counts of each point; one row a point is rewritten once."""
    kinds = {"id": "int4", "month": "int4", "n": "int4"}
    bulk.create_temporary(cursor, "month_in", kinds)
    bulk.copy_in(cursor, "month_in", kinds, {"id": ids, "month": month, "n": n})
    cursor.execute(
        "with added as ("
        " select id, array_agg((month << 16) | n order by month) as months, sum(n)::int as n"
        " from month_in group by id)"
        " update reference.place_point as point"
        " set n_events = point.n_events + added.n, months = case"
        "  when point.n_events = 0 then added.months"
        "  else (select array_agg((month << 16) | n order by month) from ("
        "   select packed >> 16 as month, sum(packed & 65535)::int as n"
        "   from unnest(point.months || added.months) as packed group by 1) as merged) end"
        " from added where point.id = added.id"
    )
    cursor.execute("drop table month_in")


def _add_to_grid(cursor: Cursor, points: Points, n: Array) -> None:
    """Counts per 1/64 of a tile, zooms 8 to 13: what a tile of a low zoom reads."""
    kinds = {"z": "int4", "x": "int4", "y": "int4", "n": "int4"}
    bulk.create_temporary(cursor, "grid_in", kinds)
    some = np.flatnonzero(n)
    for z in range(8, 14):
        shift = 30 - (z + 6)
        cell = (points.mx[some].astype(np.int64) >> shift << 32) | (points.my[some] >> shift)
        cells, at = np.unique(cell, return_inverse=True)
        bulk.copy_in(
            cursor,
            "grid_in",
            kinds,
            {
                "z": np.full(len(cells), z),
                "x": cells >> 32,
                "y": cells & 0xFFFFFFFF,
                "n": np.bincount(at, weights=n[some]).astype(np.int32),
            },
        )
    cursor.execute(
        sql.SQL(
            "insert into reference.point_grid as grid (z, tx, ty, px, py, n) "
            "select z, x >> 6, y >> 6, x & 63, y & 63, n from grid_in "
            "on conflict (z, tx, ty, px, py) do update set n = grid.n + excluded.n"
        )
    )
    cursor.execute("drop table grid_in")
