"""Hostile GeoPackages: databases that would do something when they are opened."""

import random
import sqlite3
import struct

import shapely

from tests.hostile.case import Case, problem, reads

HEAD = """
create table gpkg_spatial_ref_sys (srs_name text, srs_id integer primary key, organization text,
    organization_coordsys_id integer, definition text);
create table gpkg_contents (table_name text, data_type text, identifier text, srs_id integer);
create table gpkg_geometry_columns (table_name text, column_name text, geometry_type_name text,
    srs_id integer, z integer, m integer);
insert into gpkg_spatial_ref_sys values ('WGS 84', 4326, 'EPSG', 4326, 'undefined'),
    ('LAEA', 3035, 'EPSG', 3035, 'undefined'), ('mine', 9, 'NONE', 9, '/vsicurl/http://127.0.0.1/');
"""
LAYER = """
create table places (fid integer primary key, geom blob, name text);
insert into gpkg_contents values ('places', 'features', 'places', 4326);
insert into gpkg_geometry_columns values ('places', 'geom', 'POINT', 4326, 0, 0);
"""
POINT = shapely.Point(-0.3, 51.4).wkb
BOMB = """
create view places as with recursive n(i) as (select 1 union all select i + 1 from n)
    select i as fid, null as geom, count(*) as name from n;
insert into gpkg_contents values ('places', 'features', 'places', 4326);
insert into gpkg_geometry_columns values ('places', 'geom', 'POINT', 4326, 0, 0);
"""
TRIGGERS = """
create table log (words text);
create trigger on_insert after insert on places begin insert into log values (new.name); end;
create trigger on_update after update on places begin delete from places; end;
"""


def blob(wkb, flags=1, envelope=b""):
    return struct.pack("<2sBBi", b"GP", 0, flags, 4326) + envelope + wkb


def package(script="", shape=POINT, *, name="Park", layer=LAYER, whole=None):
    def make(place):
        path = place.folder / "hostile.gpkg"
        with sqlite3.connect(path) as db:
            db.executescript(HEAD + layer)
            if "create table places (fid" in layer:
                db.execute("insert into places values (1, ?, ?)", (whole or blob(shape), name))
            db.executescript(script.format(canary=place.canary, url=place.url))
        db.close()
        return path

    return make


def damaged(place):
    body = bytearray(
        package("create table many (x); " + "insert into many values (1);" * 50)(place).read_bytes()
    )
    chance = random.Random(5)
    for _ in range(3000):
        body[chance.randrange(200, len(body))] = chance.randrange(256)
    return bytes(body)


def cut(place):
    return package()(place).read_bytes()[:5000]


def other_database(place):
    path = place.folder / "other.db"
    with sqlite3.connect(path) as db:
        db.execute("create table users (password text)")
    db.close()
    return path


def logged(place):
    path = package()(place)
    with sqlite3.connect(path) as db:
        db.execute("pragma journal_mode = wal")
    db.close()
    return path.read_bytes()


def virtual(place):
    script = LAYER.replace(
        "create table places (fid integer primary key, geom blob, name text)",
        "create virtual table places using fts4(fid, geom, name)",
    )
    return package(layer=script)(place)


def page_size(place):
    body = bytearray(package()(place).read_bytes())
    body[16:18] = b"\x00\x03"
    return bytes(body)


def many_tables(place):
    tables = "".join(f"create table t{i} (x);" for i in range(6000))
    return package(f"begin; {tables} commit;")(place)


def many_columns(place):
    fields = ", ".join(f"c{i} text" for i in range(300))
    return package(layer=LAYER.replace("name text", f"name text, {fields}"), script="")(place)


def wide(place):
    fields = ", ".join(f"c{i} text" for i in range(300))
    layer = LAYER.replace(
        "(fid integer primary key, geom blob, name text)",
        f"(id integer primary key, geom blob, {fields})",
    )
    return package(layer=layer)(place)


def nested(depth):
    inner = POINT
    for _ in range(depth):
        inner = struct.pack("<BII", 1, 7, 1) + inner
    return inner


def attaching(place):
    return package(
        "create trigger t after insert on places begin select load_extension('{canary}'); end;"
        "create view stolen as select readfile('{canary}') as x;"
        "insert into gpkg_contents values ('stolen', 'attributes', 'stolen', 4326);"
    )(place)


MANY = struct.pack("<BII", 1, 2, 4_000_000_000) + bytes(64)
RING = shapely.Point(-0.3, 51.4).buffer(0.01, quad_segs=250_000).wkb
CURVE = struct.pack("<BII", 1, 8, 3) + struct.pack("<6d", -0.3, 51.4, -0.2, 51.4, -0.2, 51.5)
QUOTES = LAYER.replace("places", 'x"; drop table y; --').replace(
    'create table x"; drop table y; --', 'create table "x""; drop table y; --"'
)

CASES = [
    Case("triggers", package(TRIGGERS), None, reads(("Park",))),
    Case("a view that never ends", package(layer=BOMB), "not a GeoPackage with a layer"),
    Case("a virtual table as a layer", virtual, "not a GeoPackage with a layer"),
    Case(
        "a view that reads a file, a trigger that loads a program",
        attaching,
        None,
        reads(("Park",)),
    ),
    Case("a name that breaks out", package(layer=QUOTES), "no rows|no columns"),
    Case("corrupt pages", damaged, "damaged|not a GeoPackage"),
    Case("a package cut short", cut, "damaged"),
    Case("a page size that cannot be", page_size, "damaged"),
    Case("another database", other_database, "not a GeoPackage"),
    Case("a log beside the file", logged, None, reads(("Park",))),
    Case("six thousand tables", many_tables, "damaged"),
    Case("three hundred columns", wide, "at most 200"),
    Case(
        "a line that says four billion corners",
        package(shape=MANY),
        None,
        problem("cannot be read"),
    ),
    Case(
        "a ring of a million corners in binary",
        package(shape=RING),
        None,
        problem("more than 500 corners"),
    ),
    Case(
        "binary collections in collections",
        package(shape=nested(100_000)),
        None,
        problem("of a kind"),
    ),
    Case(
        "a multipoint of multipoints",
        package(shape=struct.pack("<BII", 1, 4, 1) + nested(1000)),
        None,
        problem("cannot be read"),
    ),
    Case("a curve", package(shape=CURVE), None, problem("of a kind")),
    Case("a shape of nothing", package(whole=b"GP"), None, problem("cannot be read")),
    Case(
        "a shape of chance",
        package(shape=random.Random(3).randbytes(300)),
        None,
        problem("The shape"),
    ),
    Case(
        "a point that is no number",
        package(shape=struct.pack("<BIdd", 1, 1, float("nan"), float("inf"))),
        None,
        problem("not on the map"),
    ),
    Case(
        "a coordinate system of elsewhere in a package",
        package(layer=LAYER.replace("4326", "3035")),
        "EPSG:3035 is not read",
    ),
    Case("a coordinate system of its own", package(layer=LAYER.replace("4326", "9")), "not known"),
    Case(
        "swapped axes in a package",
        package(shape=shapely.Point(51.4, -0.3).wkb),
        None,
        lambda found, sheet: None if "These look swapped." in found.remarks else 1 / 0,
    ),
    Case(
        "a text that is not UTF-8",
        package("update places set name = cast(x'ff00fe' as text);"),
        None,
        problem("cannot be shown"),
    ),
    Case(
        "a cell of two megabytes", package(name="x" * 2_000_000), None, problem("longer than 32 KB")
    ),
    Case("a cell of five megabytes", package(name="x" * 5_000_000), "damaged"),
    Case(
        "a number that is a picture",
        package("update places set name = zeroblob(2000000);"),
        None,
        reads((None,)),
    ),
]
