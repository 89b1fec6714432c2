"""Children's references in a browser, by keyboard alone: reason, link, identity, erasure."""

import re
from urllib.parse import urlsplit

import psycopg
import pytest

from app.core.ids import new_reference
from tests.e2e.conftest import session_cookie
from tests.e2e.test_pages import violations
from tests.people import sign_in_as

ROLES = ("cs_lead", "auditor", "practitioner")
FOCUSED = """() => {
    const at = document.activeElement;
    const label = at.labels && at.labels[0] ? at.labels[0].innerText : at.innerText;
    return [at.id || "", (label || "").trim()];
}"""


@pytest.fixture(scope="module")
def people(site_db):
    found = {role: sign_in_as(site_db, role, agency="AFC") for role in ROLES}
    found["custodian"] = sign_in_as(site_db, "cs_lead", agency="AFC")
    who = found["custodian"].user_id
    with psycopg.connect(
        site_db.logins.cluster.dsn("postgres", site_db.logins.dbname), autocommit=True
    ) as admin:
        admin.execute(
            "insert into app.access_grant (id, ref, user_id, agency_code, kind, object_type, "
            "object_id, reason, until_at, created_by, approved_at, approved_by) values "
            "(gen_random_uuid(), %s, %s, 'AFC', 'CUSTODIAN', 'duty', %s, 'Synthetic', "
            "now() + interval '80 days', %s, now(), gen_random_uuid())",
            (new_reference("GR"), who, who, who),
        )
    return found


@pytest.fixture
def page_of(chromium, live_url, people):
    opened = []

    def signed_in(name, **options):
        context = chromium.new_context(base_url=live_url, **options)
        context.add_cookies([session_cookie(people[name].cookie)])
        opened.append(context)
        context.set_default_timeout(15_000)
        return context.new_page()

    yield signed_in
    for context in opened:
        context.close()


def tab_to(page, wanted):
    """The next thing, from where the keyboard is, whose id is this or whose words begin so."""
    for _ in range(80):
        page.keyboard.press("Tab")
        name, words = page.evaluate(FOCUSED)
        if name == wanted or words.startswith(wanted):
            return
    raise AssertionError(f"the keyboard finds no {wanted} on {page.url}")


def press(page, wanted, key="Enter"):
    tab_to(page, wanted)
    with page.expect_navigation():
        page.keyboard.press(key)


def fill(page, wanted, text):
    tab_to(page, wanted)
    page.keyboard.type(text)


def say_why(page):
    """The first purpose, with the space bar."""
    tab_to(page, "purpose")
    page.keyboard.press("Space")
    press(page, "Show it")


def day(page, wanted, digits):
    """A date field takes day, month and year as typed."""
    for box, typed in zip(
        (wanted, f"{wanted}-month", f"{wanted}-year"), digits.split(), strict=True
    ):
        fill(page, box, typed)


def fits(page):
    widths = page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
    return violations(page) == [] and widths[0] <= widths[1]


def new_child(page):
    """By keyboard from the list; its reference."""
    page.goto("/children")
    if page.locator("h1").inner_text() == "Why do you need to see this?":
        press(page, "Show it")
        assert (
            "Select why you need to see this." in page.locator(".govuk-error-summary").inner_text()
        )
        assert fits(page)
        say_why(page)
    assert fits(page)
    press(page, "Make a new reference")
    press(page, "Make a new reference")  # nothing typed
    assert fits(page)
    for name, word in (("home_lad_code", "King"), ("age_band", "13"), ("purpose", "Con")):
        if name == "purpose":
            day(page, "age_band_as_of", "1 1 2026")
        tab_to(page, name)
        page.keyboard.type(word)
    press(page, "Make a new reference")
    assert page.locator("h1").inner_text().startswith("Child CH-")
    assert fits(page)
    return re.search(r"CH-\w{3}-\w{4}", page.url)[0]


def place_ref(site_db, people):
    with site_db.read(people["cs_lead"].actor) as session:
        from sqlalchemy import text

        return session.scalar(
            text("select ref from app.place where borough_codes = '{E09000021}' limit 1")
        )


def link(page, place):
    press(page, "Link to a place")
    press(page, "Link")
    assert fits(page)
    fill(page, "place", place)
    tab_to(page, "role")
    page.keyboard.type("Often")
    day(page, "from_on", "2 2 2026")
    tab_to(page, "source_agency")
    page.keyboard.type("Achieving")
    fill(page, "basis", "Synthetic: said in a return interview")
    press(page, "Link")


def enter(keeper):
    press(keeper, "Ask for the identity")
    assert fits(keeper)
    press(keeper, "Enter who this is")
    press(keeper, "Seal it")
    assert fits(keeper)
    fill(keeper, "surname", "Synthetic-Keyboard")
    fill(keeper, "given_names", "Synthetic Kim")
    day(keeper, "born_on", "3 2 2012")
    press(keeper, "Seal it")


def ask(lead, ref):
    """What is said of a reason that is too short."""
    lead.goto(f"/children/{ref}")
    say_why(lead)
    press(lead, "Ask for the identity")
    press(lead, "Ask a custodian")
    short = lead.locator(".govuk-error-summary").inner_text()
    assert fits(lead)
    fill(lead, "reason", "Synthetic: found at night, the family must be told")
    press(lead, "Ask a custodian")
    assert fits(lead)
    return short


def test_a_reference_is_opened_linked_corrected_and_closed_by_keyboard(page_of, site_db, people):
    page = page_of("cs_lead", viewport={"width": 1280, "height": 900})
    ref, place = new_child(page), place_ref(site_db, people)

    link(page, place)
    linked = page.locator("table").first.inner_text()
    press(page, "Correct")
    assert fits(page)
    tab_to(page, "role")
    page.keyboard.type("Avoids")
    press(page, "Save")
    corrected = page.locator("table").first.inner_text()
    assert fits(page)
    press(page, "Correct")
    press(page, "Take it back")
    fill(page, "why", "Synthetic: another child")
    press(page, "Take it back")
    gone = page.locator("main").inner_text()
    press(page, "Close: work is over")

    assert "Often here" in linked
    assert "Avoids it" in corrected
    assert "No link to a place that you may see." in gone
    assert "Work is over." in page.locator("main").inner_text()
    assert urlsplit(page.url).path == f"/children/{ref}"


def test_an_identity_is_asked_for_approved_and_read_by_keyboard(page_of):
    keeper, lead = page_of("custodian"), page_of("cs_lead")
    ref = new_child(keeper)
    enter(keeper)

    short = ask(lead, ref)
    keeper.goto("/identity-requests")
    assert fits(keeper)
    press(keeper, "GR-")
    assert fits(keeper)
    press(keeper, "Approve for 24 hours")
    assert "about 23 hours are left" in keeper.locator("main").inner_text()
    lead.goto(f"/children/{ref}/identity")
    assert fits(lead)
    press(lead, "Show who this is")
    shown = lead.locator("main").inner_text()
    assert fits(lead)
    lead.goto("/children/known")
    assert fits(lead)

    assert "Enter a reason of at least 20 characters." in short
    assert "Synthetic-Keyboard" in shown
    assert "Synthetic-Keyboard" not in keeper.content()


def test_a_place_tells_how_many_and_who_after_a_reason(page_of, site_db):
    with psycopg.connect(site_db.logins.cluster.dsn("postgres", site_db.logins.dbname)) as admin:
        ref, n = admin.execute(
            "select p.ref, count(distinct l.child_id) from app.place p "
            "join app.child_place_link l on l.place_id = p.id "
            "where 'E09000021' = any (p.borough_codes) and p.tier in ('H0', 'H1') "
            "group by 1 order by 2 desc limit 1"
        ).fetchone()
    page = page_of("practitioner", viewport={"width": 360, "height": 740})
    page.goto(f"/places/{ref}")
    told = page.locator("main").inner_text()
    press(page, "Show references")
    assert fits(page)
    say_why(page)

    assert f"{n} · Show references" in told
    assert page.locator("h1").inner_text() == "Children linked to this place"
    assert fits(page)


def test_what_is_due_is_approved_by_its_number_and_held_by_keyboard(page_of):
    lead, auditor = page_of("cs_lead"), page_of("auditor")
    ref = new_child(lead)
    lead.goto("/admin/holds/new")
    press(lead, "Ask for this hold")
    assert fits(lead)
    fill(lead, "record", ref)
    tab_to(lead, "purpose")
    lead.keyboard.type("Sub")
    fill(lead, "reason", "Synthetic: asked by the family")
    press(lead, "Ask for this hold")
    assert fits(lead)
    auditor.goto("/admin/holds")
    press(auditor, "Approve")
    assert "Holds" in auditor.locator("table").inner_text()
    assert fits(auditor)
    auditor.goto("/admin/retention")

    assert fits(auditor)
    told = auditor.locator("main").inner_text()
    assert "at 3:23am" in told or "is due:" in told  # of what others left
