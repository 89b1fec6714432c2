"""Load reference data: code lists, boundaries, postcodes. Loading again changes nothing."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import shapely

from app.core import clock
from app.core.actor import job_actor
from app.core.bulk import Cursor
from app.core.db import Database
from app.core.migrate import VERSION, is_newer
from app.reference import boundaries, gazetteer_load, queries, rules
from app.reference.boundaries import Boundary
from app.reference.gazetteer_files import Found
from app.reference.local_lists import DATA, LOOKUPS, Lists, read
from app.reference.rules import PostcodeRow
from geo import coverage
from geo.boundaries import lad_of

BOROUGHS = DATA / "boundaries" / "london_boroughs.geojson"
POSTCODES = DATA / "postcodes" / "postcodes_code_point_open_2025-05.csv.gz"
KNOWN_PLACES = DATA / "gazetteer" / "known_places.csv"
OURS = Lists({}, "AFC")
JOB = job_actor("reference:load")


class Code(NamedTuple):
    """One code of a list, as data/lookups/lists/*.csv and the columns of the table have it."""

    code: str
    label: str
    sort: int
    note: str | None = None
    valid_to: str | None = None
    extra: Mapping[str, str] = {}

    @classmethod
    def of(cls, row: Mapping[str, str]) -> "Code":
        return cls(
            row["code"],
            row["label"],
            int(row["sort"]),
            row.get("note") or None,
            row.get("valid_to") or None,
            {name: said for name, said in row.items() if name not in cls._fields},
        )


def load_packaged(db: Database, lists: Lists = OURS) -> bool:
    """Code lists, boroughs and postcodes that ship in data/; False when they are loaded.

    What a newer release loaded stays. `lists` are those of the partnership.
    """
    mark = _mark(lists)
    with db.read(JOB) as session:
        if queries.loaded_mark(session) == mark:
            return False
    if is_newer(db.ask(JOB.db_role, VERSION, ())):
        return False
    with db.cursor(JOB) as cursor:
        cursor.execute("select pg_advisory_xact_lock(72110420)")
        _load_lookups(cursor, lists)
        found = boundaries.read(BOROUGHS, code_field="gss_code", name_field="name")
        load_boundaries(cursor, found, kind="borough", vintage=2012)
        load_postcodes(
            cursor, (r for r in rules.postcodes(POSTCODES) if isinstance(r, PostcodeRow))
        )
        _load_known_places(cursor, lists)
        cursor.execute("select app.incidents_retimed()")
        _upsert_lookup(cursor, "partnership", [Code("controller", lists.controller, 1)])
        _upsert_lookup(cursor, "loaded", [Code("packaged", mark, 1)])
    return True


def load_boundaries(
    cursor: Cursor, found: Sequence[Boundary], *, kind: str, vintage: int
) -> dict[str, int]:
    """Add or replace areas of one kind and vintage; boroughs of points and places follow."""
    known = queries.known_areas(cursor, kind, vintage)
    _replace_areas(cursor, found, kind=kind, vintage=vintage)
    if kind in {"borough", "district"}:
        _move_points(cursor)
        cursor.execute("select app.boroughs_changed()")
        gazetteer_load.resettle(cursor)
    already = sum(1 for b in found if b.code in known)
    return {
        "rows": len(found),
        "imported": len(found) - already,
        "already_known": already,
        "updated": already,
        "rejected": 0,
    }


def load_postcodes(cursor: Cursor, rows: Iterable[PostcodeRow]) -> dict[str, int]:
    """Upsert, streamed: a national file has millions. Of a postcode that stands twice the last."""
    queries.begin_postcodes(cursor)
    n = 0
    with cursor.copy("copy postcode_in from stdin") as copy:
        for n, row in enumerate(rows, 1):
            copy.write_row((n, *row))
    known = queries.upsert_postcodes(cursor)
    gazetteer_load.resettle(cursor)
    return {"rows": n, "imported": n - known, "already_known": known}


def this_year() -> int:
    return clock.today().year


def _move_points(cursor: Cursor) -> None:
    """Points of police events get the borough they now lie in."""
    lads = queries.lads_of(cursor)
    points = queries.points(cursor, lads)
    now = lad_of(np.column_stack([points["easting_m"], points["northing_m"]]), lads)
    moved = np.flatnonzero(now != points["lad"])
    if len(moved):
        queries.move_points(cursor, points["id"][moved], now[moved], lads)


def _mark(lists: Lists) -> str:
    """Changes whenever a packaged file does, or how it is loaded."""
    digest = hashlib.sha256(b"5")
    for path in sorted([BOROUGHS, POSTCODES, KNOWN_PLACES, *LOOKUPS.rglob("*.csv")]):
        digest.update(lists.at(path).read_bytes())
    digest.update(lists.controller.encode())
    return digest.hexdigest()


def _load_known_places(cursor: Cursor, lists: Lists) -> None:
    """Stations, parks, towns and their streets: a fresh install finds well-known names."""
    by_kind: dict[str, list[Found]] = {}
    for row in read(lists.at(KNOWN_PLACES)):
        at = Found(row["name"], int(row["easting"]), int(row["northing"]))
        by_kind.setdefault(row["kind"], []).append(at)
    for kind, found in by_kind.items():
        gazetteer_load.load(cursor, kind, found)


def _load_lookups(cursor: Cursor, lists: Lists) -> None:
    """Codes are added and relabelled, retired by valid_to, never deleted."""
    for table in ("place_type", "harm"):
        rows = read(lists.at(LOOKUPS / f"{table}.csv"))
        names = list(rows[0])
        updates = ", ".join(f"{n} = excluded.{n}" for n in names if n != "code")
        marks = ", ".join(["%s"] * len(names))
        statement = (
            f"insert into reference.{table} ({', '.join(names)}) values ({marks}) "
            f"on conflict (code) do update set {updates}"
        )
        cursor.executemany(statement.encode(), [[row[n] or None for n in names] for row in rows])
    for path in sorted((LOOKUPS / "lists").glob("*.csv")):
        _upsert_lookup(cursor, path.stem, [Code.of(row) for row in read(lists.at(path))])
    _replace_days(cursor, lists)
    words = read(LOOKUPS / "language.csv")
    rules = [Code(f"L{i:03}", row["suggestion"], i, extra=row) for i, row in enumerate(words)]
    _upsert_lookup(cursor, "language", rules)


def _replace_days(cursor: Cursor, lists: Lists) -> None:
    """School terms of each borough by their first days, and bank holidays: for kinds of days."""
    terms = [
        Code(f"{row['lad_code']}:{row['first_day']}", row["last_day"], i, extra=row)
        for i, row in enumerate(read(lists.at(LOOKUPS / "term_dates.csv")))
    ]
    days = [
        Code(row["day"], row["name"], i)
        for i, row in enumerate(read(LOOKUPS / "bank_holidays.csv"))
    ]
    for name, codes in (("term", terms), ("bank_holiday", days)):
        cursor.execute("delete from reference.lookup where list = %s", (name,))
        _upsert_lookup(cursor, name, codes)


def _upsert_lookup(cursor: Cursor, name: str, codes: Iterable[Code]) -> None:
    cursor.executemany(
        "insert into reference.lookup (list, code, label, sort, note, valid_to, extra) "
        "values (%s, %s, %s, %s, %s, %s, %s) on conflict (list, code) do update "
        "set label = excluded.label, sort = excluded.sort, note = excluded.note, "
        "valid_to = excluded.valid_to, extra = excluded.extra",
        [(name, *code[:-1], json.dumps(code.extra)) for code in codes],
    )


def _replace_areas(cursor: Cursor, found: Sequence[Boundary], *, kind: str, vintage: int) -> None:
    """Full shapes, pieces of at most 256 vertices, and a simplified copy per zoom range."""
    shapes = np.array([b.shape_m for b in found], dtype=object)
    cursor.execute(
        "delete from reference.area where kind = %s and vintage = %s and code = any(%s)",
        (kind, vintage, [b.code for b in found]),
    )
    whole = coverage.simplified(shapes, 0)
    ids = [
        _insert_area(cursor, (kind, b.code, b.name, vintage, shapely.to_wkb(shape)))
        for b, shape in zip(found, whole, strict=True)
    ]
    cut = [coverage.pieces(shape) for shape in whole]
    cursor.executemany(
        "insert into reference.area_piece (area_id, kind, geom) "
        "values (%s, %s, ST_GeomFromWKB(%s, 27700))",
        [(i, kind, shapely.to_wkb(p)) for i, parts in zip(ids, cut, strict=True) for p in parts],
    )
    cursor.executemany(
        "insert into reference.area_shape (area_id, kind, min_zoom, max_zoom, geom) "
        "values (%s, %s, %s, %s, ST_Transform(ST_GeomFromWKB(%s, 27700), 3857))",
        list(_shapes(ids, kind, shapes, cut)),
    )


def _insert_area(cursor: Cursor, values: tuple[Any, ...]) -> int:
    row = cursor.execute(
        "insert into reference.area (kind, code, name, vintage, geom) "
        "values (%s, %s, %s, %s, ST_GeomFromWKB(%s, 27700)) returning id",
        values,
    ).fetchone()
    return int(row[0]) if row else -1


def _shapes(
    ids: list[int], kind: str, shapes: coverage.Shapes, cut: list[list[shapely.Polygon]]
) -> Iterator[tuple[int, str, int, int, bytes]]:
    for zooms in coverage.ZOOM_RANGES:
        less = coverage.simplified(shapes, zooms.tolerance_m)
        for area_id, shape, pieces in zip(ids, less, cut, strict=True):
            parts = pieces if zooms.tolerance_m == 0 else [shape]
            # The outline apart from the fill, or the cuts between pieces would look like borders.
            for part in [*parts, *coverage.outline(shape)]:
                yield area_id, kind, zooms.min_zoom, zooms.max_zoom, shapely.to_wkb(part)
