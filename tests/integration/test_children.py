"""Children are references: nothing else is stored, nothing is read without a purpose or a trace."""

import re
from dataclasses import replace

import psycopg
import pytest
from sqlalchemy import text

from tests.people import trace_of

KINGSTON = "E09000021"
PLAN = {"X-Purpose": "PLAN"}
CHILD = {"home_lad_code": KINGSTON, "age_band": "A13_15", "age_band_as_of": "2026-01-01"}
LINK = {
    "role": "harmed_here",
    "from_on": "2026-01-02",
    "source_agency": "AFC",
    "basis": "Return interview",
}
ALLOWED = {
    "child": {"home_lad_code", "age_band", "age_band_as_of", "state"},
    "child_home": {"child_id", "lad_code", "from_on", "to_on"},
    "child_place_link": {
        *("child_id", "place_id", "role", "from_on", "to_on"),
        *("confidence", "source_agency", "basis"),
    },
    "child_incident_link": {"child_id", "incident_id", "role"},
}
COMMON = {
    *("id", "ref", "agency_code", "borough_codes", "tier", "purpose_code", "controller", "regime"),
    *("retain_until", "review_due", "hold_id", "created_at", "updated_at", "created_by"),
    *("updated_by", "version", "provenance", "is_synthetic", "deleted_at"),
}


@pytest.fixture
def child(client):
    return client.post("/api/v1/children", json=CHILD, headers=PLAN).json()


@pytest.fixture
def place(client):
    wanted = {"type_code": "HEALTH_SITE", "name": "Place", "easting": 518000, "northing": 169300}
    return client.post("/api/v1/places", json=wanted).json()


def test_a_reference_is_minted_and_nothing_else_is_stored(child, db, lead):
    with db.read(replace(lead, purpose="PLAN", purpose_for="*")) as session:
        key, home = session.execute(
            text(
                "select child.id, home.lad_code from app.child join app.child_home home "
                "on home.child_id = child.id"
            )
        ).one()

    assert re.fullmatch(r"CH-[0-9A-Y]{3}-[0-9A-Y]{4}", child["ref"])
    assert key.version == 4, "a version 7 key would tell when it was made"
    assert home == KINGSTON


@pytest.mark.parametrize("table", ALLOWED)
def test_no_column_could_hold_more_than_a_reference(cluster, module_db, table):
    with psycopg.connect(cluster.dsn("postgres", module_db.logins.dbname)) as admin:
        columns = {
            name
            for (name,) in admin.execute(
                "select column_name from information_schema.columns "
                "where table_schema = 'app' and table_name = %s",
                (table,),
            )
        }

    assert columns - COMMON <= ALLOWED[table]
    assert not [
        c
        for c in columns
        if re.search(
            "name|birth|dob|nhs|upn|ethnic|gender|sex|disab|suspect|nominal|gang|offend", c
        )
    ]


@pytest.mark.asvs("15.3.3")
@pytest.mark.parametrize("extra", ["name", "date_of_birth", "nhs_number", "gender", "school"])
def test_whatever_else_is_sent_about_a_child_is_refused(client, extra):
    answer = client.post("/api/v1/children", json=CHILD | {extra: "x"}, headers=PLAN)

    assert answer.status_code == 422
    assert answer.json()["errors"] == [
        {"field": "body", "message": "One of the fields is not known."}
    ]


@pytest.mark.asvs("8.2.4")
@pytest.mark.parametrize("headers", [{}, {"X-Purpose": "CURIOSITY"}])
def test_without_a_purpose_nothing_is_read_or_written(client, child, headers):
    read = client.get(f"/api/v1/children/{child['ref']}", headers=headers)
    made = client.post("/api/v1/children", json=CHILD, headers=headers)

    assert read.status_code == made.status_code == 422
    assert read.json()["errors"] == [
        {"field": "X-Purpose", "message": "Select why you need to see this."}
    ]


def test_a_read_is_audited_with_its_purpose(client, child, place, db, lead):
    client.post(
        f"/api/v1/children/{child['ref']}/links", json=LINK | {"place": place["ref"]}, headers=PLAN
    )

    answer = client.get(f"/api/v1/children/{child['ref']}", headers={"X-Purpose": "MISSING_PANEL"})

    assert [link["place"] for link in answer.json()["links"]] == [place["ref"]]
    with db.read(lead) as session:
        trail = session.execute(
            text(
                "select action, purpose, object_ref, rows from audit.event "
                "where action like 'child%' order by id"
            )
        ).all()
    assert trail == [
        ("child.create", "PLAN", trace_of(db, child["ref"]), 1),
        ("child_place_link.create", "PLAN", place["ref"], 1),
        ("child.read", "MISSING_PANEL", trace_of(db, child["ref"]), 2),
    ]


@pytest.mark.parametrize(
    ("wanted", "field"),
    [
        ({"role": "affiliated"}, "role"),
        ({"role": "offender"}, "role"),
        ({"basis": ""}, "basis"),
        ({"basis": "a gang member"}, "basis"),
        ({"to_on": "2026-01-01"}, "to_on"),
    ],
)
def test_a_link_says_what_happened_and_never_what_a_child_is(client, child, place, wanted, field):
    answer = client.post(
        f"/api/v1/children/{child['ref']}/links",
        json=LINK | {"place": place["ref"]} | wanted,
        headers=PLAN,
    )

    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == [field]


def test_an_age_band_of_the_future_is_refused(client):
    answer = client.post(
        "/api/v1/children", json=CHILD | {"age_band_as_of": "2199-01-01"}, headers=PLAN
    )

    assert answer.json()["errors"] == [
        {"field": "age_band_as_of", "message": "This date is in the future."}
    ]


def test_a_reference_that_is_not_there_is_not_found(client):
    answer = client.get("/api/v1/children/CH-000-0000", headers=PLAN)

    assert (answer.status_code, answer.json()["detail"]) == (404, "There is no such reference.")


def test_an_incident_is_linked_once(client, child):
    incident = client.post(
        "/api/v1/incidents",
        json={
            "occurred_from": "2026-03-29T16:20",
            "harm_code": "KNIFE",
            "source_agency": "AFC",
            "easting": 518000,
            "northing": 169300,
        },
    ).json()
    url, wanted = (
        f"/api/v1/incidents/{incident['ref']}/children",
        {"child": child["ref"], "role": "harmed_here"},
    )

    first = client.post(url, json=wanted, headers=PLAN)
    again = client.post(url, json=wanted, headers=PLAN)
    without = client.post(url, json=wanted)

    assert (first.status_code, again.status_code, without.status_code) == (201, 409, 422)
    assert child["ref"] not in first.text
