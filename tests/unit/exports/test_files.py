"""What every kind of file holds: the cells that were shown, and nothing that anything would run."""

import csv
import io
import json
import subprocess
import sys
import tempfile
import zipfile
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import numpy as np
import openpyxl
import pyogrio
import pytest
import shapely
from defusedxml.ElementTree import fromstring as parsed
from hypothesis import given, settings
from hypothesis import strategies as st

from app.exports import as_geojson, as_gpkg, as_map, as_table
from app.exports.rules import Stamp
from app.exports.sheet import Sheet, header, said
from geo import crs

RUNS = ("=", "+", "-", "@", "\t", "\r", "\n")
STAMP = Stamp(
    marking="OFFICIAL-SENSITIVE",
    ref="EX-7K2-Q4MT",
    person="Kim Example, contextual safeguarding lead",
    recipient="Lee Example",
    purpose="Plan",
    made_at="26 November 2026, 05:10",
    deleted_at="27 November 2026, 05:10",
    synthetic=True,
)
COLUMNS = ("name", "ref", "note", "number", "share")
SHAPES = (
    shapely.Point(518000, 169000),
    shapely.LineString([(517350, 172350), (518000, 169000)]),
    shapely.Polygon([(517500, 169000), (517500, 169300), (517700, 169300), (517700, 169000)]),
    shapely.MultiPolygon([shapely.box(517000, 169000, 517100, 169100)]),
    None,
)
# What forms take: no control characters but line breaks and tabs, no surrogates.
LETTERS = st.characters(exclude_categories=("Cc", "Cs"), include_characters="\t\n\r")
TEXTS = st.one_of(
    st.text(LETTERS, max_size=30),
    st.tuples(st.sampled_from([*RUNS, " =", "\u00a0=", " \t@"]), st.text(LETTERS, max_size=10)).map(
        "".join
    ),
    st.sampled_from(["=1+1", "=cmd|' /C calc'!A0", "-2+3", "@SUM(1)", "+44", "'=x", "12", "001"]),
)
NUMBERS = st.one_of(st.none(), st.integers(-(10**9), 10**9))
SHARES = st.one_of(st.none(), st.floats(-1e6, 1e6, allow_nan=False).map(lambda x: round(x, 3)))
ROWS = st.lists(st.tuples(TEXTS, TEXTS, TEXTS, NUMBERS, SHARES), min_size=1, max_size=5)


def sheet(rows, shapes=SHAPES):
    kinds = ("circle", "line", "square", "square", "circle")
    shapes = [shapes[at % len(shapes)] for at in range(len(rows))]
    return Sheet(
        "places",
        "Places of concern",
        COLUMNS,
        [[said(cell) for cell in row] for row in rows],
        shapes,
        [kinds[at % len(kinds)] for at in range(len(rows))],
        ("name", "ref", "note"),
        (("circle", "Parks & <open> space"), ("line", 'Routes "and" lines'), ("square", "Shops")),
        filters=(("Type", "Park"),),
    )


def runs(cell):
    return isinstance(cell, str) and (cell.startswith(RUNS) or cell.strip().startswith(RUNS))


def of_csv(body):
    lines = list(csv.reader(io.StringIO(body.decode("utf-8-sig"), newline="")))
    return lines[0], lines[1], lines[2:]


def of_xlsx(body):
    page = openpyxl.load_workbook(io.BytesIO(body)).worksheets[0]
    lines = [[cell.value for cell in row] for row in page.iter_rows()]
    return lines[0], lines[1], lines[2:]


@contextmanager
def on_disk(body):
    """GDAL asks that a GeoPackage is called one."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "places.gpkg"
        path.write_bytes(body)
        yield path


def of_gpkg(path):
    found = []
    for layer, _ in pyogrio.list_layers(path):
        if layer in ("layer_styles", "marking"):
            continue
        meta, _, geometry, fields = pyogrio.raw.read(path, layer=layer)
        for at in range(len(fields[0])):
            row = dict(zip(meta["fields"], (field[at] for field in fields), strict=True))
            shape = None if geometry is None else shapely.from_wkb(geometry[at])
            found.append((row, shape))
    return found


def same(cell, kept):
    """As it was, with an apostrophe where something would run it; an empty cell is nothing."""
    if cell is None or cell == "":
        return kept is None or kept == "" or (isinstance(kept, float) and np.isnan(kept))
    if isinstance(cell, str):
        return kept in (cell, f"'{cell}")
    return float(kept) == cell


@pytest.mark.asvs("1.2.10")
@settings(max_examples=60, deadline=None)
@given(ROWS)
def test_a_csv_reads_back_as_what_was_shown_and_runs_nothing(rows):
    first, names, lines = of_csv(as_table.csv(sheet(rows), STAMP))

    assert names == header(sheet(rows))
    assert {len(line) for line in [first, *lines]} == {len(names)}
    assert "OFFICIAL-SENSITIVE" in first[0]
    assert STAMP.watermark in first[0]
    for row, line in zip(rows, lines, strict=True):
        assert all(same(cell, kept) for cell, kept in zip(row[:3], line[:3], strict=True))
        assert not any(map(runs, line[:3]))
        assert [float(x) if x else None for x in line[3:5]] == list(row[3:])
        assert line[-1] == "OFFICIAL-SENSITIVE"


@pytest.mark.asvs("1.2.10")
@settings(max_examples=40, deadline=None)
@given(ROWS)
def test_a_workbook_reads_back_as_what_was_shown_and_holds_no_formula(rows):
    body = as_table.xlsx(sheet(rows), STAMP)

    first, names, lines = of_xlsx(body)
    assert names == header(sheet(rows))
    assert STAMP.watermark in first[0]
    for row, line in zip(rows, lines, strict=True):
        assert not any(map(runs, line))
        assert list(line[3:5]) == list(row[3:])
        for cell, kept in zip(row[:3], line[:3], strict=True):
            # XML has one kind of line break.
            shown = cell.replace("\r\n", "\n").replace("\r", "\n")
            assert same(shown, (kept or "").replace("\r\n", "\n").replace("\r", "\n"))
    with zipfile.ZipFile(io.BytesIO(body)) as parts:
        for name in parts.namelist():
            tags = {each.tag.rpartition("}")[2] for each in parsed(parts.read(name)).iter()}
            assert not tags & {"f", "formula", "definedName", "externalLink"}, name


@settings(max_examples=40, deadline=None)
@given(ROWS)
def test_geojson_reads_back_as_what_was_shown_and_runs_nothing(rows):
    found = json.loads(as_geojson.geojson(sheet(rows), STAMP))

    assert found["marking"] == "OFFICIAL-SENSITIVE"
    assert found["watermark"] == STAMP.watermark
    for row, feature in zip(rows, found["features"], strict=True):
        kept = [feature["properties"][name] for name in COLUMNS]
        assert all(same(cell, value) for cell, value in zip(row, kept, strict=True))
        assert not any(map(runs, kept))


@settings(max_examples=25, deadline=None)
@given(ROWS)
def test_a_geopackage_reads_back_as_what_was_shown_and_runs_nothing(rows):
    wanted = sheet(rows)

    with on_disk(as_gpkg.gpkg(wanted, STAMP)) as path:
        found = of_gpkg(path)

    assert len(found) == len(rows)
    for row, shape in zip(rows, wanted.shapes, strict=True):
        alike = [
            kept
            for kept, where in found
            if all(same(c, kept[n]) for n, c in zip(COLUMNS, row, strict=True))
            and (where is None if shape is None else shapely.equals(where, shape))
        ]
        assert alike
        assert not any(runs(value) for value in alike[0].values())
        assert alike[0]["marking"] == "OFFICIAL-SENSITIVE"


def ring_area(ring):
    return sum(x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in pairwise(ring)) / 2


def test_geojson_is_in_degrees_with_its_rings_anticlockwise():
    found = json.loads(as_geojson.geojson(sheet([("a", "b", "c", 1, None)] * 5), STAMP))

    point, line, area, areas, none = (feature["geometry"] for feature in found["features"])
    longitude, latitude = crs.to_wgs84([(518000, 169000)])[0]
    assert point["coordinates"] == [round(longitude, 6), round(latitude, 6)]
    assert line["type"] == "LineString"
    assert ring_area(area["coordinates"][0]) > 0
    assert ring_area(areas["coordinates"][0][0]) > 0
    assert none is None
    assert "crs" not in found


def test_a_geopackage_has_a_layer_and_a_style_for_each_kind_of_shape():
    with on_disk(as_gpkg.gpkg(sheet([("a", "b", "c", 1, 0.5)] * 5), STAMP)) as path:
        layers = dict(pyogrio.list_layers(path))
        reference_system = pyogrio.read_info(path, layer="places_points")["crs"]
        meta, _, _, fields = pyogrio.raw.read(path, layer="layer_styles")
        (marked,) = pyogrio.raw.read(path, layer="marking", columns=["marking"])[3]

    assert layers["places_points"] == "Point"
    assert layers["places_lines"] == "LineString"
    assert layers["places_areas"] == "Polygon"
    assert layers["places_multiareas"] == "MultiPolygon"
    assert layers["places_without_position"] is None
    assert reference_system == "EPSG:27700"
    styles = dict(zip(meta["fields"], fields, strict=True))
    drawn = {name for name, kind in layers.items() if kind is not None}
    assert set(styles["f_table_name"]) == drawn
    for style in styles["styleQML"]:
        assert parsed(style).find("renderer-v2") is not None
    assert "OFFICIAL-SENSITIVE" in marked[0]


def test_a_geopackage_says_where_its_shapes_are(tmp_path):
    path = tmp_path / "places.gpkg"
    path.write_bytes(as_gpkg.gpkg(sheet([("a", "b", "c", 1, 0.5)] * 5), STAMP))

    meta = pyogrio.read_info(path, layer="places_areas")

    assert meta["features"] == 1
    assert meta["geometry_name"] == "geom"
    assert tuple(meta["total_bounds"]) == (517500.0, 169000.0, 517700.0, 169300.0)


def test_the_same_rows_make_the_same_files():
    rows = sheet([("a", "b", "c", 1, 0.5)] * 5)

    for write in (as_table.csv, as_geojson.geojson, as_map.html):
        assert write(rows, STAMP) == write(rows, STAMP)


def test_the_web_process_carries_none_of_the_heavy_libraries():
    heavy = "('openpyxl', 'folium', 'pyogrio')"
    code = f"import sys, app.main; print([m for m in {heavy} if m in sys.modules])"

    answer = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )

    assert answer.stdout.strip() == "[]"


@pytest.mark.parametrize("synthetic", [True, False])
def test_every_file_says_whether_it_is_synthetic(synthetic):
    stamp = Stamp("M", "EX-1", "Kim", "Lee", "Plan", "now", "later", synthetic=synthetic)
    rows = sheet([("a", "b", "c", 1, None)])

    assert ("SYNTHETIC" in of_csv(as_table.csv(rows, stamp))[0][0]) == synthetic
    assert ("SYNTHETIC" in of_xlsx(as_table.xlsx(rows, stamp))[0][0]) == synthetic
    assert json.loads(as_geojson.geojson(rows, stamp))["synthetic"] == synthetic
    assert (b"Demonstration data: synthetic" in as_map.html(rows, stamp)) == synthetic
