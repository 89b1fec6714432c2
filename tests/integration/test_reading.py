"""What the reader makes of ordinary files: each of the five formats, and the file with problems."""

import csv
import io
import json
from datetime import date, datetime

import geopandas
import openpyxl
import pyogrio
import pytest
import shapely
from shapely.geometry import MultiPolygon, Point, Polygon, box

from app.core.errors import InvalidError
from app.reading import coordinates, service
from app.reading.schemas import Choices

KML = "http://www.opengis.net/kml/2.2"
NEAR = (500_000.0, 150_000.0, 560_000.0, 200_000.0)
PARK = Point(-0.3064, 51.4104)


def csv_of(text, encoding="utf-8"):
    return text.encode(encoding)


def geojson_of(*shapes, **more):
    features = [
        {
            "type": "Feature",
            "properties": {"n": i},
            "geometry": shape and json.loads(shapely.to_geojson(shape)),
        }
        for i, shape in enumerate(shapes, start=1)
    ]
    return json.dumps({"type": "FeatureCollection", "features": features, **more}).encode()


def workbook_of(*rows, sheet="Incidents"):
    book = openpyxl.Workbook()
    book.active.title = sheet
    for row in rows:
        book.active.append(row)
    book.create_sheet("Notes").append(["nothing"])
    kept = io.BytesIO()
    book.save(kept)
    return kept.getvalue()


def package_of(folder, frame, layer="places"):
    path = folder / "any.gpkg"
    frame.to_file(path, layer=layer, driver="GPKG")
    return path.read_bytes()


def kml_of(*marks):
    return f'<kml xmlns="{KML}"><Document>{"".join(marks)}</Document></kml>'.encode()


def names(found):
    return [column.name for column in found.columns]


@pytest.mark.parametrize(
    ("encoding", "known_as"),
    [
        ("utf-8", "UTF-8"),
        ("utf-8-sig", "UTF-8-SIG"),
        ("utf-16", "UTF-16LE"),
        ("utf-16-be", "UTF-16BE"),
        ("utf-16-le", "UTF-16LE"),
        ("cp1252", "Windows-1252"),
    ],
)
def test_the_encoding_of_a_table_is_found_out(encoding, known_as):
    body = csv_of("name,note\nCafé Zoë,by the river\n", encoding)

    found, sheet = service.inspect("x", body), service.read("x", body)

    assert (found.encoding, found.delimiter) == (known_as, ",")
    assert sheet.columns == ("name", "note")
    assert sheet.rows == [("Café Zoë", "by the river")]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_of_a_table_is_found_out(delimiter):
    body = csv_of(delimiter.join(["a", "b", "c"]) + "\n" + delimiter.join(["1", "2,5 x; y", "3"]))
    quoted = body.replace(b"2,5 x; y", b'"2,5 x; y"')

    found = service.inspect("x", quoted)

    assert found.delimiter == delimiter
    assert [values for _, values in found.columns] == [("1",), ("2,5 x; y",), ("3",)]


def test_rows_are_numbered_as_a_spreadsheet_numbers_them():
    body = csv_of('name,note\r\nA,"two\r\nlines"\r\n\r\n,\r\nB\r\nC,1,\r\n')

    sheet, found = service.read("x", body), service.inspect("x", body)

    assert sheet.row_numbers == [2, 5, 6]
    assert sheet.rows == [("A", "two\r\nlines"), ("B", None), ("C", "1")]
    assert found.rows == 3
    assert found.remarks == (
        "2 blank rows are left out.",
        "1 row is shorter than the header.",
    )


def test_a_row_with_too_many_cells_is_a_problem_of_that_row():
    sheet = service.read("x", csv_of("a,b\n1,2\n3,4,5\n"))

    assert sheet.rows == [("1", "2"), ("3", "4,5")]
    assert sheet.problems == {
        3: (
            "This row has 3 cells where the header has 2.",
            "Put a text that holds the delimiter between quotation marks.",
        )
    }


def test_columns_of_one_name_are_told_apart():
    found = service.inspect("x", csv_of("date,date,,date\n1,2,3,4\n"))

    assert names(found) == ["date", "date (2)", "Column 3", "date (3)"]
    assert found.remarks[0] == "Two columns are called date."


def test_what_a_person_chose_is_used():
    body = csv_of("a;b,c\n\xe9;1,2\n", "latin-1")

    sheet = service.read("x", body, Choices(encoding="Windows-1252", delimiter=","))

    assert sheet.columns == ("a;b", "c")
    assert sheet.rows == [("é;1", "2")]


@pytest.mark.parametrize(
    ("choices", "words"),
    [
        (Choices(encoding="EBCDIC"), "Choose one of these encodings"),
        (Choices(delimiter="x"), "Choose one of these delimiters"),
        (Choices(encoding="UTF-8"), "file is not UTF-8 throughout"),
    ],
)
def test_a_choice_that_cannot_be_is_refused(choices, words):
    with pytest.raises(InvalidError, match=words):
        service.read("x", csv_of("a,b\n1,é\n", "cp1252"), choices)


def test_swapped_columns_and_points_far_away_are_remarked():
    swapped = "name,longitude,latitude\n" + "A,51.41,-0.30\n" * 3
    far = "name,easting,northing\nA,517880,169290\nB,400000,300000\nC,,\nD,x,1\n"

    assert service.inspect("x", csv_of(swapped)).remarks == ("These look swapped.",)
    assert service.inspect("x", csv_of(far)).remarks == (
        "1 row has coordinates that are no numbers.",
        "1 row lies outside Greater London.",
    )


def test_numbers_may_have_a_decimal_comma():
    found = service.inspect("x", csv_of("lon;lat\n-0,3064;51,4104\n"))

    assert found.remarks == ()
    assert coordinates.points(["-0,3064"], ["51,4104"]) == [((517884.0, 169291.3), None)]
    assert coordinates.points(["517,880"], ["169,290"], coordinates.METRES) == [
        ((517880.0, 169290.0), None)
    ]


def test_geojson_comes_out_on_the_national_grid():
    body = geojson_of(
        PARK, None, box(-0.31, 51.41, -0.30, 51.42), MultiPolygon([PARK.buffer(0.001, 4)])
    )

    found, sheet = service.inspect("x", body, within=NEAR), service.read("x", body, within=NEAR)

    assert (found.format, found.crs, found.rows) == ("GEOJSON", 4326, 4)
    assert found.remarks == ("1 row has no shape.",)
    shapes = [shape and shapely.from_wkb(shape) for shape in sheet.shapes]
    assert shapes[0] == Point(517884.0, 169291.3)
    assert shapes[1] is None
    assert [shape.geom_type for shape in shapes[2:]] == ["Polygon", "Polygon"]
    assert sheet.row_numbers == [1, 2, 3, 4]
    assert sheet.rows[0] == ("1",)
    assert sheet.problems == {}


@pytest.mark.parametrize(
    ("name", "crs", "how"),
    [
        ("urn:ogc:def:crs:EPSG::27700", 27700, "said by the file"),
        ("EPSG:27700", 27700, "said by the file"),
        (None, 27700, "looks like metres of the British National Grid"),
    ],
)
def test_geojson_on_the_grid_is_known_as_such(name, crs, how):
    said = {"crs": {"type": "name", "properties": {"name": name}}} if name else {}

    found = service.inspect("x", geojson_of(Point(517880, 169290), **said), within=NEAR)

    assert (found.crs, found.crs_how, found.remarks) == (crs, how, ())


def test_swapped_axes_are_remarked_and_can_be_turned():
    body = geojson_of(Point(51.4104, -0.3064))

    as_it_is, turned = service.inspect("x", body), service.inspect("x", body, Choices(swapped=True))

    assert as_it_is.remarks[0] == "These look swapped."
    assert turned.remarks == ()


def test_each_bad_shape_is_a_problem_of_its_row():
    bow = Polygon([(-0.3, 51.4), (-0.2, 51.5), (-0.2, 51.4), (-0.3, 51.5)])
    many = PARK.buffer(0.01, quad_segs=200)
    body = geojson_of(bow, many, Point(-3.19, 55.95), Point(900, 900), PARK)

    sheet = service.read("x", body, within=NEAR)

    assert {number: words for number, (words, _) in sheet.problems.items()} == {
        1: "The shape crosses itself.",
        2: "The shape has more than 500 corners.",
        3: "The shape lies outside the area of the partnership.",
        4: "The coordinates are not on the map.",
    }
    assert [shape is not None for shape in sheet.shapes] == [False, False, False, False, True]


def test_a_workbook_gives_the_text_of_its_cells():
    body = workbook_of(
        ["when", "count", "share", "sure", "note"],
        [date(2026, 3, 31), 3, 0.25, True, " two words"],
        [],
        [datetime.fromisoformat("2026-03-31 14:30"), 12345678, 1e-7, False, None],
    )

    found, sheet = service.inspect("x", body), service.read("x", body)

    assert found.format == "XLSX"
    assert [layer.name for layer in found.layers] == ["Incidents", "Notes"]
    assert sheet.rows == [
        ("2026-03-31", "3", "0.25", "TRUE", " two words"),
        ("2026-03-31 14:30:00", "12345678", "1e-07", "FALSE", None),
    ]
    assert sheet.row_numbers == [2, 4]
    with pytest.raises(InvalidError, match="names of columns, but no rows"):
        service.inspect("x", body, Choices(layer="Notes"))


@pytest.mark.parametrize("crs", [4326, 27700, 3857])
def test_a_geopackage_is_read_as_geopandas_wrote_it(tmp_path, crs):
    shapes = [PARK, box(-0.31, 51.41, -0.30, 51.42)]
    frame = geopandas.GeoDataFrame(
        {"name": ["Park", "Square"], "n": [1, 2], "x": [0.5, None]}, geometry=shapes, crs=4326
    )
    body = package_of(tmp_path, frame.to_crs(crs))

    found, sheet = service.inspect("x", body, within=NEAR), service.read("x", body)

    assert (found.format, found.layer, found.crs, found.rows) == ("GPKG", "places", crs, 2)
    assert sheet.columns == ("name", "n", "x")
    assert sheet.rows == [("Park", "1", "0.5"), ("Square", "2", None)]
    expected = frame.to_crs(27700).geometry
    for shape, like in zip(sheet.shapes, expected, strict=True):
        assert shapely.from_wkb(shape).hausdorff_distance(like) < 0.2


def test_kml_gives_its_placemarks_and_follows_nothing():
    body = kml_of(
        "<Folder><name>North</name><NetworkLink><Link><href>http://127.0.0.1/</href></Link>"
        "</NetworkLink><Placemark><name>Park</name><ExtendedData><Data name='n'><value>1</value>"
        "</Data></ExtendedData><Point><coordinates>-0.3064,51.4104,0</coordinates></Point>"
        "</Placemark></Folder>",
        "<Placemark><name>Path</name><LineString><coordinates>-0.30,51.41 -0.31,51.42"
        "</coordinates></LineString></Placemark>",
    )

    found, sheet = service.inspect("x", body), service.read("x", body)

    assert (found.format, found.crs, found.rows) == ("KML", 4326, 2)
    assert found.remarks == ("Left out, and not followed: NetworkLink.",)
    assert sheet.columns == ("name", "folder", "n")
    assert sheet.rows == [("Park", "North", "1"), ("Path", None, None)]
    assert shapely.from_wkb(sheet.shapes[0]) == Point(517884.0, 169291.3)


def test_a_table_with_problems_is_the_same_table_and_two_columns():
    body = csv_of("name;x;problem\r\n=cmd|' /C calc'!A0;-0,3;old\r\nB;2;old\r\n", "utf-16")

    name, marked = service.with_problems("x", body, Choices(), {3: ("No date.", "Enter one.")})

    text = marked.decode("utf-16")
    assert name == "problems.csv"
    assert list(csv.reader(io.StringIO(text), delimiter=";")) == [
        ["name", "x", "problem", "how_to_fix"],
        ["'=cmd|' /C calc'!A0", "-0,3", "", ""],
        ["B", "2", "No date.", "Enter one."],
    ]


def test_every_format_comes_back_in_itself_with_problems(tmp_path):
    frame = geopandas.GeoDataFrame({"name": ["Park", "Path"]}, geometry=[PARK, PARK], crs=4326)
    files = {
        "XLSX": workbook_of(["name"], ["Park"], ["Path"]),
        "GEOJSON": geojson_of(PARK, PARK),
        "GPKG": package_of(tmp_path, frame),
        "KML": kml_of(
            *[
                "<Placemark><name>P</name><Point><coordinates>-0.3,51.4</coordinates></Point></Placemark>"
            ]
            * 2
        ),
    }
    for kind, body in files.items():
        before = service.read("x", body)
        second = before.row_numbers[1]

        name, marked = service.with_problems(
            "x", body, Choices(), {second: ("No date.", "Enter it.")}
        )

        found, after = service.inspect(name, marked), service.read(name, marked)
        assert found.format == kind
        assert after.columns == (*before.columns, "problem", "how_to_fix")
        assert [row[-2:] for row in after.rows] == [(None, None), ("No date.", "Enter it.")]
        assert [row[:-2] for row in after.rows] == before.rows
        assert after.shapes == before.shapes


def test_a_package_without_shapes_comes_back_without_them(tmp_path):
    frame = geopandas.pd.DataFrame({"FID": ["a", "b"], "Problem": ["old", None], "n": [1, 2]})
    path = tmp_path / "any.gpkg"
    pyogrio.write_dataframe(frame, path, layer="plain", driver="GPKG", FID="id")

    _, marked = service.with_problems("x", path, Choices(), {2: ("No date.", "Enter one.")})

    sheet = service.read("x", marked)
    assert sheet.columns == ("id", "FID", "n", "problem", "how_to_fix")
    assert sheet.rows == [("1", "a", "1", None, None), ("2", "b", "2", "No date.", "Enter one.")]
    assert service.inspect("x", marked).layers[0].geometry_kind == "none"
