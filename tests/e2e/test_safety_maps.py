"""A group draws where it feels safe: on a telephone by touch, and with the keyboard alone."""

from datetime import date

import pytest

from app.core.ids import random_id
from app.places import queries as places
from app.safety_maps import service
from app.safety_maps.schemas import DrawingIn, SessionIn
from tests.e2e.conftest import session_cookie
from tests.e2e.test_pages import violations
from tests.e2e.test_place_life import fill, press, propose, tick, to
from tests.people import sign_in_as

PHONE = {"width": 360, "height": 740}


@pytest.fixture
def seated(chromium, site_db):
    """A telephone for each person."""
    opened = []

    def down(role="cs_lead", **options):
        person = sign_in_as(site_db, role, agency="AFC")
        context = chromium.new_context(viewport=PHONE, has_touch=True, **options)
        context.add_cookies([session_cookie(person.cookie)])
        opened.append(context)
        return person, context.new_page()

    yield down
    for context in opened:
        context.close()


def marked(page):
    return page.evaluate("[...document.querySelectorAll('[data-colour]')].map(f => f.value)")


def begin_with_the_keyboard(page, url):
    page.goto(f"{url}/new")
    tick(page, "The place and right around it")
    tick(page, "By day")
    fill(page, "How many children take part?", "10")
    tick(page, "On this phone or computer")
    tick(page, "I read it out")
    press(page, "Begin")


def draw_with_the_keyboard(page):
    to(page, "✕")
    for key in ("Tab", "ArrowRight", "ArrowDown", "Space", "Shift+Tab"):
        page.keyboard.press(key)
    for key in ("ArrowDown", "ArrowDown", "Tab", "ArrowRight", "Space", "ArrowRight", "Space"):
        page.keyboard.press(key)
    assert marked(page) == ["B2", "", "C2 D2"]
    to(page, "Undo")
    page.keyboard.press("Enter")
    assert marked(page) == ["B2", "", "C2"]
    assert page.locator("[data-square=C2]").get_attribute("aria-label") == "C2: I feel safe here"


def draw_with_a_finger(page):
    assert page.locator("[data-square=B2]").bounding_box()["width"] >= 36
    page.locator("[data-square=B2]").tap()
    page.locator("label.cm-pen--green").tap()
    page.locator("[data-square=C2]").tap()
    assert marked(page) == ["B2", "", "C2"]


def eight_more(db, actor, ref, day):
    asked = SessionIn(on=date.fromisoformat(day), area="NEAR", light="day", group=10)
    with db.begin(actor) as session:
        place = places.find(session, ref)
        for _ in range(8):
            drawn = DrawingIn(sheet=random_id(), red="B2", green="C2")
            service.save(session, actor, place, asked, drawn)


def checked_and_released(second, url):
    second.goto(f"{url}/check")
    assert violations(second) == []
    for box in second.locator("fieldset input[type=checkbox]").all():
        box.check()
    press(second, "They are checked")
    second.goto(f"{url}/release")
    press(second, "Release these 10")
    assert second.get_by_text("Put together from 10 drawings.").first.is_visible()
    assert second.get_by_role("row", name="B2 100% 0% 0% 10").is_visible()
    assert violations(second) == []


def test_a_group_draws_and_ten_drawings_become_a_map(seated, live_url, site_db):
    worker, page = seated()
    ref = propose(page, live_url, "Square of the drawings")
    url = f"{live_url}/places/{ref}/safety-maps"
    begin_with_the_keyboard(page, url)
    assert violations(page) == []
    assert page.locator(".cm-header").count() == 0
    draw_with_the_keyboard(page)
    assert violations(page) == []
    press(page, "Save this drawing")
    assert page.get_by_text("1 of 10 drawings is saved.").is_visible()
    draw_with_a_finger(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    page.get_by_role("button", name="Save this drawing").tap()
    page.get_by_text("2 of 10 drawings are saved.").wait_for()
    query = page.url.split("?")[1].split("#")[0]
    eight_more(site_db, worker.actor, ref, query[3:13])
    for part in (f"/draw?{query}", f"/type?{query}", f"/paper?{query}"):
        page.goto(url + part)
        assert violations(page) == []

    checked_and_released(seated()[1], url)


def test_without_javascript_squares_are_ticked(seated, live_url, site_db):
    _, page = seated(java_script_enabled=False)
    page.goto(f"{live_url}/places?q=park")
    ref = page.locator("tbody th a").first.get_attribute("href").split("/")[-1]
    query = "on=2026-11-05&area=WAYS&light=dark&group=3"

    page.goto(f"{live_url}/places/{ref}/safety-maps/draw?{query}")
    page.locator("[name=red_B2]").check()
    page.locator("[name=green_B2]").check()
    page.get_by_role("button", name="Save this drawing").click()
    assert page.get_by_text("B2 has two colours. Choose one.").first.is_visible()
    page.locator("[name=green_B2]").uncheck()
    page.get_by_role("button", name="Save this drawing").click()

    assert page.get_by_text("1 of 3 drawings is saved.").is_visible()
