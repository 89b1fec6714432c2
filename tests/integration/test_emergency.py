"""Emergency access: opened by the person, told at once, over by itself."""

from datetime import timedelta

import pytest
from sqlalchemy import select, text

from app.accounts.identity import identify
from app.accounts.models import Grant
from app.accounts.permissions import PERMISSIONS, ROLES
from tests.entry import account, events, later, see, send, sign_in, visitor
from tests.people import SYSTEM, browser, sign_in_as

REASON = "A child of the tests is missing and was seen in Richmond."


@pytest.fixture
def kim(db, settings):
    return account(db, settings)


@pytest.fixture
def client(db, settings, kim):
    with visitor(db, settings) as found:
        sign_in(found, kim)
        yield found


def grants(db):
    with db.read(SYSTEM) as session:
        return session.scalars(select(Grant)).all()


def test_it_opens_for_the_hours_asked_and_widens_the_next_request(db, client, kim):
    before = identify(db, client.cookies["__Host-session"]).actor.emergency

    opened = send(client, "/emergency", reason=REASON, hours="2")

    (grant,) = grants(db)
    assert (before, opened.status_code, opened.headers["location"]) == (False, 303, "/emergency")
    assert (grant.kind, grant.user_id, grant.reason) == ("BREAK_GLASS", kim.user_id, REASON)
    assert grant.until_at - grant.from_at == timedelta(hours=2)
    assert identify(db, client.cookies["__Host-session"]).actor.emergency
    assert "is open until" in see(client, "/emergency").text


def test_the_auditor_and_the_leads_are_told_at_once_without_the_reason(db, settings, client, kim):
    told = [account(db, settings, role, agency="AFC") for role in ("auditor", "cs_lead")]
    account(db, settings, "police_analyst", agency="MPS_SWBCU")
    send(client, "/emergency", reason=REASON, hours="1")

    letters = [mail for mail in client.letters if mail.subject == "Emergency access was opened"]
    assert sorted(mail.to for mail in letters) == sorted(who.email for who in told)
    (grant,) = grants(db)
    for mail in letters:
        assert grant.ref in mail.text
        assert REASON not in mail.text
        assert kim.username not in mail.text


def test_it_is_audited_without_the_reason(db, cluster, client, kim):
    send(client, "/emergency", reason=REASON, hours="3")

    event = events(cluster, db)[-1]
    (grant,) = grants(db)
    assert (event["action"], event["object_ref"]) == ("grant.create", grant.ref)
    assert event["actor"] == kim.user_id
    assert event["detail"] == {"kind": "BREAK_GLASS", "hours": 3}


@pytest.mark.parametrize(
    ("reason", "hours", "words"),
    [
        ("too short", "1", "Enter a reason of at least 20 characters."),
        ("", "1", "Enter a reason of at least 20 characters."),
        ("x" * 501, "1", "Use at most 500 characters."),
        (REASON, "", "Choose for how long, at most 4 hours."),
        (REASON, "5", "Choose for how long, at most 4 hours."),
        (REASON, "0", "Choose for how long, at most 4 hours."),
        (REASON, "-1", "Choose for how long, at most 4 hours."),
        (REASON + "\x00", "1", "Remove the characters that cannot be shown."),
    ],
)
def test_a_reason_and_an_end_are_asked_for(db, client, reason, hours, words):
    refused = send(client, "/emergency", reason=reason, hours=hours)

    assert refused.status_code == 422
    assert refused.text.count(words) == 2
    assert grants(db) == []


def test_a_second_one_is_not_opened_over_the_first(db, client):
    send(client, "/emergency", reason=REASON, hours="1")
    again = send(client, "/emergency", reason=REASON, hours="4")

    assert "is open until" in again.text
    assert len(grants(db)) == 1


@pytest.mark.asvs("8.2.4")
def test_it_is_over_by_itself(db, client):
    send(client, "/emergency", reason=REASON, hours="1")
    with db.begin(SYSTEM) as session:
        moved = "from_at = from_at - interval '61 minutes', until_at = until_at - interval '61 min'"
        session.execute(text(f"update app.access_grant set {moved}"))

    assert not identify(db, client.cookies["__Host-session"]).actor.emergency
    assert "Why do you need it now?" in see(client, "/emergency").text


@pytest.mark.asvs("7.5.3")
def test_a_fresh_second_factor_is_needed(db, client):
    later(db, "session", "stepped_at", timedelta(minutes=11))

    led = send(client, "/emergency", reason=REASON, hours="1")

    assert led.headers["location"] == "/account/confirm?next=/emergency"
    assert grants(db) == []


@pytest.mark.parametrize(
    "role",
    [
        role.name
        for role in ROLES.values()
        if role.account and role.name not in PERMISSIONS.emergency["roles"]
    ],
)
def test_other_roles_have_no_glass_to_break(db, settings, role):
    with browser(db, settings, sign_in_as(db, role, agency="AFC")) as other:
        assert see(other, "/emergency").status_code == 403
        assert send(other, "/emergency", reason=REASON, hours="1").status_code == 403
    assert grants(db) == []
