"""What the service holds in the end, beside what the journal says that it acknowledged.

Acknowledged: there exactly once. Sent and not acknowledged: there once or not at all. Each change
has one event of the audit, each job happened once, and the audit verifies.
"""

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

from app.audit import verification
from app.core.db import Database
from app.core.postgres import PrivateCluster
from app.core.settings import Settings
from app.reports.receipts import receipt_hmac
from app.reports.sealing import Keys
from tests.endurance.journal import MARK, Journal

# How often the words of a write stand in the database.
FOUND = {
    "place": "select name from app.place where name like %s",
    "incident": "select summary from app.incident where summary like %s",
    "comment": "select body from app.context_comment where body like %s",
    # A later version that changes something else holds the same words.
    "revision": """select now.content->>'description' from app.place_version as now
                   left join app.place_version as before on before.place_id = now.place_id
                       and before.version = now.version - 1
                   where now.content->>'description' like %s
                     and before.content->>'description'
                         is distinct from now.content->>'description'""",
    "export": "select reason from app.export where reason like %s",
    "move": """select p.ref from app.place_state_change as c join app.place as p
               on p.id = c.place_id where c.to_state = 'SCREENED' and p.name like %s""",
}
# Rows of an import are incidents: four of each that was applied.
ROWS = """
    select regexp_replace(summary, ' row \\d+$', ''), count(*), count(distinct summary)
    from app.incident where summary like %s and summary ~ ' row \\d+$' group by 1
"""
IMPORTED = f"Synthetic {MARK} import %"
EVENTS_OF = {
    "place": "place.create",
    "incident": "incident.create",
    "move": "place.move",
    "import": "import.applied",
}
EVENTS = "select object_ref, count(*) from audit.event where action = %s group by 1"
REPORTS = """
    select s.receipt, count(*),
           count(*) filter (where o.screened_at is not null),
           min((select count(*) from audit.event as e
                where e.action = 'report.create' and e.object_ref = r.ref)),
           max((select count(*) from audit.event as e
                where e.action in ('report.create', 'report.screen') and e.object_ref = r.ref)),
           min((select count(*) from queue.procrastinate_jobs as j
                where j.task_name = 'reports:screen' and j.args->>'report' = r.id::text))
    from intake.submission as s
    join app.report as r on r.id = s.report_id
    left join app.report_original as o on o.report_id = r.id
    group by s.receipt
"""
# What somebody waits for; the periodic ones come again by themselves.
JOBS = """
    select task_name, status::text, count(*) from queue.procrastinate_jobs
    where not args ? 'timestamp' group by 1, 2
"""
UNFINISHED = """
    select task_name, status::text from queue.procrastinate_jobs
    where status = 'doing' or (status = 'todo' and not args ? 'timestamp')
"""
# A killed worker is known by its heartbeat; a short test does not wait a minute for that.
FORGET_THE_DEAD = """
    update queue.procrastinate_workers set last_heartbeat = now() - interval '5 minutes'
    where id < (select max(id) from queue.procrastinate_workers)
"""


@dataclass
class Verdict:
    """Numbers to print, and every single thing that is wrong."""

    acknowledged: Counter[str] = field(default_factory=Counter)
    sent: Counter[str] = field(default_factory=Counter)
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    untraced: list[str] = field(default_factory=list)
    jobs: dict[str, int] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)

    def holds(self) -> bool:
        return not (self.lost or self.doubled or self.untraced or self.wrong)

    def summary(self) -> dict[str, Any]:
        return {
            "sent": dict(self.sent),
            "acknowledged": dict(self.acknowledged),
            "lost": self.lost[:20],
            "doubled": self.doubled[:20],
            "without one event": self.untraced[:20],
            "jobs": self.jobs,
            "wrong": self.wrong[:20],
        }


def settled(data_dir: Path, *, within_s: float, patient: bool) -> list[tuple[str, str]]:
    """Jobs that are still to be done when all is quiet; none, if the service is well."""
    until = time.monotonic() + within_s
    while True:
        with admin(data_dir) as session:
            if not patient:
                session.execute(FORGET_THE_DEAD)
            waiting = session.execute(UNFINISHED).fetchall()
        if not waiting or time.monotonic() > until:
            return waiting
        time.sleep(1)


def admin(data_dir: Path) -> psycopg.Connection:
    return psycopg.connect(PrivateCluster(data_dir).dsn("postgres"), autocommit=True)


def compared(data_dir: Path, journal: Journal) -> Verdict:
    verdict = Verdict()
    with admin(data_dir) as session:
        for kind, question in FOUND.items():
            rows = session.execute(question, (f"{MARK} %",)).fetchall()
            _count(verdict, journal, kind, Counter(words for (words,) in rows).get)
        _imports(verdict, session, journal)
        _reports(verdict, session, data_dir, journal)
        for kind, action in EVENTS_OF.items():
            _events(verdict, session, journal, kind, action)
        _jobs(verdict, session, journal)
    _sealed(verdict, data_dir)
    return verdict


def _count(
    verdict: Verdict, journal: Journal, kind: str, found: Callable[[str], int | None]
) -> None:
    for write in journal.of(kind):
        n = found(write.key) or 0
        verdict.sent[kind] += 1
        verdict.acknowledged[kind] += write.acknowledged
        if write.acknowledged and n == 0:
            verdict.lost.append(f"{kind} {write.key}")
        if n > 1:
            verdict.doubled.append(f"{kind} {write.key}: {n}")


def _imports(verdict: Verdict, session: psycopg.Connection, journal: Journal) -> None:
    """All rows of a file or none of them; the journal knows when applying was acknowledged."""
    rows = session.execute(ROWS, (IMPORTED,)).fetchall()
    whole = {words.removeprefix("Synthetic "): (n, each) for words, n, each in rows}
    for name, (n, each) in whole.items():
        if (n, each) != (4, 4):
            verdict.wrong.append(f"{name}: {n} rows, {each} different")
    _count(verdict, journal, "import", lambda name: 1 if name in whole else 0)


def _reports(
    verdict: Verdict, session: psycopg.Connection, data_dir: Path, journal: Journal
) -> None:
    key = Keys.of(Settings(data_dir=data_dir)).receipts
    kept = {bytes(row[0]): row[1:] for row in session.execute(REPORTS).fetchall()}
    for write in journal.of("report"):
        verdict.sent["report"] += 1
        verdict.acknowledged["report"] += write.acknowledged
        if not write.acknowledged:
            continue
        found = kept.pop(receipt_hmac(key, write.ref or ""), None)
        if found is None:
            verdict.lost.append(f"report {write.key}")
        elif found != (1, 1, 1, 2, 1):
            # One report, screened once, one event of each, one job.
            verdict.wrong.append(f"report {write.key}: {found}")


def _events(
    verdict: Verdict, session: psycopg.Connection, journal: Journal, kind: str, action: str
) -> None:
    events = dict(session.execute(EVENTS, (action,)).fetchall())
    for write in journal.acknowledged(kind):
        if events.get(write.ref) != 1:
            verdict.untraced.append(f"{action} {write.ref}: {events.get(write.ref, 0)}")


def _jobs(verdict: Verdict, session: psycopg.Connection, journal: Journal) -> None:
    rows = session.execute(JOBS).fetchall()
    verdict.jobs = {f"{task} {status}": n for task, status, n in rows}
    verdict.wrong += [f"job {name}: {n}" for name, n in verdict.jobs.items() if "failed" in name]
    lost = session.execute(
        "select ref, state from app.export where reason like %s and state <> 'READY'",
        (f"{MARK} %",),
    ).fetchall()
    verdict.wrong += [f"export {ref} is {state}" for ref, state in lost]
    runs = dict(session.execute("select id::text, state from app.cluster_run").fetchall())
    for write in journal.of("run"):
        verdict.sent["run"] += 1
        verdict.acknowledged["run"] += write.acknowledged
        if write.acknowledged and runs.get(write.ref or "") != "DONE":
            verdict.lost.append(f"run {write.ref}: {runs.get(write.ref or '')}")
    hanging = session.execute(
        "select ref, work from app.import_batch where work is not null"
    ).fetchall()
    verdict.wrong += [f"import {ref} waits for {work}" for ref, work in hanging]


def _sealed(verdict: Verdict, data_dir: Path) -> None:
    settings = Settings(data_dir=data_dir)
    db = Database(settings, settings.claims_key())
    try:
        found = verification.verify(db)
    finally:
        db.dispose()
    if not found.holds:
        verdict.wrong.append(f"the audit does not verify: {found.found}")
