"""G10: fifty reports a second for a minute, by programs and by the form; floods beside staff.

The yardstick is ODK Central's soak test, 50 submissions a second for 30 seconds. The peer is the
same framework inserting the same fields plainly: what sealing, receipts, traces, jobs, limits and
policies cost together. On the same durable cluster, one web process, one after the other.
"""

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import psycopg

from app.accounts.install import prepare
from app.core.db import Database
from app.core.pages import SESSION_COOKIE
from app.core.postgres import PrivateCluster
from app.core.settings import Settings
from app.reference import service as reference
from tests.drafts import ready
from tests.people import sign_in_as
from tests.perf.london import serving
from tests.perf.measure import cluster_cpu_s, process_cpu_s, row
from tests.perf.served import free_port
from tests.sending import address_of, body_of, key_of

ROOT = Path(__file__).resolve().parents[2]
RATE, SECONDS, FLOOD_S = 50, 60, 20
STAFF_RATE, PUBLIC_RATE = 5, 10
PEER = "same route, plain insert"
OURS = ["--factory", "app.main:app_from_env", "--no-server-header", "--no-proxy-headers"]
PLAIN = ["--factory", "tests.perf.plain_intake:app"]
FORM = "application/x-www-form-urlencoded"
Requests = list[dict[str, Any]]
Summary = dict[str, Any]


class House:
    """A durable cluster with a partnership in it, and who works there."""

    def __init__(self, folder: Path) -> None:
        self.settings = Settings(data_dir=folder, demo=False, database_url=None)
        self.cluster = PrivateCluster(folder)
        self.cluster.start()
        prepare(self.settings)
        self.db = Database(self.settings, self.settings.claims_key())
        reference.load_packaged(self.db)
        self.staff = sign_in_as(self.db, "practitioner")

    @property
    def env(self) -> dict[str, str]:
        return {
            "CONTEXTMAP_DATA_DIR": str(self.settings.data_dir),
            "CONTEXTMAP_DEMO": "0",
            "CONTEXTMAP_TRUSTED_PROXIES": "127.0.0.1",
            "PLAIN_DSN": self.cluster.dsn("postgres"),
        }

    def count(self, table: str) -> int:
        with psycopg.connect(self.cluster.dsn("postgres")) as admin:
            found = admin.execute(f"select count(*) from {table}".encode()).fetchone()
        return int(found[0]) if found else 0


@contextmanager
def house() -> Iterator[House]:
    folder = Path(tempfile.mkdtemp(prefix="contextmap-bench-"))
    made = None
    try:
        made = House(folder)
        yield made
    finally:
        if made is not None:
            made.db.dispose()
        PrivateCluster(folder).stop()
        shutil.rmtree(folder, ignore_errors=True)


def by_programs(first: int, n: int) -> Requests:
    return [
        {
            "method": "POST",
            "path": "/api/v1/reports",
            "headers": {
                "Content-Type": "application/json",
                "Idempotency-Key": key_of(f"bench {each}"),
                "X-Forwarded-For": address_of(each),
            },
            "body": body_of(str(each)).decode(),
        }
        for each in range(first, first + n)
    ]


def by_form(of: House, first: int, n: int) -> Requests:
    found = []
    for each in range(first, first + n):
        form = ready(of.db, of.settings, notice_text=f"Synthetic, number {each}")
        headers = {"Content-Type": FORM, "X-Forwarded-For": address_of(each)} | form.headers
        body = urlencode(form.fields)
        found.append({"method": "POST", "path": "/report/send", "headers": headers, "body": body})
    return found


def by_staff(of: House, n: int) -> Requests:
    headers = {"Cookie": f"{SESSION_COOKIE}={of.staff.cookie}", "Accept": "text/html"}
    return [{"method": "GET", "path": "/places", "headers": headers}] * n


def begun(requests: Requests, port: int, *, rate: float, seconds: float) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.perf.posting", str(port), str(rate), str(seconds)]
    process = subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdin is not None
    process.stdin.write("\n".join(map(json.dumps, requests)))
    process.stdin.close()
    process.stdin = None
    return process


def ended(process: subprocess.Popen[str]) -> Summary:
    said, _ = process.communicate(timeout=300)
    return dict(json.loads(said.splitlines()[-1]))


def steady(of: House, pid: int, port: int, requests: Requests) -> Summary:
    """At the rate of the goal, after some to warm up; with the CPU that each cost."""
    warm, rest = requests[:RATE], requests[RATE:]
    ended(begun(warm, port, rate=RATE, seconds=1))
    postmaster = of.cluster.pid() or 0
    before = process_cpu_s(pid), cluster_cpu_s(postmaster)
    told = ended(begun(rest, port, rate=RATE, seconds=SECONDS))
    each = 1000 / len(rest)
    told["app_cpu_ms"] = round((process_cpu_s(pid) - before[0]) * each, 2)
    told["database_cpu_ms"] = round((cluster_cpu_s(postmaster) - before[1]) * each, 2)
    return told


def rows(fast: bool) -> Iterator[dict[str, Any]]:
    seconds = 10 if fast else SECONDS
    n = RATE * (seconds + 1)
    with house() as of:
        port = free_port()
        with serving(PLAIN, port, "/healthz", of.env) as pid:
            plain = steady(of, pid, port, by_programs(0, n))
        with serving(OURS, port, "/healthz", of.env) as pid:
            ours = steady(of, pid, port, by_programs(n, n))
            form = steady(of, pid, port, by_form(of, 2 * n, n))
            kept = of.count("app.report")
            yield figure(f"programs, {RATE}/s for {seconds} s", ours, plain)
            yield figure(f"form, {RATE}/s for {seconds} s", form, plain)
            yield row("intake: reports kept of those sent", kept, f"of {2 * n}")
            yield from floods(of, port, 5 if fast else FLOOD_S)


def figure(what: str, told: Summary, plain: Summary) -> dict[str, Any]:
    names = ("p50_ms", "statuses", "per_s", "app_cpu_ms", "database_cpu_ms")
    more = {name: told[name] for name in names} | {"peer_p50_ms": plain["p50_ms"]}
    more["peer_app_cpu_ms"] = plain["app_cpu_ms"]
    return row(f"intake: {what}", told["p95_ms"], "ms, p95", PEER, plain["p95_ms"], **more)


def floods(of: House, port: int, seconds: int) -> Iterator[dict[str, Any]]:
    """Staff beside a flood at the form, and the form beside a flood of staff; quiet for peer."""
    staff = by_staff(of, STAFF_RATE * seconds)
    public = by_programs(80_000, PUBLIC_RATE * seconds)
    starts = [{"method": "POST", "path": "/report", "headers": {"Accept": "text/html"}}]
    quiet = ended(begun(staff, port, rate=STAFF_RATE, seconds=seconds))
    beside, flood = together(port, seconds, (staff, STAFF_RATE), starts)
    yield row(
        "intake: staff beside a flood at the form", beside["p95_ms"], "ms, p95",
        "quiet", quiet["p95_ms"], statuses=beside["statuses"], flood=flood["statuses"],
        flood_per_s=flood["per_s"],
    )  # fmt: skip
    quiet = ended(begun(by_programs(90_000, PUBLIC_RATE * seconds), port,
                        rate=PUBLIC_RATE, seconds=seconds))  # fmt: skip
    beside, flood = together(port, seconds, (public, PUBLIC_RATE), by_staff(of, 1))
    yield row(
        "intake: the form beside a flood of staff", beside["p95_ms"], "ms, p95",
        "quiet", quiet["p95_ms"], statuses=beside["statuses"], flood=flood["statuses"],
        flood_per_s=flood["per_s"],
    )  # fmt: skip


def together(
    port: int, seconds: int, measured: tuple[Requests, float], flood: Sequence[dict[str, Any]]
) -> tuple[Summary, Summary]:
    requests, rate = measured
    flooding = begun(list(flood), port, rate=0, seconds=seconds + 2)
    beside = ended(begun(requests, port, rate=rate, seconds=seconds))
    return beside, ended(flooding)
