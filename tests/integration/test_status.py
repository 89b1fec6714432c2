"""Coming back with the code: three words, days, messages; the same answer for what is not there."""

import re
import statistics
import time
from datetime import timedelta

import psycopg
import pytest
from sqlalchemy import text

from app.core import clock
from app.core.actor import PUBLIC
from app.core.ids import new_id
from app.intake import mailbox
from app.reports import service
from app.reports.receipts import folded, mailbox_of, receipt_hmac, receipt_of, spelled
from app.reports.schemas import ReportIn
from app.reports.sealing import Keys, opened, seal
from app.reports.service import Sending
from tests.people import HTML, browser, sign_in_as

HERE, MESSAGES = "/report/status", "/report/status/messages"
BUS = {
    "danger_answer": "NO",
    "where_kind": "ROUTE",
    "mode": "BUS",
    "line": "65",
    "what_harms": ["OTHER"],
    "when_kind": "OFTEN",
}


@pytest.fixture
def keys(settings):
    return Keys.of(settings)


@pytest.fixture
def phone(db, settings):
    with browser(db, settings, headers=HTML) as client:
        yield client


def sent(db, keys, key=b"one") -> str:
    with db.begin(PUBLIC) as session:
        report = ReportIn.model_validate(BUS)
        return service.receive(session, keys, report, Sending(key, b"body")).receipt


def admin(db):
    dsn = db.logins.cluster.dsn("postgres", db.logins.dbname)
    return psycopg.connect(dsn, autocommit=True)


def changed(db, setting):
    with admin(db) as link:
        link.execute(f"update app.report set {setting}".encode())


def enter(client, code):
    return client.post(HERE, data={"code": code})


def answer(client, words, **instead):
    page = client.get(MESSAGES).text
    fields = dict(re.findall(r'name="(token|id)" value="([^"]+)"', page))
    return client.post("/report/status/message", data=fields | {"message": words} | instead)


def team_writes(db, keys, receipt, words):
    with db.begin(PUBLIC) as session:
        mark = {"mark": receipt_hmac(keys.receipts, receipt)}
        report = session.scalar(text("select intake.status(:mark)"), mark)["report"]
    from uuid import UUID

    of = {"report": UUID(report), "use": "message"}
    box = seal({"body": words}, keys.triage.public_key(), **of)
    copy = seal({"body": words}, mailbox_of(receipt).public_key(), **of)
    with admin(db) as link:
        link.execute(
            "insert into app.report_message (id, report_id, direction, template_code, sealed, "
            "sealed_for_reporter, at) "
            "values (%s, %s, 'OUT', 'ASK', %s, %s, now() - '1 h'::interval)",
            (new_id(), report, box, copy),
        )


@pytest.mark.asvs("14.2.1")
def test_the_code_opens_word_and_day_and_stands_in_no_address(db, keys, phone):
    code = spelled(sent(db, keys))

    came = enter(phone, code)

    assert came.status_code == 303
    assert came.headers["location"] == MESSAGES
    page = phone.get(MESSAGES)
    assert page.status_code == 200
    assert ">Received<" in page.text
    assert "A person will read it by" in page.text
    assert code not in page.text
    assert folded(code) not in page.text
    assert "RP-" not in page.text
    assert page.headers["cache-control"] == "no-store, private"
    assert not re.search(r"\d\d:\d\d", page.text)


@pytest.mark.parametrize(
    "written", [str.lower, lambda c: f" {c.replace('-', ' ')} ", lambda c: c.replace("0", "o")]
)
def test_a_code_may_be_typed_as_people_type(db, keys, phone, written):
    code = spelled(sent(db, keys))

    assert enter(phone, written(code)).headers["location"] == MESSAGES
    assert enter(phone, code.replace("1", "l")).headers["location"] == MESSAGES


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda c: "", "Check your code. It has 24 letters and numbers."),
        (lambda c: c[:-1], "Check your code. It has 24 letters and numbers."),
        (lambda c: c + "A", "Check your code. It has 24 letters and numbers."),
        (lambda c: ("3" if c[0] == "2" else "2") + c[1:], "One letter or number is not right."),
        (lambda c: receipt_of(b"x", b"y"), "We could not find that code. Check it and try again."),
    ],
)
def test_what_is_wrong_with_a_code_is_said_once_with_what_was_typed(db, keys, phone, spoil, words):
    typed = spoil(sent(db, keys))

    came = enter(phone, typed)

    assert (came.status_code, came.headers["location"]) == (303, HERE)
    page = phone.get(HERE).text
    assert words in page
    assert "<title>Error: " in page
    assert f'value="{typed}"' in page
    assert words not in phone.get(HERE).text


GONE = {
    "unknown": None,
    "deleted": "deleted_at = now() - interval '1 day'",
    "expired": "state = 'CLOSED', closed_at = now() - interval '31 days'",
}


def test_unknown_deleted_and_expired_codes_are_told_the_same(db, keys, phone):
    code = sent(db, keys)
    pages = {}
    for what, setting in GONE.items():
        if setting:
            changed(db, "deleted_at = null")
            changed(db, setting)
        enter(phone, code if setting else receipt_of(b"x", b"y"))
        page = phone.get(HERE).text
        pages[what] = re.sub(r'value="[^"]*"', "", page)

    assert len(set(pages.values())) == 1
    assert "We could not find that code." in pages["unknown"]


def test_they_take_the_same_time(db, keys):
    """J6, below HTTP and without the ten tries an hour: 300 of each, taken in turn."""
    code, unknown = sent(db, keys), receipt_of(b"x", b"y")
    changed(db, "state = 'CLOSED', closed_at = now() - interval '31 days'")
    times: dict[str, list[float]] = {unknown: [], code: []}
    for _ in range(300):
        for each, taken in times.items():
            began = time.perf_counter()
            with db.begin(PUBLIC) as session:
                visit = mailbox.begin(session, keys, each)
            taken.append(time.perf_counter() - began)
            assert visit.error == mailbox.NOT_FOUND
    one, other = (statistics.median(taken) * 1000 for taken in times.values())
    print(f"unknown {one:.2f} ms, expired {other:.2f} ms")
    assert abs(one - other) < 5


@pytest.mark.parametrize(
    ("state", "word", "words"),
    [
        ("QUARANTINED", "Received", "A person will read it by"),
        ("SCREENED", "Received", "A person will read it by"),
        ("IN_TRIAGE", "Being considered", "deciding what should happen"),
        ("NEEDS_INFO", "Being considered", "deciding what should happen"),
        ("DECIDED", "Being considered", "deciding what should happen"),
        ("FEEDBACK_SENT", "Closed", "We cannot tell you what other services did."),
    ],
)
def test_a_state_is_told_in_one_of_three_words(db, keys, phone, state, word, words):
    code = sent(db, keys)
    changed(db, f"state = '{state}'")
    enter(phone, code)

    page = phone.get(MESSAGES).text

    assert f">{word}<" in page
    assert words in page
    assert state not in page


def test_after_closing_messages_are_taken_for_a_month(db, keys, phone):
    code = sent(db, keys)
    changed(db, "state = 'CLOSED', closed_at = now() - interval '2 days'")
    enter(phone, code)

    until = (clock.now() + timedelta(days=28)).astimezone(clock.LONDON)
    words = f"You can write to us here until {until.day} {until:%B %Y}."
    assert words in phone.get(MESSAGES).text


def test_what_is_late_is_not_promised_again(db, keys, phone):
    code = sent(db, keys)
    changed(db, "created_at = now() - interval '10 days'")
    enter(phone, code)

    page = phone.get(MESSAGES).text
    assert "We are later than we said." in page
    assert "A person will read it by" not in page


def test_messages_go_both_ways_newest_first_and_the_team_reads_its_own_copy(db, keys, phone):
    code = sent(db, keys)
    team_writes(db, keys, code, "Synthetic question: which stop?\nThe one by the park?")
    changed(db, "state = 'NEEDS_INFO'")
    enter(phone, code)

    came = answer(phone, "Synthetic answer: the park.")

    assert (came.status_code, came.headers["location"]) == (303, MESSAGES)
    page = phone.get(MESSAGES).text
    assert "We have your message." in page
    assert page.index("From you") < page.index("From the team") < page.index("Synthetic question")
    assert "Synthetic answer: the park." in page
    assert "We have your message." not in phone.get(MESSAGES).text
    with admin(db) as link:
        ((report, box),) = link.execute(
            "select report_id, sealed from app.report_message where direction = 'IN'"
        ).fetchall()
        ((state,),) = link.execute("select state from app.report").fetchall()
        events = link.execute("select role from audit.event where action = 'report.message'")
        assert events.fetchall() == [("public",)]
    assert opened(box, keys.triage, report=report, use="message")["body"].startswith("Synthetic")
    assert state == "IN_TRIAGE"


def test_a_message_that_is_sent_twice_is_one(db, keys, phone):
    code = sent(db, keys)
    enter(phone, code)
    page = phone.get(MESSAGES).text
    fields = dict(re.findall(r'name="(token|id)" value="([^"]+)"', page))
    for _ in range(3):
        said = fields | {"message": "Synthetic words"}
        assert phone.post("/report/status/message", data=said).status_code == 303

    with admin(db) as link:
        assert link.execute("select count(*) from app.report_message").fetchall() == [(1,)]


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("  ", "Enter your message."),
        ("x" * 1001, "Use 1,000 characters or fewer."),
        ("a\x00b", "Remove the characters that cannot be shown."),
    ],
)
def test_a_message_that_cannot_be_taken_is_kept_in_the_page(db, keys, phone, typed, words):
    enter(phone, sent(db, keys))

    answer(phone, typed)

    page = phone.get(MESSAGES).text
    assert words in page
    assert typed.strip()[:50] in page or "\x00" in typed
    with admin(db) as link:
        assert link.execute("select count(*) from app.report_message").fetchall() == [(0,)]


def test_a_thousand_characters_of_any_kind_are_taken(db, keys, phone):
    enter(phone, sent(db, keys))

    answer(phone, "ü\n" * 499 + "ü")

    assert "We have your message." in phone.get(MESSAGES).text


def test_after_leaving_nothing_can_be_read(db, settings, keys, phone):
    enter(phone, sent(db, keys))
    cookie = phone.cookies["__Host-report"]

    out = phone.get("/exit")

    assert out.status_code == 303
    assert phone.get(MESSAGES).headers["location"].startswith("https://www.bbc.co.uk/weather")
    with admin(db) as link:
        assert link.execute("select count(*) from intake.draft").fetchall() == [(0,)]
    with browser(db, settings, headers=HTML) as back:
        back.cookies.set("__Host-report", cookie)
        assert back.get(MESSAGES).headers["location"] == f"{HERE}?ended=yes"


def test_a_quarter_of_an_hour_later_the_code_is_asked_for_again(db, keys, phone, monkeypatch):
    enter(phone, sent(db, keys))
    later = clock.now() + timedelta(minutes=15, seconds=1)
    monkeypatch.setattr(mailbox.clock, "now", lambda: later)

    assert phone.get(MESSAGES).headers["location"] == f"{HERE}?ended=yes"
    assert "This page was closed to protect you." in phone.get(f"{HERE}?ended=yes").text


def test_the_code_is_in_no_row_and_no_log(db, keys, phone, capfd):
    code = sent(db, keys)
    enter(phone, code)
    enter(phone, code[:-1])
    phone.get(HERE)

    with admin(db) as link:
        rows = link.execute("select string_agg(t::text, '') from intake.draft t").fetchone()
        whole = str(rows) + str(
            link.execute(
                "select (select string_agg(t::text, '') from app.report t), "
                "(select string_agg(t::text, '') from intake.submission t)"
            ).fetchone()
        )
    told = capfd.readouterr()
    for way in (code, spelled(code), code.encode().hex()):
        assert way not in whole
        assert way not in told.out + told.err


def test_the_eleventh_try_of_an_hour_is_too_many(db, settings, keys):
    with browser(db, settings, headers=HTML) as phone:
        answers = [enter(phone, receipt_of(b"x", b"y")) for _ in range(11)]

    assert [a.headers["location"] for a in answers[:10]] == [HERE] * 10
    assert answers[10].headers["location"] == "/report/problem/too-many-codes"


def test_a_message_needs_the_page_it_was_written_on(db, keys, phone):
    enter(phone, sent(db, keys))

    came = answer(phone, "Synthetic", token="1.x")

    assert came.headers["location"] == "/report/problem/forbidden"
    with admin(db) as link:
        assert link.execute("select count(*) from app.report_message").fetchall() == [(0,)]


def test_a_member_of_staff_with_a_code_is_the_public_too(db, settings, keys):
    code = sent(db, keys)
    person = sign_in_as(db, "auditor")
    with browser(db, settings, person, headers=HTML) as desk:
        enter(desk, code)
        assert answer(desk, "Synthetic").headers["location"] == MESSAGES

    with admin(db) as link:
        assert link.execute(
            "select role from audit.event where action = 'report.message'"
        ).fetchall() == [("public",)]
