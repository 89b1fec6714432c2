"""The map by keyboard alone: one journey for each of its people, from signing in to leaving."""

import json
import re

import pyotp
import pytest
from playwright.sync_api import expect

from app.core.settings import Settings
from app.demo import accounts
from tests.e2e.keyboard import Keyboard, sign_in

DESK = {"width": 1280, "height": 900}
PRINTS = "window.printed = 0; window.print = () => { window.printed += 1; };"
WIDE = r"^Map [\d.]+ kilometres wide, around .+\. "


@pytest.fixture(scope="module")
def people(site_db, tmp_path_factory):
    folder = tmp_path_factory.mktemp("keyboard")
    accounts.ensure(site_db, Settings(data_dir=folder, secret_key="a key of the tests only"))
    told = json.loads((folder / accounts.FILE).read_text())
    return {each["role"]: each for each in reversed(told)}


@pytest.fixture
def arrive(chromium, live_url, people):
    """Somebody signs in; in the end nothing was complained of."""
    opened = []

    def signed_in(role):
        context = chromium.new_context(viewport=DESK, reduced_motion="reduce")
        context.add_init_script(PRINTS)
        keys = Keyboard(context.new_page(), live_url)
        opened.append((context, keys))
        heading = sign_in(keys, people[role], pyotp.TOTP(people[role]["totp_secret"]).now())
        return keys, heading

    yield signed_in
    for context, keys in opened:
        context.close()
        assert keys.complaints == []


def on_the_map(keys):
    """From the top of the page to the map itself."""
    keys.hears(WIDE)
    return keys.skip().tab("#map")


def open_one(keys, kind, link):
    """A thing on the map, what the panel says of it, and its own page."""
    name = keys.to_one(kind)
    keys.press("Enter")
    heading = keys.page.locator("#panel h2")
    expect(heading).to_be_focused()
    short = heading.inner_text()
    assert name.startswith(short)
    said = keys.page.locator("#panel").inner_text()
    keys.press("Escape")
    assert keys.at()["words"] == name, "where it was before"
    keys.press("Space")
    expect(heading).to_be_focused()
    assert keys.follow(link) == short
    return said


def test_the_lead_by_keyboard_alone(arrive):
    """The whole of a morning: what waits, the map and its layers, a meeting, a picture on paper."""
    keys, heading = arrive("cs_lead")
    assert heading == "What waits for you"
    keys.skip()
    assert keys.follow("Open the map") == "Map of both boroughs"
    for part in (filters, moves, layers, periods, saved_view, meeting, spaces, on_paper):
        part(keys)
    keys.leave()


def filters(keys):
    """Three of them, one behind a fold."""
    page = keys.page
    keys.hears(WIDE).skip()
    keys.choose("Harm", "CSE").choose("Period", "12m")
    keys.tab("More filters").press("Space")
    keys.choose("Light", "yes").follow("Apply")
    assert {"period=12m", "harm=CSE", "dark=yes"} <= asked(page)
    assert "After dark" in page.locator(".cm-tags").inner_text()
    assert "on the map" in page.locator("#count").inner_text()


def moves(keys):
    """The map has a name and keys, each move is said; then a place and its page, and back."""
    page = keys.page
    on_the_map(keys)
    assert keys.at()["words"].startswith("Map of Kingston and Richmond")
    keys.moved("ArrowRight", 2, 1).moved("Shift+ArrowUp", 1, 1).moved("+", 0, 1)
    keys.press("?")
    assert page.locator("#map-help").is_visible()
    keys.press("Escape")
    assert page.locator("#map-help").is_hidden()
    keys.moved("-", 0, -1).tab("Show all").press("Space").hears(WIDE)
    keys.tab("#map", forward=False)
    said = open_one(keys, "place", "Open place")
    assert re.search(r"Level [0-4] of 4", said)
    assert "within these filters" in said
    page.go_back()  # the browser's own key
    expect(page.locator("#panel h2")).to_be_focused()  # what was open is open again
    assert "harm=CSE" in asked(page)


def layers(keys):
    page = keys.page
    keys.follow("Hot spots", forward=False)
    on_the_map(keys).hears(r"\d+ squares? in view")
    name = keys.to_one("cell")
    keys.press("Enter")
    expect(page.locator("#panel h2")).to_be_focused()
    assert name.startswith(page.locator("#panel h2").inner_text())
    assert "expected" in page.locator("#panel").inner_text()
    keys.press("Escape")
    keys.follow("Clusters", forward=False)
    keys.hears(WIDE).skip().follow("Clear")
    on_the_map(keys).hears(r"\d clusters? in view")
    assert "incidents" in open_one(keys, "cluster", "Open cluster")
    page.go_back()
    expect(page.locator("#panel h2")).to_be_focused()


def periods(keys):
    """Two periods beside each other, and the hours of the week."""
    assert keys.follow("Compare with the period before", most=200) == "Two periods of the map"
    keys.skip().follow("The same period last year")
    keys.skip().follow("Back to the map")
    keys.hears(WIDE).skip()
    assert keys.follow("When it happens", most=200) == "When it happens"
    assert keys.page.get_by_role("table").is_visible()
    keys.skip().follow("Back to the map")


def saved_view(keys):
    keys.hears(WIDE).skip()
    keys.follow("Save this view", most=200)
    keys.skip().fill("Name", "Clusters, by keyboard").follow("Save this view")
    keys.skip().follow("Clusters, by keyboard")
    assert "layer=clusters" in asked(keys.page)


def meeting(keys):
    """On the wall, and out of it with Escape."""
    page = keys.page
    keys.hears(WIDE).skip().follow("Meeting mode")
    assert page.get_by_role("navigation", name="Sections").count() == 0
    on_the_map(keys).moved("ArrowLeft", 2, -1)
    with page.expect_navigation():
        keys.press("Escape")
    assert "screen=1" not in asked(page)


def spaces(keys):
    """Online spaces by the list of places, and the search that is on every page."""
    page = keys.page
    keys.hears(WIDE)
    assert keys.follow("Places") == "Places of concern"
    assert keys.skip().follow("Online spaces") == "Online spaces"
    keys.skip().choose("Who sees it", "CLOSED").follow("Apply")
    assert page.locator("table tbody tr").count() > 0
    keys.fill("#search-words", "park")
    with page.expect_navigation():
        keys.press("Enter")
    assert page.locator("h1").inner_text() == "Search"
    assert page.locator(".cm-found mark").first.inner_text().lower() == "park"


def on_paper(keys):
    """A picture of what is on the screen, fetched before the window for printing opens."""
    page = keys.page
    keys.follow("Map")
    on_the_map(keys).moved("+", 0, 1)
    keys.tab("Print", most=200).press("Enter")
    page.wait_for_function("() => window.printed === 1")
    image = page.locator("#map-picture img")
    assert image.evaluate("i => i.complete && i.naturalWidth") == 960
    assert "bbox=" in image.get_attribute("src")


def asked(page):
    """What the address asks for."""
    return set(re.split(r"[?&#]", page.url))


def test_a_police_analyst_by_keyboard_alone(arrive):
    keys, heading = arrive("police_analyst")
    page = keys.page
    assert heading == "What waits for you"
    keys.skip().follow("Open the map")
    keys.hears(WIDE).skip().follow("Incidents")
    keys.hears(WIDE).skip().choose("Period", "12m")
    keys.tab("More filters").press("Space")
    keys.choose("Time of day", "AFTER_SCHOOL").choose("Source", "partnership")
    keys.follow("Apply")
    assert {"part=AFTER_SCHOOL", "source=partnership"} <= asked(page)
    keys.hears(WIDE).skip()
    keys.follow("Source: Partnership")  # taken away again
    assert "source=" not in page.url
    keys.hears(WIDE).skip().follow("Clusters")
    keys.hears(WIDE).skip().follow("Clear")
    on_the_map(keys)
    assert "incidents" in open_one(keys, "cluster", "Open cluster")
    keys.leave()


def test_a_practitioner_by_keyboard_alone(arrive):
    keys, _ = arrive("practitioner")
    page = keys.page
    keys.follow("Map")
    keys.hears(WIDE).skip().choose("Stage", "any").follow("Apply")
    on_the_map(keys)
    said = open_one(keys, "place", "Open place")
    assert re.search(r"Level [0-4] of 4", said)
    assert page.locator("h1").is_visible()
    keys.leave()


def test_a_partner_by_keyboard_alone(arrive):
    keys, _ = arrive("partner")
    page = keys.page
    keys.follow("Map")
    assert page.get_by_role("link", name="Hot spots").count() == 0
    keys.hears(WIDE).skip().tab("Apply")
    keys.follow("Clear")
    on_the_map(keys)
    said = open_one(keys, "place", "Open place")
    assert "Stage: " in said
    assert "Level" not in said
    assert "incident" not in said
    keys.leave()
