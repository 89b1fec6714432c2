"""Questions asked from the event loop itself: a whole transaction in one round trip, no thread.

A map asks for a dozen tiles at once, and around a small one a thread, a pool, BEGIN, COMMIT and the
reset of the connection cost more than its SQL. A line sends everything of a transaction at once (a
pipeline of libpq, whose statements up to the sync are one transaction) and is woken by the answer.
First of all it sends RESET ALL, so that nobody finds settings of somebody before. For reading with
few statements that are asked very often; everything else goes through `Database.begin`.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

import psycopg
from psycopg.pq import ConnStatus, ExecStatus
from psycopg.pq.abc import PGresult

MOST_LINES = 4  # of a process; more would only wait for each other's processors
MOST_PREPARED = 200
RESET = b"reset all"
BEGIN, WHO, COMMIT = b"begin", b"select pg_backend_pid()::text", b"commit"
TEXT, BINARY = 0, 1
DONE = frozenset({ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK})
ENDED = ("57P", "08")  # the server ends the connection, or it broke

Open = Callable[[], psycopg.Connection[Any]]


class Statement(NamedTuple):
    """`$1`, `$2` stand for its values: texts as PostgreSQL reads them, or the bytes of a bytea."""

    text: bytes
    values: Sequence[bytes | None] = ()
    raw: bool = False


class LostError(Exception):
    """The connection ended before the answer."""


@dataclass(eq=False, slots=True)
class Line:
    """One connection, for one question at a time, and what it has prepared."""

    connection: psycopg.Connection[Any]
    pooled: bool = False
    used: bool = False
    _names: dict[bytes, bytes] = field(default_factory=dict)
    _found: list[bytes | None] = field(default_factory=list)

    @property
    def full(self) -> bool:
        return len(self._names) > MOST_PREPARED

    async def ask(self, said: Callable[[int], Sequence[Statement]]) -> list[bytes | None]:
        """What `said` asks, given the process of the server that answers.

        Behind a pooler that is another one in each transaction, and is asked for first.
        """
        if not self.pooled:
            pid = self.connection.pgconn.backend_pid
            return await self._answers([Statement(RESET), *said(pid)])
        (who,) = await self._answers([Statement(BEGIN), Statement(WHO)])
        return await self._answers([*said(int(who or b"")), Statement(COMMIT)])

    async def _answers(self, statements: Sequence[Statement]) -> list[bytes | None]:
        """The first row of each statement that has rows, columns one after the other.

        Raises
        ------
        LostError
            The connection is no more. Everything else is an error of psycopg.
        """
        loop, pgconn = asyncio.get_running_loop(), self.connection.pgconn
        self.used, self._found = True, []
        answered: asyncio.Future[None] = loop.create_future()
        try:
            self._send(statements)
            socket = pgconn.socket
            loop.add_reader(socket, self._read, answered)
            try:
                await answered
            finally:
                loop.remove_reader(socket)
        except psycopg.OperationalError as wrong:
            if pgconn.status == ConnStatus.BAD or (wrong.sqlstate or "08").startswith(ENDED):
                raise LostError from wrong
            raise
        return self._found

    def _send(self, statements: Sequence[Statement]) -> None:
        pgconn = self.connection.pgconn
        if not pgconn.pipeline_status:
            pgconn.enter_pipeline_mode()
        for text, values, raw in statements:
            formats = [BINARY if raw else TEXT] * len(values)
            if self.pooled:  # another process of the server would not know the name
                pgconn.send_query_params(text, values, None, formats, BINARY)
                continue
            name = self._names.get(text)
            if name is None:
                name = self._names[text] = b"line%d" % len(self._names)
                pgconn.send_prepare(name, text)
            pgconn.send_query_prepared(name, values, formats, BINARY)
        pgconn.pipeline_sync()
        while pgconn.flush():  # a few hundred bytes, for which the socket has room
            pass

    def _read(self, answered: asyncio.Future[None]) -> None:
        """When there is something to read: up to the sync, or to what went wrong."""
        pgconn = self.connection.pgconn
        try:
            pgconn.consume_input()
            while not answered.done() and not pgconn.is_busy():
                found = pgconn.get_result()
                if found is not None:
                    self._take(found, answered)
        except psycopg.Error as wrong:
            if not answered.done():
                answered.set_exception(wrong)

    def _take(self, found: PGresult, answered: asyncio.Future[None]) -> None:
        if found.status == ExecStatus.PIPELINE_SYNC:
            answered.set_result(None)
        elif found.status not in DONE:
            answered.set_exception(psycopg.errors.error_from_result(found))
        elif found.ntuples:
            self._found += [found.get_value(0, column) for column in range(found.nfields)]


@dataclass(eq=False, slots=True)
class Lines:
    """Lines of one login, opened when they are needed; `open_one` takes a few milliseconds."""

    open_one: Open
    pooled: bool = False
    _idle: list[Line] = field(default_factory=list)
    _turns: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore] = field(
        default_factory=WeakKeyDictionary
    )

    async def ask(self, said: Callable[[int], Sequence[Statement]]) -> list[bytes | None]:
        """What `said` asks, given the process of the server that will answer."""
        loop = asyncio.get_running_loop()
        turns = self._turns.get(loop)
        if turns is None:
            turns = self._turns[loop] = asyncio.Semaphore(MOST_LINES)
        async with turns:
            return await self._answer(said)

    async def _answer(self, said: Callable[[int], Sequence[Statement]]) -> list[bytes | None]:
        while True:
            line = await self._line()
            was_used = line.used
            try:
                found = await line.ask(said)
            except LostError:
                line.connection.close()
                if not was_used:
                    raise
            except BaseException:
                # In the middle of an answer: nobody else may read the rest of it.
                line.connection.close()
                raise
            else:
                if line.full:
                    line.connection.close()
                else:
                    self._idle.append(line)
                return found

    async def _line(self) -> Line:
        try:
            return self._idle.pop()
        except IndexError:
            return Line(await asyncio.to_thread(self.open_one), self.pooled)

    def close(self) -> None:
        while self._idle:
            self._idle.pop().connection.close()
