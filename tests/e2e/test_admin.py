"""Administration in a browser: two people for an account or grant; administrators see no case."""

import re
from datetime import timedelta
from urllib.parse import urljoin, urlsplit

import pytest
from playwright.sync_api import expect
from sqlalchemy import text

from app.accounts.models import Grant, User
from app.core import clock
from app.core.actor import job_actor
from app.core.ids import new_reference
from tests.e2e.conftest import session_cookie
from tests.e2e.test_pages import violations
from tests.people import KINGSTON, RICHMOND, SYSTEM, sign_in_as

REASON = "Synthetic: works with the school beside this place."
PAGES = [
    ("administrator", "/admin"),
    ("administrator", "/admin/users"),
    ("administrator", "/admin/users?q=nobody+is+called+this"),
    ("administrator", "/admin/users/new"),
    ("administrator", "/admin/users/KIM"),
    ("administrator", "/admin/users/KIM/edit"),
    ("administrator", "/admin/users/KIM/disable"),
    ("administrator", "/admin/users/KIM/invite"),
    ("administrator", "/admin/users/KIM/end-sessions"),
    ("administrator", "/admin/users/KIM/tokens"),
    ("administrator", "/admin/roles"),
    ("administrator", "/admin/roles?thing=child_identity"),
    ("auditor", "/admin"),
    ("auditor", "/admin/users/NIA"),
    ("auditor", "/admin/users/NIA/confirm"),
    ("auditor", "/admin/grants/GRANT"),
    ("auditor", "/admin/grants/GRANT/approve"),
    ("cs_lead", "/admin"),
    ("cs_lead", "/admin/users/KIM"),
    ("cs_lead", "/admin/grants"),
    ("cs_lead", "/admin/grants?state=REVOKED"),
    ("cs_lead", "/admin/grants/new"),
    ("cs_lead", "/admin/grants/GRANT"),
    ("cs_lead", "/admin/grants/GRANT/revoke"),
]


@pytest.fixture(scope="module")
def people(site_db):
    found = {role: sign_in_as(site_db, role) for role in ("administrator", "auditor", "cs_lead")}
    found["KIM"] = sign_in_as(site_db, "practitioner", boroughs=(KINGSTON,))
    found["NIA"] = sign_in_as(site_db, "police_analyst")
    with site_db.begin(SYSTEM) as session:
        nia = session.get(User, found["NIA"].user_id)
        nia.state, nia.approved_at, nia.approved_by = "WAITING", None, None
    return found


@pytest.fixture(scope="module")
def place(site_db, people):
    """One of Richmond only."""
    with site_db.read(people["cs_lead"].actor) as session:
        return session.execute(
            text("select id, ref, name from app.place where borough_codes = :only limit 1"),
            {"only": [RICHMOND]},
        ).one()


@pytest.fixture(scope="module")
def refs(site_db, people, place):
    """What stands in an address for each of them."""
    now = clock.now()
    with site_db.begin(SYSTEM) as session:
        grant = Grant(
            ref=new_reference("GR"),
            user_id=people["KIM"].user_id,
            agency_code="AFC",
            kind="CASE",
            object_type="place",
            object_id=place.id,
            purpose="PLAN",
            reason=REASON,
            from_at=now,
            until_at=now + timedelta(days=9),
            created_by=people["cs_lead"].user_id,
        )
        session.add(grant)
        users = {name: session.get(User, people[name].user_id).ref for name in ("KIM", "NIA")}
    return users | {"GRANT": grant.ref}


@pytest.fixture
def page_of(chromium, live_url, people):
    """A page that somebody is signed in on."""
    opened = []

    def signed_in(name, **options):
        context = chromium.new_context(base_url=live_url, **options)
        context.add_cookies([session_cookie(people[name].cookie)])
        opened.append(context)
        context.set_default_timeout(8_000)
        return context.new_page()

    yield signed_in
    for context in opened:
        context.close()


def addressed(path, refs):
    for name, ref in refs.items():
        path = path.replace(name, ref)
    return path


@pytest.mark.parametrize(("role", "path"), PAGES)
def test_axe_finds_nothing_and_a_phone_needs_no_sideways_scrolling(page_of, refs, role, path):
    page = page_of(role, viewport={"width": 320, "height": 700})
    answer = page.goto(addressed(path, refs))

    found = violations(page)
    widths = page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")

    assert answer.status == 200
    assert found == []
    assert widths[0] <= widths[1]


def test_a_form_with_problems_and_both_versions_are_for_everybody(page_of, site_db, refs, people):
    page = page_of("administrator")
    page.goto("/admin/users/new")
    page.get_by_label("Role").select_option("practitioner")
    page.get_by_role("button", name="Add and invite").click()
    problems = page.locator(".govuk-error-summary").inner_text()
    wrong = violations(page)
    page.goto(f"/admin/users/{refs['KIM']}/edit")
    with site_db.begin(SYSTEM) as session:
        kim = session.get(User, people["KIM"].user_id)
        kim.version += 1
    page.get_by_role("button", name="Save").click()

    assert "Choose at least one borough." in problems
    assert "Enter an end date within 12 months." in problems
    assert wrong == []
    assert "Compare and save again." in page.locator("h1").inner_text()
    assert violations(page) == []
    page.get_by_role("button", name="Save as I wanted it").click()
    assert page.locator("h1").inner_text() == kim.name


def fill_day(page, name, day):
    """A date field takes day, month and year, each in a box of its own."""
    for box, typed in zip(("day", "month", "year"), (day.day, day.month, day.year), strict=True):
        page.locator(f"[name={name}-{box}]").fill(str(typed))


def test_an_account_is_made_confirmed_and_disabled_by_two_people_without_javascript(page_of):
    admin = page_of("administrator", java_script_enabled=False)
    admin.goto("/admin/users/new")
    admin.get_by_label("Username").fill("lou.example")
    admin.get_by_label("Name", exact=True).fill("Lou Example")
    admin.get_by_label("Organisation").select_option("AFC")
    admin.get_by_label("Role").select_option("cs_lead")
    fill_day(admin, "ends_on", clock.today() + timedelta(days=90))
    admin.get_by_role("button", name="Add and invite").click()
    link = admin.get_by_label("The link").input_value()
    admin.get_by_role("link", name="Go to the account").click()
    waits = admin.locator(".govuk-inset-text").inner_text()
    where = urlsplit(admin.url).path

    auditor = page_of("auditor", java_script_enabled=False)
    auditor.goto("/admin/users")
    auditor.get_by_role("link", name="Lou Example").click()
    auditor.get_by_role("button", name="Confirm", exact=True).click()
    auditor.get_by_role("button", name="Confirm this account").click()
    confirmed = auditor.locator("dl").inner_text()
    admin.goto(where)
    admin.get_by_role("button", name="Disable", exact=True).click()
    question = admin.locator("h1").inner_text()
    admin.get_by_role("button", name="Disable this account").click()

    assert re.search(r"/sign-in/invitation/[\w-]{40,}$", link)
    assert "waits for a second person: auditor" in waits
    assert "Confirmed by" in confirmed
    assert question == "Disable the account of Lou Example?"
    expect(admin.get_by_text("Disabled", exact=True)).to_be_visible()


def test_a_grant_opens_a_place_of_another_borough_until_it_is_revoked(page_of, refs, place):
    kim, lead, auditor = page_of("KIM"), page_of("cs_lead"), page_of("auditor")
    seen = [kim.goto(f"/places/{place.ref}").status]
    lead.goto("/admin/grants/new")
    lead.get_by_label("Who is it for?").select_option(refs["KIM"])
    lead.get_by_label("What does it open?").select_option("CASE")
    lead.get_by_label("Reference of the record").fill(place.ref.lower())
    lead.get_by_label("Purpose").select_option("CONTEXT_ASSESSMENT")
    lead.get_by_label("Why is it needed?").fill(REASON)
    fill_day(lead, "until_on", clock.today() + timedelta(days=30))
    lead.get_by_role("button", name="Ask for this grant").click()
    where = urlsplit(lead.url).path

    auditor.goto(where)
    auditor.get_by_role("button", name="Approve", exact=True).click()
    auditor.get_by_role("button", name="Approve this grant").click()
    seen.append(kim.goto(f"/places/{place.ref}").status)
    name = kim.locator("h1").inner_text()
    lead.goto(where)
    lead.get_by_role("button", name="Revoke", exact=True).click()
    lead.get_by_role("button", name="Revoke this grant").click()
    seen.append(kim.goto(f"/places/{place.ref}").status)

    assert seen == [404, 200, 404]
    assert name == place.name
    assert "Revoked by" in lead.locator("dl").inner_text()


RECORDS = """
    select ref from app.place union all select ref from app.incident
    union all select ref from app.child union all select name from app.place
    union all select content_id from app.cluster
"""


@pytest.fixture(scope="module")
def records(site_db, people):
    """References and names of every record that must not be met."""
    with site_db.read(job_actor("clusters:recompute")) as session:
        found = set(session.scalars(text(RECORDS)))
    assert len(found) > 100
    return {said for said in found if len(said) > 5}


def test_a_crawl_of_every_link_shows_an_administrator_no_case_record(page_of, records):
    page = page_of("administrator")
    waiting, seen, met = ["/"], set(), {}
    while waiting:
        path = waiting.pop()
        if path in seen:
            continue
        seen.add(path)
        answer = page.goto(path)
        body = page.content()
        met |= {said: path for said in records if said in body}
        assert answer.status == 200, path
        for href in page.eval_on_selector_all("a[href]", "all => all.map(a => a.href)"):
            found = urlsplit(urljoin(page.url, href))
            here = found.netloc == urlsplit(page.url).netloc
            # The way out of the public form leads to another site, and signs out.
            if here and not found.path.startswith(("/static", "/exit")):
                waiting.append(found.path + (f"?{found.query}" if found.query else ""))

    assert {"/admin", "/admin/users", "/admin/roles", "/account"} <= seen
    assert len(seen) > 20
    assert met == {}
