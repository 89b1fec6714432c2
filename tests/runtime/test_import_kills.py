"""The worker is killed with -9 while it applies an import: nothing stays, and it happens once."""

import os
import signal
import subprocess
import sys
from contextlib import contextmanager

import psycopg
import pytest

from app.imports import applying
from tests.importing import batch, bench, incidents, send, tried
from tests.integration.test_imports import line, written
from tests.people import HTML
from tests.runtime.conftest import ROOT, wait_for

# The worker as it is, on the database of this test.
WORKER = """
import asyncio, sys
from pathlib import Path
from app.core.db import Database
from app.core.settings import Settings
from app.worker import create_worker, run
class Logins:
    def dsn(self, role): return sys.argv[1].replace('ROLE', role)
settings = Settings(data_dir=Path(sys.argv[3]), demo=True, secret_key='a key of the tests only')
db = Database(Logins(), sys.argv[2].encode(), pool_size=4)
asyncio.run(run(create_worker(Logins().dsn('cs_job')), db, settings))
"""
WAITING = """
    select activity.pid from pg_stat_activity as activity
    join pg_locks as held on held.pid = activity.pid and held.granted
    where activity.wait_event_type = 'Lock' and activity.datname = current_database()
      and held.relation = %s::regclass and held.mode = 'RowExclusiveLock'
"""
# Where it is held up: the records are written by then, and not committed.
CASES = {
    "incidents": ("cs_lead", "app.incident_place", "app.incident"),
    "police-street": ("police_analyst", "reference.street", "reference.police_event"),
}
N = 120


@contextmanager
def working(db, settings):
    dsn = db.logins.dsn("cs_app").replace("cs_app", "ROLE")
    process = subprocess.Popen(
        [sys.executable, "-c", WORKER, dsn, db.claims_key.decode(), str(settings.data_dir)],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def killed_in_the_middle(db, settings, held_up, records):
    dsn = db.logins.dsn("postgres")
    with psycopg.connect(dsn) as holding, psycopg.connect(dsn, autocommit=True) as admin:
        with working(db, settings) as process:
            holding.execute(f"lock table {held_up} in exclusive mode")
            assert wait_for(lambda: admin.execute(WAITING, (records,)).fetchone(), within_s=60)
            process.send_signal(signal.SIGKILL)
            process.wait()
        (waiting,) = admin.execute(WAITING, (records,)).fetchone()
        admin.execute("select pg_terminate_backend(%s)", (waiting,))
        admin.execute(
            "update queue.procrastinate_workers set last_heartbeat = now() - interval '2 minutes'"
        )


def file_of(kind, tmp_path):
    if kind == "incidents":
        return incidents(N)
    rows = [line(Crime_ID=f"{i:064x}") for i in range(N)]
    return written(tmp_path / "a.csv", *rows).read_bytes()


@pytest.mark.parametrize("kind", CASES)
def test_a_killed_worker_leaves_nothing_and_the_batch_is_applied_once(
    as_, db, settings, tmp_path, kind
):
    role, held_up, records = CASES[kind]
    person = as_(role, agency="AFC")
    ref = tried(person, db, settings, file_of(kind, tmp_path), kind=kind)
    number = str(person.get(f"/api/v1/imports/{ref}", headers=HTML).json()["to_write"])
    assert send(person, f"/imports/{ref}/confirm", rows=number).status_code == 303

    killed_in_the_middle(db, settings, held_up, records)

    found = batch(db, ref)
    assert (found.state, found.work) == ("DRY_RUN", "APPLY")
    assert count(db, records) == 0
    assert "% done" in person.get(f"/imports/{ref}/progress").text

    with working(db, settings):
        assert wait_for(lambda: batch(db, ref).work is None, within_s=60)
    applying.apply(bench(db, settings), found.id)  # a job that comes twice

    assert batch(db, ref).state == "APPLIED"
    assert count(db, records) == int(number) > 0
    assert applied_events(db, ref) == 1


def count(db, table):
    with psycopg.connect(db.logins.dsn("postgres")) as admin:
        return admin.execute(f"select count(*) from {table}").fetchone()[0]


def applied_events(db, ref):
    with psycopg.connect(db.logins.dsn("postgres")) as admin:
        return admin.execute(
            "select count(*) from audit.event where object_ref = %s and action in "
            "('import.applied', 'import.police_street')",
            (ref,),
        ).fetchone()[0]
