"""Connections to PostgreSQL as the pool holds them, and what is said when it does not answer."""

import logging
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, LiteralString

import psycopg
from psycopg.pq import ExecStatus
from sqlalchemy import (
    Engine,
    PoolProxiedConnection,
    PoolResetState,
    QueuePool,
    create_engine,
    event,
)
from sqlalchemy.exc import InternalError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from app.core.errors import BusyError, ReadOnlyError
from app.core.lines import ENDED, LostError

# When a connection is lost the pool would log tracebacks; callers get one sentence.
logging.getLogger("sqlalchemy.pool").setLevel(logging.CRITICAL)

LATE = "The database did not answer in time. Please try again."
ONLY_READ = (
    "The database takes no changes just now, and nothing whose reading leaves a trace can be "
    "shown. Nothing of this was saved; go back to keep what you typed."
)
# The process was held up between two statements for so long that the database gave up on it.
TOO_IDLE = psycopg.errors.IdleInTransactionSessionTimeout
LATE_OR_LOST = (
    PoolTimeoutError,
    OperationalError,
    psycopg.OperationalError,
    TOO_IDLE,
    LostError,
)
# What refuses to connect tells no code.
FULL = ("too many c", "connection slots", "no more connections allowed")
BEGIN = b"begin; select pg_backend_pid()"
CANNOT_CONNECT = (OperationalError, psycopg.OperationalError, LostError)
LOCK: LiteralString = "select pg_try_advisory_lock(hashtextextended(%s, 0))"
AS_NEW = b"reset all; select pg_advisory_unlock_all()"


def in_use(engines: Iterable[tuple[str, Engine]]) -> dict[str, tuple[int, int]]:
    """By name: connections in use, and open."""
    found = {}
    for name, engine in engines:
        if isinstance(engine.pool, QueuePool):
            busy = engine.pool.checkedout()
            found[name] = (busy, busy + engine.pool.checkedin())
    return found


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
    known: dict[str, Any] = {"application_name": "contextmap", "prepare_threshold": None}
    if not pooled:
        options = "-c client_connection_check_interval=5000 -c jit=off"
        known |= {"prepare_threshold": 1, "options": options}
    return psycopg.connect(dsn, **known)


def asked(engine: Engine, question: LiteralString, given: tuple[Any, ...]) -> Any:  # noqa: ANN401 - a row
    """The first row; another connection when one died in the pool."""
    while True:
        pooled = engine.raw_connection()
        raw = raw_of(pooled)
        try:
            row = raw.execute(question, given).fetchone()
            raw.commit()
        except psycopg.OperationalError:
            died = raw.closed
            pooled.invalidate()
            if not died:
                raise
        else:
            return row
        finally:
            pooled.close()


def is_lost(wrong: Exception) -> bool:
    """The server is not there, starts, or ends: not one that only takes long."""
    met = wrong.orig if isinstance(wrong, OperationalError) else wrong
    if isinstance(met, LostError):
        return True
    if not isinstance(met, psycopg.OperationalError) or any(words in str(met) for words in FULL):
        return False
    return (met.sqlstate or "08").startswith(ENDED)


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
    except LATE_OR_LOST as late:
        raise BusyError(LATE) from late
    except psycopg.errors.ReadOnlySqlTransaction as refused:
        raise ReadOnlyError(ONLY_READ) from refused
    except InternalError as other:
        if isinstance(other.orig, psycopg.errors.ReadOnlySqlTransaction):
            raise ReadOnlyError(ONLY_READ) from other
        if not isinstance(other.orig, TOO_IDLE):
            raise
        raise BusyError(LATE) from other


def is_locked(raw: psycopg.Connection[Any], what: str, until: float) -> bool:
    raw.autocommit = True  # it is held for long, and a transaction would hold up the cleaning
    while raw.execute(LOCK, (what,)).fetchone() != (True,):
        if time.monotonic() >= until:
            return False
        time.sleep(0.2)
    return True
