"""The map page, its items, tiles and street map over HTTP: what is shown is what is counted."""

import gzip
import json
import re
from datetime import date

import mapbox_vector_tile
import pytest
from pmtiles.tile import Compression, TileType, zxy_to_tileid
from pmtiles.writer import Writer
from sqlalchemy import text

from app.core.actor import job_actor
from app.core.ids import new_reference
from app.maps import items, queries
from app.maps.rules import Filters, last_quarter, parse
from tests.people import browser, sign_in_as

WORLD = "bbox=-2,50,2,53&z=9"
TODAY = date(2026, 5, 20)


@pytest.fixture(scope="module")
def site(demo_db, settings):
    with browser(demo_db, settings, sign_in_as(demo_db, "cs_lead")) as lead:
        yield lead


def shown(site, query=""):
    answer = site.get(f"/map/items?{query}&{WORLD}".replace("?&", "?"))
    assert answer.status_code == 200
    return answer.json()


def table(site, query=""):
    page = site.get(f"/map?{query}", headers={"Accept": "text/html"})
    assert page.status_code == 200
    return page.text, re.findall(r'data-id="([^"]+)"', page.text)


QUERIES = [
    "",
    "layer=clusters",
    "layer=incidents",
    "type=PARK",
    "type=PG_TRANSPORT",
    "harm=CSE",
    "borough=E09000021",
    "borough=outside",
    "source=police",
    "period=90d",
    "from=2026-01-01&to=2026-03-31",
]


@pytest.mark.parametrize("query", QUERIES)
def test_map_and_not_on_the_map_are_the_rows_of_the_table_and_the_sentence(site, query):
    page, rows = table(site, query)
    found = shown(site, query)

    drawn = sum(i["count"] if i["kind"] == "group" else 1 for i in found["items"])
    sentence = re.search(r'id="count"><strong>(.*?)</strong>', page)[1]
    places, clusters, on_map, off_map = map(
        int, re.findall(r"[\d,]+(?= (?:pl|cl|on|not))", sentence)
    )
    assert found["matches"] == len(rows) == places + clusters
    assert drawn == found["in_view"] == found["on_map"] == on_map
    assert off_map == len(rows) - on_map
    assert {k for k, n in found["off_map"].items() if n} <= {"online", "address", "line"}
    assert sum(found["off_map"].values()) == off_map


def test_the_demonstration_has_places_on_the_map_and_off_it(site):
    found = shown(site)

    assert found["on_map"] > 80
    assert found["off_map"]["online"] > 0
    assert found["off_map"]["address"] > 0


def test_the_number_on_a_group_begins_its_name():
    places = [queries.Spot(f"PL-{i}", "place", "Park", "", False, -0.3, 51.4) for i in range(3)]
    cluster = queries.Spot("a1", "cluster", "North", "", False, -0.3, 51.4)

    told = items.told([places, [*places, cluster]], {}, 12, ["near Norbiton", "near Ham"])

    assert [each["name"] for each in told] == [
        "Group of 3 places near Norbiton",
        "Group of 4: 3 places and 1 cluster near Ham",
    ]
    assert [each["count"] for each in told] == [3, 4]


def test_every_row_with_a_place_on_the_map_can_be_found_there(site):
    _, rows = table(site)

    near = site.get("/map/items?bbox=-2,50,2,53&z=18").json()["items"]

    ids = {m["id"] for item in near for m in item.get("members") or [item]}
    assert ids <= set(rows)
    assert len(ids) == shown(site)["on_map"]


def test_a_view_holds_what_is_inside_it(site):
    west, south, east, north = -0.31, 51.40, -0.28, 51.42

    found = site.get(f"/map/items?bbox={west},{south},{east},{north}&z=18").json()

    assert 0 < found["in_view"] < found["on_map"]
    for item in found["items"]:
        assert west <= item["lon"] <= east
        assert south <= item["lat"] <= north


def test_a_map_that_moves_asks_for_the_view_without_the_totals(site):
    whole = site.get("/map/items?bbox=-0.31,51.40,-0.28,51.42&z=16").json()

    moved = site.get("/map/items?bbox=-0.31,51.40,-0.28,51.42&z=16&totals=no")

    assert set(whole) - set(moved.json()) == {"matches", "on_map", "off_map"}
    assert moved.json() == {key: whole[key] for key in moved.json()}
    assert site.get("/map/items?totals=half").status_code == 422


def test_more_than_300_places_are_grouped_and_none_is_left_out(db, settings):
    add_places(db, 400)
    with browser(db, settings, sign_in_as(db, "cs_lead")) as lead:
        first = lead.get("/map/items?bbox=-1,51,0.5,52&z=16").json()
        second = lead.get("/map/items?bbox=-1,51,0.5,52&z=16").json()

    assert first == second
    assert first["mode"] == "groups"
    assert len(first["items"]) <= items.MOST
    assert sum(i["count"] if i["kind"] == "group" else 1 for i in first["items"]) == 400
    assert first["in_view"] == 400


def add_places(db, n):
    """A line of synthetic parks, 25 m apart."""
    with db.begin(job_actor("demo:load")) as session:
        for i in range(n):
            session.execute(
                text("""
                    insert into app.place (id, ref, agency_code, tier, purpose_code, created_by,
                        updated_by, type_code, name, sensitivity, geom, geom_kind,
                        label_expires_on, is_synthetic)
                    values (gen_random_uuid(), :ref, 'AFC', 'H0', 'PREVENT', :nobody, :nobody,
                        'PARK', :name, 'PUBLIC_REALM',
                        ST_SetSRID(ST_MakePoint(512000 + 25 * :i, 169300), 27700), 'P',
                        '2030-01-01', true)
                """),
                {
                    "ref": new_reference("PL"),
                    "nobody": "00000000-0000-0000-0000-000000000000",
                    "name": f"Synthetic park {i}",
                    "i": i,
                },
            )


def test_filters_in_force_can_be_taken_off_one_by_one(site):
    page, _ = table(site, "type=PARK&period=12m&layer=clusters")

    tags = re.search(r'class="cm-tags".*?</ul>', page, re.DOTALL)[0]
    assert re.findall(r'href="([^"]+)"', tags) == [
        "/map?period=12m&amp;layer=clusters",
        "/map?type=PARK&amp;layer=clusters",
    ]


@pytest.mark.parametrize(
    "query",
    ["nothing=1", "period=never", "source=all%00", "type=%00", "from=yesterday", "run=7", "layer=x",
     "from=2026-03-02&to=2026-03-01", "borough=a'b"],
)  # fmt: skip
@pytest.mark.parametrize("path", ["/map/items", "/tiles/incidents/12/2044/1362.pbf", "/map"])
def test_a_filter_that_cannot_be_used_is_refused_in_words(site, path, query):
    answer = site.get(f"{path}?{query}")

    assert answer.status_code == 422
    assert "yesterday" not in answer.text or path == "/map"


@pytest.mark.parametrize("bbox", ["1,2,3", "a,b,c,d", "1,2,0,3", "-181,0,0,1", "nan,0,1,1"])
def test_a_box_that_is_none_is_refused(site, bbox):
    assert site.get(f"/map/items?bbox={bbox}&z=12").status_code == 422


@pytest.mark.parametrize("layer", queries.LAYERS)
def test_a_tile_is_vector_data_that_no_cache_keeps(site, layer):
    answer = site.get(f"/tiles/{layer}/11/1022/681.pbf")

    assert answer.status_code in {200, 204}
    assert answer.headers["cache-control"] == "no-store, private"
    assert "etag" not in answer.headers
    if answer.status_code == 200:
        assert answer.headers["content-type"] == "application/vnd.mapbox-vector-tile"
        assert mapbox_vector_tile.decode(answer.content)


def test_an_empty_tile_has_no_content(site):
    answer = site.get("/tiles/places/11/0/0.pbf")

    assert (answer.status_code, answer.content) == (204, b"")


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/tiles/children/11/1022/681.pbf", 404),
        ("/tiles/places/19/1022/681.pbf", 422),
        ("/tiles/places/3/8/0.pbf", 422),
        ("/tiles/places/3/0/8.pbf", 422),
        ("/tiles/places/x/0/0.pbf", 422),
        ("/tiles/places/-1/0/0.pbf", 422),
        ("/tiles/places/1/0/99999999999999999999.pbf", 422),
        ("/tiles/places/1/0/%D9%A1.pbf", 422),
    ],
)
def test_a_tile_that_is_none_is_refused(site, path, status):
    answer = site.get(path)

    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"


def test_tiles_are_only_read(site):
    assert site.post("/tiles/places/11/1022/681.pbf").status_code == 405


def test_a_tile_asks_who_is_calling_like_every_route(demo_db, settings):
    with browser(demo_db, settings) as stranger:
        answer = stranger.get("/tiles/incidents/11/1022/681.pbf")

    assert answer.status_code == 401
    assert answer.json()["type"] == "/problems/sign-in-needed"


def test_tiles_and_page_take_the_same_filters(site):
    page, _ = table(site, "from=2026-01-01&to=2026-02-28&source=partnership")
    found = re.search(r"Behind them: ([\d,]+) partnership incidents", page)[1].replace(",", "")

    tile = site.get("/tiles/incidents/5/15/10.pbf?from=2026-01-01&to=2026-02-28&source=partnership")

    layers = mapbox_vector_tile.decode(tile.content)
    counted = sum(f["properties"]["n"] for f in layers["partnership"]["features"])
    assert 0 < counted <= int(found)


def pmtiles(path, metadata):
    with path.open("wb") as file:
        writer = Writer(file)
        writer.write_tile(zxy_to_tileid(9, 255, 170), gzip.compress(b"a tile"))
        header = {"tile_type": TileType.MVT, "tile_compression": Compression.GZIP}
        box = {"min_zoom": 9, "max_zoom": 9, "center_zoom": 9, "min_lon_e7": 0, "max_lon_e7": 0}
        box |= {"min_lat_e7": 0, "max_lat_e7": 0, "center_lon_e7": 0, "center_lat_e7": 0}
        writer.finalize(header | box, metadata)
    return path


@pytest.fixture
def street_site(demo_db, settings, tmp_path):
    def make(metadata):
        path = pmtiles(tmp_path / "streets.pmtiles", metadata)
        changed = settings.model_copy(update={"basemap": path})
        return browser(demo_db, changed, sign_in_as(demo_db, "cs_lead"))

    return make


def test_street_map_tiles_are_passed_through_and_kept_by_the_browser(street_site):
    with street_site({"attribution": "(c) Us"}) as site:
        there = site.get("/basemap/9/255/170.pbf")
        absent = site.get("/basemap/9/0/0.pbf")

    assert there.content == b"a tile"
    assert there.headers["content-encoding"] == "gzip"
    assert there.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert absent.status_code == 204


@pytest.mark.parametrize(
    "metadata", [{"attribution": "(c) Us"}, {"json": json.dumps({"attribution": "(c) Us"})}]
)
def test_the_page_names_whose_street_map_it_is(street_site, metadata):
    with street_site(metadata) as site:
        page = site.get("/map", headers={"Accept": "text/html"}).text

    assert 'data-attribution="(c) Us"' in page
    assert re.search(r'data-basemap="/basemap/{z}/{x}/{y}.pbf\?v=[0-9a-f]{12}"', page)


def test_without_a_street_map_the_page_says_so(site):
    page, _ = table(site)

    assert "No street map is installed." in page
    assert site.get("/basemap/9/255/170.pbf").status_code == 404


def test_a_file_that_is_no_street_map_is_refused_in_words(demo_db, settings, tmp_path):
    path = tmp_path / "streets.pmtiles"
    path.write_bytes(b"PK not tiles")
    changed = settings.model_copy(update={"basemap": path})
    with browser(demo_db, changed, sign_in_as(demo_db, "cs_lead")) as site:
        answer = site.get("/basemap/9/255/170.pbf")
        page = site.get("/map", headers={"Accept": "text/html"})

    assert answer.status_code == 422
    assert "streets.pmtiles is not a readable PMTiles file." in answer.text
    assert "No street map is installed." in page.text


def test_the_open_street_map_of_the_two_boroughs_is_read(demo_db, settings, shared):
    path = shared / "data/open/basemap/light_basemap_z8-14.pmtiles"
    changed = settings.model_copy(update={"basemap": path})
    with browser(demo_db, changed) as site:
        answer = site.get("/basemap/13/4089/2727.pbf")

    assert answer.headers["content-encoding"] == "gzip"
    assert {"rail", "water"} <= set(mapbox_vector_tile.decode(answer.content))


@pytest.mark.parametrize(
    ("asked", "first", "past"),
    [
        ({}, date(2026, 2, 19), date(2026, 5, 21)),
        ({"period": "90d"}, date(2026, 2, 19), date(2026, 5, 21)),
        ({"period": "quarter"}, date(2026, 1, 1), date(2026, 4, 1)),
        ({"period": "12m"}, date(2025, 5, 20), date(2026, 5, 21)),
        ({"from": "2026-01-05"}, date(2026, 1, 5), None),
        ({"to": "2026-01-05", "period": "own"}, None, date(2026, 1, 6)),
        ({"period": "all"}, None, None),
    ],
)
def test_a_period_is_a_half_open_window_of_days(asked, first, past):
    filters, wrong = parse(asked, TODAY)

    assert wrong == {}
    assert (filters.from_on, filters.to_on) == (first, past)


def test_the_last_quarter_is_the_last_that_is_over():
    assert last_quarter(date(2026, 1, 1)) == date(2025, 10, 1)
    assert last_quarter(date(2026, 12, 31)) == date(2026, 7, 1)


def test_filters_written_as_an_address_are_read_back_the_same():
    filters, _ = parse({"from": "2026-01-05", "to": "2026-02-01", "type": "PARK"}, TODAY)

    again, wrong = parse(dict(p.split("=") for p in filters.query().split("&")), TODAY)

    assert wrong == {}
    assert again == filters
    assert Filters().query() == "period=all"
    assert parse({}, TODAY)[0].query() == ""
