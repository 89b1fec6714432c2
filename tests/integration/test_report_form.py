"""The public form over HTTP, as a browser without JavaScript uses it: each kind to its receipt."""

import re
from html import unescape

import psycopg
import pytest

from app.intake import drafts
from app.reports.receipts import folded, is_whole
from app.reports.sealing import Keys, opened
from tests.people import HTML, browser

EXIT_SITE = "https://www.bbc.co.uk/weather"
WHERE = {
    "PLACE": [
        ("/report/where", {"where_q": "KT1 1EU"}),
        ("/report/where/choose", {"match": "0", "where_text": "behind the shelter"}),
    ],
    "ROUTE": [("/report/where", {"mode": "BUS", "line": "65"})],
    "ONLINE": [("/report/where", {"online_raw": "a group of the tests"})],
    "DESCRIBED": [("/report/where", {"where_text": "The steps of the tests"})],
}


class Person:
    """A browser without JavaScript: sends each page's own token, follows what it is told."""

    def __init__(self, db, settings) -> None:
        self.client = browser(db, settings, headers=HTML)
        self.page = None

    def open(self, path):
        self.page = self.client.get(path)
        return self.page

    def hidden(self):
        found = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', self.page.text)
        return {name: unescape(value) for name, value in found}

    def send(self, path, **answers):
        answer = self.client.post(path, data=self.hidden() | answers)
        assert answer.status_code == 303, answer.text
        return self.open(answer.headers["location"])

    def begin(self):
        self.open("/report")
        return self.send("/report")

    @property
    def at(self):
        return self.page.request.url.path

    def text(self):
        return unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", self.page.text)))


@pytest.fixture
def person(db, settings):
    return Person(db, settings)


def to_check(person, kind="DESCRIBED"):
    person.begin()
    person.send("/report/now", danger_answer="NO")
    person.send("/report/kind", where_kind=kind)
    for path, answers in WHERE[kind]:
        assert person.at == path
        person.send(path, **answers)
    person.send("/report/what", what_harms="DRUGS", notice_text="Seen most evenings")
    person.send("/report/when", when_kind="OFTEN")
    person.send("/report/you")
    assert person.at == "/report/check"
    return person


def rows(db, question):
    with psycopg.connect(db.logins.dsn("postgres")) as admin:
        return admin.execute(question).fetchall()


@pytest.mark.parametrize("kind", WHERE)
def test_each_kind_ends_with_a_receipt(db, settings, person, kind):
    to_check(person, kind)

    person.send("/report/send")

    assert person.at == "/report/done"
    code = re.search(r"<code>(.*?)</code>", person.page.text).group(1)
    assert is_whole(folded(re.sub(r"<[^>]+>", "", code)))
    ((report, sealed),) = rows(db, "select report_id, sealed from app.report_original")
    words = opened(sealed, Keys.of(settings).triage, report=report, use="words")
    assert words["notice_text"] == "Seen most evenings"
    ((found, ticks, when),) = rows(db, "select where_kind, what_ticks, when_kind from app.report")
    assert (found, ticks, when) == (kind, ["DRUGS"], "OFTEN")


def test_a_page_without_the_cookie_leads_to_the_exit_site(person):
    for path in ("now", "kind", "where", "where/choose", "what", "when", "you", "check", "done"):
        answer = person.open(f"/report/{path}")

        assert (answer.status_code, answer.headers["location"]) == (303, EXIT_SITE)


def test_leaving_deletes_the_answers_and_the_cookie(db, person):
    to_check(person)

    answer = person.open("/exit")

    assert (answer.status_code, answer.headers["location"]) == (303, EXIT_SITE)
    assert answer.headers["clear-site-data"] == '"cache", "cookies", "storage"'
    assert drafts.COOKIE not in person.client.cookies
    assert rows(db, "select count(*) from intake.draft") == [(0,)]
