"""The audit viewer in Chromium: for an auditor and a lead, on a desk and on a phone."""

from datetime import timedelta
from pathlib import Path

import psycopg
import pytest

from app.audit import seals, verification
from app.core import clock
from app.core.settings import Settings
from tests.audit_events import fill
from tests.e2e.conftest import SignedIn, watched
from tests.e2e.test_pages import violations
from tests.people import sign_in_as

DESK = {"width": 1280, "height": 900}
PHONE = {"width": 360, "height": 740}
AUDITOR_PAGES = ["/audit", "/audit?role=partner", "/audit?from=never", "/audit/unusual"]
NIGHT = """
    insert into audit.event (actor, role, agency, action, object_type, object_ref, purpose, outcome,
                             rows, at)
    select %s, 'practitioner', 'LA_KINGSTON', 'child.read', 'child', 'CH-' || i, 'PLAN', 'done', 1,
           %s - i * interval '10 seconds'
    from generate_series(1, 120) as i
"""


@pytest.fixture(scope="module")
def trail(site_db, tmp_path_factory):
    """Some of everything the pages show; sealed, anchored and verified."""
    dsn = site_db.logins.cluster.dsn("postgres", site_db.logins.dbname)
    person = sign_in_as(site_db, "practitioner")
    at = clock.now().replace(hour=3, minute=12) - timedelta(days=1)
    fill(dsn, 60, transactions=3)
    with psycopg.connect(dsn, autocommit=True) as admin:
        admin.execute(NIGHT, (person.user_id, at))
    folder = tmp_path_factory.mktemp("audit")
    own = Settings(data_dir=folder, secret_key="a key of the tests only")
    seals.seal(site_db)
    verification.anchor(site_db, own, folder / "anchors")
    verification.verify_with(site_db, own)
    return site_db


@pytest.fixture(scope="module")
def auditor(chromium, trail):
    return SignedIn(chromium, sign_in_as(trail, "auditor", agency="AFC").cookie)


@pytest.fixture(params=[DESK, PHONE], ids=["desk", "phone"])
def screen(request, auditor, live_url):
    yield from watched(auditor, live_url, viewport=request.param)


@pytest.mark.parametrize("path", AUDITOR_PAGES)
def test_axe_finds_nothing_and_nothing_scrolls_sideways(auditor, live_url, path):
    for size in (DESK, PHONE):
        page = auditor.new_page(viewport=size)
        page.goto(live_url + path)

        found = violations(page)
        widths = page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")

        page.close()
        assert found == []
        assert widths[0] <= widths[1]


def test_an_auditor_filters_pages_and_goes_back(screen):
    page = screen.open("/audit")
    page.get_by_label("Action").select_option("child.read")
    page.get_by_role("button", name="Apply").click()
    page.wait_for_url("**action=child.read*", wait_until="load")
    assert "180 events" in page.locator("main").inner_text()
    assert page.get_by_label("Action").input_value() == "child.read"

    page.get_by_role("link", name="Next page").click()
    page.wait_for_url("**before=*", wait_until="load")
    assert page.locator("tbody tr").count() == 25
    page.get_by_role("link", name="Previous page").click()
    page.wait_for_url("**after=*", wait_until="load")

    assert page.get_by_role("link", name="Previous page").count() == 0
    assert page.get_by_label("Action").input_value() == "child.read"


def test_the_state_line_and_unusual_use_are_shown(screen):
    page = screen.open("/audit")
    assert "no change found" in page.locator(".cm-lead").inner_text()

    page.get_by_role("link", name="Unusual use").click()
    page.wait_for_url("**/audit/unusual", wait_until="load")

    assert "120 reads on one day" in page.locator("main").inner_text()
    assert page.locator("h2").all_inner_texts() == [
        "Many reads of children's references",
        "Identities of children read",
        "References opened that belong to no work",
        "Reads outside office hours",
        "Emergency access",
        "Many denials",
    ]


def test_a_download_is_a_file(auditor, live_url):
    page = auditor.new_page()
    page.goto(f"{live_url}/audit?action=child.read")
    with page.expect_download() as started:
        page.get_by_role("link", name="Download metadata").click()

    name, lines = started.value.suggested_filename, Path(started.value.path()).read_bytes()
    page.close()
    assert name.endswith(".csv")
    assert lines.count(b"\r\n") == 181


def test_verify_now_says_that_it_was_asked_for(screen):
    page = screen.open("/audit")
    page.get_by_role("button", name="Verify now").click()

    page.get_by_role("status").filter(has_text="Verification was asked for at").wait_for()


def test_a_failed_verification_stands_before_everything_else(screen, trail):
    dsn = trail.logins.cluster.dsn("postgres", trail.logins.dbname)
    failed = "insert into audit.event (role, action, object_type, outcome, rows, detail) values "
    failed += """('job', 'audit.verify', 'audit_event', 'changed', 9, '{"first_broken": 8112}')"""
    with psycopg.connect(dsn, autocommit=True) as admin:
        admin.execute(failed)

    page = screen.open("/audit")

    said = page.get_by_role("alert").filter(has_text="Verification").inner_text()
    widths = page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
    with psycopg.connect(dsn, autocommit=True) as admin:
        admin.execute("delete from audit.event where outcome = 'changed'")
    assert widths[0] <= widths[1]
    assert said.startswith("Verification failed at seal 8,112. Do not delete anything. Call ")
    assert violations(page) == []


def test_a_lead_finds_totals_and_who_has_seen_a_place(desktop, trail):
    page = desktop.open("/audit")
    assert page.locator("h1").inner_text() == "Audit"
    assert violations(page) == []

    page = desktop.open("/places")
    page.locator("tbody th a").first.click()
    page.wait_for_url("**/places/PL-*", wait_until="load")
    page.get_by_role("link", name="Who has seen this").click()
    page.wait_for_url("**/audit/seen/PL-*", wait_until="load")

    assert page.locator("h1").inner_text().startswith("Who has seen PL-")
    assert violations(page) == []
    page.get_by_role("link", name="Back to the place").click()
    page.wait_for_url("**/places/PL-*")


def test_a_lead_s_totals_fit_a_phone(browser, live_url, trail):
    page = browser.new_page(viewport=PHONE)
    page.goto(f"{live_url}/audit")

    widths = page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")

    page.close()
    assert widths[0] <= widths[1]
