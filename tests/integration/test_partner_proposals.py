"""What a partner proposes: a place that people can go to, for others to look into."""

import pytest
from sqlalchemy import text

from tests.integration.test_places import HOME, KINGSTON, PAGE, PARK, row
from tests.people import send
from tests.reports import rows

JSON = {"Accept": "application/json"}
RICHMOND_PARK = {
    "type_code": "CONGREGATION",
    "name": "A corner",
    "easting": 518_000,
    "northing": 174_900,
}


@pytest.fixture
def partner(as_):
    return as_("partner", boroughs=(KINGSTON,))


def count(db, lead):
    with db.read(lead) as session:
        return session.scalar(text("select count(*) from app.place"))


def test_a_program_of_a_partner_proposes_and_sees_it_no_sooner_than_others(partner, db, lead):
    answer = partner.post("/api/v1/places", json=PARK, headers=JSON)

    assert answer.status_code == 201, answer.text
    ref = answer.json()["ref"]
    saved = row(db, lead, ref)
    assert (saved["state"], saved["tier"], saved["borough_codes"]) == ("PROPOSED", "H0", [KINGSTON])
    assert saved["agency_code"] == partner.person.actor.agency
    assert saved["created_by"] == partner.person.actor.id
    assert not {"description", "tier", "state"} & answer.json().keys()
    assert partner.get(f"/api/v1/places/{ref}", headers=JSON).status_code == 404
    assert rows(db, "select actor from audit.event where action = 'place.create'") == [
        (partner.person.actor.id,)
    ]


def test_on_the_pages_the_list_says_what_became_of_it(partner, db, lead):
    form = partner.get("/places/new").text
    answer = send(partner, "/places/new", **PARK)
    told = partner.get(answer.headers["location"])

    assert answer.status_code == 303
    ref = answer.headers["location"].partition("=")[2]
    assert row(db, lead, ref)["state"] == "PROPOSED"
    assert f"Your proposal has the reference {ref}" in told.text
    assert "home or a placement" not in form
    assert "It is an online space" not in form
    assert partner.get("/places?proposed=PL-<b>").status_code == 422


@pytest.mark.parametrize("wanted", [HOME, PAGE, RICHMOND_PARK], ids=["home", "online", "elsewhere"])
def test_a_home_an_online_space_and_another_borough_are_not_theirs_to_propose(
    partner, db, lead, wanted
):
    answer = partner.post("/api/v1/places", json=wanted, headers=JSON)

    assert answer.status_code == 403, answer.text
    assert count(db, lead) == 0
