"""Where a name is, asked by somebody without an account or any table of their own."""

import csv
import json
import time
from types import SimpleNamespace

import psycopg
import pytest
import shapely
from sqlalchemy import text

from app import cli
from app.core.actor import PUBLIC, job_actor
from app.core.errors import InvalidError
from app.core.progress import Progress
from app.imports import service
from app.imports.service import Options
from app.reference import gazetteer, gazetteer_files
from app.reference.gazetteer import Verdict
from app.reference.rules import Unusable
from app.reference.service import KNOWN_PLACES
from geo import crs

KINGSTON, RICHMOND, WANDSWORTH = "E09000021", "E09000027", "E09000032"
PARTNERS = (KINGSTON, RICHMOND)
# Of this transaction: how often a table was read whole, and how often by an index.
USED = text("""
    select relname, seq_scan, idx_scan from pg_stat_xact_user_tables
    where schemaname = 'reference' and relname in ('street', 'site', 'stop', 'postcode')
""")


@pytest.fixture
def public(module_db):
    """What ships with the service, seen by the public."""
    with module_db.read(PUBLIC) as session:
        yield session


@pytest.fixture
def run(settings):
    def command(db, *arguments):
        given = cli.parser().parse_args(["import", *map(str, arguments)])
        context = SimpleNamespace(db=db, settings=settings, progress=Progress(enabled=False))
        return given.func(given, context)

    return command


def labels(session, typed):
    return [found.label for found in gazetteer.find(session, typed, PARTNERS)]


def test_the_public_reads_no_table_but_finds_a_postcode(public, module_db):
    (found,) = gazetteer.find(public, "KT1 1EU", PARTNERS)

    assert (found.kind, found.label, found.exact) == ("POSTCODE", "KT1 1EU", True)
    assert (found.borough, found.lad_code) == ("Kingston upon Thames", KINGSTON)
    with module_db.read(PUBLIC) as other, pytest.raises(Exception, match="permission denied"):
        other.execute(text("select count(*) from reference.postcode"))


@pytest.mark.parametrize(
    "typed",
    [
        "kt1 1eu",
        "KT11EU",
        " kt1-1eu. ",
        "K T 1 1 E U",
        "Eden Street, Kingston, KT1 1EU",
        "12 Eden Street KT11EU",
    ],
)
def test_a_postcode_is_found_however_it_is_typed(public, typed):
    assert labels(public, typed) == ["KT1 1EU"]


def test_part_of_a_postcode_is_the_area_it_names(public):
    assert labels(public, "KT2") == ["KT2"]
    assert labels(public, "kt1 1") == ["KT1 1", "KT11"]
    assert labels(public, "KT1 1E")[0].startswith("KT1 1E")
    assert labels(public, "KT99 9ZZ") == []
    assert labels(public, "KT1 1ZX") == ["KT1 1", "KT11"]


@pytest.mark.parametrize(
    ("typed", "first"),
    [
        ("richmond station", "Richmond station, TW9"),
        ("RICHMOND STN", "Richmond station, TW9"),
        ("Canbury Gardens", "Canbury Gardens, KT2"),
        ("canbury gdns", "Canbury Gardens, KT2"),
        ("canbry gardens", "Canbury Gardens, KT2"),
        ("Gardens, Canbury", "Canbury Gardens, KT2"),
        ("Eden Street", "Eden Street, KT1"),
        ("eden st", "Eden Street, KT1"),
        ("12 Eden Street", "Eden Street, KT1"),
        ("Eden Street Kingston", "Eden Street, KT1"),
        ("eden street, kingston upon thames", "Eden Street, KT1"),
        ("Eden Street KT1", "Eden Street, KT1"),
        ("the High Street in Teddington", "High Street, TW11"),
        ("surbiton rail station", "Surbiton station, KT6"),
        ("St. Margaret's station", "St Margarets station, TW1"),
        ("Richmond", "Richmond, TW9"),
    ],
)
def test_well_known_names_are_found_on_a_fresh_install(public, typed, first):
    assert labels(public, typed)[0] == first


@pytest.mark.parametrize(
    "typed", ["", " ", "?", "%", "_", "zzzzqqq", "\0", "'; drop table x", "Ж" * 300, "a" * 5000]
)
def test_what_is_no_name_finds_nothing_and_breaks_nothing(public, typed):
    assert labels(public, typed) == []


def test_at_most_eight_are_offered_and_the_partnership_stands_first(public):
    found = gazetteer.find(public, "ri", (RICHMOND,))

    assert 4 <= len(found) <= 8
    assert found[0].lad_code == RICHMOND


def test_a_point_is_near_a_street_in_its_borough(public):
    near = gazetteer.near(public, 518_110, 169_180)

    assert near.label == "Eden Street, KT1"
    assert near.distance_m < 20
    assert near.borough == "Kingston upon Thames"


def test_on_the_river_the_nearest_borough_counts_and_far_away_nothing_is_near(public):
    assert gazetteer.near(public, 517_705, 169_390).lad_code in PARTNERS
    assert gazetteer.near(public, 100_000, 900_000) == (None, None, None, None)
    assert gazetteer.near(public, float("nan"), 0).label is None


@pytest.mark.parametrize(
    ("at", "verdict", "borough"),
    [
        ((518_110, 169_180), Verdict.INSIDE, "Kingston upon Thames"),
        ((525_500, 174_500), Verdict.OUTSIDE, "Wandsworth"),
        ((513_900, 164_700), Verdict.OUTSIDE, "Elmbridge"),
        ((541_000, 180_000), Verdict.TOO_FAR, "Newham"),
        ((400_000, 300_000), Verdict.TOO_FAR, None),
        ((float("inf"), 0), Verdict.TOO_FAR, None),
    ],
)
def test_how_far_from_the_partnership(public, at, verdict, borough):
    assert gazetteer.reach(public, *at, PARTNERS)[::2] == (verdict, borough)


def test_no_definer_reads_a_place_of_concern(db):
    with psycopg.connect(db.logins.dsn("postgres")) as admin:
        bodies = admin.execute(
            "select string_agg(prosrc, ' ') from pg_proc "
            "where pronamespace = 'reference'::regnamespace"
        ).fetchone()[0]

    assert "reference.street" in bodies
    assert "app." not in bodies.replace("app.boroughs_of", "")


def test_streets_come_from_a_file_and_again_change_nothing(db, run, tmp_path):
    path = tmp_path / "streets.csv"
    path.write_text(
        "name,kind,lon,lat\nSynthetic Row,street,-0.3,51.41\nSynthetic Row,street,-0.3,51.41\n"
        "Parking Area,street,-0.3,51.41\nKew (station),station,-0.3,51.41\n,street,-0.3,51.4\n"
        "Nowhere Lane,street,,51.4\nFar Lane,street,200,51.4\n"
    )

    first = run(db, "streets", path)
    again = run(db, "streets", path)

    assert (first["rows"], first["imported"], first["already_known"]) == (7, 1, 1)
    assert (again["imported"], again["already_known"], again["rejected"]) == (0, 2, 5)
    with db.read(PUBLIC) as session:
        assert labels(session, "synthetic row") == ["Synthetic Row, KT1"]


def test_places_of_a_kind_come_from_shapes(db, run, tmp_path):
    path = tmp_path / "places.geojson"
    ring = [[-0.31, 51.41], [-0.30, 51.41], [-0.30, 51.42], [-0.31, 51.41]]
    features = [
        {
            "type": "Feature",
            "properties": {"title": name},
            "geometry": {"type": "Polygon", "coordinates": [ring]},
        }
        for name in ("Synthetic Meadow", None)
    ]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))

    told = run(db, "places", path, "--kind", "PARK", "--name-field", "title")

    assert (told["imported"], told["rejected"]) == (1, 1)
    with db.read(PUBLIC) as session:
        (found,) = gazetteer.find(session, "Synthetic Meadow", PARTNERS)
        assert (found.what, found.lad_code) == ("Park or green", KINGSTON)


def test_bus_stops_and_stations_are_named_as_people_say_them(db, run, tmp_path):
    stops, stations = tmp_path / "stops.csv", tmp_path / "stations.csv"
    stops.write_text("Name,easting,northing\nSynthetic Cross # <>,518000,169000\n")
    stations.write_text("name,longitude,latitude\nSynthetic Halt,-0.3,51.41\n")

    run(db, "places", stops, "--kind", "BUS_STOP")
    run(db, "places", stations, "--kind", "STATION")

    with db.read(PUBLIC) as session:
        (stop,) = gazetteer.find(session, "synthetic cross")
        (station,) = gazetteer.find(session, "synthetic halt")
    assert (stop.label, stop.what) == ("Synthetic Cross, KT1", "Bus stop")
    assert station.label.startswith("Synthetic Halt station")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.geojson", "{}"),
        ("a.geojson", "no"),
        ("a.csv", "name,where\nx,y\n"),
        ("a.csv", ""),
        ("a.csv.gz", "not packed"),
        ("a.csv", "name,lon,lat\n"),
    ],
)
def test_what_is_no_such_file_is_refused_in_words(db, run, tmp_path, name, content):
    path = tmp_path / name
    path.write_text(content)

    with pytest.raises(InvalidError):
        run(db, "streets", path)


def test_streets_of_police_files_become_known(db, tmp_path):
    path = tmp_path / "2024-01-metropolitan-street.csv"
    path.write_text(
        "Crime ID,Month,Reported by,Falls within,Longitude,Latitude,Location,LSOA code,LSOA name,"
        "Crime type,Last outcome category,Context\n"
        ",2024-01,Met,Met,-0.3,51.41,On or near Synthetic Walk,,,Drugs,,\n"
        ",2024-01,Met,Met,-0.3,51.41,On or near Parking Area,,,Drugs,,\n"
        ",2024-01,Met,Met,-0.3,51.41,On or near ,,,Drugs,,\n"
    )

    for _ in range(2):
        service.police_street(db, [path], Options(), lambda *_: None)

    with db.read(PUBLIC) as session:
        assert labels(session, "synthetic walk") == ["Synthetic Walk, KT1"]
        assert labels(session, "parking area") == []
    with db.read(job_actor("reference:load")) as session:
        known = "select count(*) from reference.street where name in ('Synthetic Walk', '')"
        assert session.scalar(text(known)) == 1


def test_reading_the_open_data_is_quick_by_index(db, run, shared, capsys):
    """p95 below 20 ms for names, misspelt names, partial postcodes and points."""
    data = shared / "data/open"
    run(db, "streets", next((data / "places").glob("street_gazetteer*.csv.gz")))
    run(db, "places", data / "transport/bus_stops_tfl_2025.geojson", "--kind", "BUS_STOP")
    run(db, "places", data / "transport/rail_stations.geojson", "--kind", "STATION")
    run(db, "places", data / "places/os_open_greenspace_large_sites.geojson", "--kind", "PARK")
    for name in ("schools_six_boroughs_2026_plus_other_2021", "community_places_six_boroughs"):
        kind = "SCHOOL" if name.startswith("school") else "LIBRARY_YOUTH"
        run(db, "places", data / f"places/{name}.geojson", "--kind", kind)
    with psycopg.connect(db.logins.dsn("postgres"), autocommit=True) as admin:
        admin.execute("analyze")

    asked = [
        "Eden Street",
        "park road",
        "canbry gardens",
        "station",
        "kt1",
        "KT1 1EU",
        "ri",
        "High Street Teddington",
        "the green",
        "tiffin school",
        "kingston rd",
        "zzzz qqqq",
    ]
    took: list[float] = []
    with db.read(PUBLIC) as session:
        for typed in asked * 10:
            began = time.perf_counter()
            gazetteer.find(session, typed, PARTNERS)
            took.append(1000 * (time.perf_counter() - began))
        for n in range(50):
            began = time.perf_counter()
            gazetteer.near(session, 515_000 + 120 * n, 168_000 + 110 * n)
            took.append(1000 * (time.perf_counter() - began))
        used = session.execute(USED).all()
    by_sequence = {table: whole for table, whole, _ in used}
    scans = {table: by_index for table, _, by_index in used}
    took.sort()
    with capsys.disabled():
        print(
            f"\ngazetteer p50 {took[len(took) // 2]:.1f} p95 {took[int(len(took) * 0.95)]:.1f} ms"
        )

    assert scans["street"] > 0
    assert by_sequence == {"street": 0, "site": 0, "stop": 0, "postcode": 0}


def test_the_names_that_ship_lie_where_open_data_has_them(shared):
    """Within 150 m; areas have no edge to measure from."""
    data = shared / "data/open"
    stations = drawn(data / "transport/rail_stations.geojson")
    parks = drawn(data / "places/os_open_greenspace_large_sites.geojson")
    streets: dict[str, list[shapely.Geometry]] = {}
    snaps = next((data / "places").glob("street_gazetteer*.csv.gz"))
    for row in gazetteer_files.read(snaps, kind="STREET", name_field="name"):
        if not isinstance(row, Unusable):
            streets.setdefault(row.name, []).append(shapely.Point(row.easting_m, row.northing_m))

    known = {"STATION": stations, "PARK": parks, "STREET": streets}
    with KNOWN_PLACES.open() as lines:
        rows = list(csv.DictReader(lines))
    off = {
        row["name"]: found
        for row in rows
        if row["kind"] in known and (found := off_by(row, known[row["kind"]])) > 150
    }

    assert len(rows) > 120
    assert off == {}


def drawn(path):
    shapes: dict[str, list[shapely.Geometry]] = {}
    for feature in json.loads(path.read_text())["features"]:
        shape = shapely.from_geojson(json.dumps(feature["geometry"]))
        name = feature["properties"]["name"] or ""
        shapes.setdefault(name, []).append(shapely.transform(shape, crs.to_bng))
    return shapes


def off_by(row, known):
    """Metres to the nearest of that name; station names have `station` at their end with us."""
    name = row["name"].removesuffix(" station").replace("Buccleuch", "Buccleugh")
    name = {"St Margarets": "St Margarets (London)"}.get(name, name)
    here = shapely.Point(int(row["easting"]), int(row["northing"]))
    return min((shape.distance(here) for shape in known.get(name, ())), default=float("inf"))
