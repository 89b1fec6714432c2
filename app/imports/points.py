"""Distinct published points: found or made once, with their borough, counts and pyramid."""

from dataclasses import dataclass

import numpy as np
import psycopg

from app.core import bulk, columns, morton
from app.core.bulk import Array, Cursor
from app.core.errors import InvalidError
from app.imports import queries
from app.imports.rules import Street
from geo import boundaries, crs
from geo.boundaries import Lads

POINT = {
    "id": "int4",
    "lon_e6": "int4",
    "lat_e6": "int4",
    "easting_m": "float8",
    "northing_m": "float8",
    "mx": "int4",
    "my": "int4",
    "qk": "int8",
    "lad": "int4",
    "n": "int4",
}
MONTH_BITS = 16
ZOOMS = range(8, 14)


@dataclass(frozen=True, slots=True)
class Points:
    """Distinct points of some rows. `row` maps each located row to its point."""

    lonlat_e6: Array  # int32 (n, 2)
    id: Array  # int32, as stored
    fresh: Array  # bool: not stored yet
    mx: Array  # int32, Web Mercator at 30 bits
    my: Array
    qk: Array
    metres: Array  # EPSG:27700 (n, 2); of fresh points only
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


def found(cursor: Cursor, street: Street, lads: Lads) -> Points:
    """Look the distinct points up; new ones get an id, a grid position and a borough."""
    packed = (street.lon_e6.astype(np.int64) << 32) | (street.lat_e6.astype(np.int64) & 0xFFFFFFFF)
    distinct, row = columns.encoded(packed[street.located])
    lonlat_e6 = np.column_stack([distinct >> 32, distinct & 0xFFFFFFFF]).astype(np.uint32)
    lonlat_e6 = lonlat_e6.view(np.int32)
    mx, my = morton.mercator(lonlat_e6 / 1e6)
    qk = morton.interleaved(mx >> 8, my >> 8)
    known, highest = queries.known_points(cursor, lonlat_e6)
    new = np.flatnonzero(known.id == 0)
    new = new[np.argsort(qk[new], kind="stable")]  # neighbours on the map share a page
    ids, lad = known.id.copy(), known.lad.copy()
    ids[new] = highest + 1 + np.arange(len(new), dtype=np.int32)
    metres = np.full((len(ids), 2), np.nan)
    metres[new] = crs.to_bng(lonlat_e6[new] / 1e6)
    lad[new] = boundaries.lad_of(metres[new], lads)
    return Points(lonlat_e6, ids, known.id == 0, mx, my, qk, metres, lad, row, street.located)


def store(cursor: Cursor, street: Street, points: Points, fresh: Array, lads: Lads) -> None:
    """New points, the counts of the rows that are `fresh`, and the pyramid."""
    rows = fresh[street.located]
    at = points.row[rows].astype(np.int64)
    months = street.month[street.located][rows].astype("datetime64[M]")
    number = (months - np.datetime64("2000-01", "M")).astype(np.int64)
    pairs, n = np.unique((at << MONTH_BITS) | number, return_counts=True)
    _check(n)
    point, packed = pairs >> MONTH_BITS, ((pairs & 0xFFFF) << MONTH_BITS) | n
    total = np.bincount(at, minlength=len(points.id)).astype(np.int32)
    is_new = points.fresh[point]
    _insert(cursor, points, (point[is_new], packed[is_new]), total, lads)
    _add_months(cursor, points.id[point[~is_new]], packed[~is_new])
    _add_to_grid(cursor, points, total)


def _check(n: Array) -> None:
    if len(n) and n.max() > queries.MONTH_MAX:
        raise InvalidError(
            f"One point has {n.max():,} rows in one month; {queries.MONTH_MAX:,} can be counted. "
            "Is a column of coordinates filled with one value?"
        )


def _insert(
    cursor: Cursor, points: Points, months: tuple[Array, Array], total: Array, lads: Lads
) -> None:
    """New points with their months: arrays of one length at a time, as COPY likes even rows."""
    if not points.fresh.any():
        return
    point, packed = months
    length = np.bincount(point, minlength=len(points.id))
    start = np.concatenate([[0], np.cumsum(length)[:-1]])
    first = True
    for k in np.unique(length[points.fresh]):
        chosen = np.flatnonzero(points.fresh & (length == k))
        kinds = POINT | {"months": f"int4x{k}"}
        if first:
            bulk.create_temporary(cursor, "point_in", kinds)
            first = False
        values = packed[start[chosen][:, None] + np.arange(k)] if k else np.zeros((len(chosen), 0))
        bulk.copy_in(cursor, "point_in", kinds, _columns(points, chosen, total) | {
            "months": bulk.arrays(values)})  # fmt: skip
    queries.insert_points(cursor, lads)


def _columns(points: Points, chosen: Array, total: Array) -> dict[str, Array]:
    return {
        "id": points.id[chosen],
        "lon_e6": points.lonlat_e6[chosen, 0],
        "lat_e6": points.lonlat_e6[chosen, 1],
        "easting_m": points.metres[chosen, 0],
        "northing_m": points.metres[chosen, 1],
        "mx": points.mx[chosen],
        "my": points.my[chosen],
        "qk": points.qk[chosen],
        "lad": points.lad[chosen],
        "n": total[chosen],
    }


def _add_months(cursor: Cursor, ids: Array, packed: Array) -> None:
    """Merge into the counts of known points; one row a point is rewritten once."""
    if not len(ids):
        return
    kinds = {"id": "int4", "packed": "int4"}
    bulk.create_temporary(cursor, "month_in", kinds)
    bulk.copy_in(cursor, "month_in", kinds, {"id": ids, "packed": packed})
    try:
        queries.add_months(cursor)
    except psycopg.errors.NumericValueOutOfRange as wrong:
        raise InvalidError("One point has more rows in one month than can be counted.") from wrong


def _add_to_grid(cursor: Cursor, points: Points, n: Array) -> None:
    """Counts per 1/64 of a tile, zooms 8 to 13: what a tile of a low zoom reads."""
    some = np.flatnonzero(n)
    if not len(some):
        return
    kinds = {"z": "int4", "tx": "int4", "ty": "int4", "px": "int4", "py": "int4", "n": "int4"}
    bulk.create_temporary(cursor, "grid_in", kinds)
    for z in ZOOMS:
        shift = 30 - (z + 6)
        x, y = (v[some].astype(np.int64) >> shift for v in (points.mx, points.my))
        # In the order of the primary key.
        key = ((x >> 6) << 44) | ((y >> 6) << 24) | ((x & 63) << 6) | (y & 63)
        cells, at = np.unique(key, return_inverse=True)
        data = {
            "z": np.full(len(cells), z),
            "tx": cells >> 44,
            "ty": (cells >> 24) & 0xFFFFF,
            "px": (cells >> 6) & 63,
            "py": cells & 63,
            "n": np.bincount(at, weights=n[some]),
        }
        bulk.copy_in(cursor, "grid_in", kinds, data)
    queries.add_to_grid(cursor)
