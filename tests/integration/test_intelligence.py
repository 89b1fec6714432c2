"""Items of intelligence over HTTP: sending, lists, one item, what each role gets of it."""

import pytest
from sqlalchemy import text

from app.core.actor import job_actor
from tests.intelligence import PLAIN, analyst, sent
from tests.people import HTML

OWNER = job_actor("places:priority")


def test_an_analyst_sends_an_item_and_reads_it_in_full(as_):
    police = analyst(as_)

    ref = sent(police)

    found = police.get(f"/api/v1/intelligence/{ref}").json()
    assert found["state"] == "SUBMITTED"
    assert found["grade"] == "2BP"
    assert found["provenance_id"] == "SYN-0001"
    assert found["boroughs"] == ["E09000021"]
    assert found["geometry"]["type"] == "Point"


@pytest.mark.parametrize("role", ["practitioner", "cs_lead", "partner"])
def test_before_its_release_nobody_else_has_it(as_, role):
    ref = sent(analyst(as_))
    other = as_(role)

    assert other.get(f"/api/v1/intelligence/{ref}").status_code == 404
    assert other.get("/api/v1/intelligence").json()["features"] == []
    assert ref not in other.get("/intelligence").text


def test_what_is_missing_is_said_at_once_and_by_field(as_):
    answer = analyst(as_).post("/api/v1/intelligence", json={})

    told = {error["field"]: error["message"] for error in answer.json()["errors"]}
    assert answer.status_code == 422
    assert told["where"] == "Enter where, or say it is not known."
    assert told["source_eval"] == "Grade the source."
    assert told["info_assess"] == "Grade the information."
    assert told["body"] == "Enter the information."


@pytest.mark.parametrize(
    ("where", "kind"),
    [
        ({"grid_reference": "TQ 180 690"}, "POINT"),
        ({"longitude": -0.3064, "latitude": 51.4104}, "POINT"),
        ({"postcode": "KT1 1EU"}, "POINT"),
        ({"shape": "LINESTRING (517800 169200, 518100 169400)"}, "LINE"),
        (
            {"shape": "POLYGON ((518000 169000, 518200 169000, 518200 169200, 518000 169000))"},
            "AREA",
        ),
        ({"where": "RADIUS", "grid_reference": "TQ 180 690", "radius_m": 200}, "RADIUS"),
        ({"where": "NOT_KNOWN"}, "NOT_KNOWN"),
        (
            {
                "where": "ONLINE",
                "online_address": "https://example.com/synthetic",
                "platform_code": "SOCIAL",
                "borough": "E09000021",
            },
            "ONLINE",
        ),
    ],
)
def test_where_it_was_may_be_said_in_many_ways(as_, where, kind):
    plain = {k: v for k, v in PLAIN.items() if k not in ("easting", "northing")}

    answer = analyst(as_).post("/api/v1/intelligence", json=plain | where)

    assert answer.status_code == 201, answer.text
    assert answer.json()["where_kind"] == kind


def test_a_place_that_is_listed_and_a_new_one_may_be_named(as_):
    police = analyst(as_)
    new = {"where": "NEW_PLACE", "new_type": "CAR_PARK", "new_name": "Synthetic car park"}
    area = {"shape": "POLYGON ((518000 169000, 518200 169000, 518200 169200, 518000 169000))"}
    plain = {k: v for k, v in PLAIN.items() if k not in ("easting", "northing")}

    first = police.post("/api/v1/intelligence", json=plain | new | area)
    assert first.status_code == 201, first.text
    (place,) = first.json()["places"]
    second = police.post(
        "/api/v1/intelligence", json=plain | {"where": "PLACE", "place": place["ref"]}
    )

    assert place["name"] == "Synthetic car park"
    assert second.json()["places"] == [place]
    assert second.json()["geometry"]["type"] == "Polygon"
    assert second.json()["boroughs"] == ["E09000021"]


def test_at_a_home_no_point_is_kept(as_, client):
    home = client.post(
        "/api/v1/places",
        json={
            "type_code": "RESIDENTIAL",
            "easting": 518000,
            "northing": 169300,
            "purpose": "MARVE",
        },
    ).json()["ref"]
    plain = {k: v for k, v in PLAIN.items() if k not in ("easting", "northing")}

    answer = analyst(as_).post(
        "/api/v1/intelligence", json=plain | {"where": "PLACE", "place": home}
    )

    assert answer.json()["geometry"] is None


def test_the_page_of_an_item_and_the_list_show_it(as_):
    police = analyst(as_)
    ref = sent(police)

    page = police.get(f"/intelligence/{ref}", headers=HTML).text
    listing = police.get("/intelligence?state=SUBMITTED&harm=COUNTY_LINES&q=parcels").text

    assert "Untested (2)" in page
    assert "Known indirectly but corroborated (B)" in page
    assert ref in listing
    assert "No items are waiting." in police.get("/intelligence?state=RELEASED").text


def test_who_sends_and_who_reads_is_in_the_audit(as_, db):
    police = analyst(as_)
    ref = sent(police)
    police.get(f"/api/v1/intelligence/{ref}")
    police.get("/intelligence")

    with db.read(job_actor("audit:seal", db_role="cs_audit")) as session:
        found = session.execute(
            text("select action, object_ref from audit.event where actor = :me order by id"),
            {"me": police.person.user_id},
        ).all()
    assert [tuple(row) for row in found] == [
        ("intel_item.create", ref),
        ("intel_item.read", ref),
        ("intel_item.list", None),
    ]
