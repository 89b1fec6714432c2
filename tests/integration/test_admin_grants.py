"""Grants over HTTP: one record of another borough, asked for, approved by somebody else, ended."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import text

from app.accounts.models import Grant
from app.core import clock
from app.core.ids import new_id, new_reference
from tests.people import KINGSTON, RICHMOND, SYSTEM, in_days, ref_of, send, trace_of

REASON = "Synthetic: works with the school at this place."
PLACE = {"type_code": "HEALTH_SITE", "name": "Place", "easting": 518000, "northing": 174800}
PLAN = {"accept": "application/json", "x-purpose": "PLAN"}


@pytest.fixture
def lead(as_):
    return as_("cs_lead", agency="AFC")


@pytest.fixture
def auditor(as_):
    return as_("auditor", agency="AFC")


@pytest.fixture
def kim(as_):
    """A practitioner of Kingston."""
    return as_("practitioner", boroughs=(KINGSTON,))


@pytest.fixture
def place(lead):
    """The reference of a place in Richmond."""
    sent = lead.post(
        "/api/v1/places",
        json={
            "type_code": "TAKEAWAY_SHOP",
            "name": "Corner",
            "easting": 518000,
            "northing": 174800,
        },
        headers={"accept": "application/json"},
    )
    assert sent.status_code == 201, sent.text
    assert [found["code"] for found in sent.json()["boroughs"]] == [RICHMOND]
    return sent.json()["ref"]


def answers(db, kim, place, **others):
    said = {
        "person": ref_of(db, kim.person),
        "kind": "CASE",
        "record": place,
        "purpose": "CONTEXT_ASSESSMENT",
        "reason": REASON,
        "until_on": in_days(30),
    }
    return said | others


def asked(db, lead, kim, place):
    sent = send(lead, "/admin/grants/new", **answers(db, kim, place))
    assert sent.status_code == 303, sent.text
    return sent.headers["location"]


def actions(db, ref):
    from app.core.actor import job_actor

    with db.read(job_actor("audit:seal", db_role="cs_audit")) as session:
        found = session.execute(
            text("select action from audit.event where object_ref = :ref order by id"),
            {"ref": ref},
        )
        return list(found.scalars())


@pytest.mark.asvs("8.3.2")
def test_a_live_grant_opens_the_record_on_the_very_next_request_and_a_revoked_one_closes_it(
    db, lead, auditor, kim, place
):
    page = f"/places/{place}"
    seen = [kim.get(page).status_code]
    url = asked(db, lead, kim, place)
    seen.append(kim.get(page).status_code)
    approved = send(auditor, f"{url}/approve")
    seen.append(kim.get(page).status_code)
    listed = place in kim.get("/places").text
    revoked = send(lead, f"{url}/revoke")
    seen.append(kim.get(page).status_code)

    assert seen == [404, 404, 200, 404]
    assert listed
    assert (approved.status_code, revoked.status_code) == (303, 303)
    ref = url.rpartition("/")[2]
    assert actions(db, ref) == ["grant.create", "grant.approve", "grant.revoke"]


def test_a_grant_opens_one_record_and_no_neighbour(db, lead, auditor, kim, place):
    other = lead.post(
        "/api/v1/places",
        json=PLACE | {"name": "Neighbour", "easting": 518060},
        headers={"accept": "application/json"},
    ).json()["ref"]
    send(auditor, f"{asked(db, lead, kim, place)}/approve")

    assert kim.get(f"/places/{place}").status_code == 200
    assert kim.get(f"/places/{other}").status_code == 404


def test_a_grant_lets_nobody_change_the_record(db, lead, auditor, kim, place):
    send(auditor, f"{asked(db, lead, kim, place)}/approve")

    refused = kim.patch(
        f"/api/v1/places/{place}",
        json={"name": "Another", "version": 1},
        headers={"accept": "application/json"},
    )

    assert refused.status_code == 404
    offered = kim.get(f"/places/{place}").text
    assert "/edit" not in offered
    assert "Record an incident" not in offered


def test_a_grant_that_ends_at_midnight_is_told_by_its_last_day(db, lead, auditor, kim, place):
    url = asked(db, lead, kim, place)
    send(auditor, f"{url}/approve")

    last = f"the end of {clock.today() + timedelta(days=30):%-d %b %Y}"
    for page in (lead.get(url), lead.get("/admin/grants"), kim.get("/account")):
        assert last in page.text
    assert "One place" in kim.get("/account").text


def test_another_lead_may_approve_and_the_one_who_asked_may_not(db, lead, as_, kim, place):
    other = as_("cs_lead", agency="AFC")
    url = asked(db, lead, kim, place)

    own = send(lead, f"{url}/approve")
    shown = lead.get(url).text
    approved = send(other, f"{url}/approve")
    twice = send(other, f"{url}/approve")

    assert own.status_code == 409
    assert "Somebody else must approve this" in shown
    assert approved.status_code == 303
    assert twice.status_code == 409


@pytest.mark.parametrize("role", ["practitioner", "police_analyst", "administrator", "partner"])
def test_nobody_else_asks_approves_or_revokes(db, lead, as_, kim, place, role):
    url = asked(db, lead, kim, place)
    other = as_(role)

    answered = [
        other.get("/admin/grants").status_code,
        other.get("/admin/grants/new").status_code,
        send(other, "/admin/grants/new", **answers(db, kim, place)).status_code,
        send(other, f"{url}/approve").status_code,
        send(other, f"{url}/revoke").status_code,
    ]

    assert set(answered) == {403}


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"reason": "Because."}, "Enter a reason of at least 20 characters."),
        ({"reason": ""}, "Enter a reason of at least 20 characters."),
        ({"until_on": ""}, "Enter an end date within 90 days."),
        ({"until_on": "never"}, "Enter an end date within 90 days."),
        ({"until_on": lambda: in_days(90)}, "Enter an end date within 90 days."),
        ({"record": "PL-000-0000"}, "There is no such place. Enter its reference."),
        ({"record": "everything"}, "There is no such place. Enter its reference."),
        ({"kind": "INTEL_C"}, "Choose what it is for."),
        ({"purpose": "CURIOSITY"}, "Choose why it is needed."),
        ({"person": ""}, "Choose who it is for."),
    ],
)
def test_an_answer_that_cannot_be_used_is_told_beside_it(db, lead, kim, place, wrong, words):
    said = {key: given() if callable(given) else given for key, given in wrong.items()}

    answer = send(lead, "/admin/grants/new", **answers(db, kim, place, **said))

    assert answer.status_code == 422
    assert words in answer.text
    assert "There is a problem" in answer.text


def test_a_grant_that_would_open_nothing_more_is_refused(db, lead, as_, place):
    analyst = as_("police_analyst")

    answer = send(lead, "/admin/grants/new", **answers(db, analyst, place))

    assert answer.status_code == 422
    assert "opens nothing more" in answer.text


def child_of(lead):
    sent = lead.post(
        "/api/v1/children",
        json={
            "home_lad_code": RICHMOND,
            "age_band": "A13_15",
            "age_band_as_of": clock.today().isoformat(),
        },
        headers=PLAN,
    )
    assert sent.status_code == 201, sent.text
    return sent.json()["ref"]


def test_a_childs_reference_is_found_with_the_reason_and_shown_to_no_other_lead(
    db, lead, auditor, as_, kim
):
    child = child_of(lead)
    given = answers(db, kim, child, kind="CHILD_LINK", purpose="PLAN")
    url = send(lead, "/admin/grants/new", **given).headers["location"]

    for_leads, for_auditors = (client.get(url).text for client in (as_("cs_lead"), auditor))
    seen = [kim.get(f"/api/v1/children/{child}", headers=PLAN).status_code]
    send(auditor, f"{url}/approve")
    seen.append(kim.get(f"/api/v1/children/{child}", headers=PLAN).status_code)

    assert child not in for_leads
    assert "the reference is kept apart" in for_leads
    assert child in for_auditors
    assert actions(db, trace_of(db, child)).count("child.read") == 3, (
        "asking, the auditor's page, kim"
    )
    assert seen == [404, 200]


def test_grants_are_listed_by_state_and_asked_for_again_before_they_end(
    db, lead, auditor, kim, place
):
    soon = answers(db, kim, place, until_on=(clock.today() + timedelta(days=7)).isoformat())
    url = send(lead, "/admin/grants/new", **soon).headers["location"]
    ref = url.rpartition("/")[2]
    waits = lead.get("/admin/grants?state=ASKED").text
    send(auditor, f"{url}/approve")
    ends = lead.get("/admin/grants?state=ENDING").text
    again = lead.get(f"/admin/grants/new?from={ref}").text

    assert ref in waits
    assert ref in ends
    assert "1 grant: ends within 14 days." in ends
    assert f'value="{place}"' in again
    assert REASON not in again
    assert "No grants are in this state." in lead.get("/admin/grants?state=REVOKED").text


def test_a_grant_that_is_over_opens_nothing_and_cannot_be_approved(db, lead, auditor, kim, place):
    with db.begin(SYSTEM) as session:
        now = clock.now()
        grant = Grant(
            ref=new_reference("GR"),
            user_id=kim.person.user_id,
            agency_code="AFC",
            kind="CASE",
            object_type="place",
            object_id=new_id(),
            reason=REASON,
            from_at=now - timedelta(days=3),
            until_at=now - timedelta(days=1),
            created_by=lead.person.user_id,
        )
        session.add(grant)

    late = send(auditor, f"/admin/grants/{grant.ref}/approve")

    assert late.status_code == 409
    assert grant.ref in auditor.get("/admin/grants?state=OVER").text


def test_emergency_access_is_listed_and_ended_like_a_grant(db, lead, kim, place):
    now = clock.now()
    with db.begin(SYSTEM) as session:
        grant = Grant(
            ref=new_reference("GR"),
            user_id=kim.person.user_id,
            agency_code="LA_KINGSTON",
            kind="BREAK_GLASS",
            reason=REASON,
            from_at=now,
            until_at=now + timedelta(hours=4),
            created_by=kim.person.user_id,
        )
        session.add(grant)
    seen = [kim.get(f"/places/{place}").status_code]

    listed = lead.get("/admin/grants?state=LIVE").text
    revoked = send(lead, f"/admin/grants/{grant.ref}/revoke")
    seen.append(kim.get(f"/places/{place}").status_code)

    assert "Emergency access" in listed
    assert grant.ref in listed
    assert revoked.status_code == 303
    assert seen == [200, 404]


def test_the_index_tells_what_waits(db, lead, auditor, kim, place):
    asked(db, lead, kim, place)

    for client in (lead, auditor):
        page = client.get("/admin").text
        assert re.search(r"<b>1</b>\s*<a[^>]*>grant waits</a>|<b>1</b>[^b]*grant waits", page)
