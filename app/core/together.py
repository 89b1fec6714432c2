"""Statements of a few transactions in one round trip, from a thread, on a connection of the pool.

Around a short statement the session, its compilation and a round trip each for BEGIN, claims,
statement and COMMIT cost more than its SQL. Here everything is sent at once (a pipeline of libpq):
a group of statements up to a sync is one transaction, with claims first. Nothing stays prepared,
since whoever uses the connection next may forget what is.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from select import POLLIN, POLLOUT, poll
from typing import Any, NamedTuple, Protocol

import psycopg
from psycopg.pq import ConnStatus, ExecStatus
from psycopg.pq.abc import PGconn, PGresult
from sqlalchemy import PoolProxiedConnection, TextClause
from sqlalchemy.exc import DBAPIError

from app.core import dollars
from app.core.engines import begun, raw_of
from app.core.lines import DONE, LostError, Statement

COMMIT = Statement(b"commit")
Row = tuple[str | None, ...]


class Asked(NamedTuple):
    """A statement with `:name` for its values."""

    statement: TextClause
    given: Mapping[str, Any]


class Asks(Protocol):
    """What answers with one value: a session, or statements sent together."""

    def scalar(self, statement: TextClause, params: Mapping[str, Any], /) -> Any: ...  # noqa: ANN401 - a value of the database


@dataclass(slots=True)
class Together:
    """A connection of one actor for as long as the block of `Database.together` runs."""

    connection: psycopg.Connection[Any]
    claims: Callable[[int], Statement]  # of the process of the server that answers
    pooled: bool = False

    def ask(self, *groups: Sequence[Asked]) -> list[Row]:
        """The first row of each statement of each group; all of them were committed.

        Raises
        ------
        DBAPIError
            Of the first that went wrong: its group is undone, those before it are not.
        LostError
            The connection ended before the last answer: nobody knows what was committed.
        """
        asked = [[dollars.of_text(*one) for one in group] for group in groups]
        if self.pooled:
            return [row for group in asked for row in self._in_turn(group)]
        claims = self.claims(self.connection.info.backend_pid)
        return self._rows([[claims, *group] for group in asked])

    def _in_turn(self, group: Sequence[Statement]) -> list[Row]:
        """Behind a pooler each transaction may be another process of the server, told first."""
        claims = self.claims(begun(self.connection))
        try:
            return self._rows([[claims, *group, COMMIT]])[:-1]
        except DBAPIError:
            self.connection.rollback()
            raise

    def _rows(self, groups: Sequence[Sequence[Statement]]) -> list[Row]:
        """Of each statement but the claims, the first of each group."""
        found = _answers(self.connection.pgconn, groups)
        for one in found:
            if one.status == ExecStatus.FATAL_ERROR:
                wrong = psycopg.errors.error_from_result(one)
                raise DBAPIError.instance(None, None, wrong, psycopg.Error, hide_parameters=True)
        ours = [at > 0 for group in groups for at, _ in enumerate(group)]
        return [_row(one) for one, wanted in zip(found, ours, strict=True) if wanted]

    def scalar(self, statement: TextClause, params: Mapping[str, Any], /) -> str | None:
        """As text: the first value of one statement, which is committed with it."""
        return self.ask([Asked(statement, params)])[0][0]


def is_there(pooled: PoolProxiedConnection) -> bool:
    """Whether the server has not ended it meanwhile: its socket tells, without a round trip."""
    pgconn = raw_of(pooled).pgconn
    waiting = poll()
    waiting.register(pgconn.socket, POLLIN)
    try:
        while waiting.poll(0):
            pgconn.consume_input()
    except psycopg.OperationalError:
        pooled.invalidate()
        return False
    return True


def _answers(pgconn: PGconn, groups: Sequence[Sequence[Statement]]) -> list[PGresult]:
    """One of each statement; what goes wrong before the last sync leaves it in pipeline mode."""
    pgconn.enter_pipeline_mode()
    try:
        for group in groups:
            for text, values, _ in group:
                pgconn.send_query_params(text, values)
            pgconn.pipeline_sync()
        _flush(pgconn)
        found = _read(pgconn, len(groups))
    except psycopg.OperationalError as wrong:
        raise LostError from wrong
    pgconn.exit_pipeline_mode()
    return found


def _read(pgconn: PGconn, syncs: int) -> list[PGresult]:
    found: list[PGresult] = []
    waiting = poll()
    waiting.register(pgconn.socket, POLLIN)
    while syncs:
        while pgconn.is_busy():
            waiting.poll()
            pgconn.consume_input()
        one = pgconn.get_result()
        if one is None:
            _must_be_there(pgconn)
        elif one.status == ExecStatus.PIPELINE_SYNC:
            syncs -= 1
        else:
            found.append(one)
    return found


def _flush(pgconn: PGconn) -> None:
    waiting = poll()
    waiting.register(pgconn.socket, POLLOUT)
    while pgconn.flush():
        waiting.poll()


def _must_be_there(pgconn: PGconn) -> None:
    if pgconn.status == ConnStatus.BAD:
        raise LostError


def _row(found: PGresult) -> Row:
    if found.status not in DONE or not found.ntuples:
        return (None,) * max(found.nfields, 1)
    values = [found.get_value(0, column) for column in range(found.nfields)]
    return tuple(None if value is None else bytes(value).decode() for value in values)
