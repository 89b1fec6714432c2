"""How much one connection may send: nobody is refused early, nobody is known afterwards."""

import re
from datetime import UTC, datetime

import psycopg
import pytest

from app.core import clock
from app.core.actor import PUBLIC, job_actor
from app.core.errors import TooManyError
from app.intake import limits as limiting
from app.intake import work
from app.intake.limits import Limits, count_look, count_sending, count_start, work_wanted
from tests.drafts import ready
from tests.people import browser, sign_in_as
from tests.sending import PARK, key_of

HERE, ELSEWHERE = "203.0.113.7", "203.0.113.8"
ONE = b"a sending of the tests"


@pytest.fixture
def limits(settings):
    return Limits.of(settings, "team@example.org")


@pytest.fixture
def at(monkeypatch):
    """Sets the clock of this process; the database has its own."""

    def set_to(*when):
        monkeypatch.setattr(clock, "now", lambda: datetime(*when, tzinfo=UTC))

    return set_to


def sent(db, limits, times, address=HERE, **more):
    return [count_sending(db, limits, address, sending=ONE, **more) for _ in range(times)]


def wanted(db, limits, address=HERE):
    with db.read(PUBLIC) as session:
        return work_wanted(session, limits, address, ONE)


def rates(db):
    with psycopg.connect(db.logins.dsn("postgres")) as admin:
        return admin.execute("select kind, source, n from intake.rate").fetchall()


@pytest.mark.asvs("2.3.2")
def test_five_an_hour_are_free_and_then_a_person_without_the_sum_waits_in_quarantine(db, limits):
    assert sent(db, limits, 5) == [()] * 5
    assert sent(db, limits, 25) == [("MANY_SENT",)] * 25


def test_whoever_did_the_sum_is_received_as_before(db, limits):
    sent(db, limits, 5)
    challenge = wanted(db, limits)

    assert sent(db, limits, 3, proof=work.done(challenge)) == [()] * 3


def test_the_sum_is_asked_for_only_where_much_came_from(db, limits):
    assert wanted(db, limits) is None
    sent(db, limits, 4)
    assert wanted(db, limits) is None
    sent(db, limits, 1)

    assert wanted(db, limits) == limits.challenge(ONE)
    assert wanted(db, limits, ELSEWHERE) is None


def test_asking_for_the_page_counts_nothing(db, limits):
    for _ in range(40):
        wanted(db, limits)

    assert rates(db) == []


def test_a_sum_is_good_for_its_own_sending_and_for_this_hour_and_the_next(db, limits, at):
    at(2026, 11, 26, 9, 59)
    proof = work.done(limits.challenge(ONE))

    assert limits.worked(ONE, proof)
    assert not limits.worked(b"another", proof)
    at(2026, 11, 26, 10, 59)
    assert limits.worked(ONE, proof)
    at(2026, 11, 26, 11, 0)
    assert not limits.worked(ONE, proof)


@pytest.mark.parametrize("proof", ["", "-1", "x", "٣", "1" * 21, "0x1", " 1", "1 ", "1\0"])
def test_what_is_no_number_is_no_proof(limits, proof):
    assert not limits.worked(ONE, proof)


@pytest.mark.asvs("2.4.1")
def test_more_than_thirty_an_hour_are_refused_with_where_else_to_write_and_when(db, limits):
    sent(db, limits, 30)

    with pytest.raises(TooManyError) as refused:
        sent(db, limits, 1, proof=work.done(limits.challenge(ONE)))
    assert refused.value.detail == (
        "Too many reports came from this connection. "
        "Try again in an hour, or e-mail team@example.org."
    )
    assert 0 < refused.value.retry_after_s <= 3600
    assert sent(db, limits, 1, address=ELSEWHERE) == [()]


def test_a_proxy_that_was_not_named_never_closes_the_form_to_everybody(db, limits):
    for address in ("127.0.0.1", "0000:0000:0000:0000:0000:0000:0000:0001", "::1"):
        assert sent(db, limits, 40, address=address)[5:] == [("MANY_SENT",)] * 35


@pytest.mark.asvs("2.4.1")
def test_ten_tries_of_a_receipt_an_hour_and_they_are_counted_apart(db, limits):
    sent(db, limits, 30)
    for _ in range(10):
        count_look(db, limits, HERE)

    with pytest.raises(TooManyError, match=r"Too many codes were tried .* team@example\.org"):
        count_look(db, limits, HERE)


def test_a_class_may_open_the_form_at_once_and_a_flood_may_not(db, limits):
    for _ in range(120):
        count_start(db, limits, HERE)

    with pytest.raises(TooManyError, match=r"Too many forms were opened.*team@example\.org"):
        count_start(db, limits, HERE)
    count_start(db, limits, ELSEWHERE)


def test_the_count_ends_with_its_hour(db, limits):
    sent(db, limits, 30)
    with psycopg.connect(db.logins.dsn("postgres")) as admin:
        admin.execute("update intake.rate set hour = hour - interval '1 hour'")

    assert sent(db, limits, 1) == [()]
    with db.begin(job_actor("intake:tidy", db_role="cs_job")) as session:
        session.execute(limiting.text("select intake.tidied()"))
    assert [n for _, _, n in rates(db)] == [1]


def test_no_address_is_kept_and_the_mark_of_one_is_another_each_day(db, limits, at):
    at(2026, 11, 26, 9)
    today = limits.source(HERE)
    sent(db, limits, 1)
    at(2026, 11, 27, 9)

    assert limits.source(HERE) != today
    ((_, source, _),) = rates(db)
    assert bytes(source) == today
    assert HERE.encode() not in today


def test_the_day_of_the_marks_is_the_day_of_london(limits, at):
    at(2026, 7, 1, 22, 59)
    evening = limits.source(HERE)
    at(2026, 7, 1, 23, 1)  # a minute after midnight in London

    assert limits.source(HERE) != evening


def test_several_processes_agree_and_another_secret_marks_otherwise(db, limits, settings):
    other = settings.model_copy(update={"secret_key": None})

    assert Limits.of(settings, "x").source(HERE) == limits.source(HERE)
    assert Limits.of(other, "x").source(HERE) != limits.source(HERE)


@pytest.fixture
def public(db, settings):
    with browser(db, settings) as client:
        yield client


def states(db):
    with psycopg.connect(db.logins.dsn("postgres")) as admin:
        question = "select state, quarantine from app.report order by created_at"
        return admin.execute(question).fetchall()


def posted(client, n):
    return client.post(
        "/api/v1/reports", json=PARK, headers={"Idempotency-Key": key_of(f"limits {n}")}
    )


def sent_by_form(db, settings, client, *, proof=None):
    """The page before sending, and what Send is answered with."""
    form = ready(db, settings)
    page = client.get("/report/check", headers=form.headers)
    fields = form.fields | ({} if proof is None else {"proof": proof(page.text)})
    return page, client.post("/report/send", data=fields, headers=form.headers)


def worked_out(page):
    return work.done(re.search('data-challenge="([0-9a-f]+)"', page)[1])


def test_a_program_over_the_soft_limit_is_told_the_same_and_waits_in_quarantine(db, public):
    answers = [posted(public, n) for n in range(6)]

    assert {answer.status_code for answer in answers} == {201}
    assert len({tuple(answer.json()) for answer in answers}) == 1
    assert states(db) == [("RECEIVED", [])] * 5 + [("QUARANTINED", ["MANY_SENT"])]


def test_a_program_over_the_hard_limit_is_told_when_to_come_again(db, public):
    last = [posted(public, n) for n in range(31)][-1]

    assert last.status_code == 429
    assert last.json()["detail"].startswith("Too many reports came from this connection.")
    assert 0 < int(last.headers["retry-after"]) <= 3600
    assert len(states(db)) == 30


def test_the_form_asks_a_device_for_the_sum_and_a_browser_without_scripts_for_nothing(
    db, settings, public
):
    few, _ = sent_by_form(db, settings, public)
    for n in range(4):
        posted(public, n)
    without, first = sent_by_form(db, settings, public)
    _, second = sent_by_form(db, settings, public, proof=worked_out)
    _, wrong = sent_by_form(db, settings, public, proof=lambda _page: "1")

    assert "pow.js" not in few.text
    assert "pow.js" in without.text
    assert {answer.headers["location"] for answer in (first, second, wrong)} == {"/report/done"}
    assert states(db)[5:] == [
        ("QUARANTINED", ["MANY_SENT"]),
        ("RECEIVED", []),
        ("QUARANTINED", ["MANY_SENT"]),
    ]


def test_the_form_over_the_hard_limit_keeps_the_answers_and_leaves_no_post_behind(
    db, settings, public
):
    for n in range(30):
        posted(public, n)
    form = ready(db, settings)

    refused = public.post("/report/send", data=form.fields, headers=form.headers)
    said = public.get(refused.headers["location"], headers=form.headers)
    answers = public.get("/report/check", headers=form.headers)
    after_exit = public.get(refused.headers["location"], headers={"Accept": "text/html"})

    assert (refused.status_code, said.status_code, answers.status_code) == (303, 429, 200)
    assert int(said.headers["retry-after"]) > 0
    assert "Too many reports came from this connection" in said.text
    assert "Go back to your answers" in said.text
    assert after_exit.headers["location"].startswith("https://www.bbc.co.uk")
    assert len(states(db)) == 30


def test_whoever_is_signed_in_is_not_counted(db, settings):
    partner = sign_in_as(db, "partner", agency="LA_KINGSTON")
    with browser(db, settings, partner) as client:
        answers = [posted(client, n) for n in range(32)]

    assert {answer.status_code for answer in answers} == {201}
    assert {state for state, _ in states(db)} == {"RECEIVED"}
