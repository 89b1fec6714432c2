"""GeoPackage and KML with problems written in: nothing that could run is taken over."""

import io
import sqlite3
from collections.abc import Iterator, Mapping
from typing import IO
from xml.etree.ElementTree import Element, SubElement, tostring

from app.reading import database
from app.reading import geopackage as gpkg
from app.reading import kml as kml_files
from app.reading.marking import HOW, NOTHING, PROBLEM
from app.reading.schemas import Choices, Problem

KML = "http://www.opengis.net/kml/2.2"
TABLES = """
pragma application_id = 1196444487;  -- GPKG
pragma user_version = 10300;
create table gpkg_spatial_ref_sys (
    srs_name text not null, srs_id integer primary key, organization text not null,
    organization_coordsys_id integer not null, definition text not null, description text
);
create table gpkg_contents (
    table_name text primary key, data_type text not null, identifier text unique,
    description text default '', last_change datetime not null default '2000-01-01T00:00:00Z',
    min_x double, min_y double, max_x double, max_y double, srs_id integer
);
create table gpkg_geometry_columns (
    table_name text primary key, column_name text not null, geometry_type_name text not null,
    srs_id integer not null, z tinyint not null, m tinyint not null
);
"""


def kml(file: IO[bytes], kind: str, problems: Mapping[int, Problem]) -> Iterator[bytes]:
    """The Placemarks of the file, with two more values each."""
    if kind == "KMZ":
        file = io.BytesIO(kml_files.kml_of_kmz(file))
    yield f'<?xml version="1.0" encoding="UTF-8"?>\n<kml xmlns="{KML}"><Document>\n'.encode()
    for number, (mark, folder) in enumerate(kml_files.elements(file, set()), start=1):
        problem, how = problems.get(number, NOTHING)
        out = _copied(mark)
        data = next((each for each in out if each.tag == "ExtendedData"), None)
        data = SubElement(out, "ExtendedData") if data is None else data
        for each in [each for each in data if each.get("name") in {PROBLEM, HOW}]:
            data.remove(each)
        for name, text in ((PROBLEM, problem), (HOW, how), ("folder", folder)):
            if text or name != "folder":
                SubElement(SubElement(data, "Data", name=name), "value").text = text
        yield tostring(out, encoding="unicode").encode() + b"\n"
    yield b"</Document></kml>\n"


def _copied(mark: Element) -> Element:
    """Without namespaces, and without what points elsewhere."""
    out = Element(kml_files.local(mark))
    out.text, out.tail = mark.text, mark.tail
    if mark.get("name"):
        out.set("name", str(mark.get("name")))
    for child in mark:
        if kml_files.local(child) not in {*kml_files.LINKS, "styleUrl", "Style", "StyleMap"}:
            out.append(_copied(child))
    return out


def geopackage(
    file: IO[bytes], choices: Choices, problems: Mapping[int, Problem]
) -> Iterator[bytes]:
    """A new file with the layer: values and shapes as stored, no trigger, view or index."""
    layer, columns, key = gpkg.layer_of(file, choices)
    # SQLite knows no capitals in names.
    kept = [i for i, name in enumerate(columns) if name.lower() not in {PROBLEM, HOW}]
    db = sqlite3.connect(":memory:", isolation_level=None)
    try:
        db.executescript(TABLES)
        _describe(db, layer, columns=[columns[i] for i in kept])
        for number, values, blob in gpkg.stored(file, layer, columns, key):
            shape = [] if layer.geometry is None else [blob]
            cells = [*shape, *(values[i] for i in kept), *problems.get(number, NOTHING)]
            database.fill(db, layer.name, (number, *cells))
        yield db.serialize()
    finally:
        db.close()


def _describe(db: sqlite3.Connection, layer: gpkg.Described, columns: list[str]) -> None:
    taken = {name.lower() for name in [*columns, layer.geometry or ""]}
    key = next(name for name in ("fid", "ogc_fid", "row") if name not in taken)
    shape = [] if layer.geometry is None else [layer.geometry]
    database.make(db, layer.name, key, [*shape, *columns, PROBLEM, HOW])
    crs = layer.crs or 0
    db.execute(
        "insert into gpkg_spatial_ref_sys values (?, ?, 'EPSG', ?, 'undefined', null)",
        (f"EPSG:{crs}", crs, crs),
    )
    kind = "attributes" if layer.geometry is None else "features"
    db.execute(
        "insert into gpkg_contents (table_name, data_type, identifier, srs_id) values (?, ?, ?, ?)",
        (layer.name, kind, layer.name, crs),
    )
    if layer.geometry is not None:
        db.execute(
            "insert into gpkg_geometry_columns values (?, ?, 'GEOMETRY', ?, 2, 2)",
            (layer.name, layer.geometry, crs),
        )
