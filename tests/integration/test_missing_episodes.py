"""Missing episodes: a purpose first, every read traced, nothing of it anywhere else."""

import psycopg
import pytest

from app.core.dates import NOT_A_DAY
from tests.people import HTML, KINGSTON, RICHMOND, browser, csrf, sign_in_as

AWAY = {
    "occurred_from": "2026-03-29T16:20",
    "harm_code": "MISSING_CARE",
    "source_agency": "AFC",
    "easting": 517_900,
    "northing": 169_900,
}
TIMES = {"day": "29", "month": "3", "year": "2026", "time": "16:20"}
BACK = {"day": "30", "month": "Mar", "year": "2026", "time": "9.15am"}


@pytest.fixture
def people(db, settings):
    def of(role, **options):
        return browser(db, settings, sign_in_as(db, role, **options))

    return of


@pytest.fixture
def ref(people):
    answer = people("cs_lead", agency="AFC").post("/api/v1/incidents", json=AWAY)
    return answer.json()["ref"]


def send(client, path, **answers):
    return client.post(path, data=answers | {"csrf": csrf(client)}, headers=HTML)


def boxes(**times):
    return {f"{name}_{box}": text for name, at in times.items() for box, text in at.items()}


def with_reason(client, ref, purpose="MISSING_PANEL"):
    assert send(client, f"/incidents/{ref}/missing", purpose=purpose).status_code == 303
    return client


def record(client, ref, version=0, **more):
    times = boxes(missing_from_at=TIMES, returned_at=BACK) | more
    return send(client, f"/incidents/{ref}/missing/edit", version=str(version), **times)


def events(db):
    question = "select action from audit.event where action like 'missing%' order by id"
    with psycopg.connect(db.logins.cluster.dsn("postgres", db.logins.dbname)) as admin:
        return [action for (action,) in admin.execute(question)]


def kept(db):
    question = "select version, content from app.missing_episode_version order by version"
    with psycopg.connect(db.logins.cluster.dsn("postgres", db.logins.dbname)) as admin:
        return admin.execute(question).fetchall()


def test_the_question_why_stands_before_it_and_the_reason_opens_it(people, ref):
    client = people("practitioner")

    asked = client.get(f"/incidents/{ref}/missing", headers=HTML)
    silent = send(client, f"/incidents/{ref}/missing")
    with_reason(client, ref)
    opened = client.get(f"/incidents/{ref}/missing", headers=HTML)

    assert "Why do you need to see this?" in asked.text
    assert (silent.status_code, "Select why you need to see this." in silent.text) == (422, True)
    assert "No episode is recorded yet." in opened.text
    assert "Missing panel" in opened.text


def test_an_episode_is_recorded_corrected_and_every_version_kept(people, ref, db):
    client = with_reason(people("practitioner"), ref)

    first = record(client, ref)
    second = record(client, ref, 1, rhi_declined="true", location_captured="yes")
    page = client.get(f"/incidents/{ref}/missing", headers=HTML).text

    assert (first.status_code, second.status_code) == (303, 303)
    assert "30\u00a0March\u00a02026, 9:15am" in page
    (one, before), (two, after) = kept(db)
    assert (one, two) == (1, 2)
    assert (before["rhi_declined"], after["rhi_declined"]) == (None, True)
    assert (before["kind"], after["location_captured"]) == ("CARE", True)
    assert events(db) == [
        "missing_episode.purpose",
        "missing_episode.create",
        "missing_episode.update",
        "missing_episode.read",
    ]


@pytest.mark.parametrize(
    ("answers", "field", "words"),
    [
        ({"returned_at_year": "2025"}, "returned_at", "The return is before"),
        ({"returned_at_year": "2199"}, "returned_at", "This is in the future."),
        ({"returned_at_day": "31", "returned_at_month": "2"}, "returned_at", NOT_A_DAY),
        ({"repeat_of": "IC-000-0000"}, "repeat_of", "Give the reference of another incident"),
        (
            {"rhi_declined": "true", **boxes(rhi_held_at=BACK)},
            "rhi_held_at",
            "either held or declined",
        ),
        ({"missing_from_at_time": "25:00"}, "missing_from_at", "Enter the time like"),
    ],
)
def test_what_cannot_be_is_said_beside_its_answer(people, ref, db, answers, field, words):
    client = with_reason(people("cs_lead"), ref)

    again = record(client, ref, **answers)

    assert again.status_code == 422
    assert words in again.text
    assert f'id="{field}-error"' in again.text
    assert kept(db) == []


def test_whoever_was_overtaken_is_told(people, ref):
    client = with_reason(people("cs_lead"), ref)
    record(client, ref)

    answer = record(client, ref)

    assert answer.status_code == 409


def test_the_daily_briefing_reads_and_does_not_write(people, ref):
    client = with_reason(people("cs_lead"), ref, "DRB")

    page = client.get(f"/incidents/{ref}/missing", headers=HTML)
    answer = record(client, ref)

    assert "Record it" not in page.text
    assert answer.status_code in {403, 404}


def test_a_reason_for_one_incident_opens_no_other(people, ref):
    client = with_reason(people("cs_lead"), ref)
    other = client.post("/api/v1/incidents", json=AWAY).json()["ref"]

    assert "Why do you need" in client.get(f"/incidents/{other}/missing", headers=HTML).text
    assert record(client, other).status_code in {403, 404}


def test_others_find_nothing(people, ref, db):
    lead = with_reason(people("cs_lead"), ref)
    record(lead, ref)
    paths = (f"/incidents/{ref}/missing",)

    statuses = {
        role: people(role, **({"boroughs": (RICHMOND,)} if role == "practitioner" else {}))
        .get(paths[0], headers=HTML)
        .status_code
        for role in ("partner", "practitioner", "vca_member", "auditor", "administrator")
    }

    assert set(statuses.values()) <= {403, 404}


def test_an_incident_of_another_harm_has_none(people):
    client = people("practitioner", boroughs=(KINGSTON,))
    ref = client.post("/api/v1/incidents", json=AWAY | {"harm_code": "ASB"}).json()["ref"]

    answer = client.get(f"/incidents/{ref}/missing", headers=HTML)

    assert answer.status_code == 404
    assert "missing" not in client.get(f"/incidents/{ref}", headers=HTML).text.lower()
