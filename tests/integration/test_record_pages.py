"""Pages of places and incidents: plain HTML, errors beside the answers, what was typed is kept."""

import re

import pytest

from tests.people import HTML

KINGSTON = "E09000021"
SHOP = {"type_code": "TAKEAWAY_SHOP", "name": "Corner", "easting": "518000", "northing": "169300"}
ASB = {
    "harm_code": "ASB",
    "occurred_from": "2026-07-29T00:20",
    "source_agency": "AFC",
    "postcode": "KT1 1EU",
}


@pytest.fixture
def send(client):
    """Fill in a form as a browser does, with the token of the page and empty answers left empty."""

    def post(url, **answers):
        page = client.get(url, headers=HTML)
        token = re.search(r'name="csrf" value="(\w+)"', page.text).group(1)
        fields = dict.fromkeys(
            re.findall(r'(?:input|select|textarea)[^>]* name="(\w+)"', page.text), ""
        )
        version = re.search(r'name="version" value="(\d+)"', page.text)
        fields |= {"version": version.group(1)} if version else {}
        return client.post(url, data=fields | answers | {"csrf": token}, headers=HTML)

    return post


def test_a_place_is_proposed_and_shown(send, client):
    sent = send("/places/new", **SHOP)
    shown = client.get(sent.headers["location"], headers=HTML)
    listed = client.get("/places", headers=HTML)

    assert sent.status_code == 303
    assert "Takeaway, corner shop" in shown.text
    assert "Kingston upon Thames" in shown.text
    assert ">Corner</a>" in listed.text
    assert "1 place." in listed.text


def test_an_error_shows_the_page_again_with_what_was_typed(send):
    again = send("/places/new", **SHOP | {"name": "<b>gang members</b>", "easting": "1"})

    assert again.status_code == 422
    assert "<title>Error: Propose a place" in again.text
    assert "There is a problem" in again.text
    assert 'id="name-error"' in again.text
    assert 'id="easting-error"' in again.text
    assert "&lt;b&gt;gang members&lt;/b&gt;" in again.text
    assert "<b>gang" not in again.text


def test_an_online_space_is_proposed_and_shown_as_text(send, client):
    sent = send(
        "/places/new",
        type_code="ONLINE_GROUP",
        name="A group",
        address="https://ex.com/g",
        borough=KINGSTON,
        platform_code="MESSAGING",
    )

    shown = client.get(sent.headers["location"], headers=HTML).text

    assert "hxxps://ex[.]com/g" in shown
    assert "://ex.com" not in shown


def test_a_home_is_proposed_with_a_purpose_and_shown_without_its_point(send, client):
    home = SHOP | {"type_code": "CARE_PLACEMENT", "name": ""}
    without = send("/places/new", **home)
    sent = send("/places/new", **home, purpose="PLAN")

    shown = client.get(sent.headers["location"], headers=HTML).text

    assert 'id="purpose-error"' in without.text
    assert "See the exact address" in shown
    assert "518000" not in shown


def test_harms_and_how_exact_the_place_is_are_said_changed_and_taken_back(send, client):
    told = {"harm_ASB": "yes", "harm_ROBBERY": "yes", "precision_m": "40"}
    url = send("/places/new", **SHOP, **told, harms_shown="yes").headers["location"]
    api = f"/api/v1{url}"

    first = client.get(api).json()
    edit = client.get(f"{url}/edit", headers=HTML).text
    page = client.get(url, headers=HTML).text
    kept = {"type_code": "TAKEAWAY_SHOP", "name": "Corner", "harms_shown": "yes"}
    send(f"{url}/edit", **kept, harm_ASB="yes")
    second = client.get(api).json()
    send(f"{url}/edit", **kept)

    assert (sorted(first["harm_codes"]), first["precision_m"]) == (["ASB", "ROBBERY"], 40)
    assert 'name="harm_ASB" value="yes" checked' in edit
    assert 'name="harm_KNIFE" value="yes" checked' not in edit
    assert "It may be off by 40 metres." in page
    assert (second["harm_codes"], second["precision_m"]) == (["ASB"], None)
    assert client.get(api).json()["harm_codes"] == []


def test_a_home_where_somebody_may_be_a_victim_warns_with_its_address_only(send, client):
    home = {"type_code": "RESIDENTIAL", "purpose": "PLAN", "victim_warning": "yes"}
    url = send("/places/new", **SHOP | home).headers["location"]

    place = client.get(url, headers=HTML).text
    send(f"{url}/address", purpose="MARVE")
    address = client.get(f"{url}/address", headers=HTML).text

    assert "may be a victim" not in place
    assert "Someone at this address may be a victim." in address


def test_a_cuckooed_address_warns_first_that_somebody_there_may_be_a_victim(send, client):
    sent = send("/places/new", **SHOP | {"type_code": "CUCKOOED", "purpose": "PLAN"})
    url = sent.headers["location"]
    warning = "Someone at this address may be a victim. Do not make contact without"

    place = client.get(url, headers=HTML).text
    send(f"{url}/address", purpose="MARVE")
    address = client.get(f"{url}/address", headers=HTML).text

    assert f"{warning} the contextual safeguarding lead." in place
    for page in (place, address):
        assert page.index(warning) < page.index("<h1")


def test_a_place_is_changed_and_the_second_of_two_is_told(send, client):
    url = send("/places/new", **SHOP, description="Dark").headers["location"] + "/edit"

    sent = send(url, type_code="TAKEAWAY_SHOP", name="Corner shop", description="")
    stale = send(url, type_code="TAKEAWAY_SHOP", name="Other", version="1")
    nameless = send(url, type_code="TAKEAWAY_SHOP")

    shown = client.get(sent.headers["location"], headers=HTML).text
    assert sent.status_code == 303
    assert "Corner shop" in shown
    assert "None yet" in shown
    assert stale.status_code == 409
    assert "Compare and save again." in stale.text
    assert nameless.status_code == 422
    assert "Enter a name without people&#39;s or group names." in nameless.text


def test_a_form_without_its_token_is_refused(client):
    answer = client.post("/places/new", data=SHOP, headers=HTML)

    assert answer.status_code == 403


def test_the_list_of_places_has_pages_and_keeps_the_filters(client):
    for number in range(27):
        client.post(
            "/api/v1/places",
            json=SHOP
            | {"name": f"Corner {number}", "easting": 518000 + number, "northing": 169300},
        )

    first = client.get("/places?type=TAKEAWAY_SHOP", headers=HTML).text
    second = client.get("/places?type=TAKEAWAY_SHOP&page=2", headers=HTML).text

    assert "27 places." in first
    assert "/places?type=TAKEAWAY_SHOP&amp;page=2" in first
    assert second.count("/places/PL-") == 2
    assert "No places match" in client.get("/places?type=PARK", headers=HTML).text


def test_an_incident_is_recorded_and_listed(send, client):
    place = client.get(send("/places/new", **SHOP).headers["location"] + "", headers=HTML)
    ref = re.search(r"PL-\w{3}-\w{4}", place.text).group(0)

    sent = send(f"/incidents/new?place={ref}", **ASB, place=ref)
    listed = client.get(f"/incidents?place={ref}", headers=HTML).text

    assert sent.status_code == 303
    assert re.fullmatch(r"/incidents/IC-\w{3}-\w{4}", sent.headers["location"])
    assert "1 incident recorded" in listed
    assert "29 Jul 2026" in listed
    assert "to the day" in listed
    assert ">Achieving for Children</td>" in listed


@pytest.mark.parametrize("query", ["", "?harm=ASB&source=&borough=", f"?borough={KINGSTON}&page=2"])
def test_an_empty_list_of_incidents_says_what_to_do_next(client, query):
    answer = client.get(f"/incidents{query}", headers=HTML)

    assert answer.status_code == 200
    assert "No incidents match." in answer.text


def test_an_incident_that_cannot_be_used_is_shown_again(send):
    again = send(
        "/incidents/new", **ASB | {"postcode": "", "occurred_from": "", "summary": "offender"}
    )

    assert again.status_code == 422
    assert 'id="occurred_from-error"' in again.text
    assert "offender" in again.text
