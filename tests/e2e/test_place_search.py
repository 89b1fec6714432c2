"""Search, an online space and an objection in a real browser, by keyboard alone."""

import pytest

from tests.e2e.sitting import WIDTHS
from tests.e2e.test_triage import tab_to
from tests.people import sign_in_as


@pytest.fixture
def people(site_db):
    return sign_in_as(site_db, "practitioner"), sign_in_as(site_db, "cs_lead", agency="AFC")


def choose(desk, field, words):
    """A list, by the first letters of what it offers."""
    tab_to(desk.page, field)
    desk.page.keyboard.type(words)
    return desk


@pytest.mark.parametrize("width", WIDTHS)
def test_a_space_is_recorded_found_and_objected_to_by_keyboard_alone(sit, people, width):
    practitioner, lead = people
    name = f"Quiet server {width}"
    desk = sit(practitioner, width).open("/online").looks_well()
    desk.press("Record an online space").looks_well()
    desk.press("Record this online space").looks_well()
    assert desk.page.get_by_role("heading", name="There is a problem").is_visible()
    choose(desk, "type_code", "Group chat, server").write("name", name)
    choose(desk, "platform_code", "Game").write("address", f"https://chat.example.com/{width}")
    choose(desk, "borough", "Kingston upon Thames")
    desk.press("Record this online space").looks_well()
    assert desk.heading == name
    desk.press("Show full address").looks_well()
    assert f"https://chat.example.com/{width}" in desk.page.content()

    other = sit(lead, width).open("/")
    other.write("search-words", f"server {width}").press("Find").looks_well()
    assert other.heading == "Search"
    assert other.page.locator("mark").first.inner_text() == f"server {width}"
    other.press(name).looks_well().press("Ask for this to be looked at again").looks_well()
    choose(other, "raised_by", "A parent or carer")
    other.write("body", "This server was closed by those who ran it last year.")
    other.press("Ask for it").looks_well()
    assert other.heading.startswith("Objection OB-")
