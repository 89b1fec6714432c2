"""The home page: what each role may open, and what waits for it."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import text

from app.accounts.models import Grant
from app.core import clock
from app.core.ids import new_id, new_reference
from tests.people import HTML, RICHMOND, SYSTEM, in_days, ref_of, send, sign_in_as

IN_RICHMOND = {"type_code": "HEALTH_SITE", "name": "Place", "easting": 518000, "northing": 174800}
REASON = "Synthetic: works with the school at this place."
AGE = text("""
    update app."user" set last_sign_in_at = now() - interval '91 days' where id = :id
""")


@pytest.fixture
def people(as_):
    roles = ("administrator", "auditor", "cs_lead")
    return {role: as_(role, agency="AFC") for role in roles}


@pytest.fixture
def kim(as_):
    return as_("practitioner")


def rows(client):
    """The work list of the home page: label, and what stands beside it."""
    page = client.get("/", headers=HTML)
    assert page.status_code == 200
    found = re.findall(
        r'<dt[^>]*><a[^>]*href="([^"]+)">([^<]+)</a></dt><dd[^>]*>([^<]+)', page.text
    )
    for url, _, _ in found:
        assert client.get(url).status_code == 200, "a row leads to a page of the role"
    return {label: said for _, label, said in found if label != "Audit seals"}


def ask_for(db, lead, person, **answers):
    place = lead.post("/api/v1/places", json=IN_RICHMOND, headers={"accept": "application/json"})
    assert [borough["code"] for borough in place.json()["boroughs"]] == [RICHMOND]
    said = {
        "person": ref_of(db, person),
        "kind": "CASE",
        "record": place.json()["ref"],
        "purpose": "CONTEXT_ASSESSMENT",
        "reason": REASON,
        "until_on": in_days(5),
    }
    sent = send(lead, "/admin/grants/new", **said | answers)
    assert sent.status_code == 303
    return sent.headers["location"]


def test_nothing_is_waiting_in_words_for_everybody(people, kim):
    for client in (*people.values(), kim):
        assert rows(client) == {}
        assert "Nothing is waiting." in client.get("/", headers=HTML).text


def test_an_account_to_confirm_waits_for_the_administrator_and_the_auditor(people, kim):
    made = {
        "username": "kim.analyst",
        "name": "Kim Example",
        "agency_code": "MPS_SWBCU",
        "role": "police_analyst",
        "ends_on": in_days(90),
    }
    assert send(people["administrator"], "/admin/users/new", **made).status_code == 200

    found = {role: rows(client) for role, client in people.items()}

    waits = {"Accounts to confirm": f"1, oldest {clock.today():%-d %b %Y}"}
    assert found == {"administrator": waits, "auditor": waits, "cs_lead": {}}
    assert rows(kim) == {}


def test_an_account_that_nobody_uses_waits_for_the_administrator(db, people):
    unused = sign_in_as(db, "partner")
    with db.begin(SYSTEM) as session:
        session.execute(AGE, {"id": unused.user_id})

    assert rows(people["administrator"]) == {"Accounts unused for 90 days": "1"}
    assert rows(people["auditor"]) == {}


def test_a_grant_waits_to_be_approved_and_then_to_be_recertified(db, people, kim):
    url = ask_for(db, people["cs_lead"], kim.person)
    today, last = clock.today(), clock.today() + timedelta(days=5)
    waits = {"Grants to approve": f"1, oldest {today:%-d %b %Y}"}
    assert rows(people["auditor"]) == rows(people["cs_lead"]) == waits

    assert send(people["auditor"], f"{url}/approve").status_code == 303

    assert rows(people["cs_lead"]) == {"Grants to recertify": f"1, next {last:%-d %b %Y}"}
    assert rows(people["auditor"]) == {"Grants ending": f"1, next {last:%-d %b %Y}"}
    assert rows(people["administrator"]) == rows(kim) == {}


def test_emergency_access_is_told_to_the_auditor_also_when_it_is_over(db, people, kim):
    now = clock.now()
    with db.begin(kim.person.actor) as session:
        session.add(
            Grant(
                id=new_id(),
                ref=new_reference("GR"),
                user_id=kim.person.user_id,
                agency_code=kim.person.actor.agency,
                kind="BREAK_GLASS",
                reason=REASON,
                from_at=now - timedelta(hours=3),
                until_at=now - timedelta(hours=1),
                created_by=kim.person.user_id,
            )
        )

    assert list(rows(people["auditor"])) == ["Emergency access used"]
    assert rows(people["cs_lead"]) == {}


def test_the_auditor_sees_how_far_the_audit_is_sealed(people, kim):
    assert "Not verified yet." in people["auditor"].get("/", headers=HTML).text
    for client in (people["administrator"], people["cs_lead"], kim):
        assert "Audit seals" not in client.get("/", headers=HTML).text


def test_a_partner_is_told_of_no_incident_and_no_cluster(as_):
    partner = as_("partner")

    home, shown = partner.get("/", headers=HTML).text, partner.get("/map", headers=HTML).text

    assert "places of concern" in home
    assert 'data-shows="areas places"' in shown
    for page in (home, shown):
        assert not re.search("incident|cluster|published police", page.partition("<main")[2], re.I)
    assert partner.get("/map?layer=incidents", headers=HTML).status_code == 404


def test_the_marking_is_the_first_and_the_last_line_of_a_page(as_, client):
    page = as_("practitioner").get("/", headers={"accept": "text/html"}).text
    words = re.sub(r"<[^>]+>", "\n", page[page.index("<body") :])
    lines = [line.strip() for line in words.splitlines() if line.strip()]

    assert lines[:2] == ["Skip to the content", "OFFICIAL-SENSITIVE"]
    assert lines[-1] == "OFFICIAL-SENSITIVE"
    assert "OFFICIAL-SENSITIVE" not in client.get("/report", headers={"accept": "text/html"}).text
