"""The page of a place: picture, journey, why it is listed, everything joined for print."""

import io

import psycopg
import pytest
import shapely
from PIL import Image

from app.maps.place_routes import outlines
from tests.people import HTML, RICHMOND, csrf
from tests.routes import LEAD

SQUARE = "POLYGON((518000 169300, 518100 169300, 518100 169400, 518000 169400, 518000 169300))"
LINE = "LINESTRING(518000 169300, 518300 169500)"
AT = {"easting": 518000, "northing": 169300}
SHAPES = {
    "spot": {"type_code": "TAKEAWAY_SHOP", "name": "Corner"} | AT,
    "line": {"type_code": "ROUTE_BUS", "name": "Bus 65", "shape": LINE},
    "area": {"type_code": "PARK", "name": "Green", "shape": SQUARE},
}
HOME = {"type_code": "RESIDENTIAL", "purpose": "PLAN"} | AT


@pytest.fixture
def lead(as_):
    return as_(LEAD, agency="AFC")


@pytest.fixture
def made(lead):
    def make(body):
        answer = lead.post("/api/v1/places", json=body)
        assert answer.status_code == 201, answer.text
        return answer.json()["ref"]

    return make


def page(client, path):
    return client.get(path, headers=HTML)


def change(client, ref, section, **answers):
    sent = answers | {"version": "1", "csrf": csrf(client)}
    return client.post(f"/places/{ref}/edit/{section}", data=sent, headers=HTML)


@pytest.mark.parametrize("body", SHAPES.values(), ids=SHAPES)
def test_a_place_with_a_shape_has_a_picture_with_words(lead, made, body):
    ref = made(body)
    answer = lead.get(f"/map/places/{ref}.png")

    assert Image.open(io.BytesIO(answer.content)).size == (640, 640)
    assert answer.headers["cache-control"] == "no-store, private"
    assert f'src="/map/places/{ref}.png"' in page(lead, f"/places/{ref}").text
    assert f'alt="Map of {body["name"]}: ' in page(lead, f"/places/{ref}").text


def test_a_home_has_no_picture_and_no_coordinates(lead, made):
    ref = made(HOME)
    shown = page(lead, f"/places/{ref}").text

    assert lead.get(f"/map/places/{ref}.png").status_code == 404
    assert ".png" not in shown
    assert "518000" not in shown


def test_who_may_not_see_a_place_sees_no_picture(as_, made):
    ref = made(SHAPES["area"])

    for role, more in (
        ("practitioner", {"boroughs": (RICHMOND,)}),
        ("partner", {}),
        ("auditor", {}),
        ("vca_member", {}),
        ("administrator", {}),
    ):
        assert as_(role, **more).get(f"/map/places/{ref}.png").status_code in {403, 404}


def test_holes_and_parts_are_drawn_and_a_line_is_not_closed():
    hole = shapely.from_wkt("POLYGON((0 0,9 0,9 9,0 9,0 0),(3 3,6 3,6 6,3 3))")
    lines = shapely.from_wkt("MULTILINESTRING((0 0,1 1),(2 2,3 3))")

    assert [len(one.ring) for one in outlines(hole)] == [5, 4]
    assert [one.closed for one in outlines(lines)] == [False, False]
    assert outlines(shapely.Point(0, 0), 80)[0].ring[0] == (80.0, 0.0)


def test_the_page_says_why_a_place_is_listed_in_a_sentence(lead, made):
    ref = made(SHAPES["area"] | {"harm_codes": ["ASB"]})
    shown = page(lead, f"/places/{ref}").text

    assert "Achieving for Children proposed it on" in shown
    assert "because of anti-social behaviour. It is proposed now. Its label ends on" in shown


def test_a_route_has_a_journey_and_the_places_along_it(lead, made):
    ref, stop = made(SHAPES["line"]), made(SHAPES["spot"])
    answers = {"route_mode": "BUS", "route_line": "65", "route_from": "Eden Street"}
    sent = change(lead, ref, "route", **answers, route_to="Ealing Broadway")
    link = {"to": stop, "relation": "same_journey"}
    assert lead.post(f"/api/v1/places/{ref}/links", json=link).status_code == 201

    shown = page(lead, f"/places/{ref}").text

    assert sent.status_code == 303
    for words in ("The journey", ">Bus<", ">65<", "Eden Street", "Ealing Broadway"):
        assert words in shown
    assert "Places on the same journey:" in shown
    assert "Number or line" in page(lead, f"/places/{ref}/history").text
    assert f"/places/{ref}" in lead.get("/search", params={"q": "Ealing broad"}, headers=HTML).text


def test_what_is_no_route_has_no_journey(lead, made):
    again = change(lead, made(SHAPES["area"]), "route", route_line="65")

    assert again.status_code == 422
    assert "Only a route has a journey." in again.text


def test_everything_is_on_one_page_to_print_with_the_marking(lead, made):
    ref = made(SHAPES["area"])
    sent = page(lead, f"/places/{ref}?print=all")
    printed = page(lead, sent.headers["location"]).text

    for title in ("What is working well", "What are we worried about", "What needs to happen"):
        assert title in printed
    for title in ("Why is this listed?", "Timeline", "Incidents", "History", "What it rests on"):
        assert title in printed
    assert printed.count("OFFICIAL-SENSITIVE") == 2
    assert "Change the times of concern" not in printed
    assert "You may not see everything that is recorded here." in printed


def test_partners_print_their_shape_and_nothing_more(as_, made, cluster, db):
    ref = made(SHAPES["area"])
    with psycopg.connect(cluster.dsn("postgres", db.logins.dbname), autocommit=True) as admin:
        admin.execute("update app.place set state = 'IDENTIFIED' where ref = %s", (ref,))
    partner = as_("partner")

    shown = page(partner, f"/places/{ref}?print=all")

    assert shown.status_code == 200
    assert "Why is this listed?" not in shown.text
    assert page(partner, f"/places/{ref}/print").status_code == 404
    assert partner.get(f"/map/places/{ref}.png").status_code == 200


def test_a_home_that_turns_out_to_be_cuckooed_warns_with_its_address(lead, made, cluster, db):
    ref = made(HOME)
    changed = {"version": 1, "type_code": "CUCKOOED"}

    assert lead.patch(f"/api/v1/places/{ref}", json=changed).status_code == 200
    exact = lead.post(f"/api/v1/places/{ref}/exact", json={"purpose": "PLAN"}).json()
    assert exact["victim_warning"] is True
