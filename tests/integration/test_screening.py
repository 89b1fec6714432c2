"""Screening by the real worker, and what ends by itself."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from types import SimpleNamespace

import pytest

from app.core import clock
from app.reports import ending, jobs, suggestions
from app.reports.jobs import CLOSE, SCREEN
from app.reports.sealing import Keys
from app.worker import create_worker
from tests.people import HTML, send
from tests.reports import BUS, NAMED, ONLINE, rows, screened, sent

ADVERT = {"notice_text": "Cheap loans, buy now, click here https://example.com"}
DECIDED = {"identifiable": "NO", "tone": "CARE", "outcome_NFA": "yes", "reason": "TOO_LITTLE"}


def work(db, settings):
    """The real worker, until the queue is empty."""
    worker = create_worker(db.logins.dsn("cs_job"))

    async def until_empty():
        async with worker.open_async():
            await worker.run_worker_async(
                wait=False,
                install_signal_handlers=False,
                listen_notify=False,
                additional_context={"db": db, "keys": Keys.of(settings)},
            )

    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, until_empty()).result()


def context(db, settings):
    return SimpleNamespace(additional_context={"db": db, "keys": Keys.of(settings)})


def found(db, ref):
    ((state, redaction, quarantine, flags, score, suggestion, at),) = rows(
        db,
        "select r.state, r.redaction, r.quarantine, o.pii_flags, o.spam_score::float, "
        "o.suggestion, o.screened_at from app.report r "
        "join app.report_original o on o.report_id = r.id where r.ref = %s",
        ref,
    )
    return SimpleNamespace(
        state=state,
        redaction=redaction,
        quarantine=quarantine,
        flags=flags,
        score=score,
        suggestion=suggestion or {},
        at=at,
    )


def test_a_report_that_was_sent_is_screened_by_the_worker(db, settings):
    named, plain = sent(db, settings, **NAMED).ref, sent(db, settings).ref
    advert = sent(db, settings, **ADVERT).ref
    assert {found(db, ref).state for ref in (named, plain, advert)} == {"RECEIVED"}

    work(db, settings)

    assert found(db, named).flags == ["NAME", "PHONE"]
    assert (found(db, named).state, found(db, named).redaction) == ("SCREENED", "NEEDED")
    assert (found(db, plain).state, found(db, plain).redaction) == ("SCREENED", "NONE")
    assert (found(db, advert).state, found(db, advert).quarantine) == (
        "QUARANTINED",
        ["SPAM_WORDS"],
    )
    assert found(db, advert).score >= 4
    assert rows(db, "select count(*) from audit.event where action = 'report.screen'") == [(3,)]
    status = "select distinct status::text from queue.procrastinate_jobs"
    assert rows(db, status + " where task_name = 'reports:screen'") == [("succeeded",)]


def test_what_the_form_put_aside_stays_there_with_its_suggestions(db, settings):
    first = screened(db, settings).ref
    ref = screened(db, settings, quarantine=["TOO_FAST"]).ref

    seen = found(db, ref)
    assert (seen.state, seen.quarantine) == ("QUARANTINED", ["TOO_FAST"])
    assert [like["ref"] for like in seen.suggestion["reports"]] == [first]


def test_danger_is_never_put_aside_by_the_words(db, settings):
    ref = screened(db, settings, **ADVERT, danger_answer="YES").ref

    assert (found(db, ref).state, found(db, ref).quarantine) == ("SCREENED", ["SPAM_WORDS"])


def test_screening_twice_changes_nothing(db, settings):
    ref = screened(db, settings).ref
    before = found(db, ref)
    ((known,),) = rows(db, "select id from app.report")

    jobs.screen.func(context(db, settings), str(known))

    assert found(db, ref) == before
    assert rows(db, "select count(*) from audit.event where action = 'report.screen'") == [(1,)]


def test_the_same_words_again_and_again_are_put_aside(db, settings):
    refs = [screened(db, settings).ref for _ in range(4)]

    assert [found(db, ref).state for ref in refs] == ["SCREENED"] * 3 + ["QUARANTINED"]
    assert found(db, refs[3]).quarantine == ["REPEATED"]


def test_a_lost_job_is_made_good_within_the_minute(db, settings):
    ref = sent(db, settings).ref
    jobs.sweep.func(context(db, settings), 0)
    assert found(db, ref).state == "RECEIVED", "its own job may still come"

    rows(db, "update app.report set created_at = now() - interval '61 seconds'")
    jobs.sweep.func(context(db, settings), 0)

    assert found(db, ref).state == "SCREENED"


def test_near_places_and_like_reports_are_suggested_with_reasons(db, settings, client):
    shop = {"type_code": "TAKEAWAY_SHOP", "name": "Shop", "northing": 169300}
    near = client.post("/api/v1/places", json=shop | {"easting": 518090}).json()["ref"]
    client.post("/api/v1/places", json=shop | {"easting": 518151})
    first = screened(db, settings).ref
    screened(db, settings, easting=518200.0)
    screened(db, settings, what_harms=["ROBBERY"])
    ref = screened(db, settings, easting=518100.0, notice_text="Bags, synthetic").ref

    seen = found(db, ref).suggestion
    assert seen["places"][0]["ref"] == near
    assert seen["places"][0]["metres"] == 10
    assert seen["places"][0]["reasons"] == ["10 metres from the pin"]
    likes = {like["ref"]: like for like in seen["reports"]}
    assert first in likes
    assert len(likes) == 2
    assert likes[first]["reasons"][0] == "100 metres away"
    assert 0 < likes[first]["score"] <= 100


def test_online_spaces_and_routes_are_known_again_without_being_kept_in_words(db, settings, client):
    client.post(
        "/api/v1/places",
        json={"type_code": "ONLINE_SOCIAL", "name": "Page", "address": "www.example.com/synthetic"}
        | {"borough": "E09000021"},
    )
    line = {"shape": "LINESTRING (517800 169200, 518100 169400)"}
    client.post("/api/v1/places", json={"type_code": "ROUTE_BUS", "name": "Bus K2"} | line)
    page = [screened(db, settings, **ONLINE, easting=None, northing=None).ref for _ in range(2)]
    bus = [screened(db, settings, **BUS).ref for _ in range(2)]

    for first, second in (page, bus):
        seen = found(db, second).suggestion
        assert [like["ref"] for like in seen["reports"]] == [first]
        assert len(seen["places"]) == 1
    dump = str(rows(db, "select o::text from app.report_original o"))
    assert "example" not in dump


def test_what_cannot_be_opened_is_still_a_persons_to_see(db, settings, client):
    ref = sent(db, settings).ref
    rows(db, "update app.report_original set sealed = sealed || '\\x00'::bytea")
    work(db, settings)

    assert found(db, ref).state == "SCREENED"
    page = client.get(f"/reports/{ref}", headers=HTML)
    assert "cannot be opened with the keys of this service" in page.text


def test_only_the_newest_that_may_be_alike_are_opened(db, settings, monkeypatch):
    monkeypatch.setattr(suggestions, "COMPARED", 1)
    screened(db, settings, notice_text="The first of three, synthetic, about the bins")
    second = screened(db, settings, notice_text="The second of three, synthetic, on bins").ref
    third = screened(db, settings, notice_text="The third of three, synthetic, near bins").ref

    assert [like["ref"] for like in found(db, third).suggestion["reports"]] == [second]


@pytest.fixture
def ended(db, settings, client):
    """Run the daily job at a moment; whoever decided is the lead."""

    def run(**later):
        with db.begin(CLOSE) as session:
            ending.end(session, now=clock.now() + timedelta(**later))

    return run


def test_a_decided_report_closes_after_thirty_days_and_its_contact_thirty_later(
    db, settings, client, ended
):
    ref = screened(db, settings, contact={"email": "synthetic@example.org"}).ref
    send(client, f"/reports/{ref}/take")
    assert send(client, f"/reports/{ref}", version="2", **DECIDED).status_code == 303

    ended(days=29)
    assert found(db, ref).state == "DECIDED"
    ended(days=31)
    assert found(db, ref).state == "CLOSED"
    assert rows(db, "select reason from app.report_state_change order by id desc limit 1") == [
        ("30 days without news",)
    ]
    ended(days=60)
    assert rows(db, "select count(*) from app.report_contact") == [(1,)]
    ended(days=62)
    assert rows(db, "select count(*) from app.report_contact") == [(0,)]
    actions = "select action, object_ref from audit.event where role = 'job' order by id"
    assert rows(db, actions)[1:] == [("report.close", ref), ("report_contact.delete", ref)]


def test_a_question_without_an_answer_comes_back_after_ten_working_days(
    db, settings, client, ended
):
    ref = screened(db, settings).ref
    send(client, f"/reports/{ref}/take")
    asked = {"template": "Q_WHERE", "send": "yes", "version": "2"}
    assert send(client, f"/reports/{ref}/reply", **asked).status_code == 303

    ended(days=10)
    assert found(db, ref).state == "NEEDS_INFO"
    ended(days=21)
    assert found(db, ref).state == "IN_TRIAGE"


def test_open_forms_are_tidied_by_the_worker(db, settings):
    rows(
        db,
        "insert into intake.draft (id, cipher, touched_at) values "
        "('a', 'x', now() - interval '61 minutes'), ('b', 'x', now())",
    )
    jobs.tidy.func(context(db, settings), 0)

    assert rows(db, "select count(*) from intake.draft") == [(1,)]


def test_the_periodic_jobs_are_in_the_workers_queue(db):
    worker = create_worker(db.logins.dsn("cs_job"))
    named = {each.task.name: each.cron for each in worker.periodic_registry.periodic_tasks.values()}

    assert named["reports:sweep"] == "* * * * *"
    assert named["reports:tidy"] == "*/5 * * * *"
    assert "reports:close" in named
    assert {SCREEN.job, CLOSE.job} == {"reports:screen", "reports:close"}
