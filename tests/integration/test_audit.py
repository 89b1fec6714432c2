"""Without a trace there is no answer, whatever keeps it from being written."""

import psycopg
import pytest

from tests.conftest import cloned
from tests.people import browser, csrf, sign_in_as, trace_of

KINGSTON = "E09000021"
PLAN = {"X-Purpose": "PLAN"}
CHILD = {"home_lad_code": KINGSTON, "age_band": "A13_15", "age_band_as_of": "2026-01-01"}
HOME = {
    "type_code": "RESIDENTIAL",
    "name": "A home of the tests",
    "easting": 518000,
    "northing": 169300,
    "purpose": "MARVE",
}
FAULTS = {
    "the right to write it is gone": "revoke execute on function audit.log from cs_app",
    "a trigger stops it": """
        create function audit.stop() returns trigger language plpgsql as
            $$ begin raise exception 'disk full' using errcode = '53100'; end $$;
        create trigger stop before insert on audit.event
            for each row execute function audit.stop();
    """,
    "the table is gone": "alter table audit.event rename to lost",
    "no policy lets it in": "drop policy event_insert on audit.event",
}


@pytest.fixture
def db(cluster, template, request):
    """A database for this test alone, thrown away after it."""
    with cloned(cluster, template, f"a{abs(hash(request.node.nodeid))}") as database:
        yield database


@pytest.fixture(params=FAULTS)
def broken(request, db):
    """Call it to break the audit."""

    def breaking():
        with superuser(db) as admin:
            admin.execute(FAULTS[request.param])

    return breaking


def superuser(db):
    return psycopg.connect(db.logins.cluster.dsn("postgres", db.logins.dbname), autocommit=True)


def counted(db, table):
    with superuser(db) as admin:
        return admin.execute(f"select count(*) from {table}".encode()).fetchone()[0]


def assert_nothing_is_told(answer, *secrets):
    assert answer.status_code == 503
    assert answer.json()["type"] == "/problems/audit-failed"
    assert answer.json()["detail"] == "We cannot show this safely now. Try again soon."
    assert answer.headers["retry-after"] == "5"
    assert [secret for secret in secrets if secret in answer.text.replace(" ", "")] == []


@pytest.mark.asvs("16.5.3")
def test_a_child_is_not_shown_when_the_read_cannot_be_recorded(client, broken):
    ref = client.post("/api/v1/children", json=CHILD, headers=PLAN).json()["ref"]
    before = client.get(f"/api/v1/children/{ref}", headers=PLAN)
    broken()

    answer = client.get(f"/api/v1/children/{ref}", headers=PLAN)

    assert before.status_code == 200
    assert_nothing_is_told(answer, "A13_15", KINGSTON, "2026-01-01")


def test_an_exact_address_is_not_shown_when_the_read_cannot_be_recorded(client, broken):
    ref = client.post("/api/v1/places", json=HOME).json()["ref"]
    asked = {"purpose": "MARVE"}
    before = client.post(f"/api/v1/places/{ref}/exact", json=asked)
    broken()

    answer = client.post(f"/api/v1/places/{ref}/exact", json=asked)

    assert before.status_code == 200
    assert_nothing_is_told(answer, "518000", "169300")


def test_a_page_says_so_in_words_and_shows_nothing(client, broken):
    ref = client.post("/api/v1/places", json=HOME).json()["ref"]
    page = {"accept": "text/html"}
    client.post(f"/places/{ref}/address", data={"purpose": "MARVE", "csrf": csrf(client)})
    before = client.get(f"/places/{ref}/address", headers=page)
    broken()

    answer = client.get(f"/places/{ref}/address", headers=page)

    assert before.status_code == 200
    assert answer.status_code == 503
    assert "We cannot show this safely now. Try again soon." in answer.text
    assert "518000" not in answer.text


@pytest.mark.parametrize(
    ("note", "words"),
    [
        ("NUL \0 in it", "Remove the characters that cannot be shown."),
        ("x" * 201, "Use at most 200 characters."),
    ],
)
def test_a_note_that_cannot_be_kept_is_told_beside_it_and_shows_nothing(client, note, words):
    ref = client.post("/api/v1/places", json=HOME).json()["ref"]
    sent = {"purpose": "MARVE", "note": note, "csrf": csrf(client)}

    answer = client.post(f"/places/{ref}/address", data=sent, headers={"accept": "text/html"})

    assert answer.status_code == 422
    assert words in answer.text
    assert "518000" not in answer.text


def test_nothing_is_changed_without_a_trace(client, db, broken):
    broken()

    answer = client.post("/api/v1/children", json=CHILD, headers=PLAN)

    assert_nothing_is_told(answer)
    assert counted(db, "app.child") == 0


@pytest.mark.asvs("16.3.2")
def test_a_refusal_without_a_trace_tells_nothing_either(db, settings, broken):
    person = sign_in_as(db, "vca_member")
    with browser(db, settings, person) as client:
        broken()

        answer = client.post("/api/v1/children", json=CHILD, headers=PLAN)

    assert_nothing_is_told(answer)


def test_an_audit_that_hangs_is_given_up_after_the_time_of_a_statement(client, db):
    ref = client.post("/api/v1/children", json=CHILD, headers=PLAN).json()["ref"]
    with psycopg.connect(db.logins.cluster.dsn("postgres", db.logins.dbname)) as holding:
        holding.execute("lock table audit.event in exclusive mode")

        answer = client.get(f"/api/v1/children/{ref}", headers=PLAN)

    assert_nothing_is_told(answer, "A13_15")


def test_each_audited_read_is_recorded_once(client, db):
    ref = client.post("/api/v1/children", json=CHILD, headers=PLAN).json()["ref"]

    answers = [client.get(f"/api/v1/children/{ref}", headers=PLAN) for _ in range(7)]

    with superuser(db) as admin:
        found = admin.execute(
            "select object_ref, purpose, regime from audit.event where action = 'child.read'"
        ).fetchall()
    assert {answer.status_code for answer in answers} == {200}
    assert found == [(trace_of(db, ref), "PLAN", "UK_GDPR")] * 7
