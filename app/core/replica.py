"""A streaming replica: whether it may answer, how far behind it is, and if the primary is there.

Looked at once a second: where the primary writes, and how far the replica has come. It has all
that was committed before the newest of those places that it has passed. That needs no clock of
either server, and a quiet primary is not taken for a slow replica.
"""

import math
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Protocol

import psycopg
from psycopg.conninfo import make_conninfo

from app.core.engines import connected

LOOK_EVERY_S = 1.0
LAG_LIMIT_S = 5.0  # further behind it answers nobody
BACK_BELOW_S = 2.5  # and from here on again: not to and fro
SETTLED_S = 1.0  # within that a commit that did not wait for the disk is on it
LOGIN = "cs_app"
PRIMARY, REPLICA = "primary", "replica"
Order = tuple[str, ...]

WHERE = """
    select (case when pg_is_in_recovery() then pg_last_wal_replay_lsn()
                 else pg_current_wal_flush_lsn() end - '0/0')::float8,
           pg_is_in_recovery(), extract(epoch from pg_postmaster_start_time())::float8
"""


class Logins(Protocol):
    """Where each database role logs in."""

    def dsn(self, role: str) -> str: ...


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Logins at another address: a pooler, or a replica."""

    at: Callable[[str], str]

    def dsn(self, role: str) -> str:
        return self.at(role)


@dataclass(frozen=True, slots=True)
class Position:
    """Of one server: how far its log is, and which one it is."""

    bytes: float
    follows: bool
    started_at: float


@dataclass(slots=True)
class Probe:
    """One connection that looks at one server; none when that does not answer."""

    open_one: Callable[[], psycopg.Connection[Any]]
    _held: psycopg.Connection[Any] | None = None

    def look(self) -> Position | None:
        """Once more by a new connection, when one that was held has died."""
        found = None
        while found is None:
            held = self._held
            try:
                if self._held is None:
                    self._held = self.open_one()
                    self._held.autocommit = True
                found = self._held.execute(WHERE).fetchone()
            except psycopg.Error:
                self.close()
                if held is None:
                    return None
        return Position(*found)

    def close(self) -> None:
        if self._held is not None:
            with suppress(psycopg.Error):
                self._held.close()
            self._held = None


@dataclass(slots=True)
class Replica:
    """What one process knows of both servers."""

    logins: Logins
    primary: Logins
    pooled: bool = False
    primary_up: bool = True
    up: bool = False
    split: bool = False  # promoted while the primary lives: it is no copy any more
    behind: bool = True
    _started_at: float = 0.0
    _has_until: float = -math.inf
    _asked_at: float = -math.inf  # when the primary last told where it was
    _passed: deque[tuple[float, float]] = field(default_factory=lambda: deque(maxlen=600))
    _seen: dict[str, float] = field(default_factory=dict)
    _probes: tuple[Probe, Probe] | None = None
    _over: threading.Event = field(default_factory=threading.Event)

    @property
    def lag_s(self) -> float:
        """Everything committed longer ago than this can be read there; at most a look too much.

        Once the primary is away nothing more is committed: counted from when it was last seen.
        """
        return (time.monotonic() if self.primary_up else self._asked_at) - self._has_until

    @property
    def answers(self) -> bool:
        """One that was far behind knows too little of whom to let in, when it is alone, too."""
        return self.up and not self.split and not self.behind

    def order(self, *, may_lag: bool) -> Order:
        """Where a question that changes nothing is asked, first choice first."""
        if not self.answers:
            return (PRIMARY,)
        return (REPLICA, PRIMARY) if may_lag or not self.primary_up else (PRIMARY, REPLICA)

    def lost(self, which: str) -> None:
        """Nobody answers there; the next look may find otherwise."""
        if which == PRIMARY:
            self.primary_up = False
        else:
            self.up = False

    def has(self, version: str | None) -> bool:
        """Whether it surely has all that went before this version of the map was first seen.

        Of none, while somebody changes the map, nobody can say.
        """
        if version is None:
            return False
        now = time.monotonic()
        if len(self._seen) > 1000:
            self._seen.clear()
        return self._has_until > self._seen.setdefault(version, now) + SETTLED_S

    def look(self) -> None:
        """At both servers, once."""
        mine, copied = self._open_probes()
        began = time.monotonic()
        ours = mine.look()
        copy = copied.look()
        self.primary_up = ours is not None and not ours.follows
        if ours is not None and self.primary_up:
            if ours.started_at != self._started_at:  # another server's log, or one cut shorter
                self._passed.clear()
                self._started_at = ours.started_at
            self._passed.append((began, ours.bytes))
            self._asked_at = began
        self.up = copy is not None
        if copy is None:
            self.behind = True
            return
        same = ours is not None and ours.started_at == copy.started_at
        self.split = self.primary_up and not copy.follows and not same
        while self._passed and self._passed[0][1] <= copy.bytes:
            self._has_until = self._passed.popleft()[0]
        # Of a process that never met the primary nobody knows: it takes what there is.
        unknown = self._asked_at == -math.inf
        self.behind = not unknown and self.lag_s > (BACK_BELOW_S if self.behind else LAG_LIMIT_S)

    def watch(self) -> None:
        """In a thread of its own, until `close`."""
        while True:
            self.look()
            if self._over.wait(LOOK_EVERY_S):
                break
        self.close_probes()

    def close(self) -> None:
        self._over.set()

    def close_probes(self) -> None:
        for probe in self._probes or ():
            probe.close()

    @property
    def words(self) -> str:
        """For an operator, in one sentence."""
        if self.split:
            return "was promoted while the primary still answers: it is not used"
        if not self.up:
            return "does not answer: everything is read from the primary"
        if self.behind:
            return f"is {self.lag_s:.0f} s behind: it is not used"
        if not self.primary_up:
            return "answers alone: the primary does not, and nothing can be changed"
        return "answers for maps and lists of programs"

    def _open_probes(self) -> tuple[Probe, Probe]:
        if self._probes is None:
            self._probes = (
                Probe(lambda: _soon(self.primary, pooled=False)),
                Probe(lambda: _soon(self.logins, pooled=self.pooled)),
            )
        return self._probes


def fails(replica: Replica | None, *, within_s: float = LAG_LIMIT_S) -> bool:
    """Whether it is no use, looked at from anew and for as long as it may lag; for alerts."""
    if replica is None:
        return False
    until = time.monotonic() + within_s
    try:
        while True:
            replica.look()
            if replica.answers and replica.primary_up:
                return False
            if time.monotonic() >= until:
                return True
            time.sleep(LOOK_EVERY_S)
    finally:
        replica.close_probes()


def named(role: str, at: str) -> str:
    """Of a pool, in figures too."""
    return role if at == PRIMARY else f"{role} at the {at}"


def _soon(logins: Logins, *, pooled: bool) -> psycopg.Connection[Any]:
    """A server that says nothing within seconds is not there."""
    soon = {"connect_timeout": 2, "tcp_user_timeout": 3000}
    return connected(make_conninfo(logins.dsn(LOGIN), **soon), pooled=pooled)
