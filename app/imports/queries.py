"""Set-based statements of the police import, over its temporary tables; and the list of batches."""

from datetime import datetime
from functools import cache
from typing import Any, NamedTuple
from uuid import UUID

import numpy as np
import shapely
from psycopg import sql
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.core import bulk
from app.core.bulk import Array, Cursor
from geo.boundaries import Lads


class KnownPoints(NamedTuple):
    """Of distinct points in their order: stored id (0 new) and index of the borough (-1 none)."""

    id: Array
    lad: Array


class Batch(NamedTuple):
    ref: str
    kind: str
    file_name: str
    state: str
    finished_at: datetime
    tallies: dict[str, Any]


def lock_imports(cursor: Cursor) -> None:
    """One import at a time: ids of points and occurrences are given by the importer."""
    cursor.execute("select pg_advisory_xact_lock(72110421)")


def lads(cursor: Cursor) -> Lads:
    """Boroughs and districts of the newest vintage, with polygons in EPSG:27700."""
    found = cursor.execute(
        "select distinct on (code) code, ST_AsBinary(geom) from reference.area "
        "where kind in ('borough', 'district') order by code, vintage desc, id desc"
    ).fetchall()
    shapes = shapely.from_wkb([bytes(shape) for _, shape in found])
    return Lads(tuple(code for code, _ in found), np.asarray(shapes, dtype=object))


def known_points(cursor: Cursor, lon_e6: Array, lat_e6: Array) -> tuple[KnownPoints, int]:
    """Which of the points are stored, and the highest id given so far."""
    found = KnownPoints(np.zeros(len(lon_e6), np.int32), np.full(len(lon_e6), -1, np.int32))
    row = cursor.execute("select coalesce(max(id), 0) from reference.place_point").fetchone()
    highest = int(row[0]) if row else 0
    if highest == 0 or not len(lon_e6):
        return found, highest
    kinds = {"ordinal": "int4", "lon_e6": "int4", "lat_e6": "int4"}
    bulk.create_temporary(cursor, "asked", kinds)
    ordinal = np.arange(len(lon_e6), dtype=np.int32)
    bulk.copy_in(cursor, "asked", kinds, {"ordinal": ordinal, "lon_e6": lon_e6, "lat_e6": lat_e6})
    rows = bulk.copy_out(
        cursor,
        sql.SQL(
            "select ordinal, id, (lad_code is not null) as inside "
            "from asked join reference.place_point using (lon_e6, lat_e6)"
        ),
        {"ordinal": "int4", "id": "int4", "inside": "bool"},
    )
    cursor.execute("drop table asked")
    found.id[rows["ordinal"]] = rows["id"]
    found.lad[rows["ordinal"]] = np.where(rows["inside"] == 1, 0, -1)
    return found, highest


def label_ids(cursor: Cursor, kind: str, values: list[str]) -> Array:
    """Ids of the labels in their order, then 0 for a blank (code -1 reads the last entry)."""
    wanted = sorted({value for value in values if value})
    cursor.execute(
        "insert into reference.police_label (kind, label) select %s, label "
        "from unnest(%s::text[]) as label where not exists (select from reference.police_label k "
        "where k.kind = %s and k.label = label) on conflict do nothing",
        (kind, wanted, kind),
    )
    found = dict(
        cursor.execute(
            "select label, id from reference.police_label where kind = %s and label = any(%s)",
            (kind, wanted),
        ).fetchall()
    )
    return np.array([*(found.get(value, 0) for value in values), 0], dtype=np.int32)


def known_ordinals(cursor: Cursor) -> Array:
    """Rows of `street_in` that are stored already."""
    if cursor.execute("select from reference.police_event limit 1").fetchone() is None:
        return np.zeros(0, dtype=np.int32)
    cursor.execute("analyze street_in")
    query = sql.SQL("select ordinal from street_in join reference.police_event using (key)")
    return bulk.copy_out(cursor, query, {"ordinal": "int4"})["ordinal"]


@cache
def _insert(*, some_known: bool) -> str:
    """Zeros stand for blanks on the wire, where a null would make the rows uneven."""
    unknown = (
        " where not exists (select from reference.police_event e where e.key = street_in.key)"
        if some_known
        else ""
    )
    return (
        "insert into reference.police_event (key, month, place_point_id, category_id, outcome_id, "
        "reported_by_id, falls_within_id, street_id, lsoa_id, context_id, crime_id, batch_id) "
        "select key, month, nullif(place_point_id, 0), category_id, nullif(outcome_id, 0), "
        "reported_by_id, falls_within_id, nullif(street_id, 0), nullif(lsoa_id, 0), "
        "nullif(context_id, 0), nullif(crime_id, '\\x" + "00" * 32 + "'::bytea), %s from street_in"
    ) + unknown


def insert_events(cursor: Cursor, batch: UUID, *, some_known: bool) -> None:
    cursor.execute(_insert(some_known=some_known).encode(), (batch,))


def update_outcomes(cursor: Cursor) -> int:
    """A later publication knows more; an outcome is never blanked by an earlier one."""
    cursor.execute(
        "update reference.police_event as event set outcome_id = street_in.outcome_id "
        "from street_in where event.key = street_in.key and street_in.outcome_id <> 0 "
        "and event.outcome_id is distinct from street_in.outcome_id"
    )
    return cursor.rowcount


def batches(session: Session, limit: int = 100) -> list[Batch]:
    """Newest first."""
    found = session.execute(
        text("""
            select ref, kind, file_name, state, finished_at, tallies
            from app.import_batch order by finished_at desc, ref limit :limit
        """),
        {"limit": limit},
    )
    return [Batch._make(row) for row in found]
