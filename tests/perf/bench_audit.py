"""G6: a million events sealed and verified, beside one plain chain of hashes over the same rows.

The plain chain is the least a verification can do: read every event in its order and hash it onto
the one before. It finds an edit, and neither says where nor survives an erasure; and to be written
it needs a lock, which is what the second figure is about.
"""

import json
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import text

from app.accounts.install import prepare
from app.audit import seals, service, verification
from app.audit.jobs import EVERY_S, Keeper
from app.core.actor import job_actor
from app.core.db import Database
from app.core.postgres import PrivateCluster
from app.core.settings import Settings
from tests.audit_events import fill
from tests.perf.measure import cluster_cpu_s, row

ROOT = Path(__file__).resolve().parents[2]
WRITERS = 4
SOMEBODY = job_actor("bench:somebody")

OPEN = """
import json, time
from pathlib import Path
from app.audit import queries, verification
from app.audit.rules import canonical
from app.audit.seals import SEALER
from app.core.db import Database
from app.core.settings import Settings
settings = Settings(data_dir=Path(ARGS[0]), demo=False, database_url=None)
db = Database(settings, settings.claims_key())
cpu, wall = time.process_time(), time.perf_counter()
def told(n):
    # Of this program: ru_maxrss would begin with the memory of the one that started it.
    status = Path("/proc/self/status").read_text()
    peak = int(status.partition("VmHWM:")[2].split()[0]) / 1024
    spent = {"cpu": time.process_time() - cpu, "wall": time.perf_counter() - wall, "peak": peak}
    print(json.dumps(spent | {"events": n}))
"""
VERIFY = OPEN + "verdict = verification.verify(db)\nassert verdict.holds\ntold(verdict.events)\n"
PLAIN_CHAIN = (
    OPEN
    + """
from hashlib import sha256
head, n = bytes(32), 0
with db.cursor(SEALER) as cursor:
    for event in queries.every_event(cursor):
        head = sha256(head + canonical(event) + (event[15] or "").encode()).digest()
        n += 1
told(n)
"""
)
LAG = """
    select count(*), percentile_cont(array[0.5, 0.99, 1]) within group
        (order by extract(epoch from seal.at - event.at)::float8)
    from audit.event
    join audit.seal on seal.era = event.era and event.xid >= seal.lo_xid and event.xid < seal.hi_xid
    where event.id > %s
"""
LINKS = """
    create table public.peer_chain (id bigint generated always as identity primary key,
                                    head bytea not null);
    grant insert, select on public.peer_chain to cs_job
"""
LOCK = text("select pg_advisory_xact_lock(1)")
LINK = text("""
    insert into public.peer_chain (head)
    select sha256(coalesce((select head from public.peer_chain order by id desc limit 1), '')
                  || cast(:event as bytea))
""")


def rows(fast: bool) -> Iterator[dict[str, Any]]:
    n = 100_000 if fast else 1_000_000
    with bare_cluster() as place:
        sealed = place.filled_and_sealed(n)
        yield row(f"G6 seal {n:,} events", sealed, "CPU s, client and server")
        plain = place.spent(PLAIN_CHAIN)
        ours = place.spent(VERIFY)
        if (ours["events"], plain["events"]) != (n, n):
            raise AssertionError(f"{n} events, but {ours['events']} verified")
        yield row(
            f"G6 verify {n:,} events",
            ours["total"],
            "CPU s, client and server",
            "one plain chain of SHA-256 over the same rows",
            plain["total"],
            backend_s=round(ours["backend"], 2),
            wall_s=round(ours["wall"], 2),
            peak_mb=round(ours["peak"]),
            goal_s=15,
        )
        yield from place.under_load(seconds=5 if fast else 20)


class Place:
    """A cluster of its own with the schema and nothing else."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.cluster = folder, PrivateCluster(folder)
        self.settings = Settings(data_dir=folder, demo=False, database_url=None)

    def prepare(self) -> None:
        prepare(self.settings)
        self.db = Database(self.settings, self.settings.claims_key(), pool_size=WRITERS + 2)
        with self.superuser() as admin:
            admin.execute("alter system set autovacuum = off")
            admin.execute("select pg_reload_conf()")
            admin.execute(LINKS)

    def superuser(self) -> psycopg.Connection:
        return psycopg.connect(self.cluster.dsn("postgres"), autocommit=True)

    def filled_and_sealed(self, n: int) -> float:
        """500 seals, as many as the worker makes in half an hour; CPU seconds of the sealing."""
        spent = 0.0
        for _ in range(500):
            fill(self.cluster.dsn("postgres"), n // 500, transactions=4)
            began = time.process_time() + self._server_s()
            seals.seal(self.db)
            spent += time.process_time() + self._server_s() - began
        with self.superuser() as admin:
            admin.execute("vacuum analyze audit.event")
        return spent

    def spent(self, code: str) -> dict[str, float]:
        """In a fresh process, once it has loaded."""
        before = self._server_s()
        program = f"ARGS = {[str(self.folder)]!r}\n{code}"
        done = subprocess.run(
            [sys.executable, "-c", program], capture_output=True, text=True, check=False, cwd=ROOT
        )
        if done.returncode:
            raise RuntimeError(done.stderr.strip().splitlines()[-1])
        found = json.loads(done.stdout.strip().splitlines()[-1])
        backend = self._server_s() - before
        return found | {"backend": backend, "total": found["cpu"] + backend}

    def under_load(self, *, seconds: float) -> Iterator[dict[str, Any]]:
        """Writers and the worker's keeper at once, with a verification of everything beside it."""
        with self.superuser() as admin:
            (last,) = admin.execute("select max(id) from audit.event").fetchone()
        keeper = Keeper(self.db, self.settings)
        stop = threading.Event()
        kept = threading.Thread(target=self._keep, args=(keeper, stop))
        with self.db.begin(SOMEBODY) as session:
            verification.ask(session)
        checked = threading.Thread(target=keeper.check)
        kept.start()
        checked.start()
        ours = self._written(seconds, self._event)
        checked.join()
        stop.set()
        kept.join()
        keeper.finish()
        with self.superuser() as admin:
            n, (median_s, p99_s, most_s) = admin.execute(LAG, (last,)).fetchone()
        yield row(
            "G6 seal lag p99 while 4 write and everything is verified",
            p99_s,
            "s",
            events=n,
            median_s=round(median_s, 2),
            most_s=round(most_s, 2),
            goal_s=5,
        )
        theirs = self._written(seconds, self._link)
        peer = "a chain written under a lock, nothing else to do"
        yield row("G6 an event, 4 writers, while all is verified", ours, "ms", peer, theirs)

    def _keep(self, keeper: Keeper, stop: threading.Event) -> None:
        while not stop.wait(EVERY_S):
            keeper.turn()

    def _written(self, seconds: float, write: Callable[[], None]) -> float:
        """Milliseconds from one event to the next, over all writers."""
        until, counts = time.perf_counter() + seconds, [0] * WRITERS

        def writing(number: int) -> None:
            while time.perf_counter() < until:
                write()
                counts[number] += 1

        writers = [threading.Thread(target=writing, args=(i,)) for i in range(WRITERS)]
        for writer in writers:
            writer.start()
        for writer in writers:
            writer.join()
        return seconds * 1000 / sum(counts)

    def _event(self) -> None:
        with self.db.begin(SOMEBODY) as session:
            service.record(session, "child.read", "child", "CH-000-0000", n=1)

    def _link(self) -> None:
        with self.db.begin(SOMEBODY) as session:
            session.execute(LOCK)
            session.execute(LINK, {"event": b"an event of two hundred bytes or so" * 6})

    def _server_s(self) -> float:
        return cluster_cpu_s(self.cluster.pid() or 0)


@contextmanager
def bare_cluster() -> Iterator[Place]:
    folder = Path(tempfile.mkdtemp(prefix="contextmap-bench-"))
    place = Place(folder)
    place.cluster.start()
    try:
        place.prepare()
        yield place
    finally:
        with suppress(AttributeError):
            place.db.dispose()
        place.cluster.stop()
        shutil.rmtree(folder, ignore_errors=True)
