"""The work list and the help pages in a browser: by keyboard alone, and no heavier than a list."""

import pytest

from tests.e2e.test_pages import violations

HEAVIEST, MOST = 80_000, 12


def test_from_the_work_list_to_its_rows_by_keyboard(desktop):
    page = desktop.open("/")
    row = page.locator(".cm-work li").first
    number = int(row.locator("b").inner_text().replace(",", ""))

    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.closest('.cm-work') !== null"):
            break
    with page.expect_navigation():
        page.keyboard.press("Enter")

    told = page.locator("main").inner_text()
    assert f"{number:,} " in told
    assert violations(page) == []


def test_the_list_is_the_first_thing_on_the_page(desktop):
    page = desktop.open("/")

    tops = page.evaluate("['h1', '.cm-work'].map(s => document.querySelector(s).offsetTop)")
    assert tops[0] < tops[1] < 500


@pytest.mark.parametrize("topic", ["lead", "analyst", "reporter", "subgroup", "keys", "words"])
def test_a_help_page_is_no_heavier_than_a_list(browser, live_url, topic):
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    sizes = []
    wire = context.new_cdp_session(page)
    wire.send("Network.enable")
    wire.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))

    page.goto(f"{live_url}/help/{topic}")
    page.wait_for_load_state("networkidle")

    assert sum(sizes) <= HEAVIEST
    assert len(sizes) <= MOST
    context.close()


def test_each_picture_of_a_help_page_comes_when_one_reads_on(browser, live_url):
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.goto(f"{live_url}/help/lead")

    for shot in page.locator(".cm-shot img").all():
        shot.scroll_into_view_if_needed()
        shot.evaluate("image => image.decode()")
        assert shot.evaluate("image => image.naturalWidth") > 0

    context.close()
