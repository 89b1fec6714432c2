"""The small sum before Send, in a browser: by keyboard, pressed early, and without JavaScript."""

from urllib.parse import urlsplit

import psycopg
import pytest

from app.core.settings import Settings
from app.intake.drafts import COOKIE
from tests.conftest import CLAIMS_KEY, cloned
from tests.drafts import ready
from tests.e2e.test_pages import violations
from tests.live import serving
from tests.sending import Wire, body_of, key_of

PHONE = {"width": 360, "height": 740}


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sum")
    return Settings(data_dir=folder, demo=True, secret_key="a key of the tests only")


@pytest.fixture(scope="module")
def db(cluster, template):
    with cloned(cluster, template, "sum") as database:
        yield database


@pytest.fixture(scope="module")
def live(db, house):
    """After five sends from this machine."""
    with serving(db.logins.dsn("ROLE"), CLAIMS_KEY, house.data_dir) as served:
        wire = Wire(urlsplit(served.url).port)
        for n in range(5):
            headers = {"Content-Type": "application/json", "Idempotency-Key": key_of(f"sum {n}")}
            assert wire.post("/api/v1/reports", body_of(f"sum {n}"), headers)[0] == 201
        wire.close()
        yield served
        assert served.violations() == 0


@pytest.fixture
def at_check(chromium, live, db, house):
    """A page before Send, in a browser of its own."""
    opened = []

    def open_page(**options):
        context = chromium.new_context(viewport=PHONE, **options)
        opened.append(context)
        cookie = {"name": COOKIE, "value": ready(db, house).cookie, "secure": True}
        where = {"domain": "127.0.0.1", "path": "/", "httpOnly": True, "sameSite": "Strict"}
        context.add_cookies([cookie | where])
        page = context.new_page()
        page.goto(f"{live.url}/report/check")
        return page

    yield open_page
    for context in opened:
        context.close()


def last(db):
    with psycopg.connect(db.logins.dsn("postgres")) as admin:
        question = "select state, quarantine from app.report order by created_at desc limit 1"
        return admin.execute(question).fetchone()


def test_it_is_done_while_the_page_is_read_and_said_in_words(at_check, db):
    page = at_check()

    page.get_by_role("status").filter(has_text="Your device is ready").wait_for()
    assert violations(page) == []
    page.get_by_role("button", name="Send").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/report/done")

    assert last(db) == ("RECEIVED", [])


def test_whoever_presses_before_it_is_done_waits_for_it(at_check, db):
    page = at_check()
    session = page.context.new_cdp_session(page)
    session.send("Emulation.setCPUThrottlingRate", {"rate": 6})
    page.reload(wait_until="commit")

    page.get_by_role("button", name="Send").click(no_wait_after=True)
    page.wait_for_url("**/report/done")

    assert last(db) == ("RECEIVED", [])


def test_without_javascript_it_is_sent_all_the_same_and_looked_at_first(at_check, db):
    page = at_check(java_script_enabled=False)

    assert "device" not in page.get_by_role("main").inner_text()
    page.get_by_role("button", name="Send").click()
    page.wait_for_url("**/report/done")

    assert last(db) == ("QUARANTINED", ["MANY_SENT"])
