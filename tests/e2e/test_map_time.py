"""The month slider: map, table, sentence and address always tell of the same period."""

import re

from playwright.sync_api import expect

from tests.e2e.test_map import ITEM, numbers, opened

FOLLOWED = """
    () => {
      const month = document.getElementById("month");
      const stop = document.querySelectorAll("#month-stops option")[Number(month.value)];
      return month.getAttribute("aria-valuetext") === stop.label;
    }
"""


def shown(page):
    return page.locator("#month-shown").inner_text()


def rested(page):
    """The table and the map of the month that was chosen last, even before the script came."""
    page.wait_for_function(FOLLOWED)
    words = page.locator("#month").get_attribute("aria-valuetext")
    page.locator("#map-status", has_text=words).wait_for()
    return words


def test_the_slider_is_moved_by_keyboard_and_everything_follows(desktop):
    page = opened(desktop)
    page.locator("#month").focus()

    page.keyboard.press("End")
    words = rested(page)

    assert re.fullmatch(r"[A-Z][a-z]+ 20\d\d", words)
    assert shown(page) == words
    assert page.evaluate("document.activeElement.id") == "month"
    assert "from=20" in page.url
    assert "#" in page.url
    on_map = page.locator(ITEM).count()
    said = page.locator("#map-status").inner_text()
    assert f"{words}. Map " in said
    assert on_map > 0
    assert (
        numbers(page.locator("#count strong").inner_text())[0]
        == page.locator('#map-table [data-id^="PL-"]').count()
    )

    page.reload()
    page.locator("#map-status", has_text="wide").wait_for()
    assert shown(page) == words, "a reload shows the same month"

    page.get_by_role("button", name="Whole period").click()
    rested(page)
    assert "from=" not in page.url
    assert page.evaluate("document.activeElement.id") == "month"


def test_a_table_that_came_in_still_leads_to_the_map(desktop):
    page = opened(desktop)
    page.locator("#month").focus()
    page.keyboard.press("End")
    rested(page)

    page.locator("[data-show]").first.click()
    page.locator(f"{ITEM}:focus").wait_for()


def test_play_is_off_at_first_goes_on_and_stops_at_a_touch(desktop):
    page = opened(desktop)
    button = page.get_by_role("button", name="Play")
    assert page.locator("#month").input_value() == "0"

    button.click()
    stop = page.get_by_role("button", name="Stop")
    stop.wait_for()
    expect(page.locator("#month")).to_have_value("2")
    page.locator("#month").press("ArrowRight")

    assert page.get_by_role("button", name="Play").is_visible()
    assert page.locator("#month").input_value() == "3"


def test_without_a_script_links_go_from_month_to_month(without_javascript):
    page = without_javascript.open("/map")

    page.get_by_role("link", name=re.compile("Latest month")).click()
    assert "from=" in page.url
    page.get_by_role("link", name=re.compile("Previous month")).click()
    page.get_by_role("link", name=re.compile("Next month")).click()
    page.get_by_role("link", name="Whole period").click()
    assert "from=" not in page.url
