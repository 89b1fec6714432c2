"""A running service with demonstration records and one cluster run, and a real browser."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

from app.clusters import service as clusters
from app.clusters.schemas import RunIn
from app.core.pages import SESSION_COOKIE
from app.demo import service as demo
from app.maps.view import partner_codes
from tests.conftest import CLAIMS_KEY, cloned
from tests.people import LEAD, sign_in_as

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
                    basemap=given["basemap"])
app = create_app(Database(Logins(), given["key"].encode()), settings)
uvicorn.run(app, host="127.0.0.1", port=given["port"], log_level="error", access_log=False)
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def site_db(cluster, template, settings) -> Iterator:
    """Demonstration records, and the clusters that were planted in them."""
    with cloned(cluster, template, "site") as db:
        demo.load_once(db)
        with db.begin(LEAD) as session:
            wanted = RunIn(source="partnership")
            runs = clusters.ask(session, LEAD, wanted, partner_codes(settings))
        for run in runs:
            clusters.recompute(db, run.id)
        yield db


@pytest.fixture(scope="session")
def live_url(site_db, cluster, tmp_path_factory) -> Iterator[str]:
    port = free_port()
    basemap = ROOT.parent / "shared/data/open/basemap/light_basemap_z8-14.pmtiles"
    given = {
        "dsn": cluster.dsn("ROLE", "site"),
        "key": CLAIMS_KEY.decode(),
        "data": str(tmp_path_factory.mktemp("site")),
        "basemap": str(basemap) if basemap.exists() else None,
        "port": port,
    }
    server = subprocess.Popen(
        [sys.executable, "-c", SERVER, json.dumps(given)],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    try:
        wait_until_alive(port)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(timeout=10)


def wait_until_alive(port: int) -> None:
    for _ in range(300):
        connection = HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.request("GET", "/healthz")
            if connection.getresponse().status == 200:
                return
        except OSError:
            time.sleep(0.05)
        finally:
            connection.close()
    pytest.fail("The service did not start.")


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


@pytest.fixture(scope="session")
def browser(chromium, site_db):
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
