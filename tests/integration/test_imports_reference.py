"""Boundaries and postcodes from files: refused in words, or whole, with everything that follows."""

import csv
import json
import subprocess
import sys
import zipfile
from types import SimpleNamespace

import numpy as np
import pyogrio
import pytest
import shapely
from sqlalchemy import text

from app import cli
from app.core.actor import job_actor
from app.core.errors import InvalidError
from app.core.progress import Progress
from app.imports import service
from app.imports.service import Options
from app.reference import boundaries, queries
from geo import crs

JOB = job_actor("imports:police_street")
ELMBRIDGE, KINGSTON = "E07000207", "E09000021"
FIELDS = {"code_field": "code", "name_field": "name"}
PACKAGED = "postcode,quality,easting,northing,lad_code,wd_code\n"
ONSPD = "pcds,doterm,osgrdind,oseast1m,osnrth1m,oslaua,osward\n"


@pytest.fixture
def run(settings):
    """`contextmap import ...`, in this process."""

    def command(db, *arguments):
        given = cli.parser().parse_args(["import", *map(str, arguments)])
        context = SimpleNamespace(db=db, settings=settings, progress=Progress(enabled=False))
        return given.func(given, context)

    return command


def square(west, south, side=1000.0):
    return shapely.box(west, south, west + side, south + side)


def geojson(path, shapes, *, named_crs=None, **properties):
    """Features with codes E1, E2, ...; `properties` replaces them."""
    features = [
        {
            "type": "Feature",
            "properties": {"code": f"E{i}", "name": f"Area {i}"} | properties,
            "geometry": None if shape is None else json.loads(shapely.to_geojson(shape)),
        }
        for i, shape in enumerate(shapes, 1)
    ]
    document = {"type": "FeatureCollection", "features": features}
    if named_crs:
        document["crs"] = {"type": "name", "properties": {"name": named_crs}}
    path.write_text(json.dumps(document))
    return path


HERE = square(517_000, 168_000)
HERE_DEGREES = shapely.transform(HERE, crs.to_wgs84)
BOW = shapely.Polygon(
    [(517_000, 168_000), (518_000, 169_000), (518_000, 168_000), (517_000, 169_000)]
)
REFUSED = {
    "no polygons": ([], {}, "holds no polygons"),
    "nothing": ([None], {}, "E1 of a.geojson has no polygon"),
    "a point": ([shapely.Point(517_000, 168_000)], {}, "E1 of a.geojson has no polygon"),
    "a bow": ([HERE, BOW], {}, "The shape of E2 crosses itself"),
    "no code": ([HERE], {"code": None}, "Area 1 of a.geojson has no code"),
    "one code twice": ([HERE, HERE], {"code": "E1"}, "E1 stands twice"),
    "latitude first": ([shapely.transform(HERE_DEGREES, np.fliplr)], {}, "beyond the British Nat"),
    "another continent": ([shapely.box(10, 10, 11, 11)], {}, "beyond the British National Grid"),
    "web mercator": ([HERE], {"named_crs": "EPSG:3857"}, "another coordinate system"),
    "metres as degrees": ([HERE], {"named_crs": "EPSG:4326"}, "its numbers are none"),
    "degrees as metres": ([shapely.box(0.1, 51, 0.2, 52)], {"named_crs": "EPSG:27700"}, "metre"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_file_that_makes_no_sense_is_refused_in_words(tmp_path, name):
    shapes, how, words = REFUSED[name]
    path = geojson(tmp_path / "a.geojson", shapes, **how)

    with pytest.raises(InvalidError, match=words):
        boundaries.read(path, **FIELDS)


@pytest.mark.parametrize("body", ["{", "[]", '{"features": 3}', '{"features":[{"properties":{}}]}'])
def test_a_file_without_the_fields_is_refused_in_words(tmp_path, body):
    path = tmp_path / "a.geojson"
    path.write_text(body)

    with pytest.raises(InvalidError, match="is not GeoJSON with the fields code and name"):
        boundaries.read(path, **FIELDS)


@pytest.mark.parametrize(
    ("shape", "named_crs"),
    [
        (HERE, None),
        (HERE, "urn:ogc:def:crs:EPSG::27700"),
        (HERE_DEGREES, None),
        (HERE_DEGREES, "urn:ogc:def:crs:OGC:1.3:CRS84"),
        (shapely.force_3d(HERE_DEGREES, 12.5), None),
    ],
)
def test_degrees_and_metres_are_told_apart(tmp_path, shape, named_crs):
    path = geojson(tmp_path / "a.geojson", [shape], named_crs=named_crs)

    (found,) = boundaries.read(path, **FIELDS)

    assert (found.code, found.name) == ("E1", "Area 1")
    assert not found.shape_m.has_z
    assert shapely.hausdorff_distance(found.shape_m, HERE) < 0.01


def map_file(path, driver, epsg=27700):
    shape = HERE if epsg == 27700 else HERE_DEGREES
    pyogrio.raw.write(
        str(path),
        geometry=np.array([shapely.to_wkb(shape)], dtype=object),
        field_data=[np.array(["E1"], dtype=object), np.array(["Area 1"], dtype=object)],
        fields=["code", "name"],
        geometry_type="Polygon",
        crs=f"EPSG:{epsg}",
        driver=driver,
    )
    return path


def zipped(path, *members):
    with zipfile.ZipFile(path, "w") as archive:
        for member in members:
            archive.write(member, member.name)
    return path


def test_a_geopackage_and_a_zipped_shapefile_are_read(tmp_path):
    folder = tmp_path / "shape"
    folder.mkdir()
    map_file(folder / "b.shp", "ESRI Shapefile", epsg=4326)
    paths = [
        map_file(tmp_path / "a.gpkg", "GPKG"),
        zipped(tmp_path / "b.zip", *sorted(folder.iterdir())),
    ]

    found = [boundaries.read(path, **FIELDS) for path in paths]

    assert [[b.code for b in each] for each in found] == [["E1"], ["E1"]]
    assert all(shapely.hausdorff_distance(b.shape_m, HERE) < 0.01 for (b,) in found)
    with pytest.raises(InvalidError, match="has no fields absent and name"):
        boundaries.read(paths[0], code_field="absent", name_field="name")


READ_BY_GDAL = "import pyogrio, sys; print(len(pyogrio.raw.read(sys.argv[1])[2]))"


@pytest.mark.asvs("13.2.5")
def test_a_virtual_file_cannot_name_another_file(tmp_path):
    secret = geojson(tmp_path / "secret.geojson", [HERE])
    for name in ("a.gpkg", "a.geojson", "b.shp"):
        (tmp_path / name).write_text(
            '<OGRVRTDataSource><OGRVRTLayer name="secret">'
            f"<SrcDataSource>{secret}</SrcDataSource></OGRVRTLayer></OGRVRTDataSource>"
        )
    archive = zipped(tmp_path / "b.zip", tmp_path / "b.shp")

    unguarded = subprocess.run(
        [sys.executable, "-c", READ_BY_GDAL, f"/vsizip/{archive}/b.shp"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert unguarded.stdout.strip() == "1"  # the trick works where nobody prevents it
    for path in (tmp_path / "a.gpkg", tmp_path / "a.geojson", archive):
        with pytest.raises(InvalidError):
            boundaries.read(path, **FIELDS)


def area(db, code):
    with db.read(JOB) as session:
        return next((b for b in queries.boroughs(session) if b.code == code), None)


def test_boundaries_of_another_year_stand_beside_the_old_and_the_newest_count(run, db, tmp_path):
    small = geojson(tmp_path / "s.geojson", [square(510_000, 150_000)], code=ELMBRIDGE)
    large = geojson(tmp_path / "l.geojson", [square(510_000, 150_000, 2000)], code=ELMBRIDGE)
    options = ["--kind", "district", "--code-field", "code", "--name-field", "name", "--vintage"]

    first = run(db, "boundaries", small, *options, 2020)
    again = run(db, "boundaries", small, *options, 2020)
    run(db, "boundaries", large, *options, 2024)

    with db.read(JOB) as session:
        lads = queries.lads(session)
        listed = session.execute(text("select kind, tallies->>'rows' from app.import_batch")).all()
    keys = ("rows", "imported", "already_known", "rejected")
    assert [first[k] for k in keys] == [1, 1, 0, 0]
    assert [again[k] for k in keys] == [1, 0, 1, 0]
    assert area(db, ELMBRIDGE).vintage == 2024
    assert shapely.area(lads.shapes[lads.codes.index(ELMBRIDGE)]) == pytest.approx(4_000_000)
    assert listed == [("boundaries", "1")] * 3


def test_points_and_places_follow_new_boundaries(run, db, tmp_path):
    lon, lat = crs.to_wgs84([(510_500, 150_500)])[0]
    street = tmp_path / "a.csv"
    street.write_text(
        f"Month,Longitude,Latitude,Location\n2024-03,{lon:.6f},{lat:.6f},On or near x\n"
    )
    service.police_street(db, [street], Options(), lambda *_: None)
    with db.begin(job_actor("demo:load")) as session:
        session.execute(text(PLACE), {"shape": shapely.to_wkt(square(509_500, 150_200, 900))})
    before = scopes(db)

    path = geojson(tmp_path / "s.geojson", [square(510_000, 150_000)], code=ELMBRIDGE)
    run(db, "boundaries", path, "--kind", "district", "--code-field", "code",
        "--name-field", "name")  # fmt: skip

    assert before == (None, [], [])
    assert scopes(db) == (ELMBRIDGE, [ELMBRIDGE], [(ELMBRIDGE, 1.0)])


PLACE = """
    insert into app.place (id, ref, agency_code, tier, purpose_code, created_by, updated_by,
        is_synthetic, type_code, name, sensitivity, geom, geom_kind, label_expires_on)
    values (gen_random_uuid(), 'PL-TEST', 'AFC', 'H0', 'TRIAGE', gen_random_uuid(),
        gen_random_uuid(), true, 'PARK', 'Synthetic green', 'PUBLIC_REALM',
        ST_GeomFromText(:shape, 27700), 'A', '2030-01-01')
"""


def scopes(db):
    """Borough of the point, boroughs of the place, and its shares."""
    with db.read(job_actor("demo:load")) as session:
        point = session.scalar(text("select lad_code from reference.place_point"))
        place = session.scalar(text("select borough_codes from app.place"))
        shares = session.execute(text("select lad_code, share::float8 from app.place_area")).all()
    return point, place, shares


@pytest.mark.parametrize(
    ("body", "imported", "reasons"),
    [
        ("AB1 0AA,10,385386,801193,S92,,,,S12000033,S13002843\n", 1, []),
        (
            ONSPD
            + "KT1 1AA,,1,518000,169000,E09000021,E05\n"
            + "KT1 1AB,199801,1,518000,169000,E09000021,E05\nBT1 1AA,,1,333000,374000,N09,N08\n",
            1,
            ["The postcode has ended.", "Northern Ireland has a grid of its own."],
        ),
        (
            PACKAGED
            + "kt11ab,10,518000,169000,,\nKT1 1AC,90,0,0,,\nKT1 1AD,x,1,1,,\n"
            + "KT1 1AE,10,-5,169000,,\n=1+1,10,518000,169000,,\nKT1\n",
            1,
            [
                "The postcode has no grid reference.",
                "A coordinate or quality is not a number.",
                "The point lies outside the British National Grid.",
                "The postcode is not written as one.",
                "Columns are missing.",
            ],
        ),
    ],
)
def test_postcodes_of_each_published_layout_come_in(run, db, tmp_path, body, imported, reasons):
    path, errors = tmp_path / "p.csv", tmp_path / "errors.csv"
    path.write_text(body)

    found = run(db, "postcodes", path, "--errors", errors)

    assert found["imported"] + found["already_known"] == imported
    assert found["rows"] == imported + found["rejected"]
    assert found["errors_file"] == (str(errors) if reasons else None)
    if reasons:
        with errors.open(newline="") as out:
            assert [cells[2] for cells in csv.reader(out)][1:] == reasons


def test_of_a_postcode_that_stands_twice_the_last_counts(run, db, tmp_path):
    path = tmp_path / "p.csv"
    path.write_text(f"{PACKAGED}ZE1 0AA,10,447000,1141000,,\nZE1 0AA,10,447001,1141000,,\n")

    first, again = run(db, "postcodes", path), run(db, "postcodes", path)

    assert (first["rows"], first["imported"], first["already_known"]) == (2, 1, 1)
    assert (again["imported"], again["already_known"]) == (0, 2)
    with db.read(JOB) as session:
        assert queries.postcode(session, "ZE1 0AA").easting_m == 447_001


@pytest.mark.parametrize(
    ("name", "body", "words"),
    [
        ("p.csv", b"", "holds no rows"),
        ("p.csv", PACKAGED.encode(), "holds no rows"),
        ("p.csv", b"KT1 1AA,10\n", "None of the 1 rows"),
        ("p.csv", b"\xff\xfe\x00\x01", "cannot be read as CSV"),
        ("p.csv.gz", b"\x1f\x8b\x08\x00cut off", "cannot be read as CSV"),
    ],
)
def test_postcodes_that_bring_nothing_are_an_error(run, module_db, tmp_path, name, body, words):
    path = tmp_path / name
    path.write_bytes(body)

    with pytest.raises(InvalidError, match=words):
        run(module_db, "postcodes", path)


def test_the_command_answers_in_the_published_shape(run, db, tmp_path):
    path = tmp_path / "2024-03-x-street.csv"
    path.write_text("Month,Longitude,Latitude,Location\n2024-03,-0.3,51.4,On or near x\n,,,\n")

    found = run(db, "police-street", path)
    dry = run(db, "police-street", path, "--dry-run")

    assert set(found) >= {
        "rows", "imported", "already_known", "updated", "rejected", "errors_file", "batch",
        "seconds",
    }  # fmt: skip
    assert (found["rows"], found["imported"], found["rejected"]) == (2, 1, 1)
    assert found["batch"].startswith("IB-")
    assert (dry["batch"], dry["already_known"]) == (None, 1)
    assert csv_rows(found["errors_file"]) == 2


def csv_rows(path):
    with open(path, newline="") as out:  # noqa: PTH123 - a path as the command gives it
        return len(list(csv.reader(out)))


def test_only_a_job_moves_the_boroughs_of_places(db, lead):
    with db.begin(lead) as session, pytest.raises(Exception, match="only a job"):
        session.execute(text("select app.boroughs_changed()"))
