"""Twenty times kill -9 amid audited reads: nobody was told anything that left no event."""

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from http.client import HTTPConnection, HTTPException
from pathlib import Path

import psycopg
import pytest

from app.core.pages import SESSION_COOKIE
from tests.conftest import CLAIMS_KEY, cloned
from tests.live import free_port, wait_until_alive
from tests.people import browser, sign_in_as, trace_of

ROOT = Path(__file__).resolve().parents[2]
KILLS, READERS, CHILDREN = 20, 3, 6
CHILD = {"home_lad_code": "E09000021", "age_band": "A13_15", "age_band_as_of": "2026-01-01"}
PLAN = {"X-Purpose": "PLAN"}

# Imported once; each line of its input is one server more, forked before anything is opened.
NURSERY = """
import json, os, signal, sys
from pathlib import Path
import uvicorn
from app.core.db import Database
from app.core.settings import Settings
from app.main import create_app
given = json.loads(sys.argv[1])
class Logins:
    def dsn(self, role):
        return given["dsn"].replace("ROLE", role)
settings = Settings(data_dir=Path(given["data"]), secret_key="a key of the tests only")
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
for line in sys.stdin:
    pid = os.fork()
    if pid == 0:
        app = create_app(Database(Logins(), given["key"].encode()), settings)
        uvicorn.run(app, host="127.0.0.1", port=int(line), log_level="error", access_log=False)
        os._exit(0)
    print(pid, flush=True)
"""


@pytest.fixture
def db(cluster, template):
    with cloned(cluster, template, "killed") as database:
        yield database


@pytest.fixture
def nursery(cluster, tmp_path):
    given = {
        "dsn": cluster.dsn("ROLE", "killed"),
        "key": CLAIMS_KEY.decode(),
        "data": str(tmp_path),
    }
    process = subprocess.Popen(
        [sys.executable, "-c", NURSERY, json.dumps(given)],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    yield process
    process.stdin.close()
    process.wait(timeout=10)
    process.stdout.close()


def served(nursery, port):
    """A web process of its own, alive."""
    nursery.stdin.write(f"{port}\n")
    nursery.stdin.flush()
    pid = int(nursery.stdout.readline())
    wait_until_alive(port)
    return pid


def reading(port, cookie, refs, answered):
    """Read one child after another until the server is gone; count whole answers only."""
    headers = {"Cookie": f"{SESSION_COOKIE}={cookie}"} | PLAN
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        while True:
            ref = random.choice(refs)
            connection.request("GET", f"/api/v1/children/{ref}", headers=headers)
            answer = connection.getresponse()
            body = json.loads(answer.read())
            assert answer.status == 200, body
            assert body["ref"] == ref
            answered.append(ref)
    except (OSError, HTTPException):
        return
    finally:
        connection.close()


def test_twenty_killed_web_processes_told_nothing_without_an_event(db, settings, nursery):
    lead = sign_in_as(db, "cs_lead", agency="AFC")
    with browser(db, settings, lead) as client:
        made = [client.post("/api/v1/children", json=CHILD, headers=PLAN) for _ in range(CHILDREN)]
    refs = [answer.json()["ref"] for answer in made]
    answered: list[str] = []

    for _ in range(KILLS):
        port = free_port()
        pid = served(nursery, port)
        readers = [
            threading.Thread(target=reading, args=(port, lead.cookie, refs, answered))
            for _ in range(READERS)
        ]
        before = len(answered)
        for reader in readers:
            reader.start()
        begun = time.monotonic()
        while len(answered) < before + 2 and time.monotonic() - begun < 10:
            time.sleep(0.01)  # a busy machine begins to answer late
        time.sleep(random.uniform(0, 0.35))
        os.kill(pid, signal.SIGKILL)
        for reader in readers:
            reader.join(timeout=20)

    # Events name a child by its trace, and not by its reference.
    traces = {ref: trace_of(db, ref) for ref in refs}
    told, recorded = Counter(traces[ref] for ref in answered), events(db)
    assert len(answered) > KILLS, "too few to mean anything"
    assert {one: n - recorded[one] for one, n in told.items() if n > recorded[one]} == {}
    # What was recorded and not told was on its way when its process was killed.
    assert recorded.total() - told.total() <= KILLS * READERS


def events(db):
    with psycopg.connect(db.logins.cluster.dsn("postgres", "killed")) as admin:
        return Counter(
            dict(
                admin.execute(
                    "select object_ref, count(*) from audit.event "
                    "where action = 'child.read' group by 1"
                ).fetchall()
            )
        )
