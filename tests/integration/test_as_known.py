"""What was known about a place on a day: entered, corrected and withdrawn later do not count."""

import re
from datetime import timedelta
from html import unescape

import psycopg
import pytest

from app.core import clock
from app.core.ids import new_id, new_reference
from tests.people import HTML, LEAD
from tests.reports import rows
from tests.sql import world as sql

SHOP = {"type_code": "TAKEAWAY_SHOP", "name": "First name", "easting": 518000, "northing": 169300}
HAPPENED = {"harm_code": "ASB", "occurred_from": "2026-03-29T00:20", "source_agency": "AFC"}
KEPT = {
    "place": "created_at",
    "place_version": "at",
    "place_state_change": "at",
    "incident": "created_at",
    "incident_version": "at",
    "incident_state_change": "at",
    "plan_action": "created_at",
    "plan_action_state_change": "at",
}


@pytest.fixture
def admin(db):
    dsn = db.logins.cluster.dsn("postgres", db.logins.dbname)
    with psycopg.connect(dsn, autocommit=True) as connection:
        yield connection


def days_pass(admin, days):
    """All that is kept gets older."""
    with admin.transaction():
        admin.execute("set local session_replication_role = replica")
        for table, moment in KEPT.items():
            admin.execute(
                f"update app.{table} set {moment} = {moment} - make_interval(days => {days})"
            )


def changed(admin, table, ref, change):
    admin.execute(f"update app.{table} set {change}, version = version + 1 where ref = %s", (ref,))


@pytest.fixture
def story(client, admin):
    """Thirty days of one place; the words are in the order in which it happened."""
    place = client.post("/api/v1/places", json=SHOP).json()["ref"]
    body = HAPPENED | {"place": place}
    corrected, withdrawn, never = (
        client.post("/api/v1/incidents", json=body).json()["ref"] for _ in range(3)
    )
    action = action_at(admin, place)
    days_pass(admin, 5)
    changed(admin, "incident", never, "state = 'WITHDRAWN'")
    days_pass(admin, 5)
    changed(admin, "place", place, "name = 'Second name'")
    days_pass(admin, 10)
    changed(admin, "incident", corrected, "harm_code = 'ROBBERY'")
    days_pass(admin, 5)
    changed(admin, "incident", withdrawn, "state = 'WITHDRAWN'")
    changed(admin, "plan_action", action, "state = 'WITHDRAWN'")
    late = client.post("/api/v1/incidents", json=body).json()["ref"]
    days_pass(admin, 5)
    return {"place": place, "corrected": corrected, "withdrawn": withdrawn, "never": never,
            "late": late, "action": action}  # fmt: skip


def action_at(admin, place):
    ((key,),) = admin.execute("select id from app.place where ref = %s", (place,)).fetchall()
    ref = new_reference("AC")
    values = {"id": new_id(), "ref": ref, "place_id": key, "agency_code": "AFC", "tier": "H1"}
    values |= {"purpose_code": "PLAN", "created_by": LEAD.id, "updated_by": LEAD.id}
    values |= {"response_code": "SAFE_SPACE", "kind": "welfare", "body": "Synthetic: a lamp."}
    values |= {"owner_agency": "AFC", "due_on": clock.today(), "is_synthetic": True}
    sql.insert(admin, "app.plan_action", values)
    return ref


def page(client, place, days_ago, purpose="LEARNING_REVIEW"):
    on = (clock.today() - timedelta(days=days_ago)).isoformat()
    return client.get(f"/places/{place}/as-known?on={on}&purpose={purpose}", headers=HTML)


def said(answer, ref):
    """The cells beside a reference."""
    found = re.search(rf">{ref}</th>(.*?)</tr>", answer.text, re.S)
    return found and re.findall(r"<td[^>]*>([^<]*)</td>", found.group(1))[1:]


def test_a_day_is_told_as_it_stood_and_not_as_it_stands(client, story):
    answer = page(client, story["place"], 15)
    assert answer.status_code == 200
    assert said(answer, story["corrected"])[0].endswith("; corrected later")
    assert "Robbery" not in answer.text
    assert said(answer, story["withdrawn"])[1] == "Recorded"
    assert said(answer, story["late"]) is None, "entered later, though it happened before"
    assert said(answer, story["never"]) is None, "withdrawn by then"
    assert said(answer, story["action"]) == ["Synthetic: a lamp.", "Open"]
    assert "Second name" in answer.text

    before = page(client, story["place"], 22)
    facts = unescape(before.text[before.text.index("<dl") : before.text.index("</dl>")])
    assert "First name" in facts
    assert "Second name" not in facts
    assert said(page(client, story["place"], 27), story["never"])[1] == "Recorded"

    today = page(client, story["place"], 1)
    assert said(today, story["corrected"])[0] == "Robbery"
    assert said(today, story["withdrawn"]) is None
    assert said(today, story["late"])
    assert said(today, story["action"])[1] == "Withdrawn"


def test_before_it_was_recorded_nothing_was_known_and_the_page_says_so(client, story):
    answer = page(client, story["place"], 60)
    assert "It was not recorded as a place of concern by then" in answer.text
    assert story["withdrawn"] not in answer.text
    assert "What this cannot tell" in answer.text


def test_each_look_is_noted_with_its_purpose_and_day(client, db, story):
    assert page(client, story["place"], 15).status_code == 200
    ((purpose, detail),) = rows(
        db, "select purpose, detail ->> 'on' from audit.event where action = 'place.as_known'"
    )
    assert purpose == "LEARNING_REVIEW"
    assert detail == (clock.today() - timedelta(days=15)).isoformat()


@pytest.mark.parametrize(
    ("days", "purpose"), [(0, "LEARNING_REVIEW"), (-3, "SAR"), (15, "PLAN"), (15, "")]
)
def test_a_day_that_is_not_over_and_another_purpose_are_refused(client, db, story, days, purpose):
    answer = page(client, story["place"], days, purpose)
    assert answer.status_code == 422
    assert story["withdrawn"] not in answer.text
    assert rows(db, "select 1 from audit.event where action = 'place.as_known'") == []


def test_only_a_lead_replays(as_, story):
    for role in ("practitioner", "police_analyst", "partner", "vca_member", "administrator"):
        assert page(as_(role), story["place"], 15).status_code in {403, 404}, role
