"""The public form over HTTP, as a browser without JavaScript uses it: each kind to its receipt."""

import re
from datetime import timedelta
from html import unescape

import psycopg
import pytest

from app.core import clock
from app.core.actor import PUBLIC
from app.intake import drafts, service
from app.reports.receipts import folded, is_whole
from app.reports.sealing import Keys, opened
from app.reports.service import receive
from tests.people import HTML, browser
from tests.readability import grade

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
        self.send("/report")
        assert 'content="0; url=/report/now"' in self.page.text
        return self.open("/report/now")

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


def test_a_link_of_another_site_to_the_way_out_signs_nobody_out(db, person):
    to_check(person)

    answer = person.client.get("/exit", headers={"Sec-Fetch-Site": "cross-site"})

    assert (answer.status_code, answer.headers["location"]) == (303, EXIT_SITE)
    assert "clear-site-data" not in answer.headers
    assert "set-cookie" not in answer.headers
    assert rows(db, "select count(*) from intake.draft") == [(1,)]


def test_after_leaving_even_the_old_cookie_opens_nothing(person):
    to_check(person)
    cookie = person.client.cookies[drafts.COOKIE]
    person.open("/exit")

    person.client.cookies.set(drafts.COOKIE, cookie)

    assert person.open("/report/check").headers["location"] == EXIT_SITE


def test_an_error_comes_by_303_keeps_what_was_typed_and_is_told_once(person):
    person.begin()
    person.send("/report/now", danger_answer="NO")
    person.send("/report/kind", where_kind="ROUTE")

    person.send("/report/where", line="65", from_text="The gate")

    assert person.at == "/report/where"
    assert "Error: Where is it?" in person.page.text
    assert "Select how people travel." in person.text()
    assert 'value="The gate"' in person.page.text
    person.open("/report/where")
    assert "There is a problem" not in person.text()
    assert 'value="The gate"' in person.page.text


def test_only_a_whole_postcode_is_chosen_already(person):
    person.begin()
    person.send("/report/now", danger_answer="NO")
    person.send("/report/kind", where_kind="PLACE")

    person.send("/report/where", where_q="kt1 1eu")
    assert 'value="0" checked' in person.page.text
    person.open("/report/where")
    person.send("/report/where", where_q="eden street")
    assert "Eden Street" in person.text()
    assert "checked" not in person.page.text


def test_the_list_of_answers_calls_what_was_described_where_it_is(person):
    to_check(person)

    assert "Where it is The steps of the tests" in person.text()
    assert "Where exactly" not in person.text()


def test_a_change_returns_to_the_list_of_answers(db, person):
    to_check(person)
    assert 'href="/report/when"' in person.page.text

    person.open("/report/when")
    assert re.search(r'value="OFTEN" checked', person.page.text)
    person.send("/report/when", when_kind="D7", day_parts="LATE")

    assert person.at == "/report/check"
    assert "In the last 7 days" in person.text()
    assert "Late, 10pm to 6am" in person.text()


def test_another_kind_asks_anew_where_it_is_and_forgets_the_pin(db, person):
    to_check(person, "PLACE")
    person.open("/report/kind")

    person.send("/report/kind", where_kind="ONLINE")
    assert person.at == "/report/where"
    person.send("/report/where", online_raw="a group of the tests")
    assert person.at == "/report/check"
    assert "KT1 1EU" not in person.text()
    person.send("/report/send")

    assert rows(db, "select where_kind, geom is null from app.report") == [("ONLINE", True)]


def test_a_page_further_on_leads_to_the_question_that_is_open(person):
    person.begin()

    for path in ("check", "what", "where/choose", "where/map", "done"):
        assert person.open(f"/report/{path}").headers["location"] == "/report/now"
    assert person.open("/report/nothing").status_code == 404


def test_sent_twice_it_is_one_report_with_one_receipt(db, settings, person):
    to_check(person)
    cookie, said = person.client.cookies[drafts.COOKIE], person.hidden()
    with psycopg.connect(db.logins.dsn("postgres")) as admin:
        (kept,) = admin.execute("select cipher from intake.draft").fetchone()

    first = person.send("/report/send").text
    with psycopg.connect(db.logins.dsn("postgres")) as admin:  # as if the answer was lost
        admin.execute("update intake.draft set cipher = %s", (kept,))
    person.client.cookies.set(drafts.COOKIE, cookie)
    again = person.client.post("/report/send", data=said)
    lock = drafts.Lock.of(cookie)
    with db.begin(PUBLIC) as session:
        sending = service.sending(
            lock.opened(kept), lock, service.report_of(lock.opened(kept)), (), synthetic=True
        )
        same = receive(session, Keys.of(settings), service.report_of(lock.opened(kept)), sending)

    assert again.status_code == 303
    assert rows(db, "select count(*) from app.report") == [(1,)]
    assert same.again
    code = re.sub(r"<[^>]+>|-", "", re.search(r"<code>(.*?)</code>", first).group(1))
    assert same.receipt == code


def test_a_reload_of_the_receipt_shows_it_for_ten_minutes(db, person, monkeypatch):
    to_check(person)
    person.send("/report/send")

    assert person.open("/report/done").status_code == 200
    assert person.open("/report/what").headers["location"] == "/report/done"
    later = clock.now() + timedelta(minutes=11)
    monkeypatch.setattr(clock, "now", lambda: later)
    assert person.open("/report/done").headers["location"] == EXIT_SITE
    assert rows(db, "select count(*) from intake.draft") == [(0,)]


def test_after_an_hour_the_form_is_over_and_says_so(db, person):
    to_check(person)
    said = person.hidden()
    with psycopg.connect(db.logins.dsn("postgres")) as admin:
        admin.execute("update intake.draft set touched_at = now() - interval '61 minutes'")

    answer = person.client.post("/report/send", data=said)

    assert answer.headers["location"] == "/report?ended=yes"
    assert (
        "Your session ended to protect you. Start again."
        in person.open(answer.headers["location"]).text
    )
    assert rows(db, "select count(*) from app.report") == [(0,)]


@pytest.mark.parametrize("token", ["", "1.x", "{other}"])
def test_a_page_of_another_form_or_none_is_not_taken(db, settings, person, token):
    other = Person(db, settings)
    other.begin()
    person.begin()

    sent = {"token": token.format(other=other.hidden()["token"]), "danger_answer": "NO"}
    answer = person.client.post("/report/now", data=sent)

    assert answer.status_code == 303
    page = person.open(answer.headers["location"])
    assert page.status_code == 403
    assert "This page was open too long" in page.text
    assert person.open("/report/kind").headers["location"] == "/report/now"


def test_a_page_of_two_hours_ago_is_not_taken(person, monkeypatch):
    person.begin()
    said = person.hidden()

    later = clock.now() + timedelta(hours=2, seconds=1)
    monkeypatch.setattr(clock, "now", lambda: later)
    answer = person.client.post("/report/now", data=said | {"danger_answer": "NO"})

    assert answer.headers["location"].startswith("/report/problem/")


def test_words_that_may_identify_somebody_are_asked_about_and_may_stay(db, settings, person):
    person.begin()
    person.send("/report/now", danger_answer="NO")
    person.send("/report/kind", where_kind="DESCRIBED")
    person.send("/report/where", where_text="The steps")

    person.send("/report/what", what_harms="DRUGS", notice_text="Ask Mr Example, 07700 900123")
    assert "This may identify someone: Mr Example, 07700 900123" in person.text()
    assert "Error" not in person.page.text
    person.send("/report/what", decision="change")
    assert "Ask Mr Example" in person.page.text
    person.send("/report/what", what_harms="DRUGS", notice_text="Ask Mr Example")
    person.send("/report/what", decision="keep")

    assert person.at == "/report/when"
    person.open("/report/what")
    person.send("/report/what", what_harms="ROBBERY", notice_text="Ask Mr Example")
    assert person.at == "/report/when"  # kept once is kept


@pytest.mark.parametrize(
    ("typed", "words", "pinned", "lad"),
    [
        ("SW15 1AA", "We will pass it on to the council there.", True, True),
        ("KT1 1EU", None, True, False),
    ],
)
def test_a_place_outside_is_taken_for_the_council_there(db, person, typed, words, pinned, lad):
    person.begin()
    person.send("/report/now", danger_answer="NO")
    person.send("/report/kind", where_kind="PLACE")
    person.send("/report/where", where_q=typed)
    person.send("/report/where/choose", match="0")

    assert person.at == "/report/what"
    assert (words or "What worries you") in person.text()
    assert ("We will pass it on" in person.text()) == bool(words)
    person.send("/report/what", what_harms="DRUGS")
    person.send("/report/when", when_kind="OFTEN")
    person.send("/report/you")
    person.send("/report/send")
    ((has_pin, has_lad),) = rows(
        db, "select geom is not null, out_of_area_lad is not null from app.report"
    )
    assert (has_pin, has_lad) == (pinned, lad)


def test_no_match_says_so_and_words_can_take_its_place(person):
    person.begin()
    person.send("/report/now", danger_answer="NO")
    person.send("/report/kind", where_kind="PLACE")

    person.send("/report/where", where_q="Nowhere of the tests")
    assert "We could not find Nowhere of the tests." in person.text()
    person.send("/report/where", describe="yes", where_q="")

    assert person.at == "/report/where"
    assert "Describe where it is" in person.text()


def test_the_map_moves_and_takes_its_middle_without_a_script(db, person):
    person.begin()
    person.send("/report/now", danger_answer="NO")
    person.send("/report/kind", where_kind="PLACE")
    person.send("/report/where", where_q="KT1 1EU")
    person.open("/report/where/map")

    person.send("/report/where/map", **{"pin.x": "0", "pin.y": "0"})
    assert "Choose a spot on the map or use the buttons." in person.text()
    for do in ("in", "n", "e", "out", "nonsense"):
        person.send("/report/where/map", do=do)
        assert person.at == "/report/where/map"
    person.send("/report/where/map", **{"pin.x": "160", "pin.y": "80"})
    assert "Use this spot" in person.text()
    person.send("/report/where/map", do="use")

    assert person.at == "/report/what"


def test_a_spot_far_away_is_not_taken(person):
    person.begin()
    person.send("/report/now", danger_answer="NO")
    person.send("/report/kind", where_kind="PLACE")
    person.open("/report/where/map")

    person.send("/report/where/map", longitude="-2.24", latitude="53.48", do="use")

    assert "too far away for us" in person.text()
    person.send("/report/where/map", longitude="nan", latitude="x", **{"pin.x": "²", "pin.y": "-1"})
    assert person.at == "/report/where/map"


def test_a_filled_trap_and_haste_quarantine_and_refuse_nothing(db, person):
    person.begin()
    person.send("/report/now", danger_answer="NO", website="https://spam.example")
    person.send("/report/kind", where_kind="DESCRIBED")
    person.send("/report/where", where_text="The steps")
    person.send("/report/what", what_harms="OTHER")
    person.send("/report/when", when_kind="OFTEN")
    person.send("/report/you")
    person.send("/report/send")

    assert person.at == "/report/done"
    ((state, reasons),) = rows(db, "select state, quarantine from app.report")
    assert (state, reasons) == ("QUARANTINED", ["HIDDEN_FIELD", "TOO_FAST"])


def test_help_lines_are_for_young_people_and_parents(person):
    to_check(person)
    assert "Childline" not in person.text()
    person.open("/report/you")
    person.send("/report/you", reporter_kind="YOUNG_PERSON", contact="NO")
    assert "Childline" in person.text()

    person.send("/report/send")

    assert "Childline" in person.text()


def test_in_danger_they_are_told_to_call_before_anything_else(person):
    person.begin()

    person.send("/report/now", danger_answer="YES")
    assert person.at == "/report/emergency"
    assert 'href="tel:999"' in person.page.text
    person.open("/report/now")
    person.send("/report/now", danger_answer="NOT_SURE")
    assert person.at == "/report/kind"
    assert "101" in person.text()


def test_a_dump_holds_no_word_of_an_open_a_left_or_a_sent_form(db, person):
    def dumped():
        tables = rows(
            db,
            "select format('%I.%I', schemaname, tablename) from pg_tables "
            "where schemaname in ('app', 'intake', 'audit', 'queue')",
        )
        return "".join(str(rows(db, f"select t::text from {name} t")) for (name,) in tables)

    def canaries():
        person.begin()
        person.send("/report/now", danger_answer="NO")
        person.send("/report/kind", where_kind="DESCRIBED")
        person.send("/report/where", where_text="Quillon9q7zk steps")
        person.send("/report/what", what_harms="OTHER", notice_text="Quillon9q7zk words")
        person.send("/report/when", when_kind="OFTEN")
        person.send(
            "/report/you", reporter_kind="OTHER", contact="YES", email="quillon9q7zk@mail.example"
        )
        assert "Quillon9q7zk words" in person.text()

    canaries()
    assert person.client.cookies[drafts.COOKIE] not in dumped()
    assert "9q7zk" not in dumped().lower()
    person.open("/exit")
    assert "9q7zk" not in dumped().lower()
    canaries()
    person.send("/report/send")
    assert "9q7zk" not in dumped().lower()
    assert "9q7zk" not in dumped().encode().hex()


def test_each_answer_holds_the_words_of_its_page_once(person):
    """No answer and no kind is in a title or an address; the public name alone."""
    to_check(person, "ONLINE")

    for path in ("now", "kind", "where", "what", "when", "you", "check"):
        title = re.search("<title>(.*?)</title>", person.open(f"/report/{path}").text).group(1)
        assert title.endswith(" - Tell us about a place")
        assert not re.search("online|safeguarding|abuse|police|child|Contextmap", title, re.I)
        assert "Contextmap" not in person.page.text


@pytest.mark.parametrize(
    "path",
    ["/privacy", "/cookies", "/accessibility", "/help", "/help/lead", "/help/words", "/report"],
)
def test_pages_for_everybody_have_the_frame_of_the_public(person, path):
    page = person.open(path).text

    assert "Exit this page" in page
    assert "Contextmap" not in page


def test_help_says_what_to_do_and_each_public_page_leads_to_it(person):
    assert 'href="/help"' in person.open("/report").text
    assert person.open("/help").status_code == 200
    for words in ("If a child is in danger now, call 999", "You get a code", "Talk to a person"):
        assert words in person.text()
    lines = re.findall(r"<(?:p|li)\b.*?</(?:p|li)>", person.page.text)
    said = [re.sub(r"<[^>]+>", "", line) for line in lines]
    assert grade([words for words in said if words.endswith(".")]) <= 9


def test_static_files_travel_compressed(person):
    answer = person.client.get("/static/css/app.css", headers={"Accept-Encoding": "gzip"})

    assert answer.headers["content-encoding"] == "gzip"
    assert answer.headers["vary"] == "Accept-Encoding"
    page = person.client.get("/report", headers={"Accept-Encoding": "gzip"})
    assert "content-encoding" not in page.headers
