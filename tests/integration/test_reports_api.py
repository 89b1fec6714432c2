"""POST /api/v1/reports: the rules of the form for programs, with a key for each sending."""

import secrets

import psycopg
import pytest

from app.accounts.identity import token_hash
from app.core import clock
from app.core.ids import new_id, random_id
from app.reports.receipts import folded, is_whole
from app.reports.sealing import Keys, opened
from tests.people import browser, sign_in_as

ADDRESS = "/api/v1/reports"
WORDS = "Synthetic words of a program"
PARK = {
    "danger_answer": "NO",
    "where_kind": "PLACE",
    "longitude": -0.3011,
    "latitude": 51.4113,
    "what_harms": ["DRUGS"],
    "notice_text": WORDS,
    "when_kind": "OFTEN",
}


@pytest.fixture
def program(db, settings):
    with browser(db, settings) as client:
        yield client


def post(client, key=None, headers=None, **changed):
    body = {name: said for name, said in (PARK | changed).items() if said is not None}
    sent = {"Idempotency-Key": str(key or random_id())} | (headers or {})
    return client.post(ADDRESS, json=body, headers=sent)


def rows(db, question, *given):
    dsn = db.logins.cluster.dsn("postgres", db.logins.dbname)
    with psycopg.connect(dsn) as admin:
        return admin.execute(question, given).fetchall()


def token_of(db, person, scope="write"):
    token, now = secrets.token_urlsafe(32), clock.now()
    dsn = db.logins.cluster.dsn("postgres", db.logins.dbname)
    with psycopg.connect(dsn) as admin:
        admin.execute(
            "insert into app.api_token (id, user_id, token_hash, scope, created_at, created_by, "
            "expires_at) values (%s, %s, %s, %s, %s, %s, %s::timestamptz + interval '1 hour')",
            (new_id(), person.user_id, token_hash(token), scope, now, person.user_id, now),
        )
    return {"Authorization": f"Bearer {token}"}


def test_a_report_of_a_program_is_received_and_says_how_to_come_back(db, program):
    answer = post(program)

    assert answer.status_code == 201, answer.text
    told = answer.json()
    assert set(told) == {"receipt", "status_url", "read_by", "what_happens_next"}
    assert is_whole(folded(told["receipt"]))
    assert told["status_url"].endswith("/report/status")
    assert "RP-" not in answer.text
    ((channel, agency, state, boroughs),) = rows(
        db, "select channel, agency_code, state, borough_codes from app.report"
    )
    assert (channel, agency, state) == ("WEB", "PUBLIC", "RECEIVED")
    assert boroughs == ["E09000021"]


@pytest.mark.asvs("15.4.2")
def test_the_same_key_and_body_is_the_same_report_and_another_body_is_refused(db, program):
    key = random_id()
    first, again = post(program, key), post(program, key)
    other = post(program, key, notice_text="Other synthetic words")

    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    assert other.status_code == 422
    assert "already sent" in other.text
    assert rows(db, "select count(*) from app.report") == [(1,)]


def test_two_senders_with_one_key_have_two_reports(db, settings, program):
    key = random_id()
    partner = token_of(db, sign_in_as(db, "partner", agency="EDU"))

    first, second = post(program, key), post(program, key, headers=partner)

    assert second.status_code == 201
    assert first.json()["receipt"] != second.json()["receipt"]


def test_a_partner_sends_for_its_organisation(db, program):
    partner = token_of(db, sign_in_as(db, "partner", agency="EDU"))

    assert post(program, headers=partner).status_code == 201

    assert rows(db, "select channel, agency_code from app.report") == [("PARTNER_ACCOUNT", "EDU")]
    assert rows(db, "select role, agency from audit.event where action = 'report.create'") == [
        ("partner", "EDU")
    ]


def test_a_token_that_reads_or_is_wrong_sends_nothing(db, program):
    reads = token_of(db, sign_in_as(db, "partner", agency="EDU"), scope="read")

    assert post(program, headers=reads).status_code == 403
    assert post(program, headers={"Authorization": "Bearer nonsense"}).status_code == 401
    assert rows(db, "select count(*) from app.report") == [(0,)]


@pytest.mark.parametrize(
    ("headers", "words"),
    [({}, "This is needed."), ({"Idempotency-Key": "today"}, "Send a UUID: a new one")],
)
def test_a_key_is_needed_and_is_a_uuid(program, headers, words):
    answer = program.post(ADDRESS, json=PARK, headers=headers)

    assert answer.status_code == 422
    (wrong,) = answer.json()["errors"]
    assert wrong["field"] == "Idempotency-Key"
    assert wrong["message"].startswith(words)


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"what_harms": []}, "what_harms"),
        ({"what_harms": ["SOMETHING"]}, "what_harms"),
        ({"when_kind": "SOON"}, "when_kind"),
        ({"longitude": None, "latitude": None}, "where_text"),
        ({"longitude": None}, "longitude"),
        ({"where_kind": "ROUTE", "mode": "BUS", "line": "65", "longitude": None}, "longitude"),
        ({"where_kind": "ROUTE"}, "mode"),
        ({"where_kind": "ONLINE"}, "online_raw"),
        ({"where_kind": "ONLINE", "online_raw": "x", "platform": "Kim_Synthetic"}, "platform"),
        ({"where_kind": "DESCRIBED"}, "where_text"),
        ({"contact": {"safe_times": "evenings"}}, "email"),
        ({"longitude": None, "latitude": None, "postcode": "KT99 9ZZ"}, "postcode"),
        ({"longitude": -3.19, "latitude": 55.95}, "longitude"),
        ({"danger_answer": "PERHAPS"}, "danger_answer"),
        ({"reference": "RP-000-0000"}, "body"),
    ],
)
def test_what_is_wrong_is_said_by_field(db, program, changed, field):
    answer = post(program, **changed)

    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert field in [wrong["field"] for wrong in answer.json()["errors"]]
    assert rows(db, "select count(*) from app.report") == [(0,)]


def test_a_postcode_stands_for_a_point(db, program):
    answer = post(program, longitude=None, latitude=None, postcode="kt11eu")

    assert answer.status_code == 201, answer.text
    ((east, north, accuracy, boroughs),) = rows(
        db,
        "select ST_X(geom)::int, ST_Y(geom)::int, pin_accuracy_m, borough_codes from app.report",
    )
    assert 517_500 < east < 519_000
    assert 168_500 < north < 170_500
    assert (accuracy, boroughs) == (100, ["E09000021"])


def test_a_neighbour_is_taken_and_further_away_the_words_are_kept(db, settings, program):
    wandsworth = post(program, longitude=-0.1910, latitude=51.4570)
    edinburgh = post(program, longitude=-3.19, latitude=55.95, where_text="Synthetic corner")

    assert (wandsworth.status_code, edinburgh.status_code) == (201, 201)
    found = rows(
        db,
        "select out_of_area_lad, geom is null, report_id, sealed from app.report "
        "join app.report_original on report_id = id order by created_at",
    )
    assert [(lad, bare) for lad, bare, *_ in found] == [("E09000032", False), (None, True)]
    report, sealed = found[1][2:]
    said = opened(sealed, Keys.of(settings).triage, report=report, use="words")
    assert said["where_text"] == "Synthetic corner"


def test_many_of_one_connection_wait_in_quarantine_and_partners_do_not(db, program):
    partner = token_of(db, sign_in_as(db, "partner", agency="EDU"))

    assert {post(program).status_code for _ in range(7)} == {201}
    assert {post(program, headers=partner).status_code for _ in range(7)} == {201}

    states = rows(db, "select channel, state, count(*) from app.report group by 1, 2 order by 1, 2")
    assert states == [
        ("PARTNER_ACCOUNT", "RECEIVED", 7),
        ("WEB", "QUARANTINED", 2),
        ("WEB", "RECEIVED", 5),
    ]


def test_a_known_place_and_an_unknown_one_get_the_same_answer(db, client, program):
    known = {"easting": 518000, "northing": 169300}
    named = {"type_code": "TAKEAWAY_SHOP", "name": "A synthetic shop"}
    assert client.post("/api/v1/places", json=known | named).status_code == 201
    bare = {"longitude": None, "latitude": None}

    answers = [post(program, **bare, **at).json() for at in (known, {**known, "easting": 518900})]

    for answer in answers:
        answer.pop("receipt")
    assert answers[0] == answers[1]


def test_a_body_of_more_than_64_kilobytes_is_refused(program):
    answer = post(program, notice_text="x" * 65_000)

    assert answer.status_code == 413
    assert answer.json()["type"] == "/problems/too-large"
