"""Corrections of incidents: every version is kept, restored, compared; nothing is lost."""

import re

import psycopg
import pytest
from sqlalchemy import text

from app.incidents.forms import NEEDED
from tests.people import HTML, KINGSTON, RICHMOND, browser, csrf, sign_in_as

PARK = "POLYGON((517800 169800, 518000 169800, 518000 170000, 517800 170000, 517800 169800))"
MIDDLE = {"easting": 517_900, "northing": 169_900}
KNIFE = {
    "occurred_from": "2026-03-29T16:20",
    "harm_code": "KNIFE",
    "source_agency": "AFC",
    "summary": "Synthetic",
} | MIDDLE
WHY = "Synthetic: the caller rang again."


@pytest.fixture
def people(db, settings):
    """A browser of each role."""

    def of(role, **options):
        person = sign_in_as(db, role, **options)
        client = browser(db, settings, person)
        client.person = person
        return client

    return of


@pytest.fixture
def lead(people):
    return people("cs_lead", agency="AFC")


@pytest.fixture
def record(lead):
    def post(client=None, **wanted):
        answer = (client or lead).post("/api/v1/incidents", json=KNIFE | wanted)
        assert answer.status_code == 201, answer.text
        return answer.json()["ref"]

    return post


@pytest.fixture
def propose(lead):
    def post(type_code, **wanted):
        body = {"type_code": type_code, "name": "Place"} | wanted
        return lead.post("/api/v1/places", json=body).json()["ref"]

    return post


def correct(client, ref, version=1, **wanted):
    body = {"version": version, "reason": WHY} | wanted
    return client.patch(f"/api/v1/incidents/{ref}", json=body)


def versions(client, ref):
    return client.get(f"/api/v1/incidents/{ref}/versions").json()


def send(client, path, **answers):
    return client.post(path, data=answers | {"csrf": csrf(client)}, headers=HTML)


def events(db, ref):
    question = "select action from audit.event where object_ref = %s order by id"
    with psycopg.connect(db.logins.cluster.dsn("postgres", db.logins.dbname)) as admin:
        told = [action for (action,) in admin.execute(question, (ref,))]
    return [action for action in told if action != "denied"]


def test_a_correction_keeps_what_was_there_before(lead, record):
    ref = record()

    answer = correct(lead, ref, harm_code="ASB", summary=None, outcome_band="SUPPORT")

    newer, older = versions(lead, ref)
    assert answer.status_code == 200
    assert (answer.json()["version"], answer.json()["harm_code"]) == (2, "ASB")
    assert (older["incident"]["harm_code"], older["incident"]["summary"]) == ("KNIFE", "Synthetic")
    assert (newer["incident"]["harm_code"], newer["incident"]["summary"]) == ("ASB", None)
    assert (newer["role"], newer["agency"], newer["reason"]) == ("cs_lead", "AFC", WHY)
    assert older["reason"] is None


def test_an_earlier_version_is_restored_as_a_new_one(lead, record):
    ref = record()
    correct(lead, ref, easting=517_000.0, northing=169_000.0, harm_code="ASB")

    answer = lead.post(
        f"/api/v1/incidents/{ref}/restore", json={"version": 2, "restore": 1, "reason": WHY}
    )

    kept = versions(lead, ref)
    assert answer.status_code == 200
    assert [one["version"] for one in kept] == [3, 2, 1]
    assert kept[0]["incident"] == kept[2]["incident"] != kept[1]["incident"]


def test_a_restore_of_a_version_that_never_was_is_not_found(lead, record):
    body = {"version": 1, "restore": 7, "reason": WHY}

    answer = lead.post(f"/api/v1/incidents/{record()}/restore", json=body)

    assert answer.status_code == 404


@pytest.mark.parametrize(
    ("wanted", "field", "words"),
    [
        ({"occurred_from": "2199-01-01T10:00"}, "occurred_from", "This is in the future."),
        ({"harm_code": "NOISE"}, "harm_code", "Unknown harm code 'NOISE'."),
        ({"source_agency": "NASA"}, "source_agency", "Unknown agency code 'NASA'."),
        ({"add_places": ["PL-000-0000"]}, "add_places", "There is no such place."),
        ({"summary": "The offender ran"}, "summary", "offender"),
        ({"reason": "The offender ran"}, "reason", "offender"),
        ({"easting": 1.0, "northing": 1_000.0}, "easting", "more than 10 km outside"),
        ({"postcode": "ZZ9 9ZZ"}, "postcode", "We could not find this postcode."),
    ],
)
def test_what_cannot_be_used_is_said_by_field_and_changes_nothing(
    lead, record, wanted, field, words
):
    ref = record()

    answer = correct(lead, ref, **wanted)

    found = {error["field"]: error["message"] for error in answer.json()["errors"]}
    assert answer.status_code == 422
    assert words in found[field]
    assert len(versions(lead, ref)) == 1


def test_a_correction_without_a_reason_is_refused(lead, record):
    answer = lead.patch(f"/api/v1/incidents/{record()}", json={"version": 1, "harm_code": "ASB"})

    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == ["reason"]


def test_saving_without_a_change_makes_no_version(lead, record, db):
    ref = record()

    answer = correct(lead, ref, harm_code="KNIFE")

    assert (answer.status_code, answer.json()["version"]) == (200, 1)
    assert events(db, ref) == ["incident.create"]


def test_places_are_added_and_taken_away_and_stay_away(lead, record, propose):
    park = propose("PARK", shape=PARK)
    shop = propose("TAKEAWAY_SHOP", easting=519_000, northing=169_000)
    ref = record()

    added = correct(lead, ref, add_places=[shop]).json()["places"]
    removed = correct(lead, ref, 2, remove_places=[park]).json()["places"]
    away = "POLYGON((517850 169800, 518000 169800, 518000 170000, 517850 170000, 517850 169800))"
    lead.patch(f"/api/v1/places/{park}", json={"version": 1, "shape": away})
    redrawn = lead.get(f"/api/v1/incidents/{ref}").json()["places"]
    again = correct(lead, ref, 3, add_places=[park]).json()["places"]

    assert [(p["ref"], p["how"]) for p in added] == [(shop, "CHOSEN"), (park, "FOOTPRINT")]
    assert [p["ref"] for p in removed] == [p["ref"] for p in redrawn] == [shop]
    assert {(p["ref"], p["how"]) for p in again} == {(shop, "CHOSEN"), (park, "CHOSEN")}


def test_an_incident_never_loses_both_its_place_and_its_point(lead, record, propose):
    shop = propose("TAKEAWAY_SHOP", easting=519_000, northing=169_000)
    ref = record(place=shop, easting=None, northing=None)

    answer = correct(lead, ref, remove_places=[shop])

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "remove_places"


def test_the_next_of_the_chosen_places_takes_the_stead_of_the_first(lead, record, propose):
    first, second = (
        propose("TAKEAWAY_SHOP", easting=e, northing=169_000) for e in (5190e2, 5191e2)
    )
    ref = record(place=first, easting=None, northing=None)
    correct(lead, ref, add_places=[second])

    answer = correct(lead, ref, 2, remove_places=[first])

    assert [(p["ref"], p["how"]) for p in answer.json()["places"]] == [(second, "CHOSEN")]


def test_an_incident_that_turns_out_to_be_at_a_home_loses_the_points_of_every_version(
    lead, record, propose, db
):
    home = propose("RESIDENTIAL", easting=517_900, northing=169_900, purpose="PLAN", name="")
    ref = record()
    correct(lead, ref, easting=517_905.0, northing=169_905.0)

    answer = correct(lead, ref, 2, add_places=[home])

    assert answer.json()["longitude"] is None
    assert [one["incident"]["point"] for one in versions(lead, ref)] == [None, None, None]
    with (
        db.logins.cluster_of_tests()
        if hasattr(db.logins, "cluster_of_tests")
        else db.read(lead.person.actor) as session
    ):
        kept = session.scalar(
            text("select string_agg(content::text, '') from app.incident_version")
        )
    assert "517900" not in kept
    assert "517905" not in kept


def test_a_version_whose_point_was_a_home_cannot_be_restored(lead, record, propose):
    home = propose("RESIDENTIAL", easting=517_900, northing=169_900, purpose="PLAN", name="")
    ref = record()
    correct(lead, ref, add_places=[home])

    body = {"version": 2, "restore": 1, "reason": WHY}
    answer = lead.post(f"/api/v1/incidents/{ref}/restore", json=body)

    assert answer.status_code == 409
    assert "known to be a home" in answer.json()["detail"]


def test_two_people_edit_and_the_second_compares(lead, people, record):
    ref = record()
    other = people("practitioner")
    correct(lead, ref, harm_code="ASB")

    by_program = correct(other, ref, harm_code="ROBBERY")
    page = send(
        other, f"/incidents/{ref}/edit", version="1", harm_code="ROBBERY", reason=WHY,
        summary="Synthetic", **form_of_when(),
    )  # fmt: skip
    saved = send(other, f"/incidents/{ref}/edit", **hidden(page.text))

    assert (by_program.status_code, page.status_code) == (409, 409)
    words = r"Changed by contextual safeguarding lead at \d\d:\d\d. Compare and save again."
    assert re.fullmatch(words, by_program.json()["detail"])
    assert re.search(words, page.text)
    assert saved.status_code == 303
    assert versions(lead, ref)[0]["incident"]["harm_code"] == "ROBBERY"
    assert len(versions(lead, ref)) == 3


def form_of_when():
    at = {"day": "29", "month": "3", "year": "2026"}
    return {f"occurred_from_{box}": text for box, text in at.items()} | {"time_precision": "DAY"}


def hidden(page):
    return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page))


def test_the_lead_confirms_and_from_then_on_practitioners_cannot_correct(lead, people, record, db):
    ref = record()
    practitioner, analyst = people("practitioner"), people("police_analyst")

    move = {"version": 1, "to": "CONFIRMED"}
    refused = [c.post(f"/api/v1/incidents/{ref}/state", json=move) for c in (practitioner, analyst)]
    answer = lead.post(f"/api/v1/incidents/{ref}/state", json=move)
    late = correct(practitioner, ref, 2, harm_code="ASB")
    form = practitioner.get(f"/incidents/{ref}/edit", headers=HTML)
    by_analyst = correct(analyst, ref, 2, harm_code="ASB")

    assert [one.status_code for one in refused] == [403, 403]
    assert (answer.status_code, answer.json()["state"]) == (200, "CONFIRMED")
    assert (late.status_code, form.status_code) == (409, 409)
    assert late.json()["detail"] == "This incident is confirmed. Ask the lead to change it."
    assert by_analyst.status_code == 200
    assert events(db, ref) == ["incident.create", "incident.confirm", "incident.update"]


def test_what_was_withdrawn_leaves_lists_places_and_pages_but_not_its_history(
    lead, record, propose, db
):
    park = propose("PARK", shape=PARK)
    ref = record()

    silent = lead.post(f"/api/v1/incidents/{ref}/state", json={"version": 1, "to": "WITHDRAWN"})
    lead.post(
        f"/api/v1/incidents/{ref}/state", json={"version": 1, "to": "WITHDRAWN", "reason": WHY}
    )
    again = correct(lead, ref, 2, harm_code="ASB")
    back = lead.post(f"/api/v1/incidents/{ref}/state", json={"version": 2, "to": "CONFIRMED"})

    assert silent.json()["errors"] == [{"field": "reason", "message": "Say why."}]
    assert lead.get("/api/v1/incidents").json()["features"] == []
    assert lead.get(f"/api/v1/incidents?place={park}").json()["features"] == []
    asked = lead.get("/api/v1/incidents?state=WITHDRAWN").json()["features"]
    assert [one["id"] for one in asked] == [ref]
    assert (again.status_code, back.status_code) == (409, 409)
    assert back.json()["detail"] == "An incident that is withdrawn cannot become confirmed."
    assert "was withdrawn" in lead.get(f"/incidents/{ref}", headers=HTML).text
    assert [one["incident"]["state"] for one in versions(lead, ref)] == ["WITHDRAWN", "RECORDED"]
    with db.read(lead.person.actor) as session:
        moves = session.execute(
            text("select from_state, to_state, reason from app.incident_state_change order by id")
        ).all()
    assert moves == [(None, "RECORDED", None), ("RECORDED", "WITHDRAWN", WHY)]


def test_a_practitioner_of_the_other_borough_finds_nothing_at_any_address(record, people):
    ref = record()
    other = people("practitioner", boroughs=(RICHMOND,))

    paths = ("", "/edit", "/history", "/history/1")
    found = {other.get(f"/incidents/{ref}{path}", headers=HTML).status_code for path in paths}
    api = {
        other.get(f"/api/v1/incidents/{ref}/versions").status_code,
        correct(other, ref).status_code,
    }

    assert found == api == {404}


def test_nobody_moves_an_incident_out_of_the_own_borough(people):
    mine = people("practitioner", boroughs=(KINGSTON,))
    ref = mine.post("/api/v1/incidents", json=KNIFE).json()["ref"]

    answer = correct(mine, ref, easting=517_350.0, northing=172_350.0)

    assert answer.status_code == 403


def test_a_place_that_a_reader_may_not_see_is_in_no_version_and_stays_linked(
    lead, people, propose, record, db
):
    shop = propose("TAKEAWAY_SHOP", easting=517_350, northing=172_350)
    ref = record()
    correct(lead, ref, add_places=[shop])
    mine = people("practitioner", boroughs=(KINGSTON,))

    told = versions(mine, ref)
    pages = [mine.get(f"/incidents/{ref}{p}", headers=HTML).text for p in ("", "/history", "/edit")]
    answer = correct(mine, ref, 2, harm_code="ASB")

    assert [one["incident"]["places"] for one in told] == [[], []]
    assert all(shop not in page for page in pages)
    assert answer.status_code == 200
    assert [p["ref"] for p in lead.get(f"/api/v1/incidents/{ref}").json()["places"]] == [shop]


def test_what_is_missing_is_told_in_the_order_of_the_form(as_):
    lead = as_("cs_lead", agency="AFC")

    page = lead.post("/incidents/new", data={"csrf": csrf(lead)}, headers=HTML).text

    summary = page[page.index("There is a problem") : page.index("<h1")]
    told = [summary.index(words) for words in NEEDED.values()]
    assert told == sorted(told)
