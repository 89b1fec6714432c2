"""Reads of reference data: code lists, postcodes, boundaries."""

import re
from datetime import date
from typing import NamedTuple

import numpy as np
import shapely
from psycopg import sql
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.core import bulk
from app.core.bulk import Array, Cursor
from app.core.remembered import remembered
from geo.boundaries import Lads


class PlaceType(NamedTuple):
    code: str
    label: str
    geom_kinds: str
    sensitivity: str
    group_code: str | None
    valid_to: date | None


class Harm(NamedTuple):
    code: str
    label: str
    group_code: str
    severity: int
    valid_to: date | None


class Code(NamedTuple):
    code: str
    label: str


class Postcode(NamedTuple):
    postcode: str
    easting_m: float
    northing_m: float
    lad_code: str | None


class LanguageRule(NamedTuple):
    pattern: str
    severity: str
    suggestion: str


class Borough(NamedTuple):
    code: str
    name: str
    kind: str
    vintage: int


@remembered
def place_types(session: Session) -> list[PlaceType]:
    found = session.execute(
        text("""
            select code, label, geom_kinds, sensitivity, group_code, valid_to
            from reference.place_type order by sort
        """)
    )
    return [PlaceType._make(row) for row in found]


@remembered
def harms(session: Session) -> list[Harm]:
    found = session.execute(
        text("select code, label, group_code, severity, valid_to from reference.harm order by sort")
    )
    return [Harm._make(row) for row in found]


@remembered
def codes(session: Session, name: str) -> list[Code]:
    """One small list, such as `discovered_by`, without retired codes."""
    found = session.execute(
        text("""
            select code, label from reference.lookup
            where list = :name and valid_to is null order by sort
        """),
        {"name": name},
    )
    return [Code._make(row) for row in found]


class Grade(NamedTuple):
    """One value of a grading scheme; `weight` of a pair such as 1A, in the priority of places."""

    part: str
    value: str
    label: str
    weight: float | None


def grading(session: Session, version: str) -> list[Grade]:
    """A grading scheme in the order in which it is read; empty for an unknown version."""
    found = session.execute(
        text("""
            select extra->>'part', extra->>'value', label, nullif(extra->>'weight', '')::float8
            from reference.lookup
            where list = 'grading' and extra->>'version' = :version order by sort
        """),
        {"version": version},
    )
    return [Grade._make(row) for row in found]


@remembered
def language_rules(session: Session) -> list[LanguageRule]:
    found = session.execute(
        text("""
            select extra->>'pattern', extra->>'severity', label
            from reference.lookup where list = 'language' order by sort
        """)
    )
    return [LanguageRule._make(row) for row in found]


@remembered
def postcode(session: Session, typed: str) -> Postcode | None:
    """A live postcode, however it was typed."""
    compact = re.sub(r"[^A-Z0-9]", "", typed.upper())
    found = session.execute(
        text("""
            select postcode, ST_X(geom), ST_Y(geom), lad_code
            from reference.postcode where compact = :compact
        """),
        {"compact": compact},
    ).one_or_none()
    return None if found is None else Postcode._make(found)


@remembered
def boroughs(session: Session) -> list[Borough]:
    """Boroughs and districts, the newest vintage of each, by code."""
    found = session.execute(
        text("""
            select distinct on (code) code, name, kind, vintage from reference.area
            where kind in ('borough', 'district') order by code, vintage desc, id desc
        """)
    )
    return [Borough._make(row) for row in found]


def lads(session: Session) -> Lads:
    """The same, with their polygons (EPSG:27700), for geo."""
    found = session.execute(
        text("""
            select distinct on (code) code, ST_AsBinary(geom) from reference.area
            where kind in ('borough', 'district') order by code, vintage desc, id desc
        """)
    ).all()
    shapes = shapely.from_wkb([bytes(shape) for _, shape in found])
    return Lads(tuple(code for code, _ in found), np.asarray(shapes, dtype=object))


def lads_of(cursor: Cursor) -> Lads:
    """The same, for work in bulk."""
    found = cursor.execute(
        "select distinct on (code) code, ST_AsBinary(geom) from reference.area "
        "where kind in ('borough', 'district') order by code, vintage desc, id desc"
    ).fetchall()
    shapes = shapely.from_wkb([bytes(shape) for _, shape in found])
    return Lads(tuple(code for code, _ in found), np.asarray(shapes, dtype=object))


def known_areas(cursor: Cursor, kind: str, vintage: int) -> set[str]:
    found = cursor.execute(
        "select code from reference.area where kind = %s and vintage = %s", (kind, vintage)
    )
    return {code for (code,) in found}


POINTS = """
    select id, easting_m, northing_m,
           coalesce(array_position(({codes})::text[], lad_code), 0) - 1 as lad
    from reference.place_point
"""


def points(cursor: Cursor, lads: Lads) -> dict[str, Array]:
    """Every published point, with the index of its borough in `lads`, -1 for none."""
    kinds = {"id": "int4", "easting_m": "float8", "northing_m": "float8", "lad": "int4"}
    query = sql.SQL(POINTS).format(codes=sql.Literal(list(lads.codes)))
    return bulk.copy_out(cursor, query, kinds)


def move_points(cursor: Cursor, ids: Array, lad: Array, lads: Lads) -> None:
    kinds = {"id": "int4", "lad": "int4"}
    bulk.create_temporary(cursor, "moved", kinds)
    bulk.copy_in(cursor, "moved", kinds, {"id": ids, "lad": lad})
    cursor.execute(
        "update reference.place_point as point set lad_code = (%s::text[])[moved.lad + 1] "
        "from moved where moved.id = point.id",
        (list(lads.codes),),
    )
    cursor.execute("drop table moved")


def begin_postcodes(cursor: Cursor) -> None:
    cursor.execute(
        "create temporary table postcode_in (n int, postcode text, quality int, easting float8, "
        "northing float8, lad_code text, ward_code text) on commit drop"
    )


def upsert_postcodes(cursor: Cursor) -> int:
    """From `postcode_in`; returns how many of its rows were known, those that stand twice too."""
    row = cursor.execute(
        "select count(*) - count(distinct postcode) filter (where reference.postcode.quality "
        "is null) from postcode_in left join reference.postcode using (postcode)"
    ).fetchone()
    cursor.execute(
        "insert into reference.postcode (postcode, quality, geom, lad_code, ward_code) "
        "select distinct on (postcode) postcode, quality, "
        "ST_SetSRID(ST_MakePoint(easting, northing), 27700), lad_code, ward_code "
        "from postcode_in order by postcode, n desc "
        "on conflict (postcode) do update set quality = excluded.quality, geom = excluded.geom, "
        "lad_code = excluded.lad_code, ward_code = excluded.ward_code"
    )
    cursor.execute("drop table postcode_in")
    return int(row[0]) if row else 0


def loaded_mark(session: Session) -> str | None:
    """Hash of the packaged files that were loaded last."""
    found = session.scalar(
        text("select label from reference.lookup where list = 'loaded' and code = 'packaged'")
    )
    return None if found is None else str(found)


AREAS = text("""
    with shown as (
        select area.code, area.name, area.kind, area.vintage, ST_Union(shape.geom) as geom
        from reference.area
        join reference.area_shape as shape on shape.area_id = area.id and shape.min_zoom = 12
            and ST_Dimension(shape.geom) = 2 -- without the outlines for drawing
        where area.kind = :kind and shape.geom && ST_Transform(
            ST_MakeEnvelope(greatest(:west, -179.9), greatest(:south, -85), least(:east, 179.9),
                            least(:north, 85), 4326), 3857)
        group by area.id
        order by area.code, area.vintage desc
        limit :limit
    )
    select coalesce(string_agg(
        '{"type":"Feature","id":' || to_json(code) || ',"properties":'
        || json_build_object('code', code, 'name', name, 'kind', kind, 'vintage', vintage)
        || ',"geometry":' || ST_AsGeoJSON(ST_Transform(geom, 4326), 6) || '}', ','
        order by code, vintage desc), '')
    from shown
""")


def areas_geojson(
    session: Session, kind: str, box: tuple[float, float, float, float], limit: int
) -> bytes:
    """A FeatureCollection, put together in the database."""
    west, south, east, north = box
    found = session.scalar(
        AREAS,
        {
            "kind": kind,
            "west": west,
            "south": south,
            "east": east,
            "north": north,
            "limit": limit,
        },
    )
    return b'{"type":"FeatureCollection","features":[' + str(found).encode() + b"]}"
