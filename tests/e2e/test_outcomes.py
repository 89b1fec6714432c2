"""A place becomes safer, in a browser and by keyboard alone: measured, reviewed, closed."""

from datetime import timedelta

import pytest

from tests.e2e.conftest import session_cookie
from tests.e2e.test_pages import violations
from tests.outcomes import FAR, SHOP, Maker, begun
from tests.people import LEAD, browser, sign_in_as

REASON = "Children name an adult they trust, and nobody saw harm elsewhere."


@pytest.fixture(scope="module")
def people(site_db):
    return [sign_in_as(site_db, "cs_lead", agency="AFC") for _ in range(2)]


@pytest.fixture(scope="module")
def work(site_db, settings, people):
    """Two places 2.5 km apart, far from those of the demonstration; the first has a draft."""
    maker = Maker(site_db, LEAD.id)
    with browser(site_db, settings, people[0]) as client:
        refs = [
            client.post(
                "/api/v1/places",
                json=SHOP | {"name": name, "easting": 515500, "northing": north},
            ).json()["ref"]
            for name, north in (("Kiosk", 165500), ("Parade", 165500 + FAR))
        ]
    work = maker.at_work(*refs)
    maker.measure(work)
    maker.counted(work)
    for ref, after in ((refs[0], 8), (refs[1], 46)):
        maker.incidents(ref, begun() - timedelta(weeks=52), 91)
        maker.incidents(ref, begun(), after)
    return work, maker


@pytest.fixture
def pages(chromium, people):
    """A page of each lead; one of a phone's width."""
    contexts = []
    for person, wide in zip(people, (1280, 360), strict=True):
        context = chromium.new_context(viewport={"width": wide, "height": 800})
        context.add_cookies([session_cookie(person.cookie)])
        contexts.append(context)
    yield [context.new_page() for context in contexts]
    for context in contexts:
        context.close()


def sound(page):
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def press(page, name):
    """A button reached with Tab and pressed with Enter."""
    for _ in range(120):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.innerText") == name:
            with page.expect_navigation():
                page.keyboard.press("Enter")
            return
    raise AssertionError(f"no button {name!r} by keyboard")


def fill(page, label, words):
    page.get_by_label(label, exact=True).focus()
    page.keyboard.press("Control+A")
    page.keyboard.type(words)


def choose(page, label):
    page.get_by_label(label, exact=True).focus()
    page.keyboard.press("Space")


def test_a_place_becomes_safer(work, pages, live_url):
    work, maker = work
    lead, other = pages
    url = f"{live_url}/places/{work.ref}/outcomes"
    measure = {name: f"{url}/measures/{key}" for name, key in work.measures.items()}

    compared_with(lead, f"{measure['counts']}/design")
    maker.activate(work)
    measured(lead, measure["survey"])
    lead.goto(f"{measure['counts']}/compare")
    sound(lead)
    choose(lead, "Yes")
    press(lead, "Compare")
    drawn_as_told(lead)
    assert "Fewer than expected: about 38 fewer" in lead.inner_text("main")
    sound(lead)
    other.goto(url)
    sound(other)
    maker.asked_again(work)
    reviewed(lead, f"{url}/reviews/new")
    closed(other, lead.url)


def compared_with(page, url):
    page.goto(url)
    sound(page)
    day = begun()
    for name, part in (("Day", day.day), ("Month", day.month), ("Year", day.year)):
        fill(page, name, str(part))
    choose(page, "Of every harm")
    press(page, "Choose by rule")
    assert "Parade" in page.inner_text("main")
    assert "could be seen" in page.inner_text("main")
    sound(page)


def measured(page, url):
    page.goto(url)
    fill(page, "How many said so?", "50")
    fill(page, "How many were asked?", "40")
    press(page, "Keep it")
    assert "More said so than were asked." in page.inner_text("main")
    sound(page)
    fill(page, "How many said so?", "31")
    press(page, "Keep it")


def reviewed(page, url):
    page.goto(url)
    sound(page)
    choose(page, "Yes, by the methods above")
    choose(page, "None seen")
    fill(page, "Where and how did you look?", "Youth workers walked the parade.")
    press(page, "Begin the review")
    choose(page, "Close: safer")
    fill(page, "Why?", REASON)
    press(page, "Decide")
    assert "Somebody other than the person who decided must agree." in page.inner_text("main")
    sound(page)


def closed(page, url):
    """By the second person, on a phone."""
    page.goto(url)
    sound(page)
    press(page, "I agree with this decision")
    page.get_by_role("link", name="Close the place now").click()
    page.get_by_label("Close it", exact=True).check()
    page.get_by_label("To close it: why?").select_option("SAFER")
    page.get_by_label("Reason", exact=True).fill("Two people read the outcome review.")
    page.get_by_role("button", name="Decide").click()
    page.get_by_text("This place is closed: safer").wait_for()


def drawn_as_told(page):
    """Each mark of a chart stands where its value of the table is."""
    chart = page.locator("svg.cm-chart").first
    told = page.locator("svg.cm-chart ~ *, table").first.inner_text()
    scale = [
        (float(tick.text_content()), float(tick.get_attribute("y")) - 6)
        for tick in chart.locator("text.cm-chart__label").all()[:3]
    ]
    (low, bottom), _, (high, top) = scale
    marks = chart.locator("circle").all()
    numbers = chart.locator("text.cm-chart__number").all()
    assert len(marks) == 2
    for mark, number in zip(marks, numbers, strict=True):
        value = float(number.text_content().rstrip("%"))
        at = bottom + (value - low) * (top - bottom) / (high - low)
        assert float(mark.get_attribute("cy")) == pytest.approx(at, abs=0.2)
        assert number.text_content() in told
