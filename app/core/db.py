"""The only way to a transaction: `Database.begin(actor)`, with signed claims, committed at its end.

A raw connection without claims sees no row of any protected table.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any, LiteralString, Protocol

import psycopg
from sqlalchemy import Engine, MetaData, PoolProxiedConnection, QueuePool
from sqlalchemy.engine import Connection
from sqlalchemy.orm import DeclarativeBase, Session

from app.core.actor import Actor
from app.core.claims import claims_json, signature
from app.core.engines import begun, busy_in_words, connected, opened, raw_of
from app.core.lines import Lines, Statement
from app.core.together import Together, is_there

BNG = 27700


TIMEOUT_MS = {"cs_public": 2_000, "cs_app": 5_000, "cs_job": 30 * 60_000, "cs_audit": 60_000}

SET_CLAIMS = (
    "select set_config('cs.claims', %s, true), set_config('cs.sig', %s, true),"
    " set_config('statement_timeout', %s, true),"
    " set_config('idle_in_transaction_session_timeout', %s, true)"
)
LOCK: LiteralString = "select pg_try_advisory_lock(hashtextextended(%s, 0))"
# A tile's plan does not depend on which tile: planning it anew cost a third of its time.
SET_CLAIMS_AND_KEEP_PLANS = (
    SET_CLAIMS + ", set_config('plan_cache_mode', 'force_generic_plan', true)"
)
NUMBERED = tuple(f"${n}" for n in range(1, 5))
CLAIM = (SET_CLAIMS % NUMBERED).encode()
CLAIM_AND_KEEP_PLANS = (SET_CLAIMS_AND_KEEP_PLANS % NUMBERED).encode()


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
    pooler: Logins | None = None  # pgbouncer in transaction mode, instead of the server itself
    _engines: dict[str, Engine] | None = None
    _lines: dict[str, Lines] = field(default_factory=dict)

    @contextmanager
    def begin(self, actor: Actor) -> Iterator[Session]:
        """A writing transaction as `actor`; commits when the block ends, rolls back on error."""
        with (
            busy_in_words(),
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
            busy_in_words(),
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
        with busy_in_words():
            pooled = self._engine(actor.db_role).raw_connection()
            while not self._claim(pooled, actor, statement):
                pooled = self._engine(actor.db_role).raw_connection()
            raw = raw_of(pooled)
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

    @contextmanager
    def together(self, actor: Actor) -> Iterator[Together]:
        """Groups of statements, each a transaction as `actor`, in one round trip each time."""
        with busy_in_words():
            pooled = self._engine(actor.db_role).raw_connection()
            while not is_there(raw_of(pooled)):
                pooled.invalidate()
                pooled = self._engine(actor.db_role).raw_connection()
            raw = raw_of(pooled)
            try:
                yield Together(raw, lambda pid: self._claim_of(pid, actor), self.pooled)
            finally:
                if raw.pgconn.pipeline_status:  # in the middle of an answer
                    pooled.invalidate()
                pooled.close()

    @contextmanager
    def alone(self, role: str, what: str, *, wait_s: float = 0) -> Iterator[bool]:
        """Whether nobody else does `what`, in any process, for as long as the block runs.

        A lock of a session of its own: it ends with the process, however that ends.
        """
        with busy_in_words():
            raw = connected(self.logins.dsn(role))
        try:
            yield _is_locked(raw, what, time.monotonic() + wait_s)
        finally:
            raw.close()

    def ask(self, role: str, question: LiteralString, given: tuple[Any, ...]) -> Any:  # noqa: ANN401 - JSON
        """One value from a definer function that works without claims, such as `app.actor_of`."""
        with busy_in_words():
            while True:
                pooled = self._engine(role).raw_connection()
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
                    return None if row is None else row[0]
                finally:
                    pooled.close()

    async def soon(
        self, actor: Actor, asked: Statement, *, keep_plans: bool = False
    ) -> Sequence[bytes | None]:
        """The first row of one statement, with claims, in one round trip from the event loop."""
        claim = CLAIM_AND_KEEP_PLANS if keep_plans else CLAIM

        def whole(backend_pid: int) -> list[Statement]:
            return [self._claim_of(backend_pid, actor, claim), asked]

        return (await self.soon_as(actor.db_role, whole))[claim.count(b"set_config") :]

    async def soon_as(
        self, role: str, said: Callable[[int], Sequence[Statement]]
    ) -> Sequence[bytes | None]:
        """The same of a definer function that works without claims, as in `ask`."""
        lines = self._lines.get(role)
        if lines is None:
            open_one = partial(connected, self._dsn(role), pooled=self.pooled)
            lines = self._lines[role] = Lines(open_one, self.pooled)
        with busy_in_words():
            return await lines.ask(said)

    @property
    def pooled(self) -> bool:
        return self.pooler is not None

    def _dsn(self, role: str) -> str:
        return (self.pooler or self.logins).dsn(role)

    def pools(self) -> dict[str, tuple[int, int]]:
        """By login: connections in use, and open."""
        found = {}
        for role, engine in list((self._engines or {}).items()):
            if isinstance(engine.pool, QueuePool):
                in_use = engine.pool.checkedout()
                found[role] = (in_use, in_use + engine.pool.checkedin())
        return found

    def dispose(self) -> None:
        for lines in self._lines.values():
            lines.close()
        for engine in (self._engines or {}).values():
            engine.dispose()
        self._engines = None

    def _engine(self, role: str) -> Engine:
        if self._engines is None:
            self._engines = {}
        if role not in self._engines:
            size = self.public_pool_size if role == "cs_public" else self.pool_size
            self._engines[role] = opened(self._dsn(role), size, pooled=self.pooled)
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
        raw = raw_of(pooled)
        try:
            pid = begun(raw) if self.pooled else raw.info.backend_pid
            raw.execute(statement, self._claims(pid, actor))
        except psycopg.OperationalError:
            died = raw.closed
            pooled.invalidate()
            if not died:
                raise
            return False
        return True

    def _claim_of(self, backend_pid: int, actor: Actor, claim: bytes = CLAIM) -> Statement:
        return Statement(claim, [said.encode() for said in self._claims(backend_pid, actor)])

    def _claims(self, backend_pid: int, actor: Actor) -> tuple[str, str, str, str]:
        timeout_ms = TIMEOUT_MS["cs_job" if actor.patient else actor.db_role]
        claims = claims_json(
            actor,
            backend_pid=backend_pid,
            expires_at_s=round(time.time() + timeout_ms / 1000 + 5, 3),
        )
        return claims, signature(claims, self.claims_key), str(timeout_ms), str(timeout_ms)


def _is_locked(raw: psycopg.Connection[Any], what: str, until: float) -> bool:
    raw.autocommit = True  # it is held for long, and a transaction would hold up the cleaning
    while raw.execute(LOCK, (what,)).fetchone() != (True,):
        if time.monotonic() >= until:
            return False
        time.sleep(0.2)
    return True
