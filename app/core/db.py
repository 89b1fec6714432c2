"""The only way to a transaction: `Database.begin(actor)`, with signed claims, committed at its end.

A raw connection without claims sees no row of any protected table.
"""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, LiteralString, Protocol

import psycopg
from sqlalchemy import Engine, MetaData, PoolProxiedConnection, PoolResetState, create_engine, event
from sqlalchemy.engine import Connection
from sqlalchemy.exc import InternalError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.orm import DeclarativeBase, Session

from app.core.actor import Actor
from app.core.claims import claims_json, signature
from app.core.errors import BusyError

BNG = 27700

# When a connection is lost the pool would log tracebacks; callers get one sentence.
logging.getLogger("sqlalchemy.pool").setLevel(logging.CRITICAL)

LATE = "The database did not answer in time. Please try again."
# The process was held up between two statements for so long that the database gave up on it.
TOO_IDLE = psycopg.errors.IdleInTransactionSessionTimeout
TIMEOUT_MS = {"cs_public": 2_000, "cs_app": 5_000, "cs_job": 30 * 60_000, "cs_audit": 60_000}

SET_CLAIMS = (
    "select set_config('cs.claims', %s, true), set_config('cs.sig', %s, true),"
    " set_config('statement_timeout', %s, true),"
    " set_config('idle_in_transaction_session_timeout', %s, true)"
)
# A tile's plan does not depend on which tile: planning it anew cost a third of its time.
SET_CLAIMS_AND_KEEP_PLANS = (
    SET_CLAIMS + ", set_config('plan_cache_mode', 'force_generic_plan', true)"
)


AS_NEW = b"reset all; select pg_advisory_unlock_all()"


class Model(DeclarativeBase):
    """Tables of ours, with constraint names as the migrations write them."""

    metadata = MetaData(
        naming_convention={
            "pk": "%(table_name)s_pkey",
            "fk": "%(table_name)s_%(column_0_name)s_fkey",
            "uq": "%(table_name)s_%(column_0_name)s_key",
            "ck": "%(table_name)s_%(constraint_name)s_check",
            "ix": "%(table_name)s_%(column_0_name)s_idx",
        }
    )


class ClaimedSession(Session):
    """A session that has claims; services and queries accept nothing else."""


class Logins(Protocol):
    """Where each database role logs in (`settings.Settings` is one)."""

    def dsn(self, role: str) -> str: ...


@dataclass(slots=True)
class Database:
    """One engine per database role, opened when first used."""

    logins: Logins
    claims_key: bytes
    pool_size: int = 8
    public_pool_size: int = 5  # its own: a flood at the form leaves staff untouched
    _engines: dict[str, Engine] | None = None

    @contextmanager
    def begin(self, actor: Actor) -> Iterator[Session]:
        """A writing transaction as `actor`; commits when the block ends, rolls back on error."""
        with (
            _busy_in_words(),
            self._claimed(actor) as connection,
            connection.begin(),
            ClaimedSession(
                bind=connection, expire_on_commit=False, join_transaction_mode="rollback_only"
            ) as session,
        ):
            yield session
            session.flush()

    @contextmanager
    def read(self, actor: Actor) -> Iterator[Session]:
        """A transaction that keeps nothing. Same claims, same policies."""
        with (
            _busy_in_words(),
            self._claimed(actor) as connection,
            ClaimedSession(bind=connection, expire_on_commit=False) as session,
        ):
            yield session

    @contextmanager
    def cursor(
        self, actor: Actor, *, keep: bool = True, keep_plans: bool = False
    ) -> Iterator[psycopg.Cursor[Any]]:
        """A bare cursor for tiles and bulk loads, inside the same kind of transaction.

        `keep=False` rolls back at the end: a dry run. `keep_plans` is for statements that are
        asked thousands of times and have one good plan.
        """
        statement = SET_CLAIMS_AND_KEEP_PLANS if keep_plans else SET_CLAIMS
        with _busy_in_words():
            pooled = self._engine(actor.db_role).raw_connection()
            while not self._claim(pooled, actor, statement):
                pooled = self._engine(actor.db_role).raw_connection()
            raw = _psycopg(pooled)
            try:
                with raw.cursor() as cursor:
                    yield cursor
                if keep:
                    raw.commit()
                else:
                    raw.rollback()
            except BaseException:
                pooled.rollback()
                raise
            finally:
                pooled.close()

    def ask(self, role: str, question: LiteralString, given: tuple[Any, ...]) -> Any:  # noqa: ANN401 - JSON
        """One value from a definer function that works without claims, such as `app.actor_of`."""
        with _busy_in_words():
            while True:
                pooled = self._engine(role).raw_connection()
                raw = _psycopg(pooled)
                try:
                    row = raw.execute(question, given).fetchone()
                    raw.commit()
                except psycopg.OperationalError:
                    died = raw.closed
                    pooled.invalidate()
                    if not died:
                        raise
                else:
                    return None if row is None else row[0]
                finally:
                    pooled.close()

    def dispose(self) -> None:
        for engine in (self._engines or {}).values():
            engine.dispose()
        self._engines = None

    def _engine(self, role: str) -> Engine:
        if self._engines is None:
            self._engines = {}
        if role not in self._engines:
            size = self.public_pool_size if role == "cs_public" else self.pool_size
            self._engines[role] = _open(self.logins.dsn(role), size)
        return self._engines[role]

    @contextmanager
    def _claimed(self, actor: Actor) -> Iterator[Connection]:
        connection = self._engine(actor.db_role).connect()
        while not self._claim(connection.connection, actor):
            connection.close()
            connection = self._engine(actor.db_role).connect()
        with connection:
            yield connection

    def _claim(
        self, pooled: PoolProxiedConnection, actor: Actor, statement: LiteralString = SET_CLAIMS
    ) -> bool:
        """False when the connection died in the pool. A ping of each would tell the same, later."""
        raw = _psycopg(pooled)
        try:
            raw.execute(statement, self._claims(raw, actor))
        except psycopg.OperationalError:
            died = raw.closed
            pooled.invalidate()
            if not died:
                raise
            return False
        return True

    def _claims(self, raw: psycopg.Connection[Any], actor: Actor) -> tuple[str, str, str, str]:
        timeout_ms = TIMEOUT_MS["cs_job" if actor.patient else actor.db_role]
        claims = claims_json(
            actor,
            backend_pid=raw.info.backend_pid,
            expires_at_s=round(time.time() + timeout_ms / 1000 + 5, 3),
        )
        return claims, signature(claims, self.claims_key), str(timeout_ms), str(timeout_ms)


def _psycopg(pooled: PoolProxiedConnection) -> psycopg.Connection[Any]:
    raw = pooled.driver_connection
    if not isinstance(raw, psycopg.Connection):
        raise TypeError("expected a psycopg connection")
    return raw


def _open(dsn: str, pool_size: int) -> Engine:
    engine = create_engine(
        dsn.replace("postgresql://", "postgresql+psycopg://", 1),
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=10,
        pool_use_lifo=True,  # the backend used last has its plans in the cache of the processor
        connect_args={
            "prepare_threshold": 1,
            "application_name": "contextmap",
            "options": "-c client_connection_check_interval=5000 -c jit=off",
        },
    )
    event.listen(engine, "reset", _as_new)
    return engine


def _as_new(connection: psycopg.Connection[Any], _record: object, state: PoolResetState) -> None:
    """Nobody finds what a statement of somebody before left in the session: settings and locks.

    Only what was committed can be left, and one round trip, 0.05 ms, takes it away.
    """
    if not state.terminate_only and not connection.closed:
        connection.rollback()
        connection.pgconn.exec_(AS_NEW)


@contextmanager
def _busy_in_words() -> Iterator[None]:
    """A statement, lock, pool or transaction that took too long, and a database that is away."""
    try:
        yield
    except (PoolTimeoutError, OperationalError, psycopg.OperationalError, TOO_IDLE) as late:
        raise BusyError(LATE) from late
    except InternalError as other:
        if not isinstance(other.orig, TOO_IDLE):
            raise
        raise BusyError(LATE) from other
