"""Reads of reference data: code lists, postcodes, boundaries."""

import re
from datetime import date
from typing import NamedTuple

import numpy as np
import shapely
from sqlalchemy import text
from sqlalchemy.orm import Session

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


def place_types(session: Session) -> list[PlaceType]:
    found = session.execute(
        text("""
            select code, label, geom_kinds, sensitivity, group_code, valid_to
            from reference.place_type order by sort
        """)
    )
    return [PlaceType._make(row) for row in found]


def harms(session: Session) -> list[Harm]:
    found = session.execute(
        text("select code, label, group_code, severity, valid_to from reference.harm order by sort")
    )
    return [Harm._make(row) for row in found]


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


def language_rules(session: Session) -> list[LanguageRule]:
    found = session.execute(
        text("""
            select extra->>'pattern', extra->>'severity', label
            from reference.lookup where list = 'language' order by sort
        """)
    )
    return [LanguageRule._make(row) for row in found]


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


def areas_geojson(session: Session, kind: str, box: list[float], limit: int) -> bytes:
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
