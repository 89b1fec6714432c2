"""The only way to a transaction: `Database.begin(actor)`, with signed claims, committed at its end.

A raw connection without claims sees no row of any protected table.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any, LiteralString, TypeVar

import psycopg
from sqlalchemy import Engine, MetaData, PoolProxiedConnection
from sqlalchemy.engine import Connection
from sqlalchemy.orm import DeclarativeBase, Session

from app.core import claims, engines
from app.core.actor import Actor
from app.core.claims import SET_CLAIMS
from app.core.engines import CANNOT_CONNECT, ONLY_READ, begun, busy_in_words, connected, raw_of
from app.core.errors import ReadOnlyError
from app.core.lines import Lines, Statement
from app.core.replica import PRIMARY, REPLICA, Logins, Order, Replica, named
from app.core.together import Together, is_there

BNG = 27700
Found = TypeVar("Found")


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


@dataclass(slots=True)
class Database:
    """One engine per database role, opened when first used."""

    logins: Logins
    claims_key: bytes
    pool_size: int = 8
    public_pool_size: int = 5  # its own: a flood at the form leaves staff untouched
    pooler: Logins | None = None  # pgbouncer in transaction mode, instead of the server itself
    replica: Replica | None = None
    _engines: dict[str, Engine] | None = None
    _lines: dict[str, Lines] = field(default_factory=dict)

    @contextmanager
    def begin(self, actor: Actor) -> Iterator[Session]:
        """A writing transaction as `actor`; commits when the block ends, rolls back on error."""
        with (
            busy_in_words(),
            self._of_primary(actor, partial(self._connection, actor)) as connection,
            connection.begin(),
            ClaimedSession(
                bind=connection, expire_on_commit=False, join_transaction_mode="rollback_only"
            ) as session,
        ):
            yield session
            session.flush()

    @contextmanager
    def read(self, actor: Actor, *, may_lag: bool = False) -> Iterator[Session]:
        """A transaction that keeps nothing. Same claims, same policies.

        `may_lag`: of a replica, where there is one, as soon as that has all the changes of the map
        that `actor` may know of. Without a primary everything is read there.
        """
        with (
            busy_in_words(),
            self._first_of(
                self._order(actor if may_lag else None), partial(self._connection, actor)
            ) as connection,
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
        statement = claims.SET_CLAIMS_AND_KEEP_PLANS if keep_plans else SET_CLAIMS
        with busy_in_words():
            claimed = partial(self._claim, actor=actor, at=PRIMARY, said=statement)
            pooled = self._of_pool(actor, claimed)
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
            pooled = self._of_pool(actor, is_there)
            raw = raw_of(pooled)
            try:
                yield Together(raw, lambda pid: self._claim_of(pid, actor), self._pooled(PRIMARY))
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
            yield engines.is_locked(raw, what, time.monotonic() + wait_s)
        finally:
            raw.close()

    def ask(self, role: str, question: LiteralString, given: tuple[Any, ...]) -> Any:  # noqa: ANN401 - JSON
        """One value from a definer function that works without claims, such as `app.actor_of`."""
        with busy_in_words():
            row = self._first_of(
                self._order(), lambda at: engines.asked(self._engine(role, at), question, given)
            )
            return None if row is None else row[0]

    async def soon(
        self, actor: Actor, asked: Statement, *, keep_plans: bool = False, may_lag: bool = False
    ) -> Sequence[bytes | None]:
        """The first row of one statement, with claims, in one round trip from the event loop."""
        claim = claims.CLAIM_AND_KEEP_PLANS if keep_plans else claims.CLAIM

        def whole(backend_pid: int) -> list[Statement]:
            return [self._claim_of(backend_pid, actor, claim), asked]

        order = self._order(actor if may_lag else None)
        found = await self._soon_of(order, actor.db_role, whole)
        return found[claim.count(b"set_config") :]

    async def soon_as(
        self, role: str, said: Callable[[int], Sequence[Statement]]
    ) -> Sequence[bytes | None]:
        """The same of a definer function that works without claims, as in `ask`."""
        return await self._soon_of(self._order(), role, said)

    async def _soon_of(
        self, order: Order, role: str, said: Callable[[int], Sequence[Statement]]
    ) -> Sequence[bytes | None]:
        *firsts, last = order
        with busy_in_words():
            for at in firsts:
                try:
                    return await self._lines_of(role, at).ask(said)
                except CANNOT_CONNECT as wrong:
                    self._note_lost(at, wrong)
            return await self._lines_of(role, last).ask(said)

    def _lines_of(self, role: str, at: str) -> Lines:
        name = named(role, at)
        lines = self._lines.get(name)
        if lines is None:
            open_one = partial(connected, self._dsn(role, at), pooled=self._pooled(at))
            lines = self._lines[name] = Lines(open_one, self._pooled(at))
        return lines

    def _order(self, lags_for: Actor | None = None) -> Order:
        if self.replica is None:
            return (PRIMARY,)
        knows = None if lags_for is None else lags_for.map_version
        return self.replica.order(may_lag=self.replica.has(knows))

    def _first_of(self, order: Order, ask: Callable[[str], Found]) -> Found:
        """What the first server says that can be reached; the last one's refusal is told."""
        for at in order[:-1]:
            try:
                return ask(at)
            except CANNOT_CONNECT as wrong:
                self._note_lost(at, wrong)
        return ask(order[-1])

    def _note_lost(self, at: str, wrong: Exception) -> None:
        """Late is not lost: that is told to whoever asked, and no other server is troubled."""
        if self.replica is None or not engines.is_lost(wrong):
            raise wrong
        self.replica.lost(at)

    def _pooled(self, at: str) -> bool:
        if at == REPLICA and self.replica is not None:
            return self.replica.pooled
        return self.pooler is not None

    def _dsn(self, role: str, at: str) -> str:
        if at == REPLICA and self.replica is not None:
            return self.replica.logins.dsn(role)
        return (self.pooler or self.logins).dsn(role)

    def pools(self) -> dict[str, tuple[int, int]]:
        """By login: connections in use, and open."""
        return engines.in_use(list((self._engines or {}).items()))

    def dispose(self) -> None:
        if self.replica is not None:
            self.replica.close()
        for lines in self._lines.values():
            lines.close()
        for engine in (self._engines or {}).values():
            engine.dispose()
        self._engines = None

    def _engine(self, role: str, at: str = PRIMARY) -> Engine:
        if self._engines is None:
            self._engines = {}
        name = named(role, at)
        if name not in self._engines:
            size = self.public_pool_size if role == "cs_public" else self.pool_size
            self._engines[name] = engines.opened(self._dsn(role, at), size, pooled=self._pooled(at))
        return self._engines[name]

    def _connection(self, actor: Actor, at: str = PRIMARY) -> Connection:
        """With claims."""
        while True:
            connection = self._engine(actor.db_role, at).connect()
            if self._claim(connection.connection, actor, at):
                return connection
            connection.close()

    def _of_primary(self, actor: Actor, take: Callable[[], Found]) -> Found:
        """What may change something is for no other server."""
        try:
            return take()
        except CANNOT_CONNECT as wrong:
            self._note_lost(PRIMARY, wrong)
            raise (wrong if actor.db_role == "cs_public" else ReadOnlyError(ONLY_READ)) from wrong

    def _of_pool(
        self, actor: Actor, is_good: Callable[[PoolProxiedConnection], bool]
    ) -> PoolProxiedConnection:
        """Of the primary; one that died meanwhile has left the pool and is not good."""
        take = partial(self._of_primary, actor, self._engine(actor.db_role).raw_connection)
        pooled = take()
        while not is_good(pooled):
            pooled = take()
        return pooled

    def _claim(
        self, held: PoolProxiedConnection, actor: Actor, at: str, said: LiteralString = SET_CLAIMS
    ) -> bool:
        """False when the connection died in the pool. A ping of each would tell the same, later."""
        raw = raw_of(held)
        try:
            pid = begun(raw) if self._pooled(at) else raw.info.backend_pid
            raw.execute(said, claims.signed(actor, pid, self.claims_key))
        except psycopg.OperationalError:
            died = raw.closed
            held.invalidate()
            if not died:
                raise
            return False
        return True

    def _claim_of(self, backend_pid: int, actor: Actor, claim: bytes = claims.CLAIM) -> Statement:
        values = claims.signed(actor, backend_pid, self.claims_key)
        return Statement(claim, [value.encode() for value in values])
