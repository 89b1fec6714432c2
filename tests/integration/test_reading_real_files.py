"""Open data as published: every file is read, with the rows that it has."""

import csv
import gzip
import json

import geopandas
import numpy as np
import pytest
import shapely

from app.reading import service

PACKED = (
    "places/os_open_greenspace_large_sites",
    "transport/bus_routes_tfl_2016_kingston_richmond",
)
NEAR = (490_000.0, 140_000.0, 580_000.0, 220_000.0)


def files(shared, *patterns):
    found = sorted(path for pattern in patterns for path in (shared / "data/open").glob(pattern))
    assert found
    return found


def body_of(path):
    body = path.read_bytes()
    return gzip.decompress(body) if path.suffix == ".gz" else body


@pytest.mark.shared
def test_every_map_of_places_and_transport_is_read(shared):
    for path in files(shared, "places/*.geojson", "transport/*.geojson"):
        features = json.loads(path.read_bytes())["features"]

        sheet = service.read(path.name, path, within=NEAR)

        assert len(sheet.rows) == len(features), path.name
        lost = {words for words, _ in sheet.problems.values()}
        assert lost <= {
            "The shape has more than 500 corners.",
            "The shape lies outside the area of the partnership.",
            "The shape crosses itself.",
        }, path.name
        assert len(sheet.problems) <= 0.02 * len(features), path.name
        unusable = sum(shape is None for shape in sheet.shapes)
        assert unusable == len(sheet.problems), path.name


@pytest.mark.shared
def test_every_table_of_places_transport_and_police_is_read(shared):
    for path in files(shared, "places/*.csv.gz", "transport/*.csv.gz", "police/met_*.csv.gz"):
        body = body_of(path)
        rows = list(csv.reader(body.decode("utf-8-sig").splitlines()))

        found = service.inspect(path.name, body)

        assert found.rows == len(rows) - 1, path.name
        assert [column.name for column in found.columns] == rows[0], path.name
        assert found.delimiter == ","


@pytest.mark.shared
def test_a_geopackage_of_real_shapes_is_what_gdal_reads(shared, tmp_path):
    """GDAL as the oracle: it reads what it wrote, we read the same without it."""
    for name in PACKED:
        frame = geopandas.read_file(shared / f"data/open/{name}.geojson")
        path = tmp_path / "any.gpkg"
        frame.to_file(path, layer="any", driver="GPKG")

        sheet = service.read(path.name, path)

        again = geopandas.read_file(path).to_crs(27700)
        assert sheet.columns == tuple(again.columns.drop("geometry"))
        for column in sheet.columns:
            ours = [row[sheet.columns.index(column)] for row in sheet.rows]
            theirs = again[column].astype(object).where(again[column].notna(), None)
            for one, other in zip(ours, theirs, strict=True):
                if isinstance(other, int | float):
                    assert float(one) == other
                else:
                    assert one == other
        for shape, other in zip(sheet.shapes, again.geometry, strict=True):
            if shape is not None:
                mine = shapely.get_coordinates(shapely.from_wkb(shape))
                assert np.abs(mine - shapely.get_coordinates(other)).max() < 0.06
        path.unlink()
