"""Web processes and PostgreSQL are killed while reports come in: none is lost, none is doubled.

Over the real launcher and a durable cluster. CONTEXTMAP_LONG_TESTS=1 sends five thousand over
twenty kills, and fills the disk.
"""

import json
import os
import random
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path

import psycopg
import pytest

from app.accounts.install import prepare
from app.core.db import Database
from app.core.postgres import PrivateCluster
from app.core.settings import Settings
from app.reference import service as reference
from app.reports.receipts import receipt_hmac
from app.reports.sealing import Keys
from tests.live import free_port, wait_until_alive
from tests.runtime.conftest import ROOT, Launcher, folder_for_a_cluster, is_a, processes_naming
from tests.sending import Senders, Sent, body_of, key_of

LONG = os.environ.get("CONTEXTMAP_LONG_TESTS") == "1"
KILLS, REPORTS = (20, 5_000) if LONG else (2, 200)
AGAIN_S = 10 if LONG else 25  # beside other tests everything takes longer
NOT_WORKING = "This service is not working"


@pytest.fixture
def served(service, monkeypatch):
    """The launcher, without demonstration records, behind a proxy on this machine."""
    monkeypatch.setenv("CONTEXTMAP_TRUSTED_PROXIES", "127.0.0.1")
    service.start()
    yield service
    service.close()


def web_process(data_dir) -> int:
    """Of the one that serves; the launcher names the folder too."""
    found = [pid for pid in processes_naming(str(data_dir)) if is_a(pid, "web")]
    assert found, "there is no web process"
    return found[0]


def kill(data_dir, what: str) -> None:
    if what == "web":
        os.kill(web_process(data_dir), signal.SIGKILL)
        return
    postmaster = PrivateCluster(data_dir).pid()
    if what == "backend":  # PostgreSQL then ends all others and recovers by itself
        children = Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text().split()
        serving = [pid for pid in children if b"cs_public" in told(int(pid))]
        os.kill(int(random.choice(serving)) if serving else postmaster, signal.SIGKILL)
        return
    os.kill(postmaster, signal.SIGKILL)


def told(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def test_no_acknowledged_report_is_lost_or_doubled_over_kills_of_web_and_database(served):
    sent, waits = Sent(), []
    plan = ["web", "postmaster"] * (KILLS // 2)
    if LONG:
        plan[3::4] = ["backend"] * len(plan[3::4])

    with Senders(served.port, sent) as senders:
        for n, what in enumerate(plan, start=1):
            enough = REPORTS * n // (len(plan) + 1)
            assert senders.wait_until(lambda: len(sent.receipts) >= enough, within_s=180)  # noqa: B023
            kill(served.data_dir, what)
            killed = time.monotonic()
            assert senders.wait_until(lambda: sent.acknowledged_since(killed), within_s=60)  # noqa: B023
            waits.append((what, round(time.monotonic() - killed, 2)))
        assert senders.wait_until(lambda: len(sent.receipts) >= REPORTS, within_s=180)

    summary = {
        "acknowledged": len(sent.receipts),
        "tries": sent.tries,
        "statuses": sent.statuses,
        "again_s": waits,
    }
    print(json.dumps(summary))
    assert sent.odd == [], [line for line in served.said if '"level":"error"' in line][:20]
    assert kept(served.data_dir) == expected(served.data_dir, sent)
    assert max(seconds for _, seconds in waits) <= AGAIN_S, waits


def expected(data_dir, sent: Sent) -> dict[str, object]:
    """Each acknowledged receipt exactly once, and nothing that was not acknowledged."""
    keys = Keys.of(Settings(data_dir=data_dir))
    n = len(sent.receipts)
    return {
        "receipts": sorted(receipt_hmac(keys.receipts, each) for each in sent.receipts.values()),
        "reports": n,
        "originals": n,
        "traces": n,
        "jobs": n,
    }


def kept(data_dir) -> dict[str, object]:
    with psycopg.connect(PrivateCluster(data_dir).dsn("postgres")) as admin:
        receipts = admin.execute("select receipt from intake.submission").fetchall()
        counts = admin.execute(
            "select (select count(*) from app.report where channel <> 'PHONE'),"
            " (select count(*) from app.report_original),"
            " (select count(distinct object_ref) from audit.event where action = 'report.create'),"
            " (select count(distinct args->>'report') from queue.procrastinate_jobs"
            "  where task_name = 'reports:screen')"
        ).fetchone()
    names = ("reports", "originals", "traces", "jobs")
    return {"receipts": sorted(bytes(one) for (one,) in receipts)} | dict(
        zip(names, counts, strict=True)
    )


@pytest.fixture
def ready():
    """A durable cluster that was made ready once and is not running."""
    with folder_for_a_cluster() as folder:
        settings = Settings(data_dir=folder)
        cluster = PrivateCluster(folder)
        cluster.start()
        prepare(settings)
        db = Database(settings, settings.claims_key())
        reference.load_packaged(db)
        db.dispose()
        cluster.stop()
        yield cluster


@contextmanager
def web_of(data_dir):
    """One web process as the container starts it: nobody makes the database ready for it."""
    port = free_port()
    env = os.environ | {"CONTEXTMAP_DATA_DIR": str(data_dir), "CONTEXTMAP_DEMO": "0"}
    process = subprocess.Popen(
        [sys.executable, "-m", "app.web", "--port", str(port)],
        cwd=ROOT,
        env=env | {"CONTEXTMAP_TRUSTED_PROXIES": "127.0.0.1"},
    )
    try:
        wait_until_alive(port)
        yield port
    finally:
        process.terminate()
        process.wait(timeout=20)


def asked(port, method, path, body=None, **headers):
    connection = HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request(method, path, body, headers)
    answer = connection.getresponse()
    said = answer.read().decode()
    connection.close()
    return answer.status, answer.headers, said


def test_without_a_database_it_starts_says_so_and_serves_when_the_database_comes(ready):
    program = {"Content-Type": "application/json", "X-Forwarded-For": "198.18.0.1"}
    program["Idempotency-Key"] = key_of("early")
    with web_of(ready.data_dir) as port:
        page, _, start = asked(port, "GET", "/report", Accept="text/html")
        begun, told, _ = asked(port, "POST", "/report", Accept="text/html")
        cookie = {"Cookie": told["set-cookie"].split(";")[0], "Accept": "text/html"}
        _, waits, said = asked(port, "GET", told["location"], **cookie)
        sent, _, problem = asked(port, "POST", "/api/v1/reports", body_of("early"), **program)
        left, to, _ = asked(port, "GET", "/exit", Accept="text/html", Cookie="__Host-report=x")
        ready.start()
        again, _, _ = asked(port, "POST", "/api/v1/reports", body_of("early"), **program)
        opened, _, _ = asked(port, "POST", "/report", Accept="text/html")

    assert (page, begun, sent, left) == (200, 303, 503, 303)
    assert "999" in start
    for words in (said, problem):
        assert NOT_WORKING in words
        assert "999" in words
        assert "@achievingforchildren.org.uk" in words
    assert int(waits["retry-after"]) > 0
    assert "Go back to your answers" not in said
    assert to["location"].startswith("https://www.bbc.co.uk")
    assert (again, opened) == (201, 303)


def full_disk(monkeypatch):
    monkeypatch.setenv("CONTEXTMAP_TRUSTED_PROXIES", "127.0.0.1")
    with folder_for_a_cluster() as folder:
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=420m", "tmpfs", folder], check=True)
        launcher = Launcher(folder)
        try:
            launcher.start()
            fill_and_mend(launcher)
        finally:
            launcher.close()
            subprocess.run(["umount", "-l", folder], check=True)


if LONG:  # needs the right to mount a filesystem

    def test_a_full_disk_is_said_and_loses_nothing(monkeypatch):
        full_disk(monkeypatch)


def fill_and_mend(launcher) -> None:
    sent, ballast = Sent(), launcher.data_dir / "ballast"
    with Senders(launcher.port, sent) as senders:
        assert senders.wait_until(lambda: len(sent.receipts) >= 200, within_s=60)
        fill(ballast)
        full = senders.wait_until(lambda: sent.statuses.get(503, 0) > 50, within_s=120)
        before, statuses = len(sent.receipts), dict(sent.statuses)
        ballast.unlink()
        mended = time.monotonic()
        again = senders.wait_until(lambda: sent.acknowledged_since(mended), within_s=60)
        again_s = round(time.monotonic() - mended, 2)
        assert senders.wait_until(lambda: len(sent.receipts) >= before + 200, within_s=60)

    print(json.dumps({"before": before, "when full": statuses, "again_s": again_s}))
    assert full
    assert again
    assert sent.odd == []
    assert kept(launcher.data_dir) == expected(launcher.data_dir, sent)


def fill(ballast) -> None:
    """To the last byte."""
    with ballast.open("wb") as file:
        try:
            while True:
                file.write(b"x" * 1_000_000)
                file.flush()
        except OSError:
            return
