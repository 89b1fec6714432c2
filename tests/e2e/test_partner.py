"""A school tells of a route on a telephone, with the keyboard, and finds it in its list."""

import pytest

from tests.e2e.conftest import session_cookie, watched
from tests.e2e.test_pages import violations
from tests.people import sign_in_as

PHONE = {"viewport": {"width": 360, "height": 740}}


class School:
    """Chromium whose contexts carry the session of a partner."""

    def __init__(self, chromium, cookie: str) -> None:
        self.chromium, self.cookie = chromium, cookie

    def new_context(self, **options):
        context = self.chromium.new_context(**options)
        context.add_cookies([session_cookie(self.cookie)])
        return context


@pytest.fixture(params=[True, False], ids=["with scripts", "without scripts"])
def telephone(request, chromium, live_url, site_db):
    person = sign_in_as(site_db, "partner", agency="EDU")
    school = School(chromium, person.cookie)
    yield from watched(school, live_url, java_script_enabled=request.param, **PHONE)


def checked(watched) -> None:
    page = watched.page
    if page.evaluate("document.documentElement.classList.contains('js-enabled')"):
        assert violations(page) == []
    widths = page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
    assert widths[0] <= widths[1]


def chosen(page, label: str) -> None:
    """By keyboard alone."""
    box = page.get_by_label(label, exact=True)
    box.focus()
    page.keyboard.press("Space")


def go_on(page, button: str = "Continue") -> None:
    page.get_by_role("button", name=button, exact=True).focus()
    page.keyboard.press("Enter")


def answered(page) -> None:
    """Every question that a partner is asked."""
    page.get_by_role("heading", name="Is anyone in danger right now?").wait_for()
    chosen(page, "No")
    go_on(page)
    page.get_by_role("heading", name="What do you want to tell us about?").wait_for()
    chosen(page, "A route or journey")
    go_on(page)
    page.locator("#line").wait_for()
    chosen(page, "Bus")
    page.locator("#line").fill("65")
    go_on(page)
    page.get_by_role("heading", name="What worries you about it?").wait_for()
    chosen(page, "Robbery")
    go_on(page)
    page.get_by_role("heading", name="When does it happen?").wait_for()
    chosen(page, "It happens often")
    go_on(page)


def test_a_partner_reports_without_saying_who_and_sees_what_became_of_it(telephone):
    page = telephone.open("/reports/mine")
    before = page.locator("tbody tr").count()
    checked(telephone)
    go_on(page, "Tell us about a place")

    answered(page)
    page.get_by_role("heading", name="Check what you have told us").wait_for()
    checked(telephone)
    assert page.get_by_text("About you").count() == 0
    page.wait_for_timeout(3_000)  # faster than anybody reads would wait in quarantine
    go_on(page, "Send")

    page.get_by_role("heading", name="We have received it").wait_for()
    checked(telephone)
    page.get_by_role("link", name="My reports").click()
    page.get_by_role("heading", name="My reports").wait_for()
    assert page.locator("tbody tr").count() == before + 1
    first = page.locator("tbody tr").first.inner_text()
    assert "A route or journey" in first
    assert "Received" in first
    checked(telephone)


def test_the_page_before_the_first_question(telephone):
    page = telephone.open("/reports/new")

    assert page.get_by_role("link", name="999").is_visible()
    checked(telephone)
