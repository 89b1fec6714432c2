"""One place of two and two of one: whatever hangs on them is kept, and nobody learns of more."""

import random
from datetime import date

import psycopg
import pytest

from tests.people import HTML, send
from tests.reports import rows
from tests.uses import CHILD, LINK, PLAN

SHOP = {"type_code": "TAKEAWAY_SHOP", "name": "Corner", "easting": 518000, "northing": 169300}
SQUARE = "POLYGON((517800 169100, 518200 169100, 518200 169500, 517800 169500, 517800 169100))"
PARK = {"type_code": "PARK", "name": "The green", "shape": SQUARE}
ASB = {"harm_code": "ASB", "occurred_from": "2026-07-29T00:20", "source_agency": "AFC"}
GUARDIAN = {"kind": "STAFF", "agency": "BUSINESS", "valid_from_on": "2026-01-01"}
WHY = "Synthetic: the same place under two names."
HANGS = """
    select 'incident' as what, incident_id::text as key, place_id from app.incident_place
    union all select 'child', id::text, place_id from app.child_place_link
    union all select 'report', id::text, place_id from app.report_outcome where place_id is not null
    union all select 'guardian', id::text, place_id from app.guardian_slot
    union all select 'alias', id::text, place_id from app.place_alias
    union all select 'intelligence', intel_item_id::text, place_id from app.intel_item_place
    union all select 'part', id::text, parent_place_id from app.place
              where parent_place_id is not null
    union all select 'link', id::text, from_place_id from app.place_link where removed_at is null
    union all select 'link', id::text, to_place_id from app.place_link where removed_at is null
"""


@pytest.fixture
def place(client):
    return lambda **more: client.post("/api/v1/places", json=SHOP | more).json()["ref"]


def one(client, ref):
    return client.get(f"/api/v1/places/{ref}").json()


def merged(client, ref, into):
    body = {"into": into, "reason": WHY, "version": one(client, ref)["version"]}
    return client.post(f"/api/v1/places/{ref}/merge", json=body)


def hanging(db):
    """Everything that hangs on any place, by the reference of the place."""
    refs = dict(rows(db, "select id, ref from app.place"))
    return {(what, key, refs[on]) for what, key, on in rows(db, HANGS)}


def fill(client, ref, dice, other):
    """Some of everything, at random."""
    for _ in range(dice.randrange(1, 4)):
        client.post("/api/v1/incidents", json=ASB | {"place": ref})
    if dice.random() < 0.7:
        body = GUARDIAN | {"week": {"MON": [dice.randrange(24)]}}
        client.post(f"/api/v1/places/{ref}/guardians", json=body)
    if dice.random() < 0.7:
        client.post(f"/api/v1/places/{ref}/aliases", json={"name": f"Name {dice.random():.8f}"})
    if dice.random() < 0.7:
        child = client.post("/api/v1/children", json=CHILD, headers=PLAN).json()["ref"]
        path = f"/api/v1/children/{child}/links"
        client.post(path, json=LINK | {"place": ref}, headers=PLAN)
    client.post(f"/api/v1/places/{ref}/links", json={"to": other, "relation": "same_journey"})


@pytest.mark.parametrize("seed", range(3))
def test_merge_and_taking_it_back_keep_every_link(client, db, place, seed):
    dice = random.Random(seed)
    source, target, third = (place(name=name) for name in ("Source", "Target", "Third"))
    for ref in (source, target):
        fill(client, ref, dice, third)
    before = hanging(db)

    answer = merged(client, source, target)
    together = hanging(db)
    (key,) = rows(db, "select id from app.place_merge")[0]
    undone = send(client, f"/places/{target}/merge/{key}/undo")

    assert answer.status_code == 200, answer.text
    kept = {(what, key, target if ref == source else ref) for what, key, ref in before}
    gone = {link for link in kept - together if link[0] == "link"}  # the one that stood twice
    assert kept - together == gone
    assert {link for link in together if link[2] == source} == set()
    assert undone.status_code == 303
    added = {link for link in hanging(db) if link[0] == "alias"} - before  # the name it had
    assert hanging(db) - added == before
    assert one(client, source)["state"] == "PROPOSED"


def test_a_chosen_incident_of_an_outline_follows_and_goes_back(client, db, place):
    green = client.post("/api/v1/places", json=PARK).json()["ref"]
    other = client.post("/api/v1/places", json=PARK | {"name": "Other green"}).json()["ref"]
    client.post("/api/v1/incidents", json=ASB | {"easting": 517900, "northing": 169200})
    before = hanging(db)

    merged(client, green, other)
    chosen = rows(db, "select place.ref from app.incident join app.place on place.id = place_id")
    (key,) = rows(db, "select id from app.place_merge")[0]
    send(client, f"/places/{other}/merge/{key}/undo")

    assert chosen == [(other,)]
    assert {link for link in hanging(db) if link[0] == "incident"} == before


def test_the_old_reference_leads_to_the_new_place_for_whoever_sees_both(client, as_, place):
    here = place(name="Old corner")
    there = place(name="New corner")
    merged(client, here, there)
    practitioner = as_("practitioner")

    led = practitioner.get(f"/places/{here}")
    old = practitioner.get(f"/places/{here}?old=yes")
    new = practitioner.get(f"/places/{there}")

    assert led.status_code == 303
    assert led.headers["location"] == f"/places/{there}"
    assert "This place is closed: merged" in old.text
    assert "Old corner" in new.text  # as another name
    assert one(practitioner, here)["merged_into"] == there


def test_nobody_learns_of_a_place_elsewhere_by_a_merge(client, as_, place):
    here = place(name="Here")
    there = place(name="Far away", easting=517350, northing=172350)
    merged(client, here, there)
    back = place(name="Later")
    farther = place(name="Farther", easting=517350, northing=172350)
    merged(client, farther, back)
    kingston = as_("practitioner")

    old, kept = kingston.get(f"/places/{here}"), kingston.get(f"/places/{back}")

    assert old.status_code == 200
    assert one(kingston, here)["merged_into"] is None
    for hidden in ("Far away", there, "Farther", farther):
        assert hidden not in old.text + kept.text


def test_unlike_places_are_not_merged(client, place):
    shop = place()
    home = client.post(
        "/api/v1/places", json=SHOP | {"type_code": "RESIDENTIAL", "purpose": "PLAN"}
    )

    answer = merged(client, shop, home.json()["ref"])
    itself = merged(client, shop, shop)
    absent = merged(client, shop, "PL-000-0000")

    assert answer.status_code == itself.status_code == absent.status_code == 422
    assert "An address is merged with an address only" in answer.text
    assert one(client, shop)["state"] == "PROPOSED"


def test_a_merge_shows_both_side_by_side_first(client, place):
    here, there = place(name="One"), place(name="Other")
    answers = {"into": there, "reason": WHY, "version": "1"}

    form = client.get(f"/places/{here}/merge", headers=HTML)
    asked = send(client, f"/places/{here}/merge", **answers)
    done = send(client, f"/places/{here}/merge", **answers, sure="yes")

    assert "Other" in form.text  # near by
    assert "Are these one place?" in asked.text
    assert done.headers["location"].startswith(f"/places/{there}")


def test_only_a_lead_merges_and_splits(as_, client, place):
    here, there = place(name="One"), place(name="Other")

    for role in ("practitioner", "police_analyst"):
        person = as_(role)
        assert merged(person, here, there).status_code == 403
        assert person.get(f"/places/{here}/split").status_code == 403


def test_a_split_takes_what_was_chosen_and_leaves_the_rest(client, db, place):
    whole = place(name="Whole")
    for day in (1, 2, 3):
        client.post("/api/v1/incidents", json=ASB | {"place": whole, "summary": f"Synthetic {day}"})
    before = {key for what, key, _ in hanging(db) if what == "incident"}
    goes = sorted(before)[0]

    form = client.get(f"/places/{whole}/split", headers=HTML)
    sent = send(
        client,
        f"/places/{whole}/split",
        version="1",
        reason=WHY,
        type_code="TAKEAWAY_SHOP",
        name="Part",
        easting="518400",
        northing="169300",
        **{f"goes_{goes}": "yes"},
    )

    part = sent.headers["location"].split("/")[-1].split("#")[0]
    after = {(key, ref) for what, key, ref in hanging(db) if what == "incident"}
    assert form.text.count("Incident: ") == 3
    assert after == {(key, part if key == goes else whole) for key in before}
    assert one(client, part)["state"] == "PROPOSED"
    assert "split off" in client.get(f"/places/{whole}", headers=HTML).text


def test_intelligence_follows_whoever_may_see_it_and_code_c_is_told_to_nobody(client, db, place):
    here, there = place(name="One"), place(name="Other")
    shown = client.get(f"/places/{there}", headers=HTML)
    known(db, here, "C")

    answer = merged(client, here, there)

    refs = rows(
        db,
        "select place.ref from app.intel_item_place join app.place on place.id = place_id",
    )
    assert answer.status_code == 200
    assert refs == [(there,)]
    assert shown.status_code == 200
    for page in ("", "/timeline", "/why", "/history"):
        assert "ntelligence:" not in client.get(f"/places/{there}{page}", headers=HTML).text
    rows_of = client.get(f"/api/v1/places/{there}/timeline?kind=INTELLIGENCE").json()["rows"]
    assert rows_of == []


def test_the_timeline_counts_released_intelligence_with_its_grade(client, db, place):
    here = place()
    known(db, here, "P")
    client.post(
        f"/api/v1/places/{here}/moves",
        json={"to": "SCREENED", "reason": WHY, "version": 1, "class_confirmed": True},
    )

    (row,) = client.get(f"/api/v1/places/{here}/timeline?kind=INTELLIGENCE").json()["rows"]
    moved = client.post(
        f"/api/v1/places/{here}/moves",
        json={"to": "IDENTIFIED", "reason": WHY, "version": 2, "level": "CL2"},
    )

    assert row["grade"] == "1B"
    assert moved.status_code == 200, moved.text


def known(db, ref, handling):
    """A synthetic item about this place, released."""
    columns = {
        "id": "00000000-0000-4000-8000-0000000001" + handling.encode().hex(),
        "ref": {"P": "IN-7K2-Q4MT", "C": "IN-8K2-Q4MT"}[handling],
        "agency_code": "MPS_SWBCU",
        "tier": handling,
        "purpose_code": "PLAN",
        "created_by": "00000000-0000-4000-8000-000000000001",
        "updated_by": "00000000-0000-4000-8000-000000000001",
        "written_by": "00000000-0000-4000-8000-000000000001",
        "kind": "INTELLIGENCE",
        "body": "Synthetic words of the tests.",
        "scheme_version": "3x5x2-1",
        "source_eval": "1",
        "info_assess": "B",
        "handling": handling,
        "conditions": "Synthetic conditions." if handling == "C" else None,
        "discovered_by": "OTHER",
        "where_kind": "PLACE",
        "when_kind": "NOT_KNOWN",
        "valid_from_on": date(2026, 1, 5),
        "expires_on": date(2030, 1, 1),
        "state": "RELEASED",
    }
    names = ", ".join(columns)
    holes = ", ".join(f"%({name})s" for name in columns)
    dsn = db.logins.cluster.dsn("postgres", db.logins.dbname)
    with psycopg.connect(dsn, autocommit=True) as admin:
        admin.execute(f"insert into app.intel_item ({names}) values ({holes})", columns)
        admin.execute(
            "insert into app.intel_item_place (intel_item_id, place_id, created_by) "
            "select %s, id, created_by from app.place where ref = %s",
            (columns["id"], ref),
        )
        if handling == "C":
            admin.execute(
                "insert into app.intel_recipient (id, intel_item_id, user_id, created_by) "
                'select gen_random_uuid(), %s, id, id from app."user" limit 1',
                (columns["id"],),
            )
