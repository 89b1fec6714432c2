"""Events of a Parquet file: places, days, and ids where they have some.

A file has `easting_m` and `northing_m` (EPSG:27700) or `longitude` and `latitude`, and `day` (a
date, or whole days since 1970). It may have `id` (a name for each event), `n` (events of a row)
and `area` (analysis area, a code).
"""

import hashlib
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from app.core.bulk import Array
from app.core.errors import InvalidError
from app.scale.given import Given
from app.scale.rules import WHOLE, Asked
from geo import crs
from geo.errors import GeoInputError
from geo.neighbourhood import joined

PART = 100_000
METRES, DEGREES = ("easting_m", "northing_m"), ("longitude", "latitude")
NO_PLACE = (
    "The file needs the columns easting_m and northing_m (metres, EPSG:27700), or longitude and "
    "latitude, and day. It has: {}."
)
NO_DAY = "The column day needs dates, or whole days since 1970-01-01."
NO_NUMBER = "The column {} holds something that is not a number."
FEW = "The column n needs whole numbers of 1 or more."
NO_FILE = "There is no file {}."
BAD_FILE = "This is not a Parquet file that can be read."
NO_AREA = "To test each area by itself the file needs the column area, filled in every row."
EMPTY = "The file holds no event."
EMPTY_PERIOD = "The file holds no event of this period."
EPOCH = date(1970, 1, 1)


class Rows(NamedTuple):
    """One row of a file each."""

    xy_m: Array
    day: Array
    weight: Array
    area: Array
    areas: Sequence[str]
    id: Any  # a column of arrow, or None


Period = tuple[date | None, date | None]


def read(path: Path, asked: Asked, period: Period = (None, None)) -> Given:
    """Events of a file, in an order that does not depend on that of its rows."""
    if not path.is_file():
        raise InvalidError(NO_FILE.format(path))
    try:
        file = pq.ParquetFile(path)
        names = set(file.schema_arrow.names)
        found = file.read(columns=_columns(names))
    except pa.ArrowException as refused:
        raise InvalidError(BAD_FILE) from refused
    if not found.num_rows:
        raise InvalidError(EMPTY)
    try:
        rows = _rows(found, each=asked.each)
    except GeoInputError as refused:
        raise InvalidError(str(refused)) from refused
    return given(_within(rows, period), asked)


def given(rows: Rows, asked: Asked) -> Given:
    """Collapse to distinct places and days: the same clusters for a fraction of the work."""
    by, again = _in_order(rows)
    xy_m, day, area = rows.xy_m[by], rows.day[by], rows.area[by]
    other_place = _differs(xy_m)
    starts = np.flatnonzero(other_place | _differs(day) | _differs(area))
    weight = np.add.reduceat(rows.weight[by], starts)
    made = (xy_m[starts], day[starts], weight)
    ids = None if rows.id is None else rows.id.take(pa.array(by))
    until = np.append(starts, len(by))

    def tokens(at: Array) -> list[str]:
        if ids is None:
            return _named(*(column[at] for column in made))
        wanted = joined(until[at], until[at + 1] - until[at])[0]
        return [str(one) for one in ids.take(pa.array(wanted)).to_pylist()]

    return Given(
        site=np.cumsum(other_place)[starts] - 1,
        xy_m=made[0],
        day=made[1],
        last_day=made[1],
        weight=weight,
        area=area[starts],
        areas=rows.areas,
        tokens=tokens,
        snapshot_hash=_hash((*made, area[starts]), rows.areas, ids),
        params_hash=asked.hash(),
        coverage={
            "events": int(weight.sum()),
            "rows": len(starts),
            "left_out": {"listed_twice": again},
        },
    )


def _in_order(rows: Rows) -> tuple[Array, int]:
    """Rows by place, day, area and id, and how many were left out because their id came before."""
    keys = (rows.area, rows.day, rows.xy_m[:, 1], rows.xy_m[:, 0])
    if rows.id is None:
        return np.lexsort(keys), 0
    rank, again = _ranked(rows.id)
    by = np.lexsort((rank, *keys))
    return by[~again[by]], int(again.sum())


def _hash(columns: Sequence[Array], areas: Sequence[str], ids: Any) -> str:  # noqa: ANN401 - arrow
    """SHA-256 of the rows in their order."""
    digest = hashlib.sha256(repr(list(areas)).encode())
    for column in columns:
        digest.update(np.ascontiguousarray(column).tobytes())
    if ids is not None:
        for part in range(0, len(ids), PART):
            digest.update("\0".join(map(str, ids[part : part + PART].to_pylist())).encode())
    return digest.hexdigest()


def _columns(names: set[str]) -> list[str]:
    place = next((pair for pair in (METRES, DEGREES) if names >= set(pair)), None)
    if place is None or "day" not in names:
        raise InvalidError(NO_PLACE.format(", ".join(sorted(names))))
    return [*place, "day", *(name for name in ("id", "n", "area") if name in names)]


def _rows(found: pa.Table, *, each: bool) -> Rows:
    held = found.column_names
    pair = METRES if METRES[0] in held else DEGREES
    place = np.column_stack([_numbers(found, name) for name in pair])
    if pair == DEGREES:
        place = np.round(crs.to_bng(place), 3)
    xy_m = crs.require_bng(place)
    n = np.ones(found.num_rows)
    if "n" in held:
        n = _numbers(found, "n")
        if not ((n >= 1) & (n == np.floor(n))).all():
            raise InvalidError(FEW)
    areas: tuple[str, ...] = (WHOLE,)
    area = np.zeros(found.num_rows, dtype=np.int64)
    if each:
        areas, area = _areas(found)
    ids = found["id"].combine_chunks() if "id" in held else None
    return Rows(xy_m, _days(found["day"]), n.astype(np.int64), area, areas, ids)


def _within(rows: Rows, period: Period) -> Rows:
    """Rows of a period; both days are included."""
    if not any(period):
        return rows
    first, last = (None if day is None else (day - EPOCH).days for day in period)
    some = np.ones(len(rows.day), dtype=bool)
    if first is not None:
        some &= rows.day >= first
    if last is not None:
        some &= rows.day <= last
    if not some.any():
        raise InvalidError(EMPTY_PERIOD)
    ids = None if rows.id is None else rows.id.filter(pa.array(some))
    xy_m, day, weight, area = (column[some] for column in rows[:4])
    return Rows(xy_m, day, weight, area, rows.areas, ids)


def _areas(found: pa.Table) -> tuple[tuple[str, ...], Array]:
    """Codes in their order, and the number of each row's."""
    if "area" not in found.column_names or found["area"].null_count:
        raise InvalidError(NO_AREA)
    coded = pc.dictionary_encode(found["area"].combine_chunks())
    codes = np.array([str(code) for code in coded.dictionary.to_pylist()])
    by = np.argsort(codes, kind="stable")
    number = np.empty(len(by), dtype=np.int64)
    number[by] = np.arange(len(by))
    return tuple(codes[by].tolist()), number[coded.indices.to_numpy()]


def _numbers(found: pa.Table, name: str) -> Array:
    try:
        column = pc.cast(found[name], pa.float64())
    except pa.ArrowException as refused:
        raise InvalidError(NO_NUMBER.format(name)) from refused
    return np.asarray(column.to_numpy(), dtype=np.float64)


def _days(column: pa.ChunkedArray) -> Array:
    kind = column.type
    if column.null_count or not (pa.types.is_temporal(kind) or pa.types.is_integer(kind)):
        raise InvalidError(NO_DAY)
    if pa.types.is_timestamp(kind) and kind.tz is not None:
        column = pc.local_timestamp(pc.cast(column, pa.timestamp("s", "Europe/London")))
    if pa.types.is_temporal(kind):
        column = pc.cast(pc.cast(column, pa.date32(), safe=False), pa.int32())
    return np.asarray(column.to_numpy(), dtype=np.int64).astype(np.int32)


def _ranked(ids: Any) -> tuple[Array, Array]:  # noqa: ANN401 - a column of arrow
    """Rank of each id, and rows whose id was there before."""
    by = pc.sort_indices(ids).to_numpy()
    ordered = ids.take(pa.array(by))
    same = np.append(False, pc.equal(ordered[1:], ordered[:-1]).to_numpy(zero_copy_only=False))
    rank, again = np.empty(len(by), dtype=np.int64), np.zeros(len(by), dtype=bool)
    rank[by] = np.cumsum(~same)
    again[by[same]] = True
    return rank, again


def _differs(column: Array) -> Array:
    """Whether a row is the first, or other than the one before."""
    new = np.ones(len(column), dtype=bool)
    other = column[1:] != column[:-1]
    new[1:] = other.any(axis=1) if other.ndim > 1 else other
    return new


def _named(xy_m: Array, day: Array, n: Array) -> list[str]:
    """Events without ids are known by what they share: place, day and number."""
    columns = (xy_m[:, 0].tolist(), xy_m[:, 1].tolist(), day.tolist(), n.tolist())
    return [f"{x:.3f},{y:.3f},{d},{k}" for x, y, d, k in zip(*columns, strict=True)]
