"""Load reference data: code lists, boundaries, postcodes. Loading again changes nothing."""

import csv
import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import psycopg
import shapely

from app.core import clock
from app.core.actor import job_actor
from app.core.db import Database
from app.core.errors import InvalidError
from app.reference import queries
from app.reference.rules import PostcodeRow, csv_lines, postcode_rows
from geo import coverage, crs

DATA = Path(__file__).resolve().parents[2] / "data"
BOROUGHS = DATA / "boundaries" / "london_boroughs.geojson"
POSTCODES = DATA / "postcodes" / "postcodes_code_point_open_2025-05.csv.gz"
JOB = job_actor("reference:load")


class Boundary(NamedTuple):
    code: str
    name: str
    shape_m: shapely.Geometry  # EPSG:27700


def load_packaged(db: Database) -> bool:
    """Code lists, boroughs and postcodes that ship in data/; False when they are loaded."""
    mark = _mark()
    with db.read(JOB) as session:
        if queries.loaded_mark(session) == mark:
            return False
    with db.cursor(JOB) as cursor:
        cursor.execute("select pg_advisory_xact_lock(72110420)")
        _load_lookups(cursor)
        boundaries = geojson_boundaries(BOROUGHS, code_field="gss_code", name_field="name")
        _load_boundaries(cursor, boundaries, kind="borough", vintage=2012)
        rows = [row for row in postcode_rows(csv_lines(POSTCODES)) if isinstance(row, PostcodeRow)]
        _load_postcodes(cursor, rows)
        _upsert_lookup(cursor, "loaded", [("packaged", mark, 1, {})])
    return True


def import_boundaries(
    db: Database, boundaries: list[Boundary], *, kind: str, vintage: int
) -> dict[str, int]:
    """Add or replace areas of one kind and vintage; boroughs of points and places follow."""
    if not boundaries:
        raise InvalidError("The file holds no polygons.")
    with db.cursor(JOB) as cursor:
        known = _known_areas(cursor, kind, vintage)
        _load_boundaries(cursor, boundaries, kind=kind, vintage=vintage)
        if kind in {"borough", "district"}:
            cursor.execute(
                "update reference.place_point set lad_code = boroughs.lad_code from ("
                " select p.id, b.lad_code from reference.place_point p, app.boroughs_of("
                "  ST_SetSRID(ST_MakePoint(p.easting_m, p.northing_m), 27700)) b) as boroughs"
                " where place_point.id = boroughs.id"
                " and place_point.lad_code is distinct from boroughs.lad_code"
            )
    already = sum(1 for b in boundaries if b.code in known)
    return {
        "rows": len(boundaries),
        "imported": len(boundaries) - already,
        "already_known": already,
        "updated": already,
    }


def import_postcodes(db: Database, path: Path) -> dict[str, int]:
    """Add the postcodes of the file, or bring them up to date."""
    found = list(postcode_rows(csv_lines(path)))
    rows = [row for row in found if isinstance(row, PostcodeRow)]
    if not rows:
        raise InvalidError(f"No postcode of {path.name} can be used.")
    with db.cursor(JOB) as cursor:
        already = _load_postcodes(cursor, rows)
    return {
        "rows": len(found),
        "imported": len(rows) - already,
        "already_known": already,
        "rejected": len(found) - len(rows),
    }


def read_boundaries(path: Path, *, code_field: str, name_field: str) -> list[Boundary]:
    """Polygons of a GeoJSON file by our own reader, of other formats by GDAL."""
    if path.suffix.lower() in {".geojson", ".json"}:
        return geojson_boundaries(path, code_field=code_field, name_field=name_field)
    return _gdal_boundaries(path, code_field, name_field)


def this_year() -> int:
    return clock.today().year


def _gdal_boundaries(path: Path, code_field: str, name_field: str) -> list[Boundary]:
    """GeoPackage or zipped Shapefile. A VRT inside could read other files: that driver is off."""
    os.environ.setdefault("OGR_SKIP", "OGR_VRT")
    os.environ.setdefault("CPL_VSIL_CURL_ALLOWED_EXTENSIONS", ".none")
    import pyogrio
    from pyproj import Transformer

    try:
        meta, _, wkb, columns = pyogrio.raw.read(path, columns=[code_field, name_field])
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError) as wrong:
        raise InvalidError(f"{path.name} cannot be read as a map file.") from wrong
    if set(meta["fields"]) != {code_field, name_field} or not meta["crs"]:
        raise InvalidError(
            f"{path.name} needs the fields {code_field} and {name_field} and a coordinate system."
        )
    into = Transformer.from_crs(meta["crs"], 27700, always_xy=True)
    shapes = shapely.transform(
        shapely.from_wkb(wkb), lambda xy: np.column_stack(into.transform(xy[:, 0], xy[:, 1]))
    )
    named = dict(zip(meta["fields"], columns, strict=True))
    return [
        Boundary(str(code), str(name), shape)
        for code, name, shape in zip(named[code_field], named[name_field], shapes, strict=True)
    ]


def geojson_boundaries(path: Path, *, code_field: str, name_field: str) -> list[Boundary]:
    """Polygons of a GeoJSON file, longitude and latitude, without asking GDAL."""
    try:
        features = json.loads(path.read_text())["features"]
        shapes = shapely.from_geojson([json.dumps(f["geometry"]) for f in features])
        named = [
            (str(f["properties"][code_field]), str(f["properties"][name_field])) for f in features
        ]
    except (ValueError, TypeError, KeyError, shapely.errors.ShapelyError) as wrong:
        words = f"{path.name} is not GeoJSON with the fields {code_field} and {name_field}."
        raise InvalidError(words) from wrong
    metres = shapely.transform(shapes, crs.to_bng)
    return [Boundary(*names, shape) for names, shape in zip(named, metres, strict=True)]


def _mark() -> str:
    """Changes whenever a packaged file does, or how it is loaded."""
    digest = hashlib.sha256(b"3")
    for path in sorted([BOROUGHS, POSTCODES, *(DATA / "lookups").rglob("*.csv")]):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _load_lookups(cursor: psycopg.Cursor[Any]) -> None:
    """Codes are added and relabelled, retired by valid_to, never deleted."""
    for table in ("place_type", "harm"):
        rows = _csv(DATA / "lookups" / f"{table}.csv")
        names = list(rows[0])
        updates = ", ".join(f"{n} = excluded.{n}" for n in names if n != "code")
        marks = ", ".join(["%s"] * len(names))
        statement = (
            f"insert into reference.{table} ({', '.join(names)}) values ({marks}) "
            f"on conflict (code) do update set {updates}"
        )
        cursor.executemany(statement.encode(), [[row[n] or None for n in names] for row in rows])
    for path in sorted((DATA / "lookups" / "lists").glob("*.csv")):
        rows = _csv(path)
        _upsert_lookup(
            cursor, path.stem, [(r["code"], r["label"], int(r["sort"]), {}) for r in rows]
        )
    words = _csv(DATA / "lookups" / "language.csv")
    rules = [(f"L{i:03}", row["suggestion"], i, row) for i, row in enumerate(words)]
    _upsert_lookup(cursor, "language", rules)


def _upsert_lookup(
    cursor: psycopg.Cursor[Any], name: str, rows: Iterable[tuple[str, str, int, dict[str, str]]]
) -> None:
    cursor.executemany(
        "insert into reference.lookup (list, code, label, sort, extra) values (%s, %s, %s, %s, %s) "
        "on conflict (list, code) do update "
        "set label = excluded.label, sort = excluded.sort, extra = excluded.extra",
        [(name, code, label, sort, json.dumps(extra)) for code, label, sort, extra in rows],
    )


def _known_areas(cursor: psycopg.Cursor[Any], kind: str, vintage: int) -> set[str]:
    found = cursor.execute(
        "select code from reference.area where kind = %s and vintage = %s", (kind, vintage)
    )
    return {code for (code,) in found}


def _load_boundaries(
    cursor: psycopg.Cursor[Any], boundaries: list[Boundary], *, kind: str, vintage: int
) -> None:
    """Full shapes, pieces of at most 256 vertices, and a simplified copy per zoom range."""
    shapes = np.array([b.shape_m for b in boundaries], dtype=object)
    if not bool(shapely.is_valid(shapes).all()):
        bad = [
            b.code for b, good in zip(boundaries, shapely.is_valid(shapes), strict=True) if not good
        ]
        raise InvalidError(
            f"The shape of {bad[0]} crosses itself. Repair the file and load it again."
        )
    cursor.execute(
        "delete from reference.area where kind = %s and vintage = %s and code = any(%s)",
        (kind, vintage, [b.code for b in boundaries]),
    )
    whole = coverage.simplified(shapes, 0)
    ids = [
        _insert_area(cursor, (kind, b.code, b.name, vintage, shapely.to_wkb(shape)))
        for b, shape in zip(boundaries, whole, strict=True)
    ]
    cut = [
        (area_id, kind, shapely.to_wkb(part))
        for area_id, shape in zip(ids, whole, strict=True)
        for part in coverage.pieces(shape)
    ]
    cursor.executemany(
        "insert into reference.area_piece (area_id, kind, geom) "
        "values (%s, %s, ST_GeomFromWKB(%s, 27700))",
        cut,
    )
    cursor.executemany(
        "insert into reference.area_shape (area_id, kind, min_zoom, max_zoom, geom) "
        "values (%s, %s, %s, %s, ST_Transform(ST_GeomFromWKB(%s, 27700), 3857))",
        list(_shapes(ids, kind, shapes)),
    )


def _insert_area(cursor: psycopg.Cursor[Any], values: tuple[Any, ...]) -> int:
    row = cursor.execute(
        "insert into reference.area (kind, code, name, vintage, geom) "
        "values (%s, %s, %s, %s, ST_GeomFromWKB(%s, 27700)) returning id",
        values,
    ).fetchone()
    return int(row[0]) if row else -1


def _shapes(
    ids: list[int], kind: str, shapes: coverage.Shapes
) -> Iterator[tuple[int, str, int, int, bytes]]:
    for zooms in coverage.ZOOM_RANGES:
        less = coverage.simplified(shapes, zooms.tolerance_m)
        for area_id, shape in zip(ids, less, strict=True):
            parts = coverage.pieces(shape) if zooms.tolerance_m == 0 else [shape]
            # The outline apart from the fill, or the cuts between pieces would look like borders.
            for part in [*parts, *coverage.outline(shape)]:
                yield area_id, kind, zooms.min_zoom, zooms.max_zoom, shapely.to_wkb(part)


def _load_postcodes(cursor: psycopg.Cursor[Any], rows: list[PostcodeRow]) -> int:
    """Upsert; returns how many were known."""
    cursor.execute(
        "create temporary table postcode_in (postcode text, quality int, easting float8, "
        "northing float8, lad_code text, ward_code text) on commit drop"
    )
    with cursor.copy("copy postcode_in from stdin") as copy:
        for row in rows:
            copy.write_row(row)
    known = cursor.execute(
        "select count(*) from postcode_in join reference.postcode using (postcode)"
    ).fetchone()
    cursor.execute(
        "insert into reference.postcode (postcode, quality, geom, lad_code, ward_code) "
        "select postcode, quality, ST_SetSRID(ST_MakePoint(easting, northing), 27700), "
        "lad_code, ward_code from postcode_in "
        "on conflict (postcode) do update set quality = excluded.quality, geom = excluded.geom, "
        "lad_code = excluded.lad_code, ward_code = excluded.ward_code"
    )
    cursor.execute("drop table postcode_in")
    return int(known[0]) if known else 0


def _csv(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))
