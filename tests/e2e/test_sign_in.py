"""Local sign-in in a browser: demonstration accounts, an invitation, the own account, idling."""

import json
import re

import pyotp
import pytest
import segno
from playwright.sync_api import expect
from sqlalchemy import text

from app.accounts import queries, service
from app.core import clock
from app.core.actor import job_actor
from app.core.pages import SESSION_COOKIE
from app.core.settings import Settings
from app.demo import accounts
from tests.e2e.conftest import session_cookie
from tests.e2e.test_pages import violations
from tests.people import SYSTEM, sign_in_as

CHOSEN = "violet anchor teapot 3"
ADMIN = job_actor("accounts:admin", db_role="cs_app")


@pytest.fixture(scope="module")
def people(site_db, tmp_path_factory) -> dict:
    """What demo-accounts.json says, by role. A code counts once: one sign-in a test and role."""
    folder = tmp_path_factory.mktemp("demo")
    accounts.ensure(site_db, Settings(data_dir=folder, secret_key="a key of the tests only"))
    told = json.loads((folder / accounts.FILE).read_text())
    return {each["role"]: each for each in told}


@pytest.fixture
def invite(site_db):
    """A link for an account of a new, synthetic person."""

    def make(role="partner") -> tuple[str, str]:
        person = sign_in_as(site_db, role)
        with site_db.begin(ADMIN) as session:
            user = queries.user_by_id(session, person.user_id)
            token = service.invite(session, user, now=clock.now())
        return f"/sign-in/invitation/{token}", person.username

    return make


@pytest.fixture
def opened(chromium, live_url):
    """Contexts of strangers; closed at the end, with whatever they complained of."""
    contexts, complaints = [], []

    def new_page(person=None, **options):
        size = {"viewport": {"width": 1280, "height": 900}}
        context = chromium.new_context(base_url=live_url, **size | options)
        contexts.append(context)
        if person is not None:
            context.add_cookies([session_cookie(person.cookie)])
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda m: "Security" in m.text and complaints.append(m.text))
        return page

    yield new_page
    for context in contexts:
        context.close()
    assert complaints == []


def give_password(page, who, password=None):
    page.get_by_label("Username").fill(who["username"])
    page.get_by_label("Password", exact=True).fill(password or who["password"])
    page.get_by_role("button", name="Continue").click()


def give_code(page, secret, button="Sign in"):
    page.get_by_label("Code").fill(pyotp.TOTP(secret).now())
    page.get_by_role("button", name=button).click()


def heading(page) -> str:
    return page.get_by_role("heading", level=1).inner_text()


@pytest.mark.parametrize(("role", "script"), [("practitioner", True), ("cs_lead", False)])
def test_password_and_code_open_the_page_asked_for(opened, people, role, script):
    page, who = opened(java_script_enabled=script), people[role]
    page.goto("/places?q=Demo")
    at_password = heading(page)
    give_password(page, who)
    at_code = heading(page)
    give_code(page, who["totp_secret"])

    assert (at_password, at_code) == ("Sign in", "Enter a code")
    assert heading(page) == "Places of concern"
    assert page.url.endswith("/places?q=Demo")
    page.get_by_role("link", name="Your account").click()
    expect(page.get_by_text(who["username"], exact=True)).to_be_visible()
    page.get_by_role("button", name="Sign out everywhere").click()
    expect(page.get_by_text("You are signed out.")).to_be_visible()
    page.goto("/places")
    assert heading(page) == "Sign in"


def test_a_wrong_password_is_said_beside_the_field_and_the_username_kept(opened, people):
    page = opened()
    page.goto("/sign-in")
    give_password(page, people["auditor"], "wrong wrong wrong")

    assert page.title() == "Error: Sign in - Contextmap"
    expect(page.get_by_role("alert").get_by_text("Check your username")).to_be_visible()
    assert page.get_by_label("Username").input_value() == people["auditor"]["username"]
    assert page.get_by_label("Password", exact=True).input_value() == ""
    assert violations(page) == []


@pytest.mark.asvs("6.2.6")
def test_a_password_can_be_shown_and_is_hidden_again_before_it_is_sent(opened):
    page = opened()
    page.goto("/sign-in")
    field = page.get_by_label("Password", exact=True)
    field.fill("wrong wrong wrong")
    page.get_by_role("button", name="Show password").click()
    shown = field.get_attribute("type")
    page.get_by_role("button", name="Hide password").click()

    assert shown == "text"
    assert field.get_attribute("type") == "password"


@pytest.mark.asvs("6.2.7")
def test_what_browsers_fill_in_is_named(opened):
    page = opened()
    page.goto("/sign-in")

    said = {f.get_attribute("name"): f.get_attribute("autocomplete") for f in fields(page)}
    assert said == {"username": "username", "password": "current-password"}


def fields(page):
    return page.locator("main input:not([type=hidden])").all()


@pytest.mark.parametrize("script", [True, False])
def test_an_invitation_leads_to_a_signed_in_account(opened, invite, script):
    page = opened(java_script_enabled=script)
    link, username = invite()
    page.goto(link)
    page.get_by_role("button", name="Start").click()
    secret = page.locator("[data-secret]").inner_text().replace(" ", "")
    picture = page.get_by_role("img", name=re.compile("QR code"))
    drawn = picture.bounding_box()["width"]
    page.get_by_label("Password", exact=True).fill(CHOSEN)
    give_code(page, secret, "Continue")
    kept = page.get_by_role("button", name="I have kept the codes")
    kept.wait_for()
    codes = page.locator(".cm-codes code").all_inner_texts()
    kept.click()

    assert drawn > 150
    assert len(set(codes)) == 10
    page.goto("/account")
    expect(page.get_by_text(username, exact=True)).to_be_visible()


def test_the_picture_for_the_app_is_an_svg_that_holds_the_secret(opened, invite):
    page = opened()
    link, username = invite()
    page.goto(link)
    page.get_by_role("button", name="Start").click()
    secret = page.locator("[data-secret]").inner_text().replace(" ", "")
    source = page.get_by_role("img", name=re.compile("QR code")).get_attribute("src")

    address = pyotp.TOTP(secret).provisioning_uri(name=username, issuer_name="Contextmap")
    same = segno.make(address, error="m").svg_data_uri(scale=5, border=4)
    assert source.startswith("data:image/svg+xml")
    assert source == same
    page.wait_for_load_state("load")
    loaded = "img => img.complete && img.naturalWidth > 0"
    assert page.get_by_role("img", name=re.compile("QR code")).evaluate(loaded)


def test_every_page_of_signing_in_is_sound_for_assistive_technology(opened, people, invite):
    page, found = opened(), {}

    def look(name):
        found[name] = violations(page)
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), name

    page.goto("/sign-in")
    look("sign-in")
    give_password(page, people["vca_member"])
    look("code")
    page.get_by_label("Code").fill("0")
    page.get_by_role("button", name="Sign in").click()
    look("code, wrong")
    link, _ = invite()
    page.goto(link)
    look("invitation")
    page.get_by_role("button", name="Start").click()
    look("setup")
    page.get_by_role("button", name="Continue").click()
    look("setup, wrong")
    page.get_by_label("Password", exact=True).fill(CHOSEN)
    give_code(page, page.locator("[data-secret]").inner_text().replace(" ", ""), "Continue")
    look("codes")
    page.goto(link)
    look("link that is over")

    assert {name: wrong for name, wrong in found.items() if wrong} == {}


@pytest.mark.parametrize("width", [1280, 320])
def test_every_page_of_the_account_is_sound_for_assistive_technology(opened, site_db, width):
    person = sign_in_as(site_db, "practitioner")
    page = opened(person, viewport={"width": width, "height": 800})
    found = {}
    for path in (
        "/account",
        "/account/password",
        "/account/recovery-codes",
        "/account/confirm?next=/emergency",
        "/emergency",
    ):
        page.goto(path)
        found[path] = violations(page)
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), path
    page.get_by_role("button", name="Open emergency access").click()
    found["error"] = violations(page)

    assert {name: wrong for name, wrong in found.items() if wrong} == {}


def test_emergency_access_opens_the_other_borough_and_says_until_when(opened, site_db):
    page = opened(sign_in_as(site_db, "practitioner"))
    page.goto("/emergency")
    page.get_by_label("Why do you need it now?").fill("A child of the demonstration is missing.")
    page.get_by_label("1 hour").check()
    page.get_by_role("button", name="Open emergency access").click()

    expect(page.get_by_text(re.compile("is open until"))).to_be_visible()
    page.goto("/account")
    expect(page.get_by_role("cell", name="Emergency access")).to_be_visible()


def idle(site_db, person):
    with site_db.begin(SYSTEM) as session:
        session.execute(
            text(
                "update app.session set last_seen_at = now() - interval '31 minutes' "
                "where user_id = :id"
            ),
            {"id": person.user_id},
        )


def test_two_minutes_before_the_end_a_page_says_so_and_lets_the_person_stay(opened, site_db):
    person = sign_in_as(site_db, "practitioner")
    page = opened(person)
    page.clock.install()
    page.goto("/account")
    banner = page.get_by_role("alert").get_by_text(
        re.compile(r"You will be signed out at \d\d:\d\d")
    )
    page.clock.fast_forward("27:50")
    early = banner.is_visible()
    page.clock.fast_forward("00:15")
    banner.wait_for()
    seen = violations(page)
    with page.expect_response("**/account/stay") as asked:
        page.get_by_role("button", name="Stay signed in").click()
    banner.wait_for(state="detached")

    assert not early
    assert seen == []
    assert asked.value.status == 204
    assert page.url.endswith("/account")


@pytest.mark.asvs("14.3.1")
def test_a_page_that_was_left_shows_nothing_any_more_and_says_why(opened, site_db):
    person = sign_in_as(site_db, "practitioner")
    page = opened(person)
    page.clock.install()
    page.goto("/account/password")
    idle(site_db, person)
    page.clock.fast_forward("30:10")
    page.wait_for_url("**/sign-in?next=**")

    words = "did not use the service for 30 minutes. Saved sections are safe."
    expect(page.get_by_text(words)).to_be_visible()
    assert page.locator("input[name=next]").input_value() == "/account/password"


def test_a_link_in_a_letter_opens_the_page_for_who_is_signed_in(opened, site_db, live_url):
    person = sign_in_as(site_db, "practitioner")
    page = opened(person)
    page.route(
        "https://mail.example/",
        lambda route: route.fulfill(
            content_type="text/html", body=f'<a href="{live_url}/places">a place</a>'
        ),
    )
    page.goto("https://mail.example/")
    page.get_by_role("link", name="a place").click()
    page.wait_for_url("**/places")

    assert heading(page) == "Places of concern"


@pytest.mark.asvs("3.3.4")
def test_the_cookie_cannot_be_read_by_a_script(opened, site_db):
    page = opened(sign_in_as(site_db, "practitioner"))
    page.goto("/account")

    assert SESSION_COOKIE not in page.evaluate("document.cookie")
