"""Sign-on and passkeys in a browser: a click at another site, and a virtual authenticator."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect
from sqlalchemy import text

from app.accounts.visits import SYSTEM
from app.core.pages import SESSION_COOKIE
from tests.conftest import CLAIMS_KEY, cloned
from tests.e2e.conftest import ROOT
from tests.issuer import CLIENT_ID, CLIENT_SECRET, running
from tests.live import free_port, wait_until_alive
from tests.people import sign_in_as

SERVER = """
import json, sys
from pathlib import Path
import uvicorn
from app.core.db import Database
from app.core.settings import Settings
from app.main import create_app
given = json.loads(sys.argv[1])
class Logins:
    def dsn(self, role):
        return given["dsn"].replace("ROLE", role)
settings = Settings(data_dir=Path(given["data"]), demo=True, secret_key="a key of the tests only",
                    base_url=given["base_url"], oidc_issuer=given["issuer"],
                    oidc_client_id=given["id"], oidc_client_secret=given["secret"])
app = create_app(Database(Logins(), given["key"].encode()), settings)
uvicorn.run(app, host="127.0.0.1", port=given["port"], log_level="error", access_log=False)
"""


@pytest.fixture(scope="module")
def issuer():
    with running() as found:  # at 127.0.0.1, so that for a browser it is another site
        found.asks_first = True
        yield found


@pytest.fixture(scope="module")
def accounts_db(cluster, template):
    with cloned(cluster, template, "accounts_site") as db:
        yield db


@pytest.fixture(scope="module")
def site(accounts_db, cluster, issuer, tmp_path_factory) -> Iterator[str]:
    port = free_port()
    base_url = f"http://localhost:{port}"
    given = {
        "dsn": cluster.dsn("ROLE", "accounts_site"),
        "key": CLAIMS_KEY.decode(),
        "data": str(tmp_path_factory.mktemp("site")),
        "base_url": base_url,
        "issuer": issuer.url,
        "id": CLIENT_ID,
        "secret": CLIENT_SECRET,
        "port": port,
    }
    server = subprocess.Popen(
        [sys.executable, "-c", SERVER, json.dumps(given)],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    try:
        wait_until_alive(port)
        yield base_url
    finally:
        server.terminate()
        server.wait(timeout=10)


@pytest.fixture
def kim(accounts_db):
    """A practitioner, linked to the work account of the issuer."""
    person = sign_in_as(accounts_db, "practitioner")
    with accounts_db.begin(SYSTEM) as session:
        session.execute(text('update app."user" set email = null, oidc_subject = null'))
        session.execute(
            text("""update app."user" set email = 'kim.example@kingston.example' where id = :id"""),
            {"id": person.user_id},
        )
    return person


@pytest.fixture
def page(chromium, site):
    context = chromium.new_context(base_url=site, viewport={"width": 1280, "height": 900})
    opened = context.new_page()
    opened.complaints = []
    opened.on("console", lambda m: m.type == "error" and opened.complaints.append(m.text))
    opened.on("pageerror", lambda e: opened.complaints.append(str(e)))
    yield opened
    context.close()


@pytest.fixture
def authenticator(page):
    """A security key plugged into this browser."""
    devtools = page.context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "usb",
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    made = devtools.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    return devtools, made["authenticatorId"]


def signed_in(page, site, person):
    page.context.add_cookies(
        [
            {
                "name": SESSION_COOKIE,
                "value": person.cookie,
                "url": site.replace("http:", "https:"),
                "secure": True,
                "httpOnly": True,
                "sameSite": "Strict",
            }
        ]
    )


def through_the_issuer(page, path="/sign-in/oidc"):
    page.goto(path)
    page.get_by_role("link", name="Continue").click()


def test_a_click_at_the_issuer_signs_in_and_opens_the_page_asked_for(page, kim, issuer):
    issuer.claims = {}

    through_the_issuer(page, "/sign-in/oidc?next=/places")
    page.wait_for_url("**/places")

    assert page.get_by_role("heading", level=1).inner_text() == "Places of concern"
    assert page.complaints == []


def test_signing_on_needs_no_script(chromium, site, kim, issuer):
    issuer.claims = {}
    context = chromium.new_context(base_url=site, java_script_enabled=False)
    page = context.new_page()

    through_the_issuer(page, "/sign-in/oidc?next=/places")
    page.wait_for_url("**/places")

    assert page.get_by_role("heading", level=1).inner_text() == "Places of concern"
    context.close()


def test_a_passkey_is_made_at_the_account_and_then_signs_in(page, site, kim, issuer, authenticator):
    devtools, key = authenticator
    signed_in(page, site, kim)
    page.goto("/account/passkeys")
    page.get_by_label("Name of this passkey").fill("key on my lanyard")
    page.get_by_role("button", name="Add a passkey").click()
    page.get_by_role("rowheader", name="key on my lanyard").wait_for()
    held = devtools.send("WebAuthn.getCredentials", {"authenticatorId": key})["credentials"]
    page.context.clear_cookies()
    issuer.claims = {"amr": ["pwd"]}

    through_the_issuer(page, "/sign-in/oidc?next=/places")
    page.wait_for_url("**/sign-in/code")
    page.goto("/sign-in/passkey")
    page.get_by_role("button", name="Use your passkey").click()
    page.wait_for_url("**/places")

    used = devtools.send("WebAuthn.getCredentials", {"authenticatorId": key})["credentials"]
    assert len(held) == 1
    assert used[0]["signCount"] == held[0]["signCount"] + 1
    assert held[0]["rpId"] == "localhost"


def test_without_the_passkey_the_page_says_what_to_do(page, site, kim, issuer, authenticator):
    devtools, key = authenticator
    signed_in(page, site, kim)
    page.goto("/account/passkeys")
    page.get_by_label("Name of this passkey").fill("lost key")
    page.get_by_role("button", name="Add a passkey").click()
    page.get_by_role("rowheader", name="lost key").wait_for()
    devtools.send("WebAuthn.clearCredentials", {"authenticatorId": key})

    page.goto("/account/confirm/passkey")
    page.get_by_role("button", name="Use your passkey").click()

    page.get_by_text("Your browser did not use a passkey.").wait_for()
    expect(page.get_by_role("link", name="Enter a code instead")).to_be_visible()


def test_passkeys_without_script_are_explained(chromium, site, kim):
    context = chromium.new_context(base_url=site, java_script_enabled=False)
    page = context.new_page()
    signed_in(page, site, kim)

    page.goto("/account/passkeys")

    expect(page.get_by_text("Passkeys need JavaScript.")).to_be_visible()
    expect(page.get_by_role("button", name="Add a passkey")).to_be_hidden()
    context.close()


def test_the_pages_hold_nothing_of_other_sites(page, site, kim):
    signed_in(page, site, kim)
    asked = []
    page.on("request", lambda request: asked.append(request.url))

    page.goto("/account/passkeys")
    page.wait_for_load_state("load")

    assert asked
    assert [url for url in asked if not re.match(re.escape(site), url)] == []
    assert page.complaints == []
