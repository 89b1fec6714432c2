"""Jobs that were interrupted come again: after a failure that passes, or when nobody has them."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from procrastinate.exceptions import AlreadyEnqueued

from app.core.errors import BusyError, RuleBrokenError
from app.core.recovery import AGAIN, Recovery
from app.imports import applying
from app.worker import create_worker

BATCH = "00000000-0000-4000-8000-000000000001"
PUT = """
    insert into queue.procrastinate_jobs (queue_name, task_name, args, status, worker_id,
                                          queueing_lock)
    values ('default', %s, '{}', %s, %s, %s) returning id
"""
WORKER = "insert into queue.procrastinate_workers default values returning id"


@pytest.fixture
def admin(db):
    with psycopg.connect(db.logins.dsn("postgres"), autocommit=True) as session:
        session.execute("set search_path = queue, public")
        yield session


def put(admin, status="doing", worker=None, task="imports:apply", lock=None):
    return admin.execute(PUT, (task, status, worker, lock)).fetchone()[0]


def registered(admin):
    return admin.execute(WORKER).fetchone()[0]


def status(admin, job):
    return admin.execute(
        "select status::text from queue.procrastinate_jobs where id = %s", (job,)
    ).fetchone()[0]


def in_a_loop(work):
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()


def swept(db, recovery, times=1):
    worker = create_worker(db.logins.dsn("cs_job"))

    async def sweep():
        async with worker.open_async():
            for _ in range(times):
                await recovery.sweep(worker)

    in_a_loop(sweep())


def worked(db, settings, recovery=None):
    """The real worker, until nothing is due."""
    worker = create_worker(db.logins.dsn("cs_job"))

    async def until_empty():
        async with worker.open_async():
            await worker.run_worker_async(
                wait=False,
                install_signal_handlers=False,
                listen_notify=False,
                worker_middleware=[(recovery or Recovery()).note],
                additional_context={"db": db, "settings": settings},
            )

    in_a_loop(until_empty())


def test_whose_end_could_not_be_said_comes_again_at_the_second_sweep(db, admin):
    us = registered(admin)
    ended, at_work = put(admin, worker=us), put(admin, worker=us)
    recovery = Recovery(at_work={at_work}, worker_id=us)

    swept(db, recovery)
    first = status(admin, ended)
    swept(db, recovery)

    assert first == "doing"
    assert status(admin, ended) == "todo"
    assert status(admin, at_work) == "doing"


def test_those_of_another_living_worker_are_left_to_it(db, admin):
    theirs = put(admin, worker=registered(admin))

    swept(db, Recovery(worker_id=registered(admin)), times=2)

    assert status(admin, theirs) == "doing"


def test_periodic_work_of_a_dead_worker_gives_way_to_the_next_and_stops_no_sweep(db, admin):
    lock = "reports:sweep"
    dead = put(admin, task=lock, lock=lock)
    put(admin, status="todo", task=lock, lock=lock)
    other = put(admin)

    swept(db, Recovery())

    assert status(admin, dead) == "failed"
    assert status(admin, other) == "todo"


def test_periodic_work_that_meets_its_own_does_not_stop_the_worker(db, admin):
    """Row-level security hides from the worker what it met."""
    put(admin, status="todo", task="exports:sweep", lock="exports:sweep")
    worker = create_worker(db.logins.dsn("cs_job"))

    async def defer():
        async with worker.open_async():
            await worker.tasks["exports:sweep"].defer_async(timestamp=1)

    with pytest.raises(AlreadyEnqueued):
        in_a_loop(defer())


def test_a_sweep_that_fails_stops_no_other(monkeypatch):
    turns = []

    async def sweep(_self, _worker):
        turns.append(1)
        if len(turns) == 1:
            raise psycopg.OperationalError
        raise asyncio.CancelledError

    monkeypatch.setattr(Recovery, "sweep", sweep)
    monkeypatch.setattr("app.core.recovery.SWEEP_S", 0)

    with pytest.raises(asyncio.CancelledError):
        in_a_loop(Recovery().run(None))

    assert len(turns) == 2


@pytest.mark.parametrize(
    ("failure", "then"), [(BusyError("late"), "todo"), (RuleBrokenError("no"), "failed")]
)
def test_a_failure_that_passes_is_tried_again(db, settings, admin, monkeypatch, failure, then):
    def fails(*_):
        raise failure

    monkeypatch.setattr(applying, "apply", fails)
    job = put(admin, status="todo")
    admin.execute(
        "update queue.procrastinate_jobs set args = jsonb_build_object('batch_id', %s::text)",
        (BATCH,),
    )
    recovery = Recovery()

    worked(db, settings, recovery)

    assert status(admin, job) == then
    assert recovery.at_work == set()
    assert recovery.worker_id is not None


def test_all_work_that_somebody_waits_for_is_tried_again_and_no_periodic_work(db):
    worker = create_worker(db.logins.dsn("cs_job"))
    periodic = {each.task.name for each in worker.periodic_registry.periodic_tasks.values()}

    by_name = {name: task.retry_strategy for name, task in worker.tasks.items()}

    assert by_name["exports:make"] is by_name["imports:undo"] is AGAIN
    waited_for = by_name.keys() - periodic
    assert all(by_name[name] for name in waited_for if not name.startswith("builtin"))
    assert by_name["exports:sweep"] is None
