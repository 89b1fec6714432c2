"""Every page: valid for assistive technology, on its own, readable at 320 pixels."""

from pathlib import Path

import pytest

AXE = (Path(__file__).parent / "vendor/axe.min.js").read_text()
PAGES = [
    "/",
    "/map",
    "/map?layer=incidents",
    "/map?layer=clusters",
    "/map?type=ONLINE_GAME&borough=E09000021",
    "/places",
    "/places?q=nothing+is+called+this",
    "/places/new",
    "/incidents",
    "/incidents/new",
    "/clusters",
    "/imports",
    "/about-the-data",
    "/accessibility",
    "/privacy",
    "/help",
    "/no-such-page",
]
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def violations(page):
    page.wait_for_load_state("load")  # a click goes on when an answer begins, not when it is there
    page.evaluate(AXE)
    found = page.evaluate(
        "rules => axe.run(document, {runOnly: {type: 'tag', values: rules}})", RULES
    )
    return [
        f"{v['id']}: {v['help']} ({', '.join(str(n['target']) for n in v['nodes'][:3])})"
        for v in found["violations"]
    ]


@pytest.mark.parametrize("path", PAGES)
def test_axe_finds_nothing(browser, live_url, path):
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.goto(live_url + path)
    if "/map" in path:
        page.locator("#map-status", has_text="wide").wait_for()

    found = violations(page)

    context.close()
    assert found == []


def test_axe_finds_what_is_wrong(browser):
    page = browser.new_page()
    page.set_content("<html><body><img src='x.png'><input></body></html>")

    found = violations(page)

    page.close()
    assert any(line.startswith("image-alt") for line in found)
    assert any(line.startswith("label") for line in found)


@pytest.mark.parametrize("path", [p for p in PAGES if p != "/no-such-page"])
def test_a_narrow_phone_needs_no_sideways_scrolling(phone, path):
    page = phone.open(path)

    widths = page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")

    assert widths[0] <= widths[1]


def test_a_place_and_a_cluster_open_from_their_lists(desktop):
    page = desktop.open("/places")
    page.locator("tbody th a").first.click()
    assert page.locator("h1").inner_text().startswith(("Demo", "Address"))
    assert violations(page) == []

    page = desktop.open("/clusters")
    page.locator("tbody th a").first.click()
    assert "chance" in page.locator("main").inner_text()
    assert violations(page) == []


def test_a_form_says_what_is_wrong_beside_the_answer(browser, live_url):
    page = browser.new_page()
    page.goto(f"{live_url}/places/new")
    page.get_by_label("Name").fill("Canbury Gardens")
    page.get_by_role("button", name="Propose this place").click()

    assert page.title().startswith("Error:")
    page.get_by_role("alert").wait_for()
    assert page.get_by_label("Name").input_value() == "Canbury Gardens"
    assert violations(page) == []
    page.close()


def test_a_proposed_place_is_shown_with_its_borough(desktop):
    page = desktop.open("/places/new")
    page.get_by_label("What kind of place is it?").select_option("TAKEAWAY_SHOP")
    page.get_by_label("Name").fill("Cafe of the browser test")
    page.get_by_label("Easting").fill("518000")
    page.get_by_label("Northing").fill("169300")
    with page.expect_navigation():
        page.get_by_role("button", name="Propose this place").click()
    if page.get_by_label("It is none of these").is_visible():
        page.get_by_label("It is none of these").check()
        with page.expect_navigation():
            page.get_by_role("button", name="Propose this place").click()

    assert page.locator("h1").inner_text() == "Cafe of the browser test"
    assert "Kingston upon Thames" in page.locator("dl").first.inner_text()


def test_demonstration_data_is_marked_on_every_page(desktop):
    for path in ("/", "/map", "/places", "/clusters"):
        assert desktop.open(path).get_by_text("Demonstration data: synthetic").is_visible()
