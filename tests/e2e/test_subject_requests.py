"""Somebody asks what is held: registered, put together, read and told, at two widths."""

import os
from pathlib import Path

import pytest

from tests.e2e.conftest import session_cookie
from tests.e2e.test_pages import violations
from tests.e2e.test_views import SCROLLS, SMALL, WIDE
from tests.people import sign_in_as
from tests.sql.world import KINGSTON

PICTURES = os.environ.get("CONTEXTMAP_PICTURES")
SIZES = {"wide": {"width": 1280, "height": 900}, "narrow": {"width": 375, "height": 740}}


@pytest.fixture(params=SIZES, scope="module")
def pages(request, chromium, live_url, site_db):
    """A page each for a lead and an auditor."""
    contexts, made = [], {}
    for role in ("cs_lead", "auditor"):
        person = sign_in_as(site_db, role, agency="AFC")
        context = chromium.new_context(base_url=live_url, viewport=SIZES[request.param])
        context.add_cookies([session_cookie(person.cookie)])
        context.set_default_timeout(15_000)
        contexts.append(context)
        made[role] = context.new_page()
        made[role].size = request.param
    yield made
    for context in contexts:
        context.close()


def whole(page, name):
    """Whatever a page must be: nothing wider than the screen, nothing small, nothing for axe."""
    if PICTURES:
        page.screenshot(path=Path(PICTURES) / f"{name}-{page.size}.png", full_page=True)
    assert violations(page) == [], name
    assert page.evaluate(WIDE) <= 0, name
    assert page.evaluate(SCROLLS) == [], name
    assert page.evaluate(SMALL) == [], name


def new_child(lead):
    answer = lead.request.post(
        "/api/v1/children",
        data={"home_lad_code": KINGSTON, "age_band": "A13_15", "age_band_as_of": "2026-01-01"},
        headers={"X-Purpose": "PLAN", "Origin": lead.url.rsplit("/", 1)[0]},
    )
    assert answer.ok, answer.text()
    return answer.json()["ref"]


def register(auditor, record, kind):
    auditor.goto("/subject-requests/new")
    auditor.get_by_label(kind).check()
    auditor.get_by_label("Child's reference, or code of the report").fill(record)
    auditor.get_by_label("The person whom it is about").check()
    auditor.get_by_label("The child's own case file").check()
    auditor.get_by_role("button", name="Register it").click()
    return auditor.locator("h1").inner_text().removeprefix("Request ")


def test_an_answer_is_registered_put_together_read_and_told(pages):
    lead, auditor = pages["cs_lead"], pages["auditor"]
    lead.goto("/children")
    auditor.goto("/subject-requests/new")
    auditor.get_by_role("button", name="Register it").click()
    whole(auditor, "refused")
    ref = register(auditor, new_child(lead), "To see what is held")
    whole(auditor, "registered")

    lead.goto("/subject-requests?show=decide")
    whole(lead, "list")
    lead.get_by_role("link", name=ref).click()
    lead.get_by_role("button", name="Decide").click()
    whole(lead, "decide")
    lead.get_by_label("Put together").check()
    lead.get_by_role("button", name="Decide").click()
    whole(lead, "decided")
    lead.get_by_role("button", name="Put the answer together").click()
    whole(lead, "answer")

    assert "Ask the police controller" in lead.locator("main").inner_text()
    auditor.goto(f"/subject-requests/{ref}")
    auditor.get_by_role("button", name="The person was told").click()
    whole(auditor, "told")
    assert "Answered" in auditor.locator("main").inner_text()


def test_an_erasure_says_before_and_after_what_it_means(pages):
    lead, auditor = pages["cs_lead"], pages["auditor"]
    lead.goto("/children")
    ref = register(auditor, new_child(lead), "To have it erased")

    lead.goto(f"/subject-requests/{ref}/decide")
    lead.get_by_role("button", name="Decide").click()
    whole(lead, "erase-refused")
    lead.get_by_label("Erase").check()
    lead.get_by_role("button", name="Decide").click()

    whole(lead, "erasing")
    assert "What remains" in lead.locator("main").inner_text()
