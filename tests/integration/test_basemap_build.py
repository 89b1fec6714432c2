"""`contextmap basemap build`: map data in, one file out that the service can show."""

import gzip
import json
from pathlib import Path

import mapbox_vector_tile
import numpy as np
import pyogrio
import pytest
import shapely
from pmtiles.reader import MmapSource, Reader, all_tiles

from app import cli
from app.maps import basemap
from geo import crs
from tests.osm_pbf import Extract

BOX = "--bbox=-0.36,51.38,-0.26,51.44"
RIVER = [(-0.31, 51.385), (-0.305, 51.41), (-0.31, 51.435)]


def town(path):
    """A town as OpenStreetMap describes one."""
    osm = Extract()
    osm.way([(-0.35, 51.39), (-0.27, 51.43)], {"highway": "motorway", "name": "Great Road"})
    osm.way([(-0.30, 51.41), (-0.29, 51.42)], {"highway": "residential", "name": "Acre Road"})
    osm.way([(-0.30, 51.41), (-0.29, 51.415)], {"highway": "footway"})
    osm.way([(-0.29, 51.41), (-0.28, 51.41)], {"highway": "proposed"})
    osm.way([(-0.34, 51.40), (-0.27, 51.40)], {"railway": "rail"})
    osm.way(RIVER, {"waterway": "river", "name": "Thames"})
    osm.square(-0.3001, 51.40, 0.0002, {"building": "yes", "name": "A house"})
    osm.square(-0.33, 51.39, 0.01, {"leisure": "park", "name": "Canbury Gardens"})
    osm.square(-0.30, 51.405, 0.001, {"amenity": "parking"})
    outer = osm.square(-0.35, 51.41, 0.02, {})
    inner = osm.square(-0.345, 51.415, 0.005, {})
    osm.relation(
        {outer: "outer", inner: "inner"},
        {"type": "multipolygon", "natural": "water", "name": "Home Pond"},
    )
    osm.point(-0.301, 51.4125, {"railway": "station", "name": "Kingston"})
    osm.point(-0.305, 51.409, {"place": "town", "name": "Kingston upon Thames"})
    osm.point(-0.9, 51.409, {"place": "town", "name": "Far Away"})
    return osm.write(path)


def build(capsys, *arguments):
    """Exit code, the JSON document, and what went to standard error."""
    code = cli.main(["basemap", "build", "--json", *map(str, arguments)])
    said = capsys.readouterr()
    return code, json.loads(said.out), said.err


def tiles(path):
    with path.open("rb") as file:
        return {
            zxy: mapbox_vector_tile.decode(
                gzip.decompress(body), default_options={"y_coord_down": True}
            )
            for zxy, body in all_tiles(MmapSource(file))
        }


def kinds(found, zoom, layer):
    return {
        (feature["properties"].get("kind"), feature["properties"].get("name", ""))
        for (z, _, _), layers in found.items()
        if z == zoom
        for feature in layers.get(layer, {"features": []})["features"]
    }


def lonlat(zxy, at):
    z, x, y = zxy
    across, down = (x + at[0] / 4096) / 2**z, (y + at[1] / 4096) / 2**z
    return across * 360 - 180, np.degrees(np.arctan(np.sinh(np.pi * (1 - 2 * down))))


@pytest.fixture
def out(tmp_path):
    return tmp_path / "streets.pmtiles"


def test_an_openstreetmap_extract_becomes_a_street_map(tmp_path, out, capsys):
    code, said, _ = build(capsys, town(tmp_path / "town.osm.pbf"), "--out", out, BOX)

    assert code == 0
    assert said["layers"] == {
        "water": 1, "waterway": 1, "park": 1, "building": 1, "road": 3, "rail": 1,
        "parking": 1, "station": 1, "place": 1,
    }  # fmt: skip
    assert (said["min_zoom"], said["max_zoom"]) == (8, 14)
    assert said["attribution"] == "© OpenStreetMap contributors"
    assert 0 < said["largest_tile_bytes"] <= 500 * 1024
    assert said["tiles"] == sum(said["tiles_by_zoom"].values()) == len(tiles(out))


def test_main_roads_are_there_from_far_and_paths_and_houses_only_close(tmp_path, out, capsys):
    build(capsys, town(tmp_path / "town.osm.pbf"), "--out", out, BOX)
    found = tiles(out)

    assert kinds(found, 8, "road") == {("motorway", "")}
    assert kinds(found, 12, "road") == {("motorway", ""), ("minor", "")}
    close = {("motorway", "Great Road"), ("minor", "Acre Road"), ("path", "")}
    assert kinds(found, 14, "road") == close
    assert kinds(found, 13, "building") == set()
    assert kinds(found, 14, "building") == {("building", "")}, "houses bear no names"
    assert kinds(found, 8, "place") == {("town", "Kingston upon Thames")}


def test_shapes_lie_where_they_were(tmp_path, out, capsys):
    build(capsys, town(tmp_path / "town.osm.pbf"), "--out", out, BOX)
    found = tiles(out)

    (station,) = {
        tuple(np.round(lonlat(zxy, feature["geometry"]["coordinates"]), 4))
        for zxy, layers in found.items()
        if zxy[0] == 14
        for feature in layers.get("station", {"features": []})["features"]
    }
    assert station == (-0.301, 51.4125)
    water = sum(
        shapely.intersection(
            shapely.geometry.shape(f["geometry"]), shapely.box(0, 0, 4096, 4096)
        ).area
        for zxy, layers in found.items()
        if zxy[0] == 14
        for f in layers.get("water", {"features": []})["features"]
    )
    unit = 2**14 * 4096 / 360
    wanted = unit**2 / np.cos(np.radians(51.42)) * (0.02**2 - 0.005**2)
    assert water == pytest.approx(wanted, rel=0.002), "with its island"


def test_the_service_opens_the_file_and_serves_its_tiles(tmp_path, out, capsys):
    build(capsys, town(tmp_path / "town.osm.pbf"), "--out", out, BOX, "--max-zoom", "16")
    opened = basemap.opened(out)

    assert opened.credit() == "© OpenStreetMap contributors"
    assert (opened.min_zoom, opened.max_zoom, opened.gzipped) == (8, 16, True)
    assert all(opened.tile(*zxy) for zxy in tiles(out))
    with out.open("rb") as file:
        layers = {each["id"] for each in Reader(MmapSource(file)).metadata()["vector_layers"]}
    assert {"road", "water", "building"} <= layers


def test_the_same_sources_give_the_same_bytes(tmp_path, out, capsys):
    source = town(tmp_path / "town.osm.pbf")
    build(capsys, source, "--out", out, BOX)
    before = out.read_bytes()
    build(capsys, source, "--out", out, BOX)

    assert out.read_bytes() == before


def geojson(path: Path, *features):
    made = [
        {"type": "Feature", "properties": tags, "geometry": shapely.geometry.mapping(shape)}
        for shape, tags in features
    ]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": made}))
    return path


def test_geojson_files_are_layers_by_their_names(tmp_path, out, capsys):
    folder = tmp_path / "layers"
    folder.mkdir()
    square = shapely.box(-0.33, 51.39, -0.30, 51.42)
    geojson(folder / "osm_waterways_2020.geojson", (shapely.LineString(RIVER), {"name": "Thames"}))
    geojson(folder / "water.geojson", (square, {"name": "Pond"}))
    geojson(folder / "roads.geojson", (shapely.LineString(RIVER), {"fclass": "primary"}))
    other = geojson(tmp_path / "who_knows.geojson", (square, {"name": "Kingston"}))
    code, said, _ = build(
        capsys, folder, f"districts={other}", "--out", out, BOX, "--attribution", "A council"
    )

    assert code == 0
    assert said["layers"] == {"districts": 1, "water": 1, "waterway": 1, "road": 1}
    assert said["attribution"] == "A council"
    found = tiles(out)
    assert kinds(found, 14, "road") == {("primary", "")}
    outline = {f["geometry"]["type"] for f in found[8, 127, 85]["districts"]["features"]}
    assert outline <= {"LineString", "MultiLineString"}, "no line where the area is cut"


def zoomstack(path, **layers):
    """In metres, as Ordnance Survey publishes it."""
    for number, (name, (shape, tags)) in enumerate(layers.items()):
        metres = shapely.transform(shape, crs.to_bng)
        pyogrio.raw.write(
            path,
            np.array([shapely.to_wkb(metres)], dtype=object),
            [np.array([value], dtype=object) for value in tags.values()],
            list(tags),
            layer=name,
            driver="GPKG",
            geometry_type=metres.geom_type,
            crs="EPSG:27700",
            append=number > 0,
        )
    return path


def test_open_zoomstack_becomes_a_street_map(tmp_path, out, capsys):
    source = zoomstack(
        tmp_path / "zoomstack.gpkg",
        roads_national=(shapely.LineString(RIVER), {"name": "M1", "type": "Motorway"}),
        roads_local=(shapely.LineString(RIVER), {"name": "Acre Road", "type": "Local Road"}),
        surfacewater=(shapely.box(-0.33, 51.39, -0.30, 51.42), {"type": "Local"}),
        waterlines=(shapely.LineString(RIVER), {"type": "High Water Mark"}),
        names=(shapely.Point(-0.30, 51.41), {"name1": "Kingston", "type": "Town"}),
        contours=(shapely.LineString(RIVER), {"type": "Index"}),
    )
    code, said, _ = build(capsys, source, "--out", out, BOX)

    assert code == 0
    assert said["layers"] == {"water": 1, "road": 2, "place": 1}
    assert said["attribution"].startswith("Contains OS data © Crown copyright")
    found = tiles(out)
    assert kinds(found, 14, "road") == {("motorway", "M1"), ("minor", "Acre Road")}
    assert kinds(found, 14, "place") == {("town", "Kingston")}


def test_the_area_is_the_partnership_and_a_little_more(tmp_path, out, capsys):
    _, said, _ = build(capsys, town(tmp_path / "town.osm.pbf"), "--out", out)

    west, south, east, north = said["bounds"]
    assert -0.46 < west < -0.38
    assert 51.27 < south < 51.33
    assert -0.22 < east < -0.16
    assert 51.49 < north < 51.53


def bad(tmp_path):
    whole = town(tmp_path / "whole.osm.pbf").read_bytes()
    square = shapely.box(-0.33, 51.39, -0.30, 51.42)
    files = {
        "nothing.pbf": b"",
        "letter.geojson": b"Dear all,",
        "cut.osm.pbf": whole[: len(whole) // 2],
        "noise.osm.pbf": whole[:40] + bytes(range(256)) * 40,
        "empty.gpkg": b"SQLite format 3\x00" + bytes(4080),
        "water.geojson": b'{"type": "FeatureCollection", "features": [',
    }
    for name, body in files.items():
        (tmp_path / name).write_bytes(body)
    geojson(tmp_path / "who_knows.geojson", (square, {}))
    geojson(tmp_path / "far_water.geojson", (shapely.box(1, 52, 1.1, 52.1), {}))
    (tmp_path / "nothing_here").mkdir()
    return [*files, "who_knows.geojson", "far_water.geojson", "nothing_here", "is_not_there.pbf"]


def test_a_file_that_cannot_be_used_is_refused_by_name_and_nothing_is_written(
    tmp_path, out, capsys
):
    for name in bad(tmp_path):
        code, said, _ = build(capsys, tmp_path / name, "--out", out, BOX, "--attribution", "X")

        assert code == 1, name
        assert said["error"].startswith(f"{name}: "), said
        assert said["error"].endswith("."), said
        assert not list(tmp_path.glob("streets*")), "no file, whole or in part"


def test_a_wish_that_cannot_be_met_is_refused(tmp_path, out, capsys):
    source = town(tmp_path / "town.osm.pbf")
    plain = geojson(tmp_path / "water.geojson", (shapely.box(-0.33, 51.39, -0.30, 51.42), {}))

    for arguments, words in (
        ([source, "--out", tmp_path / "streets.mbtiles"], "ends in .pmtiles"),
        ([source, "--out", tmp_path / "no" / "streets.pmtiles"], "a folder that is there"),
        ([source, "--out", out, "--bbox=here"], "west,south,east,north"),
        ([source, "--out", out, "--bbox=0,51,1,5"], "within Great Britain"),
        ([source, "--out", out, "--max-zoom", "18"], "Zooms are 0 to 17"),
        ([plain, "--out", out, BOX], "Whose data is this?"),
    ):
        code, said, _ = build(capsys, *arguments)
        assert code == 1
        assert words in said["error"]


def test_a_file_cannot_make_the_reader_open_another(tmp_path, out, capsys):
    """A GeoPackage whose layer is a view of an attached file, or GeoJSON that names one."""
    secret = geojson(tmp_path / "secret.geojson", (shapely.Point(-0.3, 51.4), {"name": "Secret"}))
    sneaky = tmp_path / "place.geojson"
    sneaky.write_text(
        json.dumps({"type": "FeatureCollection", "features": [], "$ref": str(secret)})
    )
    code, said, _ = build(capsys, sneaky, "--out", out, BOX, "--attribution", "X")

    assert code == 1
    assert "Secret" not in json.dumps(said)
