"""Put work in the queue, in the caller's own transaction: rolled back, there is no job."""

import orjson
from sqlalchemy import text
from sqlalchemy.orm import Session

DEFER = text("""
    select queue.procrastinate_defer_jobs_v1(array[row(
        :queue, :task, 0, :lock, :once, cast(:args as jsonb), null
    )::queue.procrastinate_job_to_defer_v1])
""")


def enqueue(
    session: Session, task: str, *, lock: str | None = None, once: bool = False, **args: str
) -> None:
    """Defer `namespace:name`. Arguments are ids only: a queue row must tell nothing of a record.

    Each task has a queue of its own, named as it is: a worker asks for those that it knows, and
    what a newer release put in waits for a newer worker. `lock` makes jobs of the same lock run
    one after the other; `once` leaves a second one out while a first still waits. Last thing a
    service does, since others wait for the commit.
    """
    if once and _waiting(session, task):
        return
    session.execute(
        DEFER,
        {
            "queue": task,
            "task": task,
            "lock": lock,
            "once": task if once else None,
            "args": orjson.dumps(args).decode(),
        },
    )


def under_way(session: Session, task: str) -> bool:
    """Whether a job of this task waits or is at work."""
    found = session.execute(
        text("""
            select exists (select from queue.procrastinate_jobs
                           where task_name = :task and status in ('todo', 'doing'))
        """),
        {"task": task},
    )
    return bool(found.scalar())


def _waiting(session: Session, task: str) -> bool:
    found = session.execute(
        text("""
            select exists (select from queue.procrastinate_jobs
                           where queueing_lock = :task and status = 'todo')
        """),
        {"task": task},
    )
    return bool(found.scalar())
