"""Labels that end by themselves, under a moved clock."""

from datetime import datetime, time, timedelta

import pytest

from app.core import clock, working_days
from app.places import labels
from app.places.jobs import LABELS
from tests.reports import rows

SHOP = {"type_code": "TAKEAWAY_SHOP", "name": "Corner", "easting": 518000, "northing": 169300}


@pytest.fixture
def ref(client):
    return client.post("/api/v1/places", json=SHOP).json()["ref"]


def night(days):
    """Four in the morning in London so many days from today, in summer and in winter time."""
    return datetime.combine(clock.today() + timedelta(days=days), time(4), clock.LONDON)


def at_night(db, days):
    with db.begin(LABELS) as session:
        return labels.end(session, night(days))


def state(client, ref):
    return client.get(f"/api/v1/places/{ref}").json()["state"]


@pytest.mark.parametrize(("days", "dormant"), [(179, 0), (180, 1), (300, 1)])
def test_a_label_of_180_days_ends_on_its_day(client, db, ref, days, dormant):
    ended = at_night(db, days)

    assert ended == (dormant, 0)
    assert state(client, ref) == ("DORMANT" if dormant else "PROPOSED")


@pytest.mark.parametrize(("days", "dormant"), [(89, 0), (90, 1)])
def test_a_restricted_label_ends_after_90_days(client, db, days, dormant):
    shape = "POLYGON((517800 169800, 517950 169800, 517950 170000, 517800 169800))"
    body = {"type_code": "CONFLICT_ZONE", "name": "Riverside", "shape": shape}
    ref = client.post("/api/v1/places", json=body).json()["ref"]

    at_night(db, days)

    assert state(client, ref) == ("DORMANT" if dormant else "PROPOSED")


def test_nothing_heard_for_180_days_puts_a_place_to_sleep_whatever_its_label(client, db, ref):
    rows(db, "update app.place set label_expires_on = current_date + 900")

    before, after = at_night(db, 179), at_night(db, 181)

    assert (before, after) == ((0, 0), (1, 0))
    ((why,),) = rows(db, "select reason from app.place_state_change where to_state = 'DORMANT'")
    assert why == "Nothing was heard of this place for 180 days."


def test_a_dormant_place_leaves_partners_at_once_and_each_step_has_its_event(client, db, ref):
    rows(db, "update app.place set state = 'SCREENED'")
    at_night(db, 200)

    ((listed,),) = rows(db, "select listed from app.place")
    events = rows(db, "select detail from audit.event where action = 'place.move'")
    assert listed is False
    assert len(events) == 1


def test_a_dormant_place_is_closed_after_twenty_working_days(client, db, ref):
    at_night(db, 180)
    last = working_days.due_on(night(180), working_days=20)
    days = (last - clock.today()).days

    on_the_day, after = at_night(db, days), at_night(db, days + 1)

    assert (on_the_day, after) == ((0, 0), (0, 1))
    found = client.get(f"/api/v1/places/{ref}").json()
    assert (found["state"], found["close_code"]) == ("CLOSED", "EXPIRED")


def test_a_closed_place_stays_closed(client, db, ref):
    rows(db, "update app.place set state = 'CLOSED', close_code = 'NOT_SUBSTANTIATED'")

    assert at_night(db, 900) == (0, 0)


def test_a_dormant_place_wakes_with_something_new(client, db, ref):
    rows(db, "update app.place set label_expires_on = current_date")
    at_night(db, 0)
    move = {"to": "IDENTIFIED", "reason": "Synthetic: heard of it again.", "level": "CL2"}
    path = f"/api/v1/places/{ref}/moves"

    asleep = client.post(path, json=move | {"version": 2})
    rows(db, "update app.place set last_information_at = now() + interval '1 minute'")
    awake = client.post(path, json=move | {"version": 2})

    assert asleep.status_code == 409
    assert asleep.json()["detail"] == "Nothing newer than the last renewal is known."
    assert awake.json()["state"] == "IDENTIFIED"
    assert awake.json()["label_expires_on"] == (clock.today() + timedelta(days=180)).isoformat()


def test_the_lead_has_the_task_fourteen_days_before(client, db, ref):
    rows(db, "update app.place set label_expires_on = current_date + 15")
    before = client.get("/").text
    rows(db, "update app.place set label_expires_on = current_date + 14")

    assert "Labels that expire within 14 days" not in before
    assert "Labels that expire within 14 days" in client.get("/").text
