"""Connections to PostgreSQL as the pool holds them, and what is said when it does not answer."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import psycopg
from psycopg.pq import ExecStatus
from sqlalchemy import Engine, PoolProxiedConnection, PoolResetState, create_engine, event
from sqlalchemy.exc import InternalError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from app.core.errors import BusyError
from app.core.lines import LostError

# When a connection is lost the pool would log tracebacks; callers get one sentence.
logging.getLogger("sqlalchemy.pool").setLevel(logging.CRITICAL)

LATE = "The database did not answer in time. Please try again."
# The process was held up between two statements for so long that the database gave up on it.
TOO_IDLE = psycopg.errors.IdleInTransactionSessionTimeout
LATE_OR_LOST = (
    PoolTimeoutError,
    OperationalError,
    psycopg.OperationalError,
    TOO_IDLE,
    LostError,
)
BEGIN = b"begin; select pg_backend_pid()"
AS_NEW = b"reset all; select pg_advisory_unlock_all()"


def raw_of(pooled: PoolProxiedConnection) -> psycopg.Connection[Any]:
    raw = pooled.driver_connection
    if not isinstance(raw, psycopg.Connection):
        raise TypeError("expected a psycopg connection")
    return raw


def opened(dsn: str, pool_size: int, *, pooled: bool = False) -> Engine:
    """`pooled`: behind pgbouncer, where a session is somebody else's after each transaction."""
    engine = create_engine(
        "postgresql+psycopg://",
        creator=partial(connected, dsn, pooled=pooled),
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=10,
        pool_use_lifo=True,  # the backend used last has its plans in the cache of the processor
    )
    if not pooled:
        event.listen(engine, "reset", _as_new)
    return engine


def connected(dsn: str, *, pooled: bool = False) -> psycopg.Connection[Any]:
    """The address goes to libpq as it is: it may name several servers.

    pgbouncer takes no options, and knows nothing of what was prepared where.
    """
    if pooled:
        return psycopg.connect(dsn, prepare_threshold=None, application_name="contextmap")
    return psycopg.connect(
        dsn,
        prepare_threshold=1,
        application_name="contextmap",
        options="-c client_connection_check_interval=5000 -c jit=off",
    )


def begun(raw: psycopg.Connection[Any]) -> int:
    """Begins the transaction, and tells the process that has it: behind a pooler another each time.

    One round trip, as `begin` by itself.
    """
    found = raw.pgconn.exec_(BEGIN)
    if found.status != ExecStatus.TUPLES_OK:
        raise psycopg.errors.error_from_result(found)
    return int(found.get_value(0, 0) or b"")


def _as_new(connection: psycopg.Connection[Any], _record: object, state: PoolResetState) -> None:
    """Nobody finds what a statement of somebody before left in the session: settings and locks.

    Only what was committed can be left, and one round trip, 0.05 ms, takes it away.
    """
    if not state.terminate_only and not connection.closed:
        connection.rollback()
        connection.pgconn.exec_(AS_NEW)


@contextmanager
def busy_in_words() -> Iterator[None]:
    """A statement, lock, pool or transaction that took too long, and a database that is away."""
    try:
        yield
    except (
        PoolTimeoutError,
        OperationalError,
        psycopg.OperationalError,
        TOO_IDLE,
        LostError,
    ) as late:
        raise BusyError(LATE) from late
    except InternalError as other:
        if not isinstance(other.orig, TOO_IDLE):
            raise
        raise BusyError(LATE) from other
