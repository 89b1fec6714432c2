"""Triage in a real browser: wide and narrow, by keyboard alone, without JavaScript."""

import pytest

from tests.e2e.conftest import session_cookie
from tests.e2e.test_pages import violations
from tests.people import sign_in_as
from tests.reports import BUS, NAMED, rows, screened

WIDTHS = {"desk": {"width": 1280, "height": 900}, "phone": {"width": 360, "height": 740}}


@pytest.fixture(scope="module")
def lead(site_db):
    return sign_in_as(site_db, "cs_lead", agency="AFC")


@pytest.fixture(params=WIDTHS)
def page(request, chromium, lead, live_url):
    context = chromium.new_context(viewport=WIDTHS[request.param])
    context.add_cookies([session_cookie(lead.cookie)])
    page = context.new_page()
    page.complaints = []
    page.on("console", lambda m: m.type in {"error", "warning"} and page.complaints.append(m.text))
    yield page
    complaints = page.complaints
    context.close()
    # A refusal is an answer of ours, which the browser calls a failed resource.
    assert [c for c in complaints if "422" not in c] == []


def sent(site_db, settings, n, **given):
    words = {"notice_text": f"Synthetic {n}: small bags change hands after school by the bins"}
    return screened(site_db, settings, **words | given).ref


def fits(page):
    return page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def state(site_db, ref):
    return rows(site_db, "select state from app.report where ref = %s", ref)[0][0]


def test_the_inbox_and_a_report_are_clear_to_everybody(page, live_url, site_db, settings):
    ref = sent(site_db, settings, 1, **NAMED, danger_answer="YES")
    sent(site_db, settings, 2, **BUS)
    page.goto(f"{live_url}/reports")
    assert violations(page) == []
    assert fits(page)
    page.get_by_role("button", name=f"Take {ref}").click()
    page.get_by_role("heading", name=f"Report {ref}").wait_for()
    assert violations(page) == []
    assert fits(page)
    page.get_by_role("button", name="Decide").click()
    page.get_by_role("heading", name="There is a problem").wait_for()
    assert violations(page) == []
    assert fits(page)
    for name in ("Yes", "Propose a new place"):
        page.get_by_label(name, exact=True).check()
    for name in ("Send to another borough", "Merge with another report", "No further action"):
        page.get_by_label(name, exact=True).check()
    page.get_by_label("Why no further action?").wait_for()
    assert violations(page) == []
    assert fits(page)


def test_reply_contact_and_what_others_read(page, live_url, site_db, settings, chromium):
    ref = sent(site_db, settings, 3)
    decide(page, live_url, ref)
    page.get_by_label("Thank you", exact=True).check()
    page.get_by_role("button", name="Look at the reply").click()
    page.get_by_role("heading", name="As the reporter will read it").wait_for()
    assert violations(page) == []
    page.get_by_role("button", name="Send the reply").click()
    page.get_by_text("Feedback sent", exact=False).first.wait_for()
    assert state(site_db, ref) == "FEEDBACK_SENT"
    page.get_by_role("link", name="How to reach the reporter").click()
    page.get_by_role("heading", name="Why do you need to see this?").wait_for()
    assert violations(page) == []

    context = chromium.new_context(viewport=page.viewport_size)
    reader = sign_in_as(site_db, "practitioner")
    context.add_cookies([session_cookie(reader.cookie)])
    other = context.new_page()
    for path in ("/reports", f"/reports/{ref}"):
        other.goto(live_url + path)
        assert violations(other) == []
        assert fits(other)
    context.close()


def decide(page, live_url, ref):
    page.goto(f"{live_url}/reports/{ref}")
    page.get_by_role("button", name="Take this report").click()
    page.locator("#identifiable").check()
    page.locator("#tone").check()
    page.locator("#outcome_NFA").check()
    page.get_by_label("Why no further action?").select_option("TOO_LITTLE")
    page.get_by_role("button", name="Decide").click()
    page.get_by_role("heading", name="Decision", exact=True).wait_for()


def test_a_report_is_decided_without_javascript(chromium, live_url, site_db, settings, lead):
    ref = sent(site_db, settings, 4)
    context = chromium.new_context(viewport=WIDTHS["phone"], java_script_enabled=False)
    context.add_cookies([session_cookie(lead.cookie)])
    page = context.new_page()
    decide(page, live_url, ref)
    context.close()

    assert state(site_db, ref) == "DECIDED"


def test_a_report_is_decided_by_keyboard_alone(chromium, live_url, site_db, settings, lead):
    ref = sent(site_db, settings, 5)
    context = chromium.new_context(viewport=WIDTHS["desk"])
    context.add_cookies([session_cookie(lead.cookie)])
    page = context.new_page()
    page.goto(f"{live_url}/reports/{ref}")
    tab_to(page, "Take this report")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Safety").wait_for()
    tab_to(page, "identifiable")
    page.keyboard.press("Space")
    tab_to(page, "tone")
    page.keyboard.press("Space")
    tab_to(page, "outcome_NFA")
    page.keyboard.press("Space")
    tab_to(page, "reason")
    for _ in range(3):
        page.keyboard.press("ArrowDown")
    tab_to(page, "Decide")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Decision", exact=True).wait_for()
    context.close()

    assert state(site_db, ref) == "DECIDED"
    assert rows(site_db, "select reason_code from app.report where ref = %s", ref) == [
        ("TOO_LITTLE",)
    ]


def tab_to(page, wanted):
    """Press Tab until it is there, seeing the focus on each stop."""
    for _ in range(120):
        page.keyboard.press("Tab")
        name, text, seen = page.evaluate(
            "() => { const e = document.activeElement, s = getComputedStyle(e),"
            " l = e.labels && e.labels[0] ? getComputedStyle(e.labels[0], '::before') : s;"
            " return [e.id || e.name || '', e.textContent.trim(),"
            " [s, l].some(x => x.outlineStyle !== 'none' || x.boxShadow !== 'none')]; }"
        )
        assert seen, (name, text)
        if wanted in (name, text):
            return
    raise AssertionError(wanted)
