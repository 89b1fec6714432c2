"""Places of concern: HTTP in, database truth out."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from sqlalchemy import event, text

from app.core.actor import job_actor

KINGSTON, RICHMOND = "E09000021", "E09000027"
PARK = {
    "type_code": "PARK",
    "name": "Canbury Gardens",
    "shape": "POLYGON((517800 169800, 517950 169800, 517950 170000, 517800 170000, 517800 169800))",
}
TRIANGLE = (
    '{"type":"Polygon","coordinates":[[[-0.3,51.41],[-0.29,51.41],[-0.29,51.42],[-0.3,51.41]]]}'
)
HOME = {"type_code": "CUCKOOED", "longitude": -0.3, "latitude": 51.41, "purpose": "PLAN"}
PAGE = {
    "type_code": "ONLINE_SOCIAL",
    "name": "A page",
    "address": "https://Ex.com/@A",
    "borough": KINGSTON,
}


@pytest.fixture
def propose(client):
    def post(**wanted):
        return client.post("/api/v1/places", json=wanted)

    return post


def row(db, lead, ref):
    with db.read(lead) as session:
        found = session.execute(
            text("select *, ST_AsText(geom) as wkt from app.place where ref = :ref"), {"ref": ref}
        )
        return found.mappings().one()


def trail(db, lead):
    with db.read(lead) as session:
        return list(session.scalars(text("select action from audit.event order by id")))


def test_a_proposed_place_is_saved_with_its_class_and_audited(propose, db, lead):
    answer = propose(**PARK)

    saved = row(db, lead, answer.json()["ref"])
    assert answer.status_code == 201
    assert (saved["state"], saved["tier"], saved["sensitivity"]) == (
        "PROPOSED",
        "H0",
        "PUBLIC_REALM",
    )
    assert saved["borough_codes"] == [KINGSTON]
    assert (saved["label_expires_on"] - saved["created_at"].date()).days == 180
    assert trail(db, lead) == ["place.create"]


@pytest.mark.parametrize(
    ("type_code", "where", "kind"),
    [
        ("TAKEAWAY_SHOP", {"longitude": -0.3, "latitude": 51.41}, "Point"),
        ("TAKEAWAY_SHOP", {"easting": 518000, "northing": 169300}, "Point"),
        ("TAKEAWAY_SHOP", {"postcode": "kt1 1 eu"}, "Point"),
        ("ROUTE_WALK", {"shape": "LINESTRING(-0.30 51.41, -0.295 51.42)"}, "LineString"),
        (
            "STREET_ALLEY",
            {
                "geometry": {
                    "type": "LineString",
                    "coordinates": [[518000, 169300], [518100, 169300]],
                }
            },
            "LineString",
        ),
        (
            "PARK",
            {"shape": TRIANGLE},
            "Polygon",
        ),
    ],
)
def test_every_way_of_saying_where_is_understood(propose, type_code, where, kind):
    answer = propose(type_code=type_code, name="Somewhere", **where)

    assert answer.status_code == 201, answer.text
    assert answer.json()["geometry"]["type"] == kind
    assert [b["code"] for b in answer.json()["boroughs"]] == [KINGSTON]


def test_degrees_and_metres_of_one_spot_agree_to_a_decimetre(propose, db, lead):
    by_metres = propose(type_code="HEALTH_SITE", name="A", easting=518000, northing=169300).json()
    longitude, latitude = by_metres["geometry"]["coordinates"]

    by_degrees = propose(type_code="HEALTH_SITE", name="B", longitude=longitude, latitude=latitude)

    wkt = row(db, lead, by_degrees.json()["ref"])["wkt"]
    east, north = (float(x) for x in wkt.removeprefix("POINT(").removesuffix(")").split())
    assert abs(east - 518000) <= 0.11
    assert abs(north - 169300) <= 0.11


@pytest.mark.asvs("1.3.3")
@pytest.mark.parametrize(
    ("wanted", "field", "words"),
    [
        (PARK | {"type_code": "CASTLE"}, "type_code", "Unknown place type code 'CASTLE'."),
        (PARK | {"type_code": ""}, "type_code", "Choose a type."),
        (PAGE | {"platform_code": "FAX"}, "platform_code", "Unknown platform code 'FAX'."),
        (PARK | {"shape": "CIRCULARSTRING(0 0, 1 1, 2 0)"}, "shape", "This is not a shape."),
        (PARK | {"geometry": {"type": 2**70}}, "shape", "This is not a shape."),
        (PARK | {"shape": "POLYGON EMPTY"}, "shape", "Draw or choose where it is."),
        (PARK | {"name": ""}, "name", "Enter a name without people's or group names."),
        (PARK | {"name": "Known gang members' wall"}, "name", "Change the name."),
        (PARK | {"harm_codes": ["KNIFE", "NOISE"]}, "harm_codes", "Unknown harm code 'NOISE'."),
        (PARK | {"shape": ""}, "shape", "Draw or choose where it is."),
        (PARK | {"shape": "somewhere"}, "shape", "This is not a shape."),
        (
            PARK | {"shape": "POINT(518000 169000)"},
            "shape",
            "A place of this type is an area. Give it as one.",
        ),
        (
            PARK
            | {"shape": "POLYGON((-0.3 51.4, -0.29 51.41, -0.29 51.4, -0.3 51.41, -0.3 51.4))"},
            "shape",
            "The shape crosses itself. Draw it again without crossing lines.",
        ),
        (PARK | {"shape": "POLYGON((2 50, 2 51, 3 51, 2 50))"}, "shape", "more than 10 km outside"),
        (
            PARK
            | {"shape": "POLYGON((510000 165000, 510000 176000, 515000 176000, 510000 165000))"},
            "shape",
            "An area can be at most 10 km wide",
        ),
        (PARK | {"shape": None, "longitude": -0.3}, "longitude", "Give both coordinates."),
        (
            {"type_code": "HEALTH_SITE", "name": "Clinic", "postcode": "ZZ1 1ZZ"},
            "postcode",
            "We could not find this postcode.",
        ),
        (PAGE | {"address": "javascript:alert(1)"}, "address", "begins with http or https"),
        (PAGE | {"address": "https://me:secret@ex.com"}, "address", "Leave the user name"),
        (PAGE | {"borough": None}, "borough", "Select the borough"),
        (PAGE | {"borough": "E09000099"}, "borough", "Unknown borough code 'E09000099'."),
        (HOME | {"purpose": None}, "purpose", "Select why you need to record this address."),
    ],
)
def test_what_cannot_be_used_is_said_in_words_by_field(propose, db, lead, wanted, field, words):
    answer = propose(**wanted)

    found = {error["field"]: error["message"] for error in answer.json()["errors"]}
    assert answer.status_code == 422
    assert words in found[field]
    with db.read(lead) as session:
        assert session.scalar(text("select count(*) from app.place")) == 0


def test_no_borough_is_asked_of_a_place_that_has_to_be_drawn(propose):
    answer = propose(**(PARK | {"shape": ""}))

    assert [error["field"] for error in answer.json()["errors"]] == ["shape"]


def test_a_shape_of_more_than_500_corners_is_refused(propose):
    ring = [(517800 + i / 10, 169800 + (i % 2) / 10) for i in range(600)] + [(517800, 169900)]
    corners = ", ".join(f"{x} {y}" for x, y in [*ring, ring[0]])

    answer = propose(**PARK | {"shape": f"POLYGON(({corners}))"})

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["message"] == "The shape has 602 corners. Use at most 500."


def test_a_residential_place_keeps_its_point_apart(propose, client, db, lead):
    ref = propose(**HOME).json()["ref"]

    shown = client.get(f"/api/v1/places/{ref}").json()
    listed = client.get("/api/v1/places").json()["features"]
    saved = row(db, lead, ref)
    with db.read(replace(lead, purpose="PLAN", purpose_for="*")) as session:
        exact = session.execute(
            text("select ST_X(geom), victim_warning from app.place_exact")
        ).one()
    assert shown["name"] == f"Address {ref}"
    assert shown["geometry"] is None
    assert shown["boroughs"] == [{"code": KINGSTON, "name": "Kingston upon Thames", "share": 1.0}]
    assert [feature["geometry"] for feature in listed] == [None]
    assert (saved["geom"], saved["qk"], saved["tier"]) == (None, None, "H1")
    assert exact[0] > 500_000
    assert exact[1] is True


@pytest.mark.asvs("14.2.6")
def test_the_exact_point_is_read_with_a_purpose_and_audited(propose, client, db, lead):
    ref = propose(**HOME).json()["ref"]

    without = client.post(f"/api/v1/places/{ref}/exact", json={})
    read = client.post(f"/api/v1/places/{ref}/exact", json={"purpose": "MARVE"})

    assert without.status_code == 422
    assert abs(read.json()["longitude"] - HOME["longitude"]) < 1e-5
    with db.read(lead) as session:
        event = session.execute(
            text("select purpose, object_ref from audit.event where action = 'place_exact.read'")
        ).one()
    assert event == ("MARVE", ref)


def test_an_online_space_has_no_geometry_and_a_defanged_address(propose, client):
    ref = propose(**PAGE).json()["ref"]

    shown = client.get(f"/api/v1/places/{ref}").json()

    assert shown["geometry"] is None
    assert shown["online"]["url_defanged"] == "hxxps://ex[.]com/@A"
    assert "http://" not in client.get("/api/v1/places").text


def test_a_route_out_of_london_may_have_no_line(propose):
    answer = propose(type_code="ROUTE_COUNTY", name="Towards the coast", borough=KINGSTON)

    assert answer.status_code == 201
    assert answer.json()["geometry"] is None
    assert answer.json()["boroughs"][0]["code"] == KINGSTON


def test_a_change_needs_the_version_that_was_looked_at(propose, client, db, lead):
    place = propose(**PARK).json()
    url = f"/api/v1/places/{place['ref']}"

    first = client.patch(url, json={"version": 1, "name": "Canbury riverside"})
    second = client.patch(url, json={"version": 1, "name": "Another name"})

    assert (first.status_code, first.json()["version"]) == (200, 2)
    assert second.status_code == 409
    assert second.json()["detail"].startswith("Changed by you at ")
    assert second.json()["detail"].endswith("Compare and save again.")
    assert row(db, lead, place["ref"])["name"] == "Canbury riverside"
    assert trail(db, lead) == ["place.create", "place.update"]


@pytest.mark.asvs("2.3.4", "15.4.2")
def test_of_two_who_save_at_once_one_is_told(propose, client, db, lead):
    place = propose(**PARK).json()

    def save(name):
        change = {"version": 1, "name": name}
        return client.patch(f"/api/v1/places/{place['ref']}", json=change).status_code

    with ThreadPoolExecutor(4) as together:
        statuses = sorted(together.map(save, ["A", "B", "C", "D"]))

    assert statuses == [200, 409, 409, 409]
    assert row(db, lead, place["ref"])["version"] == 2


def test_a_list_costs_two_statements_however_long(propose, db, lead):
    from app.places import queries

    def cost():
        counted = []
        with db.read(lead) as session:
            event.listen(session.get_bind(), "before_cursor_execute", lambda *_: counted.append(1))
            queries.listed(session, queries.Filters(), number=1)
        return len(counted)

    few = cost()
    for number in range(4):
        propose(**PARK | {"name": f"Park {number}"})

    assert cost() == few == 2


def test_a_change_can_empty_what_may_be_empty_and_keeps_what_is_not_sent(propose, client):
    place = propose(**PARK | {"description": "Dark after five", "harm_codes": ["KNIFE"]}).json()

    answer = client.patch(
        f"/api/v1/places/{place['ref']}", json={"version": 1, "description": None, "name": None}
    ).json()

    assert (answer["description"], answer["name"]) == (None, "Canbury Gardens")
    assert (answer["harm_codes"], answer["geometry"]) == (["KNIFE"], place["geometry"])


def test_a_place_that_moves_takes_its_boroughs_with_it(propose, client, db, lead):
    place = propose(type_code="HEALTH_SITE", name="Clinic", easting=518000, northing=169300).json()

    moved = client.patch(
        f"/api/v1/places/{place['ref']}", json={"version": 1, "easting": 517350, "northing": 172350}
    )

    assert [b["code"] for b in moved.json()["boroughs"]] == [RICHMOND]
    saved = row(db, lead, place["ref"])
    assert saved["borough_codes"] == [RICHMOND]


def test_an_address_never_becomes_a_spot_on_the_map(propose, client):
    ref = propose(**HOME).json()["ref"]

    answer = client.patch(
        f"/api/v1/places/{ref}", json={"version": 1, "type_code": "TAKEAWAY_SHOP"}
    )
    moved = client.patch(
        f"/api/v1/places/{ref}", json={"version": 1, "easting": 518000, "northing": 169300}
    )

    assert answer.json()["errors"][0]["field"] == "type_code"
    assert moved.json()["errors"][0]["field"] == "easting"


def test_a_new_type_must_suit_the_shape_and_never_lowers_the_tier(propose, client):
    ref = propose(type_code="HOTEL_LET", name="Let", easting=518000, northing=169300).json()["ref"]

    area = client.patch(f"/api/v1/places/{ref}", json={"version": 1, "type_code": "PARK"})
    shop = client.patch(f"/api/v1/places/{ref}", json={"version": 1, "type_code": "TAKEAWAY_SHOP"})

    assert area.json()["errors"][0]["message"] == "A place of this type is an area. Give it as one."
    assert (shop.json()["sensitivity"], shop.json()["tier"]) == ("MANAGED", "H1")


def test_a_restricted_label_lasts_ninety_days(propose, db, lead):
    ref = propose(**PARK | {"type_code": "CONFLICT_ZONE"}).json()["ref"]

    saved = row(db, lead, ref)

    assert (saved["label_expires_on"] - saved["created_at"].date()).days == 90
    assert saved["tier"] == "H1"


def test_the_list_is_filtered_by_type_state_borough_box_and_words(propose, client):
    propose(**PARK)
    propose(type_code="HEALTH_SITE", name="Clinic", easting=517350, northing=172350)

    def names(query):
        features = client.get(f"/api/v1/places?{query}").json()["features"]
        return sorted(feature["properties"]["name"] for feature in features)

    assert names("type=PARK") == ["Canbury Gardens"]
    assert names(f"borough={RICHMOND}") == ["Clinic"]
    assert names("q=canb") == ["Canbury Gardens"]
    assert names("bbox=-0.32,51.43,-0.31,51.45") == ["Clinic"]
    assert names("state=CLOSED") == []
    assert len(names("q=&type=&state=&borough=&bbox=&datetime=")) == 2
    assert names("datetime=../2020-01-01") == []
    assert len(names("datetime=2020-01-01/..")) == 2
    assert len(names("limit=1")) == 1


@pytest.mark.parametrize("query", ["bbox=1,2,3", "bbox=3,2,1,4", "bbox=a,b,c,d", "datetime=soon"])
def test_a_box_or_date_that_cannot_be_read_is_refused(client, query):
    assert client.get(f"/api/v1/places?{query}").status_code == 422


@pytest.mark.parametrize("ref", ["PL-000-0000", "PL-7K2-Q4MX", "nonsense"])
def test_a_place_that_is_not_there_is_not_found(client, ref):
    answer = client.get(f"/api/v1/places/{ref}")

    assert answer.status_code == 404
    assert answer.json()["detail"] == "There is no such place."


def test_a_practitioner_cannot_propose_outside_the_own_borough(db, lead):
    from app.core.errors import ForbiddenError
    from app.places import service
    from app.places.schemas import PlaceIn

    practitioner = replace(
        lead, role="practitioner", all_boroughs=False, boroughs=(RICHMOND,), tiers=("H0", "H1")
    )
    wanted = PlaceIn(**PARK)

    with pytest.raises(ForbiddenError), db.begin(practitioner) as session:
        service.propose(
            session, practitioner, wanted, service.draft(session, wanted, [KINGSTON, RICHMOND])
        )


def test_derived_rows_follow_a_place_that_changes_borough(db, propose, client):
    ref = propose(type_code="HEALTH_SITE", name="C", easting=518000, northing=169300).json()["ref"]

    client.patch(
        f"/api/v1/places/{ref}", json={"version": 1, "easting": 517350, "northing": 172350}
    )

    with db.read(job_actor("clusters:recompute")) as session:
        scopes = session.execute(
            text(
                "select borough_codes from app.place_area union all "
                "select borough_codes from app.place_state_change"
            )
        ).scalars()
        assert list(scopes) == [[RICHMOND], [RICHMOND]]
