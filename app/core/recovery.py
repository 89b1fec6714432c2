"""Jobs that were interrupted: by a killed worker, a database that was away, a full disk.

Every job may come twice and does its work once; what this module sees to is that it comes again.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, LiteralString

import psycopg
from procrastinate import App, JobContext, PsycopgConnector, RetryStrategy
from procrastinate.exceptions import ProcrastinateException, UniqueViolation
from procrastinate.jobs import Job, Status
from procrastinate.worker import Worker

from app.core import log
from app.core.errors import PASSING

SWEEP_S = 10
STALLED_S = 60  # without a heartbeat, which comes each ten seconds
# For a quarter of an hour, a little later each time.
AGAIN = RetryStrategy(max_attempts=20, linear_wait=5, retry_exceptions=(*PASSING, OSError))
AWAY = (ProcrastinateException, psycopg.Error, OSError)


class Queue(PsycopgConnector):
    """The connections of the worker to its queue.

    Where row-level security is on, PostgreSQL does not say which value was there already. The
    library insists on it and stops the worker, with each periodic job that meets one of its own.
    """

    async def execute_query_async(self, query: LiteralString, **arguments: Any) -> None:  # noqa: ANN401 - the library's
        with _without_detail():
            await super().execute_query_async(query, **arguments)

    async def execute_query_one_async(
        self,
        query: LiteralString,
        **arguments: Any,  # noqa: ANN401 - the library's
    ) -> dict[str, Any]:
        with _without_detail():
            row: dict[str, Any] = await super().execute_query_one_async(query, **arguments)
            return row

    async def execute_query_all_async(
        self,
        query: LiteralString,
        **arguments: Any,  # noqa: ANN401 - the library's
    ) -> list[dict[str, Any]]:
        with _without_detail():
            rows: list[dict[str, Any]] = await super().execute_query_all_async(query, **arguments)
            return rows


@contextmanager
def _without_detail() -> Iterator[None]:
    try:
        yield
    except AssertionError as insisted:
        there = insisted.__context__
        if not isinstance(there, psycopg.errors.UniqueViolation):
            raise
        name = there.diag.constraint_name
        raise UniqueViolation(constraint_name=name, queueing_lock=None) from there


def try_again(worker: App) -> None:
    """Work that somebody waits for is tried again; periodic work comes again by itself."""
    periodic = {each.task.name for each in worker.periodic_registry.periodic_tasks.values()}
    for name, task in worker.tasks.items():
        if name not in periodic and task.retry_strategy is None:
            task.retry_strategy = AGAIN


@dataclass
class Recovery:
    """Puts back what nobody works on any more; `note` is a middleware of the worker.

    The queue knows a dead worker by its heartbeat. That a living one ended a job and could not say
    so, since the database was away, only that worker itself can know.
    """

    at_work: set[int | None] = field(default_factory=set)
    worker_id: int | None = None
    _unsaid: set[int | None] = field(default_factory=set)

    async def note(
        self, call_next: Callable[[], Awaitable[Any]], context: JobContext, worker: Worker
    ) -> Any:  # noqa: ANN401 - what the task returns
        self.worker_id = worker.worker_id
        self.at_work.add(context.job.id)
        try:
            return await call_next()
        finally:
            self.at_work.discard(context.job.id)

    async def run(self, worker: App) -> None:
        """Until cancelled; a sweep that fails is told, and the next one comes."""
        while True:
            try:
                await self.sweep(worker)
            except AWAY as error:
                log.error("jobs.not-swept", error=error)
            await asyncio.sleep(SWEEP_S)

    async def sweep(self, worker: App) -> None:
        stalled = await worker.job_manager.get_stalled_jobs(seconds_since_heartbeat=STALLED_S)
        for job in [*stalled, *await self._ended_unsaid(worker)]:
            await _put_back(worker, job)

    async def _ended_unsaid(self, worker: App) -> list[Job]:
        """Ours by the queue and not at work, twice in a row: the end of one is said in between."""
        if self.worker_id is None:
            return []
        ours = await worker.job_manager.list_jobs_async(status="doing", worker_id=self.worker_id)
        found = [job for job in ours if job.id not in self.at_work]
        again = [job for job in found if job.id in self._unsaid]
        self._unsaid = {job.id for job in found}
        return again


async def _put_back(worker: App, job: Job) -> None:
    log.info("job.retried", job=job.task_name)
    try:
        await worker.job_manager.retry_job(job)
    except UniqueViolation:
        # Periodic work, and the next of it waits already.
        await worker.job_manager.finish_job(job, Status.FAILED, delete_job=False)
