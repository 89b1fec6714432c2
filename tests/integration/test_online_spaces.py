"""Online spaces: listed, recorded, followed; an address is text and each look at it an event."""

import re

import psycopg
import pytest

from tests.people import HTML, KINGSTON, RICHMOND, browser, csrf, sign_in_as

SPACE = {
    "type_code": "ONLINE_GROUP",
    "name": "A quiet server",
    "platform_code": "GAME",
    "address": "https://chat.example.com/abc",
    "audience": "CLOSED",
    "borough": KINGSTON,
}
KNOWN = {"version": "1", "platform_code": "GAME", "audience": "CLOSED", "takedown_state": "NONE"}


@pytest.fixture
def person(db, settings):
    def made(role, **options):
        client = browser(db, settings, sign_in_as(db, role, **options))
        client.headers.update(HTML)
        return client

    return made


def send(client, url, **answers):
    return client.post(url, data=answers | {"csrf": csrf(client)})


@pytest.fixture
def lead(person):
    return person("cs_lead")


@pytest.fixture
def space(lead):
    sent = send(lead, "/online/new", **SPACE)
    assert sent.status_code == 303, sent.text
    return sent.headers["location"].rpartition("/")[2]


def test_a_space_is_recorded_listed_and_shown_as_text(lead, space):
    listed, shown = lead.get("/online").text, lead.get(f"/places/{space}").text

    assert "1 online space." in listed
    for page in (listed, shown):
        assert "hxxps://chat[.]example[.]com/abc" in page
        assert "chat.example.com" not in page
    assert "Only people in the group" in listed


@pytest.mark.asvs("1.2.2", "14.2.6")
def test_the_full_address_is_text_to_copy_and_each_look_an_event(lead, space, db):
    page = send(lead, f"/online/{space}/reveal")
    seen = lead.get(f"/audit/seen/{space}").text

    assert ">https://chat.example.com/abc</textarea>" in page.text
    assert 'href="https://' not in page.text
    assert page.headers["cache-control"] == "no-store, private"
    assert "Online space: reveal" in seen


@pytest.mark.parametrize("role", ["partner", "vca_member", "auditor", "administrator"])
def test_who_may_not_see_an_address_does_not(person, space, role):
    assert send(person(role), f"/online/{space}/reveal").status_code in {403, 404}


def test_the_same_address_is_not_listed_twice(lead, space):
    again = send(lead, "/online/new", **SPACE | {"name": "Another"})

    assert again.status_code == 422
    assert f"This address is listed already as {space}." in again.text
    assert "chat.example.com" not in again.text


def test_an_address_of_another_borough_is_not_told(person, space):
    other = person("practitioner", boroughs=(RICHMOND,))

    assert send(other, "/online/new", **SPACE | {"borough": RICHMOND}).status_code == 303


@pytest.mark.parametrize(
    ("left", "field"),
    [
        ({"type_code": "PARK"}, "type_code"),
        ({"platform_code": ""}, "platform_code"),
        ({"address": "not an address"}, "address"),
        ({"address": "ftp://ex.com"}, "address"),
        ({"borough": ""}, "borough"),
        ({"name": ""}, "name"),
    ],
    ids=str,
)
def test_what_is_missing_is_said_beside_the_answer(lead, left, field):
    again = send(lead, "/online/new", **SPACE | left)

    assert again.status_code == 422
    assert f'id="{field}-error"' in again.text


def test_a_takedown_is_followed_in_days(lead, space):
    dates = {"first_seen_on": "2026-01-01", "last_seen_on": "2026-02-01"}
    told = {"takedown_state": "REMOVED", "requested_on": "2026-02-02", "removed_on": "2026-02-09"}
    sent = send(lead, f"/online/{space}/edit", **KNOWN | dates | told)

    listed = lead.get("/online").text

    assert sent.status_code == 303
    assert "Removed <span" in listed
    assert "after 7 days" in listed
    assert "1 Jan 2026" in listed
    assert "1 Feb 2026" in listed


@pytest.mark.parametrize(
    ("told", "field"),
    [
        ({"first_seen_on": "2026-02-01", "last_seen_on": "2026-01-01"}, "last_seen_on"),
        ({"last_seen_on": "2999-01-01"}, "last_seen_on"),
        ({"requested_on": "2026-02-01", "removed_on": "2026-01-01"}, "removed_on"),
        ({"platform_code": "PIGEON"}, "platform_code"),
        ({"takedown_state": "GONE"}, "takedown_state"),
    ],
    ids=["order", "future", "removed first", "platform", "state"],
)
def test_days_that_cannot_be_are_refused(lead, space, told, field):
    again = send(lead, f"/online/{space}/edit", **KNOWN | told)

    assert again.status_code == 422
    assert f'id="{field}-error"' in again.text


def test_two_people_change_a_space_and_the_second_is_told(lead, space):
    assert send(lead, f"/online/{space}/edit", **KNOWN).status_code == 303
    assert send(lead, f"/online/{space}/edit", **KNOWN).status_code == 409


def test_partners_see_the_address_and_neither_days_nor_takedowns(lead, person, space, cluster, db):
    told = KNOWN | {"takedown_state": "REQUESTED", "first_seen_on": "2026-01-01"}
    send(lead, f"/online/{space}/edit", **told)
    with psycopg.connect(cluster.dsn("postgres", db.logins.dbname), autocommit=True) as admin:
        admin.execute("update app.place set state = 'IDENTIFIED' where ref = %s", (space,))

    page = person("partner").get("/online?takedown=REMOVED&sort=-last").text

    assert "hxxps://chat[.]example[.]com/abc" in page
    assert "Asked for" not in page
    assert "First seen" not in page
    assert "1 Jan 2026" not in page


def test_no_answer_when_nothing_matches(lead, space):
    page = lead.get("/online?q=nothing+like+it").text

    assert "0 online spaces." in page
    assert "No online spaces match." in page


@pytest.mark.parametrize("words", ["quiet", "https://chat.example.com/ab", "chat[.]example"])
def test_a_space_is_found_by_name_and_by_address_however_typed(lead, space, words):
    assert space in lead.get("/online", params={"q": words}).text


def test_a_list_is_sorted_by_links_and_says_how(lead, space):
    send(lead, "/online/new", **SPACE | {"name": "Z server", "address": "https://z.example.com"})

    page = lead.get("/online?sort=-name").text
    names = re.findall(r'href="/places/PL-[^"]+">([^<]+)<', page)

    assert names == ["Z server", "A quiet server"]
    assert 'aria-sort="descending"' in page


def test_a_place_on_the_map_is_no_online_space(lead, client):
    shop = {"type_code": "TAKEAWAY_SHOP", "name": "Shop", "easting": 518000, "northing": 169300}
    ref = client.post("/api/v1/places", json=shop).json()["ref"]

    assert lead.get(f"/online/{ref}/edit").status_code == 404
    assert send(lead, f"/online/{ref}/reveal").status_code == 404
