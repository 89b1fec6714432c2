"""A conference with the keyboard and nothing else: planned, weighed, shown on a wall, a plan."""

import pytest
from playwright.sync_api import expect

from app.core import clock
from tests.context_work import team
from tests.e2e.conftest import session_cookie
from tests.e2e.keyboard import Keyboard
from tests.e2e.test_pages import violations
from tests.e2e.test_triage import fits
from tests.people import ref_of

DESK, PHONE = {"width": 1280, "height": 900}, {"width": 360, "height": 740}
WALL = {"width": 1920, "height": 1080}
GOAL = "Children can name an adult here they trust"
AWAY = "Called away to a child."


@pytest.fixture(scope="module")
def room(site_db):
    return team(site_db, state="ASSESSED")


@pytest.fixture
def arrive(chromium, live_url):
    """At the list of meetings, signed in; from there on keys lead everywhere."""
    opened = []

    def at_meetings(person, viewport):
        context = chromium.new_context(viewport=viewport, reduced_motion="reduce")
        context.add_cookies([session_cookie(person.cookie)])
        keys = Keyboard(context.new_page(), live_url)
        opened.append((context, keys))
        keys.page.goto(f"{live_url}/meetings")
        return keys.skip()

    yield at_meetings
    for context, keys in opened:
        context.close()
        # A form that is sent back is said to be wrong by its status, and that is no fault.
        assert [words for words in keys.complaints if "422" not in words] == []


def looks_well(keys):
    assert violations(keys.page) == []
    assert fits(keys.page)
    return keys


def plan(keys, room, db):
    """A conference of today, in which two people are named; one line is on its agenda."""
    assert keys.follow("Plan a meeting") == "Plan a meeting"
    day = clock.today()
    keys.choose("#kind", "CONTEXT_CONFERENCE")
    for box, value in (("#on", day.day), ("#on-month", day.month), ("#on-year", day.year)):
        keys.fill(box, str(value))
    keys.fill("#at", "0:00").fill("#places", room.place_ref).tab("#chair").press("Space")
    assert keys.follow("Plan it and name people") == "Who takes part"
    for person in (room.worker, room.partner):
        keys.choose("#user", ref_of(db, person)).follow("Save")
    looks_well(keys).follow("Go to the meeting")
    keys.choose("#section", "S").fill("#body", "Synthetic: the shop rings the youth service.")
    keys.follow("Add it")


def rate(keys, home, peers, why):
    assert keys.follow("Context weighting").endswith("Context weighting")
    keys.fill("#HOME", home).fill("#PEER", peers).follow("Save my points")
    assert keys.page.title().startswith("Error:")  # nothing is chosen yet, the points are kept
    assert looks_well(keys).page.locator("#PEER").input_value() == peers
    keys.choose("#must_change_first", "PEER").fill("#rationale", why).follow("Save my points")


def go_on(keys):
    """A chair does not wait for who did not come; all points are shown at once."""
    keys.hears("2 of 3 people have rated so far", status="#weighed")
    keys.follow("Check again")
    keys.tab("Somebody did not come").press("Enter")
    looks_well(keys).tab("#member").press("ArrowDown")
    keys.fill("#absent_reason", AWAY).follow("Go on without this person")
    expect(keys.page.get_by_text(AWAY)).to_be_visible()


def on_the_wall(keys):
    keys.page.set_viewport_size(WALL)
    keys.follow("Context conference")
    keys.follow("Show it on a screen")
    looks_well(keys).follow("Choose goals from the library")
    keys.tab("#goal_G_TRUSTED_ADULT").press("Space")
    looks_well(keys).follow("Make them goals of the plan")
    shown = keys.page.locator("main").inner_text()
    assert [w for w in (GOAL, "rings the youth service", "Peers first.") if w not in shown] == []
    assert keys.page.evaluate("parseFloat(getComputedStyle(document.body).fontSize)") >= 28
    keys.follow("Leave the screen")
    keys.page.set_viewport_size(DESK)


def test_a_room_weighs_a_context_and_makes_a_plan_by_keyboard_alone(site_db, room, arrive):
    lead = arrive(room.lead, DESK)
    plan(lead, room, site_db)
    rate(lead, "10", "90", "Synthetic: friends decide.")
    lead.hears("1 of 3 people have rated so far", status="#weighed")

    phone = arrive(room.worker, PHONE)
    looks_well(phone).follow("Context conference")
    rate(phone, "60", "40", "Synthetic: home decides.")
    phone.hears("2 of 3 people have rated so far", status="#weighed")
    assert phone.page.locator("circle").count() == 0

    go_on(lead)

    expect(phone.page.get_by_text("Talk about this: raters disagree.").first).to_be_visible(
        timeout=15_000
    )  # by itself
    assert looks_well(phone).page.locator("circle").count() == 14
    looks_well(lead).fill("#decision", "Peers first.").follow("Save the decision")
    on_the_wall(lead)
    assert lead.follow("Plan of") != ""
    looks_well(lead).follow("Meeting of")
    assert lead.follow("Help for meetings") == "Help for meetings"
    looks_well(lead).leave()
