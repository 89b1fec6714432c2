"""A place is filled in, decided upon and merged with the keyboard alone; no page breaks axe."""

import pytest

from tests.e2e.test_pages import violations

POINT = {"Easting": "516000", "Northing": "166000"}
PAGES = (
    "",
    "/move",
    "/edit/good",
    "/edit/times",
    "/edit/manager",
    "/edit/class",
    "/names",
    "/links",
)
PAGES += ("/guardians", "/urgent", "/level", "/label", "/merge", "/split", "/history", "/timeline")
PAGES += ("/why",)


def to(page, text):
    """Tab on until the thing with these words has the focus."""
    for _ in range(250):
        page.keyboard.press("Tab")
        here = page.evaluate(
            "(document.activeElement.labels && [...document.activeElement.labels]"
            ".map(l => l.innerText).join(' ') || document.activeElement.innerText || '').trim()"
        )
        if here.startswith(text):
            return
    raise AssertionError(f"Tab never reaches {text!r}.")


def press(page, text):
    to(page, text)
    with page.expect_navigation():
        page.keyboard.press("Enter")


def fill(page, label, words):
    to(page, label)
    page.keyboard.type(words)


def tick(page, label):
    to(page, label)
    page.keyboard.press("Space")


def propose(page, url, name):
    page.goto(f"{url}/places/new")
    to(page, "What kind of place is it?")
    page.keyboard.type("Takeaway")
    fill(page, "Name", name)
    for label, value in POINT.items():
        fill(page, label, value)
    press(page, "Propose this place")
    if page.get_by_text("Is it one of these?").first.is_visible():
        tick(page, "It is none of these")
        press(page, "Propose this place")
    return page.url.split("/")[-1].split("#")[0]


@pytest.fixture
def page(browser):
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    yield context.new_page()
    context.close()


def test_a_place_is_filled_in_and_decided_upon_with_the_keyboard_alone(page, live_url):
    ref = propose(page, live_url, "Shop of the keyboard")

    press(page, "Change the times of concern")
    tick(page, "Evenings, 6pm to 10pm")
    press(page, "Save")
    assert page.get_by_text("Every day: 6pm to 10pm").first.is_visible()
    press(page, "Add a guardian")
    to(page, "Who is it?")
    page.keyboard.type("Youth")
    to(page, "Which agency?")
    page.keyboard.type("Voluntary")
    tick(page, "After school")
    press(page, "Save")
    assert page.get_by_text("Times of concern without a guardian").is_visible()
    press(page, "Decide what happens next")
    tick(page, "Screen it")
    press(page, "Decide")
    assert page.title().startswith("Error:")
    assert violations(page) == []
    tick(page, "To screen it")
    fill(page, "Reason", "Synthetic: looked at with the keyboard.")
    press(page, "Decide")

    assert page.url.split("#")[0].endswith(ref)
    assert page.locator(".cm-badge--state").inner_text() == "Screened"


def test_two_places_become_one_and_two_again(page, live_url):
    first = propose(page, live_url, "One of two")
    second = propose(page, live_url, "Two of two")

    page.goto(f"{live_url}/places/{first}")
    press(page, "Merge it")
    fill(page, "Reference of the place that stays", second)
    fill(page, "Why are they one place?", "Synthetic: the same door.")
    press(page, "Compare them")
    assert page.locator("h1").inner_text().endswith("Are these one place?")
    assert violations(page) == []
    press(page, "Merge them")
    page.goto(f"{live_url}/places/{first}")
    assert page.url.endswith(second)
    press(page, "Take this merge back")
    page.goto(f"{live_url}/places/{first}")

    assert page.url.endswith(first)
    assert page.locator("h1").inner_text() == "One of two"


def test_axe_finds_nothing_and_a_phone_needs_no_sideways_scrolling(page, live_url):
    ref = propose(page, live_url, "Shop of axe")

    for path in PAGES:
        page.set_viewport_size({"width": 1280, "height": 900})
        page.goto(f"{live_url}/places/{ref}{path}")
        assert violations(page) == [], path
        page.set_viewport_size({"width": 320, "height": 700})
        widths = page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
        assert widths[0] <= widths[1], path
