"""What one process makes of what two servers tell: which of them is asked, and for what."""

import math
from dataclasses import dataclass, field

import pytest
from psycopg import OperationalError
from psycopg.errors import AdminShutdown, CannotConnectNow, QueryCanceled

from app.core import replica as replicas
from app.core.engines import is_lost
from app.core.lines import LostError
from app.core.replica import PRIMARY, REPLICA, Position, Replica

ONE, OTHER = 1.0, 2.0  # when which server was started


@dataclass
class Told:
    """Instead of a connection: what the server says next."""

    says: Position | None = None

    def look(self):
        return self.says


@dataclass
class Two:
    """Two servers, and a clock that stands until it is moved."""

    now_s: float = 1000.0
    primary: Told = field(default_factory=Told)
    copy: Told = field(default_factory=Told)

    def tell(self, primary=None, copy=None, *, follows=True, started=(ONE, OTHER)):
        self.primary.says = primary and Position(primary, False, started[0])
        self.copy.says = copy and Position(copy, follows, started[1])


@pytest.fixture
def two(monkeypatch):
    servers = Two()
    monkeypatch.setattr(replicas.time, "monotonic", lambda: servers.now_s)
    return servers


@pytest.fixture
def replica(two):
    found = Replica(None, None)
    found._probes = (two.primary, two.copy)
    return found


def after(two, replica, seconds, primary, copy, **how):
    two.now_s += seconds
    two.tell(primary, copy, **how)
    replica.look()


def test_one_that_keeps_up_answers_what_may_lag_and_all_when_it_is_alone(two, replica):
    after(two, replica, 1, 100, 100)
    assert replica.order(may_lag=True) == (REPLICA, PRIMARY)
    assert replica.order(may_lag=False) == (PRIMARY, REPLICA)

    replica.lost(PRIMARY)
    assert replica.order(may_lag=False) == (REPLICA, PRIMARY)
    after(two, replica, 3600, None, 100)
    assert replica.order(may_lag=False) == (REPLICA, PRIMARY), "it has all that there was"
    assert "nothing can be changed" in replica.words

    replica.lost(REPLICA)
    assert replica.order(may_lag=True) == (PRIMARY,)


def test_one_that_was_far_behind_lets_nobody_in_when_it_is_alone(two, replica):
    """A session that was ended meanwhile would be alive there."""
    after(two, replica, 1, 100, 100)
    for second in range(10):
        after(two, replica, 1, 200 + second, 100)
    assert replica.order(may_lag=True) == (PRIMARY,)

    after(two, replica, 1, None, 150)
    assert replica.order(may_lag=False) == (PRIMARY,)
    assert replica.words == "is 10 s behind: it is not used"
    after(two, replica, 600, None, 209)
    assert replica.order(may_lag=False) == (REPLICA, PRIMARY), "what it had received, it has read"


def test_a_process_that_never_met_the_primary_takes_what_there_is(two, replica):
    after(two, replica, 1, None, 100)

    assert replica.order(may_lag=False) == (REPLICA, PRIMARY)


def test_it_has_a_version_once_it_passed_where_the_log_was_after_that_was_seen(two, replica):
    after(two, replica, 1, 100, 100)
    assert not replica.has("1")
    after(two, replica, 0.5, 100, 100)
    assert not replica.has("1"), "a commit that did not wait for the disk may not be in the log"
    after(two, replica, 1, 110, 100)
    assert not replica.has("1"), "it is behind"
    after(two, replica, 1, 110, 110)
    assert replica.has("1")
    assert not replica.has("2"), "seen just now"
    assert not replica.has(None), "somebody changes the map"


def test_one_that_was_promoted_beside_a_primary_is_asked_nothing(two, replica):
    after(two, replica, 1, 100, 100)
    after(two, replica, 1, 100, 100, follows=False)

    assert replica.split
    assert not replica.answers
    assert replica.order(may_lag=True) == (PRIMARY,)
    assert "promoted" in replica.words


def test_one_that_is_the_primary_now_is_no_second_one(two, replica):
    after(two, replica, 1, 100, 100)
    after(two, replica, 1, None, 100)
    after(two, replica, 1, 120, 120, follows=False, started=(OTHER, OTHER))

    assert not replica.split
    assert replica.primary_up
    assert replica.order(may_lag=True) == (REPLICA, PRIMARY)


def test_how_far_behind_is_not_known_before_the_first_look(replica):
    assert not replica.answers
    assert math.isnan(Replica(None, None, primary_up=False).lag_s)


@pytest.mark.parametrize(
    ("met", "lost"),
    [
        (OperationalError("connection failed: Connection refused"), True),
        (CannotConnectNow("the database system is starting up"), True),
        (AdminShutdown("terminating connection"), True),
        (LostError(), True),
        (QueryCanceled("canceling statement due to statement timeout"), False),
        (OperationalError('FATAL:  too many connections for role "cs_public"'), False),
        (OperationalError("FATAL:  sorry, too many clients already"), False),
        (OperationalError("FATAL:  remaining connection slots are reserved"), False),
        (OperationalError("FATAL:  no more connections allowed (max_client_conn)"), False),
    ],
)
def test_a_server_that_is_full_or_late_is_not_gone(met, lost):
    """Or a flood at the public form would send everybody to the replica."""
    assert is_lost(met) is lost
