"""Coming back with a code, on a telephone, by a reader who has no account."""

from uuid import UUID

import psycopg
import pytest
from sqlalchemy import text

from app.core.actor import PUBLIC
from app.core.ids import new_id, random_id
from app.core.settings import Settings
from app.reports.receipts import folded, mailbox_of, receipt_hmac
from app.reports.sealing import Keys, seal
from tests.e2e.conftest import watched
from tests.e2e.test_pages import violations

PHONE = {"viewport": {"width": 360, "height": 740}}
TRAM = {
    "danger_answer": "NO",
    "where_kind": "ROUTE",
    "mode": "TRAM",
    "line": "Synthetic",
    "what_harms": ["OTHER"],
    "when_kind": "OFTEN",
}
QUESTION = "Thank you, this is synthetic. Which stop is it?"


@pytest.fixture(params=[True, False], ids=["with scripts", "without scripts"])
def telephone(request, chromium, live_url):
    yield from watched(chromium, live_url, java_script_enabled=request.param, **PHONE)


@pytest.fixture
def code(chromium, live_url, site_db, tmp_path) -> str:
    """Of a report that the team has a question about."""
    answer = chromium.new_context().request.post(
        f"{live_url}/api/v1/reports",
        data=TRAM,
        headers={"Idempotency-Key": str(random_id())},
    )
    assert answer.status == 201
    spelt: str = answer.json()["receipt"]
    receipt = folded(spelt)
    keys = Keys.of(Settings(data_dir=tmp_path, secret_key="a key of the tests only"))
    with site_db.begin(PUBLIC) as session:
        mark = {"mark": receipt_hmac(keys.receipts, receipt)}
        report = UUID(session.scalar(text("select intake.status(:mark)"), mark)["report"])
    box = seal({"body": QUESTION}, mailbox_of(receipt).public_key(), report=report, use="message")
    with psycopg.connect(site_db.logins.dsn("postgres")) as admin:
        admin.execute(
            "insert into app.report_message (id, report_id, direction, template_code, sealed, "
            "sealed_for_reporter) values (%s, %s, 'OUT', 'ASK', %s, %s)",
            (new_id(), report, box, box),
        )
    return spelt


def checked(watched) -> None:
    """Sound for assistive technology, and no wider than the screen."""
    page = watched.page
    if page.evaluate("document.documentElement.classList.contains('js-enabled')"):
        assert violations(page) == []
    widths = page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
    assert widths[0] <= widths[1]


def told_twice(watched) -> None:
    """The two wrong answers of this journey may stand in the browser's console, nothing else."""
    assert len(watched.complaints) <= 2
    assert all("422" in words for words in watched.complaints)
    watched.complaints.clear()


def test_a_reporter_comes_back_reads_answers_and_leaves(telephone, code):
    page = telephone.open("/report/status")
    checked(telephone)
    page.keyboard.press("Tab")
    page.get_by_label("Your code").fill(code[:-1])
    page.keyboard.press("Enter")
    page.get_by_text("Check your code. It has 24 letters and numbers.").first.wait_for()
    assert page.title().startswith("Error: ")
    assert page.get_by_label("Your code").input_value() == code[:-1]
    checked(telephone)

    page.get_by_label("Your code").fill(code.lower().replace("-", " "))
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="What you told us").wait_for()
    assert code not in page.url
    assert page.get_by_text("Received", exact=True).is_visible()
    assert page.get_by_text(QUESTION).is_visible()
    checked(telephone)

    page.get_by_role("button", name="Send message").click()
    page.get_by_text("Enter your message.").first.wait_for()
    checked(telephone)
    page.get_by_label("Write to the team").fill("The stop by the park, synthetic.")
    page.get_by_role("button", name="Send message").click()
    page.get_by_text("We have your message.").wait_for()
    assert page.locator(".cm-message").count() == 2
    assert page.locator(".cm-message").first.inner_text().startswith("From you")
    checked(telephone)
    told_twice(telephone)


def test_after_leaving_back_shows_nothing_of_it(chromium, live_url, exit_site, code):
    context = chromium.new_context(**PHONE)
    page = context.new_page()
    page.goto("about:blank")
    page.goto(f"{live_url}/report/status")
    page.get_by_label("Your code").fill(code)
    page.keyboard.press("Enter")
    page.get_by_text(QUESTION).wait_for()

    page.get_by_role("link", name="Leave").click()
    page.wait_for_url(exit_site)

    for _ in range(3):
        page.go_back(wait_until="commit")  # an exit on the way back loads another page
        page.wait_for_timeout(100)
        words = page.locator("body").inner_text()
        assert QUESTION not in words
        assert code not in page.content()
        assert "Received" not in words
    assert context.cookies() == []
    context.close()
