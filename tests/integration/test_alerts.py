"""What must not go unnoticed: found once, told once, acknowledged by somebody, ended by itself."""

import html
from datetime import timedelta

import pytest
from sqlalchemy import text

from app.audit.seals import seal
from app.core import clock, crashes, disk
from app.core.actor import job_actor
from app.core.settings import ROOT
from app.site import alerts, jobs
from app.site.presence import note_failures
from tests.people import HTML, browser, send, sign_in_as

EVENT = text("select audit.log(:action, :type, null, :outcome, 1, cast(:detail as jsonb))")
ADDRESS = text("update app.\"user\" set email = 'admin@synthetic.example' where id = :id")
PEOPLE = job_actor("accounts:admin")


@pytest.fixture
def room(monkeypatch):
    monkeypatch.setattr(disk, "room", lambda _: disk.Room(100, 90))
    monkeypatch.setattr(alerts, "SETTLED", timedelta(0))  # each event is settled at once


@pytest.fixture
def place(db, settings, room, tmp_path):
    """A service with a folder of its own, in which nothing is wrong."""
    seal(db)
    return settings.model_copy(update={"data_dir": tmp_path})


def happened(db, action, actor=None, *, kind="alert", outcome="done", detail=None, times=1):
    with db.begin(actor or job_actor("site:alerts")) as session:
        for _ in range(times):
            given = {"action": action, "type": kind, "outcome": outcome, "detail": detail}
            session.execute(EVENT, given)


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
    monkeypatch.setattr(disk, "room", lambda _: disk.Room(100, 90))
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
    made = place.model_copy(update={"backup_recipient": "age1synthetic"})

    assert looked(db, made) == {"seal-late", "jobs-late", "backup-late"}
    assert looked(db, place) == {"seal-late", "jobs-late"}


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
    with db.begin(PEOPLE) as session:
        session.execute(ADDRESS, {"id": person.user_id})
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
