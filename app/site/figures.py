"""How the service itself stands, as the database and the disk tell: for monitors and one page.

Numbers and names of jobs and logins; nothing of a record, and nothing that moves when somebody
reports: to a few seconds that would tell who it was.
"""

import time
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.audit import queries as audit
from app.audit.seals import SEALER
from app.backups import queries as backups
from app.core.actor import job_actor
from app.core.db import Database

LOOK = job_actor("site:readyz")
EVERY_S = 60
ALIVE_S = 60  # a worker notes each ten seconds that it is alive

WAITING = text("""
    with job as (
        select job.queue_name, job.status, coalesce(job.scheduled_at, (
            select max(at) from queue.procrastinate_events
            where job_id = job.id and type in ('deferred', 'deferred_for_retry'))) as due,
               job.task_name = 'reports:screen' as is_of_report,
               -- Alerts were once a job of the queue: one that waited then waits for ever.
               job.task_name = 'site:alerts' as is_of_nobody
        from queue.procrastinate_jobs as job where job.status in ('todo', 'doing')
    )
    select queue_name, count(*) filter (where status = 'todo'),
           count(*) filter (where status = 'doing'),
           coalesce(extract(epoch from now() - min(due) filter (
               where status = 'todo' and due <= now())), 0)::float8
    from job
    -- A report that came in a moment ago is not told: its job waits for a second, if at all.
    where (not is_of_report or due < now() - interval '1 minute')
      and not is_of_nobody
    group by queue_name order by queue_name
""")
RUNS = text("""
    select job.task_name, event.type::text, count(*)
    from queue.procrastinate_events as event
    join queue.procrastinate_jobs as job on job.id = event.job_id
    where event.at > now() - interval '1 day' and event.type in ('succeeded', 'failed')
    group by 1, 2 order by 1, 2
""")
FAILED = text("select count(*) from queue.procrastinate_jobs where status = 'failed'")
WORKERS = text("""
    select count(*) filter (where last_heartbeat > now() - make_interval(secs => :alive)),
           max(last_heartbeat)
    from queue.procrastinate_workers
""")
CONNECTIONS = text("""
    select usename::text, count(*) from pg_stat_activity
    where datname = current_database() and usename like 'cs\\_%' group by 1 order by 1
""")
SIZE = text("select pg_database_size(current_database())")
VERSIONS = text("""
    select (select max(version_num) from reference.schema_version),
           current_setting('server_version'), postgis_lib_version(),
           postgis_geos_version(), postgis_proj_version()
""")


class Lane(NamedTuple):
    """A queue of jobs; `oldest_s` is how long the first has been due."""

    queue: str
    waiting: int
    at_work: int
    oldest_s: float


class Workers(NamedTuple):
    alive: int
    seen_at: datetime | None


class Versions(NamedTuple):
    schema: str
    postgresql: str
    postgis: str
    geos: str
    proj: str


@dataclass(frozen=True, slots=True)
class Figures:
    """What moves when somebody reports, as it was at one moment of the last minute."""

    lanes: list[Lane]
    runs: list[tuple[str, str, int]]
    connections: list[tuple[str, int]]
    size: int
    seal_lag_s: float


@dataclass(frozen=True, slots=True)
class Now:
    """What does not, as it is now."""

    failed: int
    workers: Workers
    backup_at: datetime | None


@dataclass(slots=True)
class Minute:
    """Looks once a minute, whoever asks and however often."""

    found: Figures | None = None
    until: float = 0.0

    def figures(self, db: Database) -> Figures:
        if self.found is None or time.monotonic() >= self.until:
            self.found = figures(db)
            self.until = time.monotonic() + EVERY_S
        return self.found


def figures(db: Database) -> Figures:
    with db.read(LOOK) as session:
        return Figures(
            lanes=lanes(session),
            runs=[(str(task), str(ended), int(n)) for task, ended, n in session.execute(RUNS)],
            connections=[(str(login), int(n)) for login, n in session.execute(CONNECTIONS)],
            size=_number(session, SIZE),
            seal_lag_s=seal_lag_s(db),
        )


def now(db: Database) -> Now:
    with db.read(LOOK) as session:
        return Now(
            failed=_number(session, FAILED),
            workers=workers(session),
            backup_at=backups.last(session).done_at,
        )


def lanes(session: Session) -> list[Lane]:
    return [Lane._make(row) for row in session.execute(WAITING)]


def workers(session: Session) -> Workers:
    return Workers._make(session.execute(WORKERS, {"alive": ALIVE_S}).one())


def versions(session: Session) -> Versions:
    return Versions._make(session.execute(VERSIONS).one())


def seal_lag_s(db: Database) -> float:
    """How long the oldest event without a seal has waited."""
    with db.cursor(SEALER, keep=False) as cursor:
        return audit.waiting_s(cursor, audit.last_seal(cursor))


def _number(session: Session, asked: Any) -> int:  # noqa: ANN401 - SQL
    return int(session.scalar(asked) or 0)
