"""What staff read on a disk that is nearly full, what is refused there, and what goes on."""

import pytest

from app.accounts.permissions import PERMISSIONS
from app.core import disk
from app.site.degraded import LATE, READ_ONLY, UNSAFE, goes_on
from tests.people import HTML, browser, send

PARK = {"name": "Synthetic gardens", "type_code": "PARK", "easting": 518000, "northing": 169000}


@pytest.fixture
def nearly_full(monkeypatch):
    monkeypatch.setattr(disk, "room", lambda _: disk.Room(10**12, 499 * disk.MB))


def test_staff_read_on_and_change_nothing(db, as_, nearly_full):
    lead = as_("cs_lead", agency="AFC")

    page = lead.get("/places")
    refused = send(lead, "/places/new", name="Synthetic gardens")
    program = lead.post("/api/v1/places", json=PARK, headers={"Accept": "application/json"})

    assert page.status_code == 200
    assert page.text.count(READ_ONLY) == 1
    assert refused.status_code == program.status_code == 503
    assert "Nothing of this was saved" in refused.text
    assert program.json()["type"] == "/problems/read-only"
    assert int(program.headers["retry-after"]) > 0
    assert lead.get("/api/v1/places").json()["features"] == []


def test_with_room_again_it_changes_again_by_itself(as_, monkeypatch):
    lead = as_("cs_lead", agency="AFC")
    monkeypatch.setattr(disk, "room", lambda _: disk.Room(10**12, 499 * disk.MB))
    full = lead.post("/api/v1/places", json={}, headers={"Accept": "application/json"})
    monkeypatch.setattr(disk, "room", lambda _: disk.Room(10**12, 501 * disk.MB))
    room = lead.post("/api/v1/places", json={}, headers={"Accept": "application/json"})

    assert (full.status_code, room.status_code) == (503, 422)
    assert READ_ONLY not in lead.get("/places").text


def test_the_form_knows_nothing_of_it_until_the_last(db, settings, monkeypatch, nearly_full):
    reporter = browser(db, settings, headers=HTML)
    opened = reporter.post("/report")
    monkeypatch.setattr(disk, "room", lambda _: disk.Room(10**12, 63 * disk.MB))
    last = reporter.post("/report")
    told = reporter.get(last.headers["location"])

    assert opened.status_code == last.status_code == 303
    assert opened.headers["location"] != last.headers["location"]
    assert told.status_code == 503
    assert "999" in told.text
    assert READ_ONLY not in reporter.get("/report").text


def test_pages_of_staff_say_that_background_work_is_late(as_):
    lead = as_("cs_lead", agency="AFC")
    lead.app.state.worker_is_away = True

    assert lead.get("/places").text.count(LATE) == 1
    assert LATE not in lead.get("/report").text


def test_reading_with_a_reason_signing_in_and_a_child_in_danger_go_on():
    open_ = {
        route
        for route, permission in PERMISSIONS.routes.items()
        if route.partition(" ")[0] in UNSAFE and goes_on(route.partition(" ")[2], permission)
    }

    assert {
        "POST /sign-in",
        "POST /sign-out",
        "POST /account/confirm",
        "POST /emergency",
        "POST /children",
        "POST /places/{ref}/address",
        "POST /admin/users/{ref}/end-sessions",
        "POST /admin/service/alerts/{rule}",
        "POST /api/v1/reports",
    } <= open_
    assert not open_ & {
        "POST /places/new",
        "POST /admin/users/new",
        "POST /imports/new",
        "POST /exports",
        "POST /meetings/new",
    }
