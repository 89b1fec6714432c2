"""A running service with demonstration records and one cluster run, and a real browser."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

from app.core.pages import SESSION_COOKIE
from tests.conftest import CLAIMS_KEY, cloned
from tests.e2e.report_form import partnership_with, weather
from tests.live import serving
from tests.people import sign_in_as

pytest.register_assert_rewrite("tests.e2e.contract", "tests.e2e.contract_more")

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM = os.environ.get("CONTEXTMAP_CHROMIUM", "/usr/bin/chromium")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def site_db(cluster, clusters_template) -> Iterator:
    """Demonstration records, and the clusters that were planted in them."""
    with cloned(cluster, clusters_template, "site") as db:
        yield db


@pytest.fixture(scope="session")
def exit_site() -> Iterator[str]:
    """On this machine: a browser in a test asks for nothing beyond it, even when it leaves."""
    with weather() as url:
        yield url


@pytest.fixture(scope="session")
def live_url(site_db, cluster, exit_site, tmp_path_factory) -> Iterator[str]:
    """Of all browser tests: in the end no page broke its content security policy."""
    basemap = ROOT.parent / "shared/data/open/basemap/light_basemap_z8-14.pmtiles"
    folder = tmp_path_factory.mktemp("site")
    given = basemap if basemap.exists() else None
    with serving(
        cluster.dsn("ROLE", "site"),
        CLAIMS_KEY,
        folder,
        basemap=given,
        partnership=partnership_with(folder, exit_site),
    ) as running:
        yield running.url
        assert running.violations() == 0


class SignedIn:
    """Chromium whose contexts carry the session of a lead."""

    def __init__(self, chromium, cookie: str) -> None:
        self.chromium, self.cookie = chromium, cookie

    def new_context(self, **options):
        context = self.chromium.new_context(**options)
        context.add_cookies([session_cookie(self.cookie)])
        return context

    def new_page(self, **options):
        return self.new_context(**options).new_page()


def session_cookie(value: str) -> dict:
    return {
        "name": SESSION_COOKIE,
        "value": value,
        "url": "https://127.0.0.1",
        "secure": True,
        "httpOnly": True,
        "sameSite": "Strict",
    }


@pytest.fixture(scope="module")
def browser(chromium, site_db):
    """Signed in for one file: between two of them a session may be idle for too long."""
    return SignedIn(chromium, sign_in_as(site_db, "cs_lead", agency="AFC").cookie)


@pytest.fixture(scope="session")
def chromium():
    if not Path(CHROMIUM).exists():
        pytest.fail(
            f"Chromium is needed at {CHROMIUM}: run scripts/test, which installs it as root."
        )
    with sync_playwright() as engine:
        launched = engine.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield launched
        launched.close()


class Watched:
    """A page that remembers what a good page never does."""

    def __init__(self, page, base: str) -> None:
        self.page, self.base = page, base
        self.complaints: list[str] = []
        self.foreign: list[str] = []
        page.on(
            "console", lambda m: m.type in {"error", "warning"} and self.complaints.append(m.text)
        )
        page.on("pageerror", lambda e: self.complaints.append(str(e)))
        page.on("request", lambda r: self._asked(r.url))

    def _asked(self, url: str) -> None:
        if not url.startswith((self.base, "data:")):
            self.foreign.append(url)

    def open(self, path: str):
        self.page.goto(self.base + path)
        self.page.wait_for_load_state("load")
        return self.page


def watched(browser, live_url, **options) -> Iterator[Watched]:
    context = browser.new_context(**options)
    seen = Watched(context.new_page(), live_url)
    yield seen
    context.close()
    assert seen.foreign == []
    assert seen.complaints == []


@pytest.fixture
def desktop(browser, live_url):
    yield from watched(browser, live_url, viewport={"width": 1280, "height": 900})


@pytest.fixture
def phone(browser, live_url):
    yield from watched(browser, live_url, viewport={"width": 320, "height": 700})


@pytest.fixture
def without_javascript(browser, live_url):
    yield from watched(browser, live_url, java_script_enabled=False)


@pytest.fixture
def sit(chromium, live_url):
    """Seats people at browsers of their own, each with a keyboard alone."""
    opened = []

    def down(person, width="desk", **options):
        from tests.e2e.sitting import WIDTHS, Sitting

        cookie = session_cookie(person.cookie)
        made = Sitting(chromium, live_url, cookie, viewport=WIDTHS[width], **options)
        opened.append(made.context)
        return made

    yield down
    for context in opened:
        context.close()
