"""Clusters in Chromium: what the pages say, without a script, by keyboard, on a phone, on paper."""

import re

import pytest
from sqlalchemy import text

from tests.e2e.conftest import SignedIn, watched
from tests.e2e.test_pages import violations
from tests.people import LEAD, sign_in_as
from tests.readability import grade

DESK, PHONE = {"width": 1280, "height": 900}, {"width": 360, "height": 740}
REASON = "Synthetic: the school and the shop both know of this."


@pytest.fixture(scope="module")
def pattern_page(site_db):
    """The address of the largest cluster of two boroughs."""
    with site_db.read(LEAD) as session:
        found = session.scalar(
            text("""
                select rtrim(content_id::text) from app.cluster
                where reportable and r1_span order by n_incidents desc, content_id limit 1
            """)
        )
    return f"/clusters/{found}"


@pytest.fixture(scope="module")
def runs(site_db):
    with site_db.read(LEAD) as session:
        run = session.scalar(text("select id from app.cluster_run where state = 'DONE' limit 1"))
    return f"/clusters/compare?before={run}&after={run}"


@pytest.fixture(params=[DESK, PHONE], ids=["desk", "phone"])
def screen(request, browser, live_url):
    yield from watched(browser, live_url, viewport=request.param)


def good(page):
    """Nothing for axe to find, and nothing scrolls sideways."""
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize(
    "path",
    [
        "/clusters",
        "/clusters?show=all",
        "/clusters?decided=ADOPTED",
        "/clusters/new",
        "/clusters/runs",
        "/clusters/compare",
    ],
)
def test_axe_finds_nothing_in_any_list_full_or_empty(screen, path):
    good(screen.open(path))


@pytest.mark.parametrize("path", ["/clusters?show=never", "/clusters/compare?before=x&after=y"])
def test_axe_finds_nothing_where_the_address_is_wrong(browser, live_url, path):
    for size in (DESK, PHONE):
        page = browser.new_page(viewport=size)
        page.goto(live_url + path)
        assert page.locator(".govuk-error-summary").count() == 1
        good(page)
        page.context.close()


def test_axe_finds_nothing_on_the_page_of_a_cluster_and_in_a_comparison(screen, pattern_page, runs):
    good(screen.open(pattern_page))
    good(screen.open(runs))


@pytest.mark.parametrize("what", ["adopt", "watch", "dismiss", "rename", "agency", "undo"])
def test_a_question_that_was_not_answered_says_so_and_axe_finds_nothing(
    browser, live_url, pattern_page, what
):
    for size in (DESK, PHONE):  # a refused form is an error in the console of a browser
        page = browser.new_page(viewport=size)
        page.goto(f"{live_url}{pattern_page}/decide/{what}")
        good(page)
        for name in ("until", "name"):
            if page.locator(f"#{name}").count():
                page.fill(f"#{name}", "")
        page.click("form[novalidate] button")
        page.wait_for_load_state()
        assert page.locator(".govuk-error-summary").count() == 1
        assert page.title().startswith("Error: ")
        good(page)
        page.context.close()


def test_somebody_new_reads_why_it_is_listed_and_how_sure_we_are(desktop, pattern_page):
    page = desktop.open(pattern_page)
    said = page.inner_text("main")

    for words in (
        r"\d+ incidents at \d+ places between .+, within 250 metres and 28 days of each other\.",
        r"A grouping this strong would appear by chance in about 1 of [\d,]+ runs\.",
        r"Found in \d of 9 settings\.",
        r"where about .+ would be expected\.",
        r"Incidents in Kingston \(\d+\) and Richmond \(\d+\)\.",
        r"proactive police work",
    ):
        assert re.search(words, said), words
    assert not re.search(r"None|nan|undefined", said)


def test_every_sentence_of_the_page_can_be_read_by_everybody(desktop, pattern_page):
    page = desktop.open(pattern_page)

    lines = page.locator("main p, main li, main dd").all_inner_texts()

    assert grade([line for line in lines if " " in line.strip()]) <= 9


def test_the_chart_shows_the_numbers_of_its_table(desktop, pattern_page):
    page = desktop.open(pattern_page)

    drawn = page.locator("#why .cm-chart__number").all_text_contents()
    table = page.locator("#why details tbody td").all_inner_texts()

    assert len(drawn) == 12
    assert drawn == table


def test_without_a_script_everything_is_there_and_a_decision_can_be_made_and_taken_back(
    without_javascript, pattern_page
):
    page = without_javascript.open(pattern_page)
    assert page.locator("svg.cm-chart").count() == 2
    assert page.locator("img.cm-clustermap").evaluate("i => i.complete && i.naturalWidth") == 640

    page.click("text=Not a cluster")
    page.fill("#reason", REASON)
    page.click("form[novalidate] button")
    decided = page.inner_text("#decision")
    page.click("text=Take back the last decision")
    page.click("form[novalidate] button")
    after = page.inner_text("#decision")

    assert "Not a cluster" in decided
    assert REASON in decided
    assert "Looked at, not decided" in after
    assert "(taken back)" in after


def test_a_decision_is_made_with_the_keyboard_alone(desktop, pattern_page):
    page = desktop.open(f"{pattern_page}/decide/rename")

    page.focus("#name")
    page.keyboard.press("Control+a")
    page.keyboard.type("Riverside path")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url("**#decision")

    assert page.inner_text("h1") == "Riverside path"


def test_the_settings_of_a_run_are_refused_in_words_beside_each(browser, live_url):
    page = browser.new_page()
    page.goto(f"{live_url}/clusters/new")
    page.fill("#eps_m", "7")
    page.fill("#eps_days", "soon")
    page.click("form[novalidate] button")
    page.wait_for_load_state()

    assert "Enter a distance from 50 to 2,000 metres." in page.inner_text("#eps_m-error")
    assert "Enter 1 to 365 days, or none for any time." in page.inner_text("#eps_days-error")
    good(page)
    page.context.close()


def test_a_practitioner_reads_the_own_side_and_no_place_or_chance(
    chromium, site_db, live_url, pattern_page
):
    person = SignedIn(chromium, sign_in_as(site_db, "practitioner", agency="AFC").cookie)
    page = person.new_page(viewport=PHONE)
    page.goto(live_url + pattern_page)
    said = page.inner_text("main")

    assert "on your side of the boundary" in said
    assert "Also active across the boundary." in said
    assert "Richmond" not in page.inner_text("#boroughs")
    assert not re.search(r"1 of [\d,]+ runs|Places in it|Why here|Recalculate", said)
    good(page)
    page.context.close()


def test_on_paper_the_picture_the_tables_and_the_verdict_are_there(browser, live_url, pattern_page):
    page = browser.new_page()
    page.goto(live_url + pattern_page)
    page.emulate_media(media="print")

    assert page.locator(".cm-verdict").is_visible()
    assert page.locator("img.cm-clustermap").is_visible()
    assert page.locator("#places table").is_visible()
    assert not page.locator(".cm-contents").is_visible()
    page.context.close()
