"""The worker is killed with -9 while it makes a file: nothing half-written can be fetched."""

import signal

import psycopg
import pytest

from app.exports import making, rules
from tests.integration.test_exports import asked, place
from tests.people import HTML
from tests.runtime.conftest import wait_for
from tests.runtime.test_import_kills import working

# It holds its rows by then, and waits for the words of them.
WAITING = """
    select activity.pid from pg_stat_activity as activity
    where activity.wait_event_type = 'Lock' and activity.datname = current_database()
      and activity.query ilike '%place%'
"""


@pytest.fixture
def killed(as_, db, settings):
    """A lead whose file was being made when the worker was killed; the page of it."""
    lead = as_("cs_lead", agency="AFC")
    place(lead)
    before = files(settings)  # of other tests
    dsn = db.logins.dsn("postgres")
    with psycopg.connect(dsn) as holding, psycopg.connect(dsn, autocommit=True) as admin:
        page = asked(lead)
        holding.execute("lock table app.place in access exclusive mode")
        with working(db, settings) as process:
            assert wait_for(lambda: admin.execute(WAITING).fetchone(), within_s=60)
            process.send_signal(signal.SIGKILL)
            process.wait()
        for (pid,) in admin.execute(WAITING).fetchall():
            admin.execute("select pg_terminate_backend(%s)", (pid,))
        admin.execute(
            "update queue.procrastinate_workers set last_heartbeat = now() - interval '2 minutes'"
        )
    return lead, page, before


def files(settings):
    return set(settings.data_dir.glob("exports/*"))


def state(db):
    with psycopg.connect(db.logins.dsn("postgres")) as admin:
        return admin.execute("select state, file_name from app.export").fetchone()


def test_nothing_half_written_is_fetched_and_the_file_is_made_once(killed, db, settings):
    lead, page, before = killed
    assert state(db) == ("MAKING", None)
    assert lead.get(f"{page}/file", headers=HTML).status_code == 404
    assert "being made" in lead.get(page, headers=HTML).text
    with working(db, settings):
        assert wait_for(lambda: state(db)[0] == "READY", within_s=60)
    assert lead.get(f"{page}/file").content.startswith(b"\xef\xbb\xbf")
    with psycopg.connect(db.logins.dsn("postgres")) as admin:
        (times,) = admin.execute(
            "select count(*) from audit.event where action = 'export.make'"
        ).fetchone()
    assert times == 1
    assert len(files(settings) - before) == 1


def test_or_it_fails_once_with_a_sentence(killed, db):
    lead, page, _before = killed
    with psycopg.connect(db.logins.dsn("postgres"), autocommit=True) as admin:
        admin.execute("update app.export set created_at = now() - interval '1 hour'")

    making.sweep(db)
    making.sweep(db)

    assert state(db) == ("FAILED", None)
    assert rules.COULD_NOT in lead.get(page, headers=HTML).text
    assert lead.get(f"{page}/file", headers=HTML).status_code == 404
