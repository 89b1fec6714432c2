"""What would be, asked of the database itself: done, looked at as somebody else, and taken back.

The policies that answer are those in force, since the claims of each person are signed like any
other. Nothing of a rehearsal is kept, its events neither.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Session

from app.core.actor import Actor
from app.core.claims import claims_json, signature
from app.core.db import ClaimedSession, Database

AS = "select set_config('cs.claims', %s, true), set_config('cs.sig', %s, true)"
SECONDS = 10


class _Over(Exception):  # noqa: N818 - nothing went wrong
    """The end of a rehearsal, whose savepoint is given up."""


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """`session` acts as whoever was named last by `play`."""

    session: Session
    connection: Connection
    claims_key: bytes

    def play(self, actor: Actor) -> Session:
        """From now on as this person, who must be one of the login of this transaction."""
        self.session.flush()
        self.session.expunge_all()  # nobody is shown what another read
        raw = self.connection.connection.driver_connection
        if not isinstance(raw, psycopg.Connection):
            raise TypeError("expected a psycopg connection")
        at = time.time() + SECONDS
        claims = claims_json(actor, backend_pid=raw.info.backend_pid, expires_at_s=round(at, 3))
        self.connection.exec_driver_sql(AS, (claims, signature(claims, self.claims_key)))
        return self.session


@contextmanager
def rehearsed(db: Database, session: Session) -> Iterator[Rehearsal]:
    """Inside a savepoint of the session's transaction; after it everything is as it was."""
    session.flush()
    connection = session.connection()
    try:
        with connection.begin_nested():
            with ClaimedSession(
                bind=connection,
                expire_on_commit=False,
                join_transaction_mode="create_savepoint",
            ) as own:
                yield Rehearsal(own, connection, db.claims_key)
            raise _Over
    except _Over:
        pass
