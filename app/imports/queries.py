"""Set-based statements of the police import, over its temporary tables; and the list of batches."""

import json
from datetime import datetime, timedelta
from functools import cache
from typing import Any, NamedTuple
from uuid import UUID

import numpy as np
from psycopg import sql
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.core import bulk
from app.core.bulk import Array, Cursor
from app.imports import claims
from geo.boundaries import Lads


class KnownPoints(NamedTuple):
    """Of distinct points in their order: stored id (0 new) and index of the borough (-1 none)."""

    id: Array
    lad: Array


class KnownRows(NamedTuple):
    """Ordinals of rows that are stored, and whether any of them has a newer outcome."""

    ordinal: Array
    changed: bool


class Arrival(NamedTuple):
    """What is known of an import when it begins, in the order of its columns."""

    id: UUID
    ref: str
    kind: str
    file_name: str
    file_sha256: str
    started_at: datetime
    by: UUID


class Batch(NamedTuple):
    ref: str
    kind: str
    file_name: str
    state: str
    finished_at: datetime
    tallies: dict[str, Any]


# How many events one point can have in one month: the number shares 32 bits with the month.
MONTH_MAX = 65_535
# Of undone imports too: clusters of before keep the numbers of points that are gone.
HIGHEST_POINT = """
    select greatest((select max(id) from reference.place_point),
        (select max((undone ->> 'highest_point')::int) from app.import_batch), 0)
"""


def lock_imports(cursor: Cursor) -> None:
    """One import at a time: ids of points and occurrences are given by the importer."""
    cursor.execute("select pg_advisory_xact_lock(72110421)")


def known_points(cursor: Cursor, lonlat_e6: Array) -> tuple[KnownPoints, int]:
    """Which of the points are stored, and the highest id given so far."""
    found = KnownPoints(np.zeros(len(lonlat_e6), np.int32), np.full(len(lonlat_e6), -1, np.int32))
    row = cursor.execute(HIGHEST_POINT).fetchone()
    highest = int(row[0]) if row else 0
    if highest == 0 or not len(lonlat_e6):
        return found, highest
    kinds = {"ordinal": "int4", "lon_e6": "int4", "lat_e6": "int4"}
    bulk.create_temporary(cursor, "asked", kinds)
    ordinal = np.arange(len(lonlat_e6), dtype=np.int32)
    lon_e6, lat_e6 = lonlat_e6.T
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


def insert_points(cursor: Cursor, lads: Lads) -> None:
    """From `point_in`, neighbours on the map beside each other."""
    cursor.execute(
        "insert into reference.place_point (id, lon_e6, lat_e6, easting_m, northing_m, mx, my, qk, "
        "lad_code, n_events, months) select id, lon_e6, lat_e6, easting_m, northing_m, mx, my, qk, "
        "(%s::text[])[lad + 1], n, months from point_in order by id",
        (list(lads.codes),),
    )
    cursor.execute("drop table point_in")


def add_months(cursor: Cursor) -> None:
    """From `month_in`. A number over MONTH_MAX fails as an int2."""
    cursor.execute(
        "with added as ("
        " select id, array_agg(packed) as months, sum(packed & 65535) as n"
        " from month_in group by id)"
        " update reference.place_point as point"
        " set n_events = point.n_events + added.n, months = ("
        "   select array_agg((month << 16) | n order by month) from ("
        "   select packed >> 16 as month, ((sum(packed & 65535) - 32768)::int2 + 32768) as n"
        "   from unnest(point.months || added.months) as packed group by 1) as merged)"
        " from added where point.id = added.id"
    )
    cursor.execute("drop table month_in")


def add_to_grid(cursor: Cursor) -> None:
    """From `grid_in`, whose rows stand in the order of the primary key."""
    cursor.execute(
        "insert into reference.point_grid as grid (z, tx, ty, px, py, n) "
        "select z, tx, ty, px, py, n from grid_in "
        "on conflict (z, tx, ty, px, py) do update set n = grid.n + excluded.n"
    )
    cursor.execute("drop table grid_in")


def label_ids(cursor: Cursor, kind: str, values: list[str], batch: UUID) -> Array:
    """Ids of the labels in their order, then 0 for a blank (code -1 reads the last entry)."""
    known = "select label, id from reference.police_label where kind = %s and label = any(%s)"
    found = dict(cursor.execute(known, (kind, list({*values}))).fetchall())
    missing = sorted({*values} - {"", *found})
    if missing:
        made = cursor.execute(
            "insert into reference.police_label (kind, label, batch_id) "
            "select %s, unnest(%s::text[]), %s returning label, id",
            (kind, missing, batch),
        )
        found |= dict(made.fetchall())
    return np.array([*(found.get(value, 0) for value in values), 0], dtype=np.int32)


KNOWN = """
    create temporary table known on commit drop as
    select ordinal, key, event.batch_id as owner, event.outcome_id as was,
           nullif(street_in.outcome_id, 0) as said, nullif(street_in.lsoa_id, 0) as extra
    from street_in join reference.police_event as event using (key)
"""


def known_rows(cursor: Cursor, batch: UUID) -> KnownRows:
    """Rows of `street_in` that are stored already; the batch claims those of others."""
    if cursor.execute("select from reference.police_event limit 1").fetchone() is None:
        return KnownRows(np.zeros(0, dtype=np.int32), changed=False)
    cursor.execute("analyze street_in")
    cursor.execute(KNOWN)
    query = sql.SQL(
        "select ordinal, (coalesce(said, 0) not in (0, coalesce(was, 0))) as news from known"
    )
    rows = bulk.copy_out(cursor, query, {"ordinal": "int4", "news": "bool"})
    claims.record(cursor, batch, "police_event")
    return KnownRows(rows["ordinal"], changed=bool(rows["news"].any()))


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


def insert_batch(
    cursor: Cursor, arrival: Arrival, tallies: dict[str, int], *, dry_run: bool = False
) -> None:
    """With its audit event: what came in, from which file."""
    counts = json.dumps(tallies)
    state = "DRY_RUN" if dry_run else "APPLIED"
    cursor.execute(
        "insert into app.import_batch (id, ref, kind, file_name, file_sha256, started_at, by, "
        "tallies, state, undo_until, seq) values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, "
        "nextval('app.import_batch_seq'))",
        (*arrival, counts, state, arrival.started_at + timedelta(days=claims.UNDO_DAYS)),
    )
    cursor.execute(
        "select audit.log(%s, 'import_batch', %s, 'done', %s, %s)",
        (f"import.{arrival.kind.replace('-', '_')}", arrival.ref, tallies["imported"], counts),
    )


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
