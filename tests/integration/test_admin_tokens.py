"""Tokens for programs: made with a second factor, shown once, never more than the person may."""

import re

import pytest
from sqlalchemy import select

from app.accounts.identity import identify, token_hash
from app.accounts.models import ApiToken
from tests.people import HTML, SYSTEM, browser, ref_of, send, sign_in_as


@pytest.fixture
def admin(db, settings):
    person = sign_in_as(db, "administrator", agency="AFC")
    with browser(db, settings, person, headers=HTML) as client:
        yield client


@pytest.fixture
def program(db, settings):
    with browser(db, settings) as client:
        yield client


@pytest.fixture
def kim(db):
    return sign_in_as(db, "practitioner")


def make(db, admin, person, **answers):
    page = send(admin, f"/admin/users/{ref_of(db, person)}/tokens", **{"scope": "read"} | answers)
    found = re.search(r"<textarea[^>]*>([\w-]{40,})</textarea>", page.text)
    return page, found and found[1]


def bearer(token):
    return {"authorization": f"Bearer {token}"}


def stored(db):
    with db.read(SYSTEM) as session:
        return session.scalars(select(ApiToken).order_by(ApiToken.created_at)).all()


def test_a_token_reads_as_the_person_does_and_is_kept_as_a_hash(db, admin, program, kim):
    page, token = make(db, admin, kim, label="maps in QGIS")

    answer = program.get("/api/v1/places", headers=bearer(token))

    kept = stored(db)[0]
    assert page.status_code == 200
    assert answer.status_code == 200
    assert kept.token_hash == token_hash(token)
    assert (kept.expires_at - kept.created_at).total_seconds() == 3600
    assert token not in admin.get(f"/admin/users/{ref_of(db, kim)}").text
    assert "maps in QGIS" in admin.get(f"/admin/users/{ref_of(db, kim)}").text


@pytest.mark.asvs("9.2.2")
def test_a_token_for_reading_does_not_write_and_one_for_writing_does(db, admin, program, kim):
    place = {"type_code": "HEALTH_SITE", "name": "Place", "easting": 518000, "northing": 169300}
    _, reads = make(db, admin, kim)
    _, writes = make(db, admin, kim, scope="write")

    answers = [
        program.post("/api/v1/places", json=place, headers=bearer(token)).status_code
        for token in (reads, writes)
    ]

    assert answers == [403, 201]


def test_a_token_never_opens_what_asks_for_a_reason(db, admin, program, kim):
    _, token = make(db, admin, kim, scope="write")

    answers = [
        program.get("/api/v1/children/CH-000-0000", headers=bearer(token) | {"x-purpose": "PLAN"}),
        program.post(
            "/api/v1/places/PL-000-0000/exact", json={"purpose": "PLAN"}, headers=bearer(token)
        ),
    ]

    assert [answer.status_code for answer in answers] == [403, 403]


def test_a_revoked_token_is_over_at_the_next_request(db, admin, program, kim):
    _, token = make(db, admin, kim)
    page = admin.get(f"/admin/users/{ref_of(db, kim)}").text
    button = re.search(r'action="(/admin/users/[\w-]+/tokens/[\w-]+/revoke)"', page)[1]

    answer = send(admin, button)

    assert answer.status_code == 303
    assert program.get("/api/v1/places", headers=bearer(token)).status_code == 401
    assert send(admin, button.replace(ref_of(db, kim), "US-000-0000")).status_code == 404


def test_the_tokens_of_a_disabled_account_stop(db, admin, program, kim):
    _, token = make(db, admin, kim)

    send(admin, f"/admin/users/{ref_of(db, kim)}/disable")

    assert program.get("/api/v1/places", headers=bearer(token)).status_code == 401


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"scope": ""}, "Choose what the token may do."),
        ({"scope": "everything"}, "Choose what the token may do."),
        ({"ttl": "25h"}, "A token lives for at most 24 hours."),
        ({"ttl": "0m"}, "A token lives for at most 24 hours."),
        ({"ttl": "for ever"}, "Write a time such as 30m or 1h."),
        ({"label": "x" * 41}, "Use at most 40 characters."),
    ],
)
def test_an_answer_that_cannot_be_used_is_told_beside_it(db, admin, kim, wrong, words):
    page, token = make(db, admin, kim, **wrong)

    assert page.status_code == 422
    assert words in page.text
    assert token is None
    assert stored(db) == []


@pytest.mark.parametrize("role", ["cs_lead", "police_analyst", "auditor"])
def test_an_administrator_makes_no_token_of_a_role_that_a_second_person_confirms(db, admin, role):
    person = sign_in_as(db, role)

    page, token = make(db, admin, person)

    assert page.status_code == 409
    assert token is None
    assert stored(db) == []
    assert "/tokens" not in admin.get(f"/admin/users/{ref_of(db, person)}").text


def test_a_token_makes_no_token(db, settings, admin, program):
    person = sign_in_as(db, "administrator")
    page, token = make(db, admin, person, scope="write")

    answer = program.get(f"/admin/users/{ref_of(db, person)}/tokens", headers=bearer(token))

    assert page.status_code == 200
    assert answer.status_code == 403
    assert identify(db, token).token_scope == "write"
