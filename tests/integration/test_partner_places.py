"""What partners are told of places, in the list, the API and the collections: never more."""

import psycopg
import pytest

from app.places import shown
from app.places.rules import State
from tests.people import HTML

SHOP = {"type_code": "PARK", "easting": 518000, "northing": 169300}
TOLD = {"name", "type_code", "stage", "boroughs", "is_synthetic"}
LISTS = ("/api/v1/places", "/ogc/collections/places/items")


@pytest.fixture
def places(db, as_):
    """Open places, one in each of these states."""
    lead, made = as_("cs_lead", agency="AFC"), {}
    square = "POLYGON((518000 169300, 518100 169300, 518100 169400, 518000 169400, 518000 169300))"
    for state in ("SCREENED", "IDENTIFIED", "CONFERENCE", "PLAN_ACTIVE"):
        body = {"type_code": "PARK", "name": f"Green {len(made)}", "shape": square}
        answer = lead.post("/api/v1/places", json=body)
        assert answer.status_code == 201, answer.text
        made[state] = answer.json()["ref"]
    with psycopg.connect(db.logins.dsn("postgres")) as admin:
        admin.execute("alter table app.place disable trigger user")
        for state, ref in made.items():
            admin.execute(
                "update app.place set state = %s, listed = true, label_expires_on = '2099-09-09'"
                " where ref = %s",
                (state, ref),
            )
        admin.execute("alter table app.place enable trigger user")
    return made


def properties(client, path, **asked):
    answer = client.get(path, params=asked)
    assert answer.status_code == 200, answer.text
    return {each["id"]: each["properties"] for each in answer.json()["features"]}


@pytest.mark.parametrize("path", LISTS)
def test_partners_are_told_the_stage_and_no_state_class_or_end(as_, places, path):
    told = properties(as_("partner"), path)

    assert set(told) == set(places.values())
    assert all(set(each) == TOLD for each in told.values())
    assert told[places["CONFERENCE"]]["stage"] == "intervention"
    assert "state" in properties(as_("practitioner"), path)[places["CONFERENCE"]]


@pytest.mark.parametrize("path", LISTS)
def test_no_filter_tells_a_partner_what_no_row_does(as_, places, path):
    partner, staff = as_("partner"), as_("practitioner")
    everything = set(places.values())

    found = {state: set(properties(partner, path, state=state)) for state in places}
    dated = [
        properties(partner, path, datetime=when) for when in ("2100-01-01/..", "../2020-01-01")
    ]

    assert found["CONFERENCE"] == found["PLAN_ACTIVE"]
    assert found["CONFERENCE"] == {places["CONFERENCE"], places["PLAN_ACTIVE"]}
    assert found["SCREENED"] == found["IDENTIFIED"] == everything - found["CONFERENCE"]
    assert [set(rows) for rows in dated] == [everything] * 2
    assert set(properties(staff, path, state="CONFERENCE")) == {places["CONFERENCE"]}
    assert not properties(staff, path, datetime="2100-01-01/..")


def test_the_list_of_a_partner_has_stages(as_, places):
    page = as_("partner").get("/places", headers=HTML).text
    same = [
        as_("partner").get(f"/places?state={state}", headers=HTML).text
        for state in ("CONFERENCE", "PLAN_ACTIVE")
    ]

    for words in ("Conference", "CONFERENCE", "Plan active", "Label expires", "2099"):
        assert words not in page
    assert "Stage" in page
    assert page.count("Intervention") == 3, "two rows and the filter"
    for text in same:
        assert places["CONFERENCE"] in text
        assert places["PLAN_ACTIVE"] in text
    assert "Label expires" in as_("practitioner").get("/places", headers=HTML).text


def test_each_state_has_a_stage_and_each_stage_that_is_seen_can_be_asked_for():
    seen = {shown.STAGES[state] for state in State} - {"dormant", "closed"}

    assert {words.lower() for _, words in shown.CHOICES} == seen
