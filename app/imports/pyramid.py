"""Counts per 1/64 of a tile, zooms 8 to 13, by month and borough: what a map of some dates reads.

The months of a cell are one ascending array: months since January 2000 times 2^32, plus the events
up to and including that month. Those of any period are then two look-ups and a subtraction. They
are worked out from the places after an import and in a job, since adding a file to them as it comes
in made the import a fifth slower; until then tiles count live (migration 0029). A change marks the
cells of zoom 8 that it touches (migration 0056): those are worked out again, with all that is in
them, and the others stay.
"""

from collections.abc import Iterator
from typing import LiteralString, NamedTuple

import numpy as np
from psycopg import sql

from app.core import bulk, morton
from app.core.bulk import Array, Cursor
from app.imports import queries

ZOOMS = range(8, 14)
MONTH_BITS, LAD_BITS = 11, 9  # until the year 2170; more boroughs than there are
SUM_BITS = 32
EVERY = (1 << LAD_BITS) - 1  # stands for all boroughs of a cell together
CELL = {"z": "int4", "tx": "int4", "ty": "int4", "px": "int4", "py": "int4", "lad": "int4"} | {
    "shared": "bool"
}

WHOLE, KNOWN_BUT = 0, -2  # zooms of the rows that say how much of the rest is right
CELL_ZOOM = 14  # a cell of zoom 8 is as large as a tile of this zoom
STATE = "select z from reference.month_grid where z in (0, -2)"
MARKED = "select (tx << 6) | px, (ty << 6) | py from reference.month_grid where z = -1"
# All that is in a cell of zoom 8 lies, at each zoom, in one tile.
FORGET: LiteralString = """
    with marked as (
        delete from reference.month_grid where z < 0 returning z, tx, ty, px, py
    ),
    within as (
        select zoom, (tx << more) | (px << more >> 6) as tx,
               (ty << more) | (py << more >> 6) as ty,
               (px << more) & 63 as px, (py << more) & 63 as py, (1 << more) - 1 as side
        from marked cross join generate_series(0, 5) as more
        cross join lateral (select 8 + more as zoom) as at
        where z = -1
    )
    delete from reference.month_grid as grid using within
    where (grid.z, grid.tx, grid.ty) = (zoom, within.tx, within.ty)
      and grid.px between within.px and within.px + side
      and grid.py between within.py and within.py + side
"""
# Without any event nothing stays of what was undone.
FINISHED = """
    insert into reference.month_grid select 0, 0, 0, 0, 0, '', false, '{}'
    where exists (select from reference.month_grid)
"""


class _Cells(NamedTuple):
    """Cells of a zoom. The months of cell i are `packed[start[i]:start[i] + length[i]]`."""

    columns: dict[str, Array]
    length: Array
    start: Array
    packed: Array


def fill(cursor: Cursor) -> bool:
    """Work the counts out where they are not whole; whether there was anything to do."""
    queries.lock_imports(cursor)
    known = {z for (z,) in cursor.execute(STATE)}
    if WHOLE in known:
        return False
    ranges = None if KNOWN_BUT not in known else _touched(cursor)
    if ranges is None:
        cursor.execute("delete from reference.month_grid")
    else:
        cursor.execute(FORGET)
    codes, rows = _events(cursor, ranges)
    if len(rows["n"]):
        _write(cursor, codes, rows)
    cursor.execute(FINISHED)
    return True


def _touched(cursor: Cursor) -> list[int] | None:
    """The first Morton key of each marked cell of zoom 8; None where they are most of all."""
    marked = cursor.execute(MARKED).fetchall()
    row = cursor.execute("select count(*) from reference.month_grid where z = 8").fetchone()
    if 2 * len(marked) > (int(row[0]) if row else 0):
        return None  # all at once is cheaper, and leaves the rows in the order of the map
    return [morton.tile_range(CELL_ZOOM, x, y)[0] for x, y in marked]


def _events(cursor: Cursor, ranges: list[int] | None) -> tuple[list[str], dict[str, Array]]:
    """Each place and month, with the position of its borough among the codes: 0 is none."""
    among: sql.Composable = sql.SQL("")
    if ranges is not None:
        among = sql.SQL(
            "join unnest({}::int8[]) as marked (first) on qk >= first and qk < first + {}"
        ).format(sql.Literal(ranges), sql.Literal(morton.tile_range(CELL_ZOOM, 0, 0)[1]))
    found = cursor.execute(
        "select distinct lad_code from reference.place_point where lad_code is not null order by 1"
    )
    codes = [str(code) for (code,) in found]
    query = sql.SQL(
        "select mx, my, coalesce(array_position({}::text[], lad_code), 0) as lad, "
        "packed >> 16 as month, packed & 65535 as n "
        "from reference.place_point {} cross join unnest(months) as packed"
    ).format(sql.Literal(codes), among)
    kinds = dict.fromkeys(("mx", "my", "lad", "month", "n"), "int4")
    return codes, bulk.copy_out(cursor, query, kinds)


def _write(cursor: Cursor, codes: list[str], rows: dict[str, Array]) -> None:
    first = True
    for cells in _by_zoom(**rows):
        for k in np.unique(cells.length):  # arrays of one length at a time: COPY likes even rows
            chosen = np.flatnonzero(cells.length == k)
            kinds = CELL | {"months": f"int8x{k}"}
            if first:
                bulk.create_temporary(cursor, "grid_in", kinds)
                first = False
            values = cells.packed[cells.start[chosen][:, None] + np.arange(k)]
            data = {name: column[chosen] for name, column in cells.columns.items()}
            bulk.copy_in(cursor, "grid_in", kinds, data | {"months": bulk.arrays(values, "int8")})
    cursor.execute(
        "insert into reference.month_grid "
        "select z, tx, ty, px, py, case lad when %s then '*' else "
        "coalesce((%s::text[])[lad], '') end, shared, months "
        "from grid_in order by z, tx, ty, px, py",
        (EVERY, codes),
    )
    cursor.execute("drop table grid_in")


def _by_zoom(mx: Array, my: Array, lad: Array, month: Array, n: Array) -> Iterator[_Cells]:
    """From the closest, whose cells and months the next zoom adds up."""
    shift = 30 - (max(ZOOMS) + 6)
    x, y, sums = mx.astype(np.int64) >> shift, my.astype(np.int64) >> shift, n.astype(np.int64)
    lad, month = lad.astype(np.int64), month.astype(np.int64)
    for z in reversed(ZOOMS):
        key = ((x >> 6) << 25) | ((y >> 6) << 12) | ((x & 63) << 6) | (y & 63)
        key = (((key << LAD_BITS) | lad) << MONTH_BITS) | month
        order = np.argsort(key)
        key = key[order]
        first = np.flatnonzero(np.diff(key, prepend=-1))
        found, sums = key[first], np.add.reduceat(sums[order], first)
        cell, month = found >> MONTH_BITS, found & ((1 << MONTH_BITS) - 1)
        shared = _shared(cell)
        yield _cells(z, cell, month, sums, shared)
        if shared.any():
            yield _cells(z, *_together(cell[shared], month[shared], sums[shared]))
        lad, cell = cell & EVERY, cell >> LAD_BITS
        x = ((cell >> 25) << 5) | (((cell >> 6) & 63) >> 1)
        y = (((cell >> 12) & 0x1FFF) << 5) | ((cell & 63) >> 1)


def _shared(cell: Array) -> Array:
    """Which rows, in order, are of a cell that more than one borough has a part of."""
    at = cell >> LAD_BITS
    first = np.flatnonzero(np.diff(at, prepend=-1))
    last = np.append(first[1:], len(at)) - 1
    return np.repeat(cell[first] != cell[last], last - first + 1)


def _together(cell: Array, month: Array, n: Array) -> tuple[Array, Array, Array, Array]:
    """The same cells without their boroughs."""
    key = ((cell >> LAD_BITS) << MONTH_BITS) | month
    order = np.argsort(key)
    first = np.flatnonzero(np.diff(key[order], prepend=-1))
    found = key[order][first]
    whole = ((found >> MONTH_BITS) << LAD_BITS) | EVERY
    sums = np.add.reduceat(n[order], first)
    return whole, found & ((1 << MONTH_BITS) - 1), sums, np.zeros(len(found), dtype=bool)


def _cells(z: int, cell: Array, month: Array, n: Array, shared: Array) -> _Cells:
    start = np.flatnonzero(np.diff(cell, prepend=-1))
    length = np.diff(start, append=len(cell))
    so_far = np.cumsum(n)
    before = so_far[start] - n[start]
    own = cell[start]
    at = own >> LAD_BITS
    columns = {
        "z": np.full(len(own), z),
        "tx": at >> 25,
        "ty": (at >> 12) & 0x1FFF,
        "px": (at >> 6) & 63,
        "py": at & 63,
        "lad": own & EVERY,
        "shared": shared[start],
    }
    packed = (month << SUM_BITS) | (so_far - np.repeat(before, length))
    return _Cells(columns, length, start, packed)
