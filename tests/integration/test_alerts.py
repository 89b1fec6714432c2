"""What must not go unnoticed: found once, told once, acknowledged by somebody, ended by itself."""

import asyncio
import html
import json
import smtplib
import threading
from datetime import timedelta

import pytest
from sqlalchemy import text

from app import worker
from app.audit.seals import seal
from app.backups import queries as backups
from app.core import clock, crashes, disk
from app.core.actor import job_actor
from app.core.jobs import enqueue
from app.core.settings import ROOT
from app.site import alerts, jobs, presence, rooms
from app.site.presence import note_failures
from app.worker import create_worker
from tests import loops
from tests.people import HTML, browser, send, sign_in_as

EVENT = text("select audit.log(:action, :type, null, :outcome, 1, cast(:detail as jsonb))")
ADDRESS = text('update app."user" set email = :address where id = :id')
PEOPLE = job_actor("accounts:admin")


@pytest.fixture
def room(monkeypatch):
    monkeypatch.setattr(disk, "room", lambda _: disk.Room(100 * disk.GB, 90 * disk.GB))
    monkeypatch.setattr(alerts, "SETTLED", timedelta(0))  # each event is settled at once


@pytest.fixture
def place(db, settings, room, tmp_path, monkeypatch):
    """A service begun now, with a folder of its own; nothing is wrong, and no backup is needed."""
    seal(db)
    monkeypatch.setattr(alerts, "BEGAN", clock.now())
    return settings.model_copy(update={"data_dir": tmp_path, "demo": True})


def happened(db, action, actor=None, *, kind="alert", outcome="done", detail=None, times=1):
    with db.begin(actor or job_actor("site:alerts")) as session:
        for _ in range(times):
            given = {"action": action, "type": kind, "outcome": outcome, "detail": detail}
            session.execute(EVENT, given)


def reachable(db, person, address):
    with db.begin(PEOPLE) as session:
        session.execute(ADDRESS, {"id": person.user_id, "address": address})


def looked(db, place, post=None):
    jobs.look(db, place, post, clock.now() + timedelta(seconds=1))
    return {alert.key for alert in alerts.standing(alerts.history(db))}


def test_nothing_is_wrong_at_first(db, place):
    assert looked(db, place) == set()


@pytest.mark.parametrize(
    ("key", "action", "options"),
    [
        ("decoy", "child.decoy", {}),
        ("emergency", "grant.create", {"detail": '{"kind": "BREAK_GLASS"}'}),
        ("audit-failed", "audit.failed", {}),
        ("denials", "denied", {"times": 21}),
        ("child-reads", "child.read", {"times": 101}),
    ],
)
def test_what_happened_stands_until_somebody_looks_after_it(db, place, key, action, options):
    administrator = sign_in_as(db, "administrator", agency="AFC")
    page = browser(db, place, administrator, headers=HTML)
    happened(db, action, administrator.actor, **options)

    raised, again = looked(db, place), looked(db, place)
    shown = page.get("/admin/service").text
    done = send(page, f"/admin/service/alerts/{key}")
    after = looked(db, place)

    assert raised == again == {key}
    assert alerts.RULES[key].title in html.unescape(shown)
    assert done.status_code == 303
    assert after == set()
    seen = alerts.history(db)[key][alerts.ACKNOWLEDGED]
    assert seen.actor == administrator.user_id
    assert send(page, f"/admin/service/alerts/{key}").status_code == 404


@pytest.mark.parametrize(
    ("action", "options"),
    [
        ("denied", {"times": 20}),
        ("child.read", {"times": 100}),
        ("grant.create", {"detail": '{"kind": "PLACE"}'}),
    ],
)
def test_what_is_usual_is_no_alert(db, place, action, options):
    lead = sign_in_as(db, "cs_lead")
    happened(db, action, lead.actor, **options)

    assert looked(db, place) == set()


def test_what_happens_again_after_that_is_an_alert_again(db, place):
    page = browser(db, place, sign_in_as(db, "auditor", agency="KRSCP"), headers=HTML)
    happened(db, "child.decoy")
    looked(db, place)
    send(page, "/admin/service/alerts/decoy")

    happened(db, "child.decoy")

    assert looked(db, place) == {"decoy"}


def test_what_lasts_ends_by_itself_and_is_looked_after_meanwhile(db, place, monkeypatch):
    person = sign_in_as(db, "administrator", agency="AFC")
    page = browser(db, place, person, headers=HTML)
    monkeypatch.setattr(disk, "room", lambda _: disk.Room(100, 9))

    assert looked(db, place) == {"disk"}
    send(page, "/admin/service/alerts/disk")
    assert looked(db, place) == {"disk"}
    assert "Test administrator looks after it since" in page.get("/admin/service").text
    monkeypatch.setattr(disk, "room", lambda _: disk.Room(100 * disk.GB, 90 * disk.GB))
    assert looked(db, place) == set()
    assert "Nothing has to be looked at." in page.get("/admin/service").text


def test_a_failed_verification_lasts_until_one_finds_no_change(db, place):
    happened(db, "audit.verify", kind="audit_event", outcome="changed")
    assert looked(db, place) == {"verification-failed"}

    happened(db, "audit.verify", kind="audit_event", outcome="asked")
    assert looked(db, place) == {"verification-failed"}
    happened(db, "audit.verify", kind="audit_event", outcome="unchanged")
    assert looked(db, place) == set()


def test_late_seals_late_jobs_and_late_backups_last(db, place, monkeypatch):
    with db.begin(job_actor("site:readyz")) as session:
        session.execute(
            text("""
            insert into queue.procrastinate_jobs (queue_name, task_name, status, args, scheduled_at)
            values ('places:labels', 'places:labels', 'todo', '{}', now() - interval '11 min')
        """)
        )
    monkeypatch.setattr(alerts, "SEAL_LATE_S", -1)
    made = place.model_copy(
        update={"backup_recipient": "age1synthetic", "backup_dir": place.data_dir}
    )

    assert looked(db, made) == {"seal-late", "jobs-late", "backup-late"}
    assert looked(db, place) == {"seal-late", "jobs-late"}


def test_that_no_backups_are_made_is_an_alert_where_records_are_real(db, place):
    real = place.model_copy(update={"demo": False})
    folder = {"backup_recipient": "age1synthetic", "wal_archive": place.data_dir}
    keyless = real.model_copy(update={"backup_dir": place.data_dir})

    assert looked(db, place) == set()
    assert looked(db, real) == looked(db, keyless) == {"no-backups"}
    assert looked(db, real.model_copy(update=folder)) == {"backup-late"}


def test_changes_that_are_not_shipped_are_an_alert_once_the_worker_has_run_for_ten_minutes(
    db, place, monkeypatch
):
    shipping = place.model_copy(
        update={"backup_recipient": "age1synthetic", "wal_archive": place.data_dir}
    )
    backup = job_actor("backup:create")
    with db.begin(backup) as session:
        backups.note(session, "base", clock.now(), size_bytes=1)
    assert looked(db, shipping) == set()

    monkeypatch.setattr(alerts, "BEGAN", clock.now() - timedelta(minutes=11))
    assert looked(db, place) == set(), "where no archive is set nothing is shipped"
    assert looked(db, shipping) == {"changes-late"}
    with db.begin(backup) as session:
        backups.note(session, "wal", clock.now())
    assert looked(db, shipping) == set()


def test_a_process_that_ended_by_a_fault_is_an_alert(db, place):
    crashes.note(place.data_dir, "web 1", -15)
    assert looked(db, place) == set()
    crashes.note(place.data_dir, "web 1", -11)
    assert looked(db, place) == {"crash"}


def test_a_fault_of_the_private_database_is_read_from_its_log(place):
    now = clock.now()
    line = "{:%Y-%m-%d %H:%M:%S}.123 UTC [42] LOG:  server process (PID 7) was terminated by signal"
    said = [f"{line.format(now)} 11: Segmentation fault", f"{line.format(now)} 9: Killed"]
    (place.data_dir / "postgres.log").write_text("\n".join(said))

    assert crashes.since(place, now - timedelta(minutes=1)) == 1
    assert crashes.since(place, now + timedelta(minutes=1)) == 0


def test_each_alert_is_told_once_and_again_only_when_a_letter_failed(db, place):
    person, sent = sign_in_as(db, "administrator", agency="AFC"), []
    reachable(db, person, "admin@synthetic.example")
    happened(db, "child.decoy")

    def away(mail, key):
        sent.append(key)
        raise OSError

    def post(mail, key):
        sent.append(key)
        assert mail.to == "admin@synthetic.example"
        assert "belongs to no work" in mail.text

    looked(db, place, away)
    for _ in range(3):
        looked(db, place, post)

    assert len(sent) == 2
    assert sent[0] == sent[1]
    page = browser(db, place, person, headers=HTML).get("/admin/service").text
    assert "were told by e-mail" in page


def test_who_had_a_letter_does_not_get_it_again_when_another_failed(db, place):
    """A process that was started again in between knows it as well: it stands in the audit."""
    people = [sign_in_as(db, role, agency="AFC") for role in ("administrator", "auditor")]
    for n, person in enumerate(people):
        reachable(db, person, f"person-{n}@synthetic.example")
    sent, broken = [], {"after": 1}
    happened(db, "child.decoy")

    def post(mail, key):
        if len(sent) == broken["after"]:
            raise OSError
        sent.append(mail.to)

    looked(db, place, post)
    halfway, told_halfway = list(sent), alerts.standing(alerts.history(db))[0].told_at
    broken["after"] = None
    for _ in range(2):
        looked(db, place, post)

    assert len(halfway) == 1
    assert told_halfway is None
    assert sorted(sent) == ["person-0@synthetic.example", "person-1@synthetic.example"]
    assert alerts.standing(alerts.history(db))[0].told_at is not None


def test_an_address_that_is_refused_keeps_nobody_else_from_being_told(db, place):
    people = [sign_in_as(db, role, agency="AFC") for role in ("administrator", "auditor")]
    for n, person in enumerate(people):
        reachable(db, person, f"person-{n}@synthetic.example")
    sent, refused = [], []
    happened(db, "child.decoy")

    def post(mail, key):
        if not refused or mail.to == refused[0]:
            refused.append(mail.to)
            raise smtplib.SMTPRecipientsRefused({mail.to: (550, b"no such mailbox")})
        sent.append(mail.to)

    looked(db, place, post)
    looked(db, place, post)

    assert len(sent) == 1
    assert len(set(refused)) == 1
    assert {*sent, *refused} == {"person-0@synthetic.example", "person-1@synthetic.example"}


def test_a_rule_that_cannot_be_asked_silences_no_other(db, place, monkeypatch, caplog):
    def fails(_):
        raise ValueError("secret words")

    for key in ("seal-late", "crash"):
        monkeypatch.setitem(alerts.QUESTIONS, key, fails)
    happened(db, "child.decoy")

    assert looked(db, place) == {"decoy"}
    said = [json.loads(r.message) for r in caplog.records if r.levelname == "ERROR"]
    assert {line["ref"] for line in said if line["event"] == "alert.unasked"} == {
        "seal-late",
        "crash",
    }
    assert "secret words" not in caplog.text


def test_a_look_that_fails_is_told_and_the_next_one_finds_what_there_is(
    db, place, monkeypatch, caplog
):
    watch = jobs.Watch(db, place)
    happened(db, "child.decoy")

    def fails(*_):
        raise LookupError

    with monkeypatch.context() as patch:
        patch.setattr(jobs, "look", fails)
        watch.turn()
    between = alerts.standing(alerts.history(db))
    monkeypatch.setattr(clock, "now", later(seconds=1))

    watch.turn()

    assert between == []
    assert [alert.key for alert in alerts.standing(alerts.history(db))] == ["decoy"]
    assert "alerts.not-looked" in caplog.text


def later(**spent):
    moment = clock.now() + timedelta(**spent)
    return lambda: moment


def test_of_two_workers_one_looks_at_a_time(db, place, monkeypatch):
    looks = []

    def look(*_):
        looks.append("one")
        if len(looks) == 1:
            jobs.Watch(db, place).turn()  # the other worker, in the middle of this one's look

    monkeypatch.setattr(jobs, "look", look)
    jobs.Watch(db, place).turn()

    assert looks == ["one"]
    jobs.Watch(db, place).turn()
    assert looks == ["one", "one"]


def test_alerts_are_looked_for_while_every_place_of_the_queue_is_taken(db, place, monkeypatch):
    """Two jobs that hang: the worker itself, with its own two places."""
    hang, looked_at = threading.Event(), threading.Event()
    monkeypatch.setattr(jobs.Watch, "turn", lambda _: looked_at.set())
    made = create_worker(db.logins.dsn("cs_job"))
    both = threading.Barrier(3, timeout=30)

    def hangs(**_):
        both.wait()
        hang.wait(60)

    made.task(name="test:hangs", queue="test:hangs")(hangs)
    monkeypatch.setattr(worker, "queues", lambda _: ["test:hangs"])  # not what other tests left
    with db.begin(job_actor("site:readyz")) as session:
        for _ in range(2):
            enqueue(session, "test:hangs")

    async def until_looked():
        working = asyncio.create_task(worker.run(made, db, place))
        try:
            await asyncio.to_thread(both.wait)
            looked_at.clear()
            monkeypatch.setattr(jobs, "EVERY_S", 0.1)
            return await asyncio.to_thread(looked_at.wait, 30)
        finally:
            hang.set()
            working.cancel()
            await asyncio.gather(working, return_exceptions=True)

    monkeypatch.setattr(jobs, "EVERY_S", 0.1)
    assert loops.run(until_looked())


def test_a_line_that_a_full_disk_cut_silences_no_other(place):
    crashes.note(place.data_dir, "web 1", -11)
    with (place.data_dir / crashes.FILE).open("a") as file:
        file.write("2026-11-27T07\n\n-11\nx -11 web\n2026-11-27T07:00:00 -11 web 1\n")
    crashes.note(place.data_dir, "worker", -11)

    assert crashes.since(place, clock.now() - timedelta(minutes=1)) == 2


def test_what_a_web_process_looks_at_goes_on_after_a_failure(db, place, monkeypatch):
    app, looks = browser(db, place).app, []

    def is_there(_):
        looks.append(1)
        if len(looks) == 1:
            raise ValueError
        if len(looks) == 3:
            raise asyncio.CancelledError
        return False

    monkeypatch.setattr(presence, "is_there", is_there)
    monkeypatch.setattr(presence, "EVERY_S", 0)

    with pytest.raises(asyncio.CancelledError):
        loops.run(presence.look_around(app))

    assert len(looks) == 3


def test_a_database_that_has_taken_its_room_counts_as_a_full_disk(db, place, monkeypatch):
    small = place.model_copy(update={"database_gb": 1})
    lead = browser(db, small, sign_in_as(db, "cs_lead"), headers=HTML)
    monkeypatch.setattr(rooms, "SIZE", text("select 950000000"))

    loops.run(presence._look(lead.app, missed=False))

    assert looked(db, small) == {"disk"}
    assert looked(db, place) == set()
    assert lead.app.state.database_room.words == "0.1 GB of 1 GB free"
    assert send(lead, "/places/new", name="Synthetic gardens").status_code == 503


def test_others_neither_see_nor_acknowledge_alerts(db, place):
    happened(db, "child.decoy")
    looked(db, place)

    for role in ("practitioner", "police_analyst", "partner"):
        page = browser(db, place, sign_in_as(db, role), headers=HTML)
        assert page.get("/admin/service").status_code == 403
        assert send(page, "/admin/service/alerts/decoy").status_code == 403
    assert looked(db, place) == {"decoy"}


def test_an_audit_that_could_not_be_written_is_noted_once_it_can(db, place):
    assert note_failures(db, 3)

    assert looked(db, place) == {"audit-failed"}


def test_every_rule_is_asked_and_documented(db, place):
    asked = alerts.conditions(db, place, alerts.history(db), clock.now())
    words = (ROOT / "docs/operator/monitoring.md").read_text()
    assert asked.keys() == alerts.RULES.keys()
    assert [key for key in alerts.RULES if f"| `{key}` |" not in words] == []


def test_jobs_that_ended_long_ago_are_forgotten(db):
    with db.begin(job_actor("site:readyz")) as session:
        session.execute(
            text("""
            with job as (
                insert into queue.procrastinate_jobs (queue_name, task_name, status, args)
                values ('q', 'old:done', 'succeeded', '{}'), ('q', 'old:failed', 'failed', '{}'),
                       ('q', 'new:done', 'succeeded', '{}'), ('q', 'old:waiting', 'todo', '{}')
                returning id, task_name, status)
            insert into queue.procrastinate_events (job_id, type, at)
            select id, 'succeeded', now() - case when task_name like 'old%' then interval '8 days'
                                                 else interval '1 day' end from job
        """)
        )
        session.execute(text("delete from queue.procrastinate_events where type = 'deferred'"))
        session.execute(jobs.FINISHED)
        left = set(session.scalars(text("select task_name from queue.procrastinate_jobs")))

    assert left == {"old:failed", "new:done", "old:waiting"}
