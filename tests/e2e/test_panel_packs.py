"""The MARVE pack and the sheet of the missing panel: by keyboard, at a phone, on paper."""

import re

import pytest

from app.packs.rules import Kind
from tests.e2e.conftest import session_cookie
from tests.e2e.test_pages import violations
from tests.e2e.test_triage import fits
from tests.packs import known_place, panel

DESK, PHONE = {"width": 1280, "height": 900}, {"width": 320, "height": 700}


@pytest.fixture(scope="module")
def marve(site_db):
    """A pack with two places of Kingston, one of them a home."""
    here = panel(site_db, Kind.MARVE)
    places = [known_place(here), known_place(here, sensitivity="RESIDENTIAL")]
    with here.admin() as admin:
        admin.execute(  # before every other place
            "update app.place set week_grid = repeat('100', 56)::bit(168), urgent_since = now(), "
            "level = 'CL4' where id = any (%s)",
            ([place.id for place in places],),
        )
    return here, here.frozen(), places


@pytest.fixture(scope="module")
def missing(site_db):
    here = panel(site_db, Kind.MISSING)
    return here, here.frozen()


@pytest.fixture
def page_of(chromium, live_url):
    opened = []

    def opens(person, path, viewport=DESK):
        context = chromium.new_context(
            base_url=live_url, viewport=viewport, reduced_motion="reduce"
        )
        context.add_cookies([session_cookie(person.cookie)])
        opened.append(context)
        page = context.new_page()
        page.goto(path)
        return page

    yield opens
    for context in opened:
        context.close()


def tab_to(page, words):
    """With the tabulator alone, as far as a link with these words."""
    for _ in range(80):
        page.keyboard.press("Tab")
        if words in page.evaluate("document.activeElement.textContent"):
            return page
    raise AssertionError(f"no stop says {words}")


def test_from_the_pack_to_each_place_and_back_by_keyboard(marve, page_of):
    here, ref, places = marve
    page = page_of(here.people["cs_lead"], f"/briefings/{ref}")

    tab_to(page, f"Synthetic {places[0].ref}").keyboard.press("Enter")
    page.wait_for_url(re.compile("/places/"))
    assert page.locator("h1").inner_text() == f"Synthetic {places[0].ref}"
    assert page.locator(".cm-placemap").count() == 1
    tab_to(page, f"Address {places[1].ref}").keyboard.press("Enter")
    page.wait_for_url(f"**/places/{places[1].ref}")

    assert page.locator("h1").inner_text() == f"Address {places[1].ref}"
    assert page.locator(".cm-placemap").count() == 0
    tab_to(page, "MARVE pack").keyboard.press("Enter")
    page.wait_for_url(f"**/briefings/{ref}")


@pytest.mark.parametrize("viewport", [DESK, PHONE], ids=["desk", "phone"])
def test_every_page_of_the_pack_is_clean_and_fits(marve, missing, page_of, viewport):
    here, ref, places = marve
    paths = ["", f"/places/{places[0].ref}", f"/places/{places[1].ref}", "/parts/L", "/parts/A"]
    lead = here.people["cs_lead"]
    for path in [f"/briefings/{ref}{path}" for path in paths] + [f"/briefings/{missing[1]}"]:
        page = page_of(lead, path, viewport)
        assert violations(page) == [], path
        assert fits(page), path


def test_each_place_is_one_sheet_of_paper(marve, page_of):
    here, ref, _ = marve
    page = page_of(here.people["cs_lead"], f"/briefings/{ref}/parts/L")
    shown = page.locator("article.cm-place").count()

    sheets = len(re.findall(rb"/Type\s*/Page[^s]", page.pdf(format="A4")))

    assert sheets == shown >= 2


def test_a_partner_opens_the_own_places_and_never_a_home(marve, page_of):
    here, ref, places = marve
    partner = here.people["partner"]

    assert page_of(partner, f"/briefings/{ref}").locator(".cm-placelist li").count() >= 1
    gone = page_of(partner, f"/briefings/{ref}/places/{places[1].ref}")
    assert "Not found" in gone.locator("h1").inner_text()
