"""Somebody asks for a label to be looked at again, and somebody else than who set it answers."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from tests.people import HTML, browser, csrf, sign_in_as

WHY = "The youth club that this is about has long since moved away."
BECAUSE = "Two new reports of last week are about the same corner."
SHOP = {"type_code": "TAKEAWAY_SHOP", "name": "Corner", "easting": 518000, "northing": 169300}


@pytest.fixture
def person(db, settings):
    def made(role, **options):
        who = sign_in_as(db, role, **options)
        client = browser(db, settings, who)
        client.headers.update(HTML)
        client.person = who
        return client

    return made


def send(client, url, **answers):
    return client.post(url, data=answers | {"csrf": csrf(client)})


@pytest.fixture
def place(client):
    return client.post("/api/v1/places", json=SHOP).json()["ref"]


@pytest.fixture
def asked(person, place):
    asking = person("practitioner")
    sent = send(asking, f"/places/{place}/objection", raised_by="RESIDENT", body=WHY)
    assert sent.status_code == 303
    return asking, sent.headers["location"]


def test_whoever_asks_sees_what_became_of_it(asked, person):
    asking, url = asked
    other = person("cs_lead")

    first = asking.get(url).text
    answered = send(other, url, state="PARTLY", decision=BECAUSE)
    then = asking.get(url).text

    assert "Received" in first
    assert WHY in first
    assert answered.status_code == 303
    assert "Partly upheld: something changes" in then
    assert BECAUSE in then


def test_the_page_of_a_place_has_the_way_to_it(person, place):
    words = "Ask for this to be looked at again"

    assert words in person("practitioner").get(f"/places/{place}").text
    assert words not in person("police_analyst").get(f"/places/{place}").text


@pytest.mark.parametrize(
    ("answers", "field"),
    [
        ({"body": WHY}, "raised_by"),
        ({"raised_by": "CHILD"}, "body"),
        ({"raised_by": "CHILD", "body": "Too short."}, "body"),
        ({"raised_by": "CHILD", "body": "x" * 501}, "body"),
        ({"raised_by": "NOBODY", "body": WHY}, "raised_by"),
    ],
    ids=["who", "why", "short", "long", "unknown"],
)
def test_what_is_missing_is_said_beside_the_answer(person, place, answers, field):
    again = send(person("practitioner"), f"/places/{place}/objection", **answers)

    assert again.status_code == 422
    assert f'id="{field}-error"' in again.text


def test_neither_who_asked_nor_who_set_the_label_answers(asked, client, person, place):
    _, of_a_practitioner = asked
    other = person("cs_lead")
    own = send(other, f"/places/{place}/objection", raised_by="OTHER", body=WHY).headers["location"]

    by_the_author = send(other, own, state="UPHELD", decision=BECAUSE)
    by_who_set_it = send(client, of_a_practitioner, state="UPHELD", decision=BECAUSE)
    by_the_auditor = send(person("auditor"), own, state="UPHELD", decision=BECAUSE)

    assert by_the_author.status_code == by_who_set_it.status_code == 422
    assert "Somebody decides who neither asked nor set the label." in by_who_set_it.text
    assert by_the_auditor.status_code == 303


def test_an_answer_is_given_once_and_with_a_reason(asked, person):
    _, url = asked
    lead = person("cs_lead")

    without = send(lead, url, state="UPHELD")
    assert send(lead, url, state="UPHELD", decision=BECAUSE).status_code == 303
    again = send(lead, url, state="NOT_UPHELD", decision=BECAUSE)

    assert "Give the reason, in 20 to 1,000 characters." in without.text
    assert "This was answered already." in again.text


def test_the_list_of_a_lead_has_all_and_of_others_their_own(asked, person, place):
    asking, url = asked
    ref = url.rpartition("/")[2]

    assert ref in person("cs_lead").get("/objections").text
    assert "Corner" not in person("auditor").get("/objections").text
    assert ref in person("auditor").get("/objections").text
    assert ref in asking.get("/objections").text
    assert ref not in person("practitioner").get("/objections").text
    assert person("practitioner").get(url).status_code == 404
    assert person("police_analyst").get("/objections").status_code == 403


def test_an_objection_waits_on_the_work_list_of_leads(asked, person):
    home = person("cs_lead").get("/").text

    assert 'href="/objections"' in home


def test_an_answered_one_is_in_the_other_list(asked, person):
    _, url = asked
    lead = person("cs_lead")
    send(lead, url, state="UPHELD", decision=BECAUSE)
    ref = url.rpartition("/")[2]

    assert ref not in lead.get("/objections").text
    assert ref in lead.get("/objections?answered=yes").text
    assert "Decide what happens to the place now" in lead.get(url).text


def test_what_an_objection_says_is_never_changed(asked, db, person):
    lead = person("cs_lead").person.actor
    change = text("update app.objection set body = 'Something else than what was said.'")

    with pytest.raises(IntegrityError), db.begin(lead) as session:
        session.execute(change)
