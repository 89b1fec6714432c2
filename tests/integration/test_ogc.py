"""OGC API - Features by two independent clients: GDAL and OWSLib see what the user may see."""

import json

import psycopg
import pyogrio
import pytest

from tests import intelligence
from tests.conftest import CLAIMS_KEY
from tests.live import serving
from tests.ogc import ROLES, Ground, as_token
from tests.people import browser, sign_in_as
from tests.sql import world

EVERYTHING = {"places", "incidents", "clusters", "areas", "online_spaces"}
HAS = {
    "partner": {"places", "areas", "online_spaces", "intelligence"},
    "practitioner": EVERYTHING | {"intelligence"},
    "police_analyst": EVERYTHING | {"intelligence"},
    "cs_lead": EVERYTHING | {"intelligence"},
    "vca_member": {"areas"},
    "administrator": {"areas"},
}


@pytest.fixture(scope="module")
def ground(module_db, settings, tmp_path_factory):
    cluster, dbname = module_db.logins.cluster, module_db.logins.dbname
    dsn, folder = cluster.dsn("ROLE", dbname), tmp_path_factory.mktemp("ogc")
    with serving(dsn, CLAIMS_KEY, folder) as live:
        yield Ground(module_db, settings, f"{live.url}/ogc/")


HIDE = "update app.incident set deleted_at = now() where id = %s"


def paged(features, name, limit=50, **asked):
    """Every page of a collection, by the links of the pages."""
    found, after = [], None
    while True:
        more = {"after": after} if after else {}
        page = features.collection_items(name, limit=limit, **asked, **more)
        found += [one["id"] for one in page["features"]]
        assert page["numberReturned"] == len(page["features"]) <= limit
        following = [link["href"] for link in page["links"] if link["rel"] == "next"]
        if not following:
            assert page["numberMatched"] == len(found)
            return found
        after = following[0].split("after=")[1].split("&")[0]


@pytest.mark.parametrize("role", ROLES)
def test_owslib_lists_the_collections_that_the_role_may_read(ground, role):
    features = ground.owslib(role)

    named = {one["id"] for one in features.collections()["collections"]}

    assert named == HAS[role]
    assert "core" in json.dumps(features.conformance())
    for name in named:
        assert features.collection(name)["id"] == name


@pytest.mark.parametrize("role", ["partner", "practitioner", "police_analyst", "cs_lead"])
@pytest.mark.parametrize("name", ["places", "incidents", "online_spaces"])
def test_owslib_pages_through_what_the_oracle_allows_and_no_more(ground, role, name):
    if name not in HAS[role]:
        with pytest.raises(RuntimeError):
            ground.owslib(role).collection_items(name)
        return

    found = paged(ground.owslib(role), name)

    assert len(found) == len(set(found))
    assert set(found) == ground.wanted(role, name)
    assert found == sorted(found)


@pytest.mark.parametrize("role", ["partner", "practitioner", "police_analyst", "cs_lead"])
def test_gdal_reads_the_places_that_the_oracle_allows_and_no_more(ground, role):
    frame = ground.gdal(role, "places")

    assert set(frame["id"]) == ground.wanted(role, "places")


@pytest.mark.parametrize("role", ["practitioner", "cs_lead"])
def test_gdal_filters_by_a_box_as_the_own_api_does(ground, role):
    box = (-0.32, 51.40, -0.29, 51.42)

    frame = ground.gdal(role, "incidents", bbox=box)

    words = ",".join(map(str, box))
    own = ground.client(role).get(f"/api/v1/incidents?limit=10000&bbox={words}").json()
    assert set(frame["id"]) == {one["id"] for one in own["features"]} != set()
    assert str(frame.crs) in {"EPSG:4326", "OGC:CRS84"}


def test_gdal_lists_the_layers_of_the_token(ground):
    with as_token(ground.tokens["cs_lead"]):
        layers = pyogrio.list_layers(f"OAPIF:{ground.url}")

    assert set(layers[:, 0]) == HAS["cs_lead"]


@pytest.mark.parametrize(
    ("name", "asked", "key"),
    [
        ("places", {"state": "PROPOSED"}, "state"),
        ("places", {"type_code": "ROUTE_WALK"}, "type_code"),
        ("incidents", {"state": "CONFIRMED"}, "state"),
        ("areas", {"kind": "borough"}, "kind"),
    ],
)
def test_a_filter_leaves_what_has_the_value(ground, name, asked, key):
    page = ground.owslib("cs_lead").collection_items(name, limit=1000, **asked)

    assert page["features"] != []
    assert {one["properties"][key] for one in page["features"]} == set(asked.values())


def test_homes_and_online_spaces_have_no_geometry_anywhere(ground):
    client = ground.client("police_analyst")

    for name in ("places", "incidents", "online_spaces"):
        told = client.get(f"/ogc/collections/{name}/items?limit=1000").json()["features"]
        homes = {t.ref for t in ground.things if getattr(t, "sensitivity", "") == "RESIDENTIAL"}
        for one in told:
            if one["id"] in homes or one["properties"].get("place") in homes:
                assert one["geometry"] is None
    assert all(one["geometry"] is None for one in told)


def test_the_national_grid_is_served_to_whom_it_is_asked_for(ground):
    client = ground.client("cs_lead")
    grid = "http://www.opengis.net/def/crs/EPSG/0/27700"

    answer = client.get(f"/ogc/collections/places/items?crs={grid}&type_code=OTHER&limit=1000")
    box = client.get(
        f"/ogc/collections/places/items?bbox-crs={grid}&bbox=517900,168900,518100,169100&limit=1000"
    )

    points = [one["geometry"] for one in answer.json()["features"]]
    assert answer.headers["content-crs"] == f"<{grid}>"
    assert [518000, 169000] in [one["coordinates"] for one in points if one["type"] == "Point"]
    assert box.json()["numberMatched"] > 0
    assert box.headers["content-crs"] == "<http://www.opengis.net/def/crs/OGC/1.3/CRS84>"


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=0", "limit"),
        ("limit=x", "limit"),
        ("bbox=1,2", "bbox"),
        ("bbox=1,2,x,4&bbox-crs=http://www.opengis.net/def/crs/EPSG/0/27700", "bbox"),
        ("datetime=yesterday", "datetime"),
        ("crs=EPSG:3857", "crs"),
        ("colour=red", "query"),
        ("after=" + "x" * 90, "after"),
        ("state=NOWHERE", "state"),
    ],
)
def test_a_parameter_that_cannot_be_used_is_a_problem_of_status_400(ground, query, field):
    answer = ground.client("cs_lead").get(f"/ogc/collections/incidents/items?{query}")

    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert [one["field"] for one in answer.json()["errors"]] == [field]


def test_more_than_the_most_is_the_most(ground):
    answer = ground.client("cs_lead").get("/ogc/collections/places/items?limit=5000000")

    assert answer.json()["numberReturned"] <= 1000


def test_paging_while_rows_come_and_go_doubles_and_loses_none(ground):
    features = ground.owslib("cs_lead")
    stays = paged(features, "incidents")
    own = {thing.ref: thing.id for thing in ground.things if isinstance(thing, world.Incident)}
    found, gone, after = [], [], None
    with psycopg.connect(ground.db.logins.dsn("postgres"), autocommit=True) as admin:
        while True:
            more = {"after": after} if after else {}
            page = features.collection_items("incidents", limit=7, **more)
            found += [one["id"] for one in page["features"]]
            gone.append(stays[len(gone)])
            admin.execute(HIDE, (own[gone[-1]],))
            world.write(world.Incident("K"), admin)
            following = [link["href"] for link in page["links"] if link["rel"] == "next"]
            if not following:
                break
            after = following[0].split("after=")[1].split("&")[0]
        admin.execute("update app.incident set deleted_at = null where ref = any (%s)", (gone,))
        admin.execute("delete from app.incident where ref <> all (%s)", (list(own),))

    assert len(found) == len(set(found))
    assert len(gone) > 5
    assert set(stays) - set(gone) <= set(found)


def test_a_feature_out_of_reach_is_one_that_does_not_exist(ground):
    partner, lead = ground.client("partner"), ground.client("cs_lead")
    hidden = sorted(ground.wanted("cs_lead", "places") - ground.wanted("partner", "places"))[0]

    answers = [
        partner.get(f"/ogc/collections/places/items/{key}") for key in (hidden, "PL-ZZZ-ZZZZ")
    ]

    assert lead.get(f"/ogc/collections/places/items/{hidden}").json()["id"] == hidden
    told = [
        {k: v for k, v in a.json().items() if k not in ("instance", "request_id")} for a in answers
    ]
    assert [one.status_code for one in answers] == [404, 404]
    assert told[0] == told[1]


def test_nobody_without_a_token_and_no_wrong_token_is_answered(ground):
    stranger = browser(ground.db, ground.settings)

    answers = [
        stranger.get(path, headers=headers)
        for path in ("/ogc/", "/ogc/collections", "/ogc/collections/places/items")
        for headers in ({}, {"Authorization": "Bearer wrong"})
    ]

    assert {one.status_code for one in answers} == {401}
    assert {one.headers["content-type"] for one in answers} == {"application/problem+json"}


def test_the_landing_page_says_where_everything_is_to_programs_and_to_people(ground):
    client = ground.client("cs_lead")

    told = client.get("/ogc/").json()
    page = client.get("/ogc/", headers={"Accept": "text/html"})
    document = client.get("/ogc/api").json()

    assert {link["rel"] for link in told["links"]} >= {"data", "conformance", "service-desc"}
    assert "Authorization: Bearer" in page.text
    assert "/collections/incidents/items" in document["paths"]
    assert client.get("/ogc/collections/children").status_code == 404


def test_an_item_of_code_c_changes_no_byte_of_the_collection_for_its_own_force(ground):
    def analyst():
        person = sign_in_as(ground.db, "police_analyst", agency=intelligence.POLICE)
        return browser(ground.db, ground.settings, person)

    writer, second = analyst(), analyst()
    shown = intelligence.released(writer, second)
    _, named = intelligence.reader_ref(ground.db)
    paths = ["/ogc/collections/intelligence/items?limit=1000", "/ogc/collections"]
    paths += ["/ogc/collections/places/items?limit=1000"]
    readers = [writer, second, ground.client("cs_lead"), ground.client("practitioner")]
    before = [reader.get(path).content for reader in readers for path in paths]

    hidden = intelligence.released(writer, second, **intelligence.CONDITIONAL, recipients=[named])
    after = [reader.get(path).content for reader in readers for path in paths]

    own = {one["id"] for one in json.loads(before[0])["features"]}
    assert before == after
    assert (shown in own, hidden in own) == (True, False)
    for reader in readers:
        assert reader.get(f"/ogc/collections/intelligence/items/{hidden}").status_code == 404
