"""When the form cannot answer it says so in plain words, and never leaves a POST behind."""

import pytest

from app.core.db import Database
from app.core.security import PUBLIC_LIMIT
from tests.conftest import CLAIMS_KEY
from tests.drafts import ready
from tests.people import HTML, browser

EXIT_SITE = "https://www.bbc.co.uk/weather"
NOT_WORKING = (
    "This service is not working. If a child is in danger call 999. "
    "E-mail contextualsafeguarding.exploitation@achievingforchildren.org.uk."
)


class Away:
    """Logins of a server that nobody started."""

    def dsn(self, role):
        return f"postgresql://{role}@127.0.0.1:9/contextmap"


@pytest.fixture
def away(settings):
    """The application over a database that does not answer."""
    database = Database(Away(), CLAIMS_KEY)
    with browser(database, settings, raise_server_exceptions=False) as client:
        yield client
    database.dispose()


@pytest.fixture
def public(db, settings):
    with browser(db, settings, raise_server_exceptions=False) as client:
        yield client


@pytest.mark.asvs("16.5.2")
def test_a_browser_is_taken_to_a_page_that_needs_no_database(away):
    begun = away.post("/report", headers=HTML)
    said = away.get(begun.headers["location"], headers=HTML)

    assert (begun.status_code, said.status_code) == (303, 503)
    assert "This service is not working" in said.text
    assert 'href="tel:999"' in said.text
    assert int(said.headers["retry-after"]) > 0
    assert "Go back" not in said.text


def test_a_program_is_told_in_one_sentence(away):
    answer = away.post("/api/v1/reports", json={}, headers={"Idempotency-Key": "x"})
    sent = away.post(
        "/api/v1/reports",
        json={
            "danger_answer": "NO",
            "where_kind": "DESCRIBED",
            "where_text": "Synthetic steps",
            "what_harms": ["OTHER"],
            "when_kind": "OFTEN",
        },
        headers={"Idempotency-Key": "00000000-0000-4000-8000-000000000001"},
    )

    assert answer.status_code == 422
    assert sent.status_code == 503
    assert sent.json()["detail"] == NOT_WORKING


def test_the_way_out_works_without_a_database(away):
    left = away.get("/exit", headers=HTML | {"Cookie": "__Host-report=x"})

    assert left.headers["location"] == EXIT_SITE
    assert "Max-Age=0" in left.headers["set-cookie"]
    assert left.headers["clear-site-data"] == '"cache", "cookies", "storage"'


def test_pages_that_need_nothing_are_there_without_a_database(away):
    assert away.get("/report", headers=HTML).status_code == 200
    assert away.get("/healthz").status_code == 200


@pytest.mark.parametrize(
    ("path", "body", "code", "status"),
    [
        ("/report/what", b"x" * (PUBLIC_LIMIT + 1), "too-large", 413),
        ("/report/send", b"token=old", "forbidden", 403),
        ("/report/nowhere", b"token=x", "not-found", 404),
    ],
)
def test_no_refusal_is_the_answer_to_a_post(db, settings, public, path, body, code, status):
    form = ready(db, settings)
    kind = {"Content-Type": "application/x-www-form-urlencoded"}

    refused = public.post(path, content=body, headers=form.headers | kind)
    said = public.get(refused.headers["location"], headers=form.headers)
    after_exit = public.get(refused.headers["location"], headers=HTML)

    assert refused.status_code == 303
    assert refused.headers["location"] == f"/report/problem/{code}"
    assert said.status_code == status
    assert '<a class="govuk-link" href="/report/check">Go back to your answers</a>' in said.text
    assert "True" not in said.text
    assert after_exit.headers["location"] == EXIT_SITE


def test_there_are_pages_of_known_problems_only(db, settings, public):
    form = ready(db, settings)

    assert public.get("/report/problem/nonsense", headers=form.headers).status_code == 404


def test_a_cookie_that_was_given_to_tell_a_problem_opens_nothing(public):
    said = HTML | {"Cookie": "__Host-report=none"}

    answers = [public.get(f"/report/{page}", headers=said) for page in ("now", "check", "done")]

    assert {answer.headers["location"] for answer in answers} == {EXIT_SITE}
