"""GeoPackage for QGIS: one layer of each kind of shape, a style for each, the marking within.

Written by SQLite in memory, so that no open copy of it ever lies on the disk.
"""

import sqlite3
import struct
from collections.abc import Sequence
from functools import cache
from itertools import compress

import shapely
from shapely import Geometry

from app.core.cells import Cell
from app.exports import qgis
from app.exports.rules import Stamp
from app.exports.sheet import Sheet
from geo.crs import definition

BNG, DEGREES = 27700, 4326
APPLICATION, VERSION = 0x47504B47, 10300  # "GPKG", 1.3
HEADER = struct.Struct("<2sBBi4d")  # GP, version 0, little-endian with an envelope, srs, envelope
# By kind of shape: how the layer is called, its type, and the style that draws it.
LAYERS = {
    "Point": ("points", "POINT", qgis.points),
    "MultiPoint": ("multipoints", "MULTIPOINT", qgis.points),
    "LineString": ("lines", "LINESTRING", qgis.lines),
    "MultiLineString": ("multilines", "MULTILINESTRING", qgis.lines),
    "Polygon": ("areas", "POLYGON", qgis.areas),
    "MultiPolygon": ("multiareas", "MULTIPOLYGON", qgis.areas),
}
CORE = """
    create table gpkg_spatial_ref_sys (srs_name text not null, srs_id integer primary key,
        organization text not null, organization_coordsys_id integer not null,
        definition text not null, description text);
    create table gpkg_contents (table_name text not null primary key, data_type text not null,
        identifier text unique, description text default '', last_change datetime not null
        default (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')), min_x double, min_y double, max_x double,
        max_y double, srs_id integer);
    create table gpkg_geometry_columns (table_name text not null primary key,
        column_name text not null, geometry_type_name text not null, srs_id integer not null,
        z tinyint not null, m tinyint not null);
    create table layer_styles (id integer primary key autoincrement, f_table_catalog text(256),
        f_table_schema text(256), f_table_name text(256), f_geometry_column text(256),
        "styleName" text(30), "styleQML" text, "styleSLD" text, "useAsDefault" boolean,
        description text, owner text(30), ui text(30), update_time datetime);
    create table marking (marking text, watermark text, filters text);
    insert into gpkg_contents (table_name, data_type, identifier)
        values ('layer_styles', 'attributes', 'layer_styles'),
               ('marking', 'attributes', 'marking');
"""


def gpkg(sheet: Sheet, stamp: Stamp) -> bytes:
    """Rows without a shape are a table of their own: nothing is left out."""
    with_marks = (*sheet.columns, "symbol", "marking")
    rows = [(*row, mark, stamp.marking) for row, mark in zip(sheet.rows, sheet.marks, strict=True)]
    base = sqlite3.connect(":memory:", isolation_level=None)
    try:
        base.execute(f"pragma application_id = {APPLICATION}")
        base.execute(f"pragma user_version = {VERSION}")
        base.executescript(CORE)
        base.executemany("insert into gpkg_spatial_ref_sys values (?, ?, ?, ?, ?, ?)", systems())
        words = "; ".join(f"{label}: {said}" for label, said in sheet.filters)
        base.execute("insert into marking values (?, ?, ?)", (stamp.line, stamp.watermark, words))
        kinds = [None if shape is None else shape.geom_type for shape in sheet.shapes]
        for kind in [*LAYERS, None]:
            chosen = [found == kind for found in kinds]
            if any(chosen):
                here = list(compress(sheet.shapes, chosen))
                _layer(base, sheet, with_marks, list(compress(rows, chosen)), here)
        return base.serialize()
    finally:
        base.close()


def _layer(
    base: sqlite3.Connection,
    sheet: Sheet,
    columns: Sequence[str],
    rows: Sequence[Sequence[Cell]],
    shapes: Sequence[Geometry | None],
) -> None:
    first = shapes[0]
    names = ", ".join(f'"{name}" {_type(rows, at)}' for at, name in enumerate(columns))
    holes = ", ".join("?" * len(columns))
    if first is None:
        table = f"{sheet.name}_without_position"
        base.execute(f'create table "{table}" (fid integer primary key autoincrement, {names})')
        base.executemany(f'insert into "{table}" values (null, {holes})', rows)
        base.execute(
            "insert into gpkg_contents (table_name, data_type, identifier) values (?, ?, ?)",
            (table, "attributes", table),
        )
        return
    suffix, kind, style = LAYERS[first.geom_type]
    table = f"{sheet.name}_{suffix}"
    base.execute(
        f'create table "{table}" (fid integer primary key autoincrement, geom {kind}, {names})'
    )
    base.executemany(
        f'insert into "{table}" values (null, ?, {holes})',
        [(_blob(shape), *row) for shape, row in zip(shapes, rows, strict=True) if shape],
    )
    base.execute(
        "insert into gpkg_contents (table_name, data_type, identifier, min_x, min_y, max_x, max_y,"
        " srs_id) values (?, 'features', ?, ?, ?, ?, ?, ?)",
        (table, table, *(float(side) for side in shapely.total_bounds(list(shapes))), BNG),
    )
    base.execute(
        "insert into gpkg_geometry_columns values (?, 'geom', ?, ?, 0, 0)", (table, kind, BNG)
    )
    base.execute(
        "insert into layer_styles (f_table_catalog, f_table_schema, f_table_name,"
        ' f_geometry_column, "styleName", "styleQML", "useAsDefault", description)'
        " values ('', '', ?, 'geom', 'Contextmap', ?, 1, 'Shape by type')",
        (table, style(sheet.legend)),
    )


def _type(rows: Sequence[Sequence[Cell]], at: int) -> str:
    """Numbers stay numbers; everything else is text."""
    kinds = {type(row[at]) for row in rows if row[at] is not None}
    if kinds == {int}:
        return "integer"
    return "real" if kinds and kinds <= {int, float} else "text"


def _blob(shape: Geometry) -> bytes:
    """A geometry as GeoPackage keeps it: a header with its envelope, then WKB."""
    west, south, east, north = (float(side) for side in shapely.bounds(shape))
    head = HEADER.pack(b"GP", 0, 0b011, BNG, west, east, south, north)
    return head + bytes(shapely.to_wkb(shapely.force_2d(shape), byte_order=1))


@cache
def systems() -> list[tuple[str, int, str, int, str, str]]:
    """The reference systems that every such file names, and ours."""
    undefined = [
        ("Undefined Cartesian SRS", -1, "NONE", -1, "undefined", "undefined"),
        ("Undefined geographic SRS", 0, "NONE", 0, "undefined", "undefined"),
    ]
    return [
        *undefined,
        ("WGS 84", DEGREES, "EPSG", DEGREES, definition(DEGREES), "longitude and latitude"),
        ("British National Grid", BNG, "EPSG", BNG, definition(BNG), "metres"),
    ]
