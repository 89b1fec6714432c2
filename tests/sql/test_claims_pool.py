"""Claims never pass from one request to the next over a pool of three connections (goal G2)."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field, replace

import httpx
import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from app.core.actor import PUBLIC, Actor, job_actor
from app.core.db import Database
from app.core.errors import BusyError
from app.core.pages import SESSION_COOKIE
from app.main import create_app
from tests import loops
from tests.conftest import CLAIMS_KEY
from tests.people import sign_in_as
from tests.sql import world
from tests.sql.oracle import Row, allowed
from tests.sql.world import KINGSTON, ME, OTHER_AGENCY, OWN_AGENCY, RICHMOND, SOMEBODY

REQUESTS = 10_000
THREADS = 5
POOL = 3
OVER_HTTP = 600
ERRORS, ABORTS = 0.1, 0.1
PLACES = "select ref from app.place"


class WrongError(Exception):
    """What a service raises in the middle of its work."""


def raises(run: Callable[[str], object]) -> None:
    run("select 1")
    raise WrongError


def divides_by_nothing(run: Callable[[str], object]) -> None:
    run("select 1 / 0")


def is_refused(run: Callable[[str], object]) -> None:
    run("delete from app.place")


def breaks_a_key(run: Callable[[str], object]) -> None:
    run("insert into app.child_home (id, child_id, lad_code, from_on) select null, null, '', now()")


def runs_late(run: Callable[[str], object]) -> None:
    run("set local statement_timeout = 1")
    run("select pg_sleep(5)")


def is_cancelled(run: Callable[[str], object]) -> None:
    run("select pg_cancel_backend(pg_backend_pid())")
    run("select pg_sleep(1)")


def is_killed(run: Callable[[str], object]) -> None:
    run("select pg_terminate_backend(pg_backend_pid())")
    run("select 1")


ERROR_KINDS = (raises, divides_by_nothing, is_refused, breaks_a_key)
ABORT_KINDS = (runs_late, is_cancelled, is_killed)
EXPECTED = (WrongError, DBAPIError, psycopg.Error, BusyError)


@dataclass
class Tally:
    """What came back over all requests."""

    right: int = 0
    foreign: int = 0
    missing: int = 0
    ended: Counter = field(default_factory=Counter)

    def note(self, seen: set[str], wanted: set[str]) -> None:
        self.foreign += len(seen - wanted)
        self.missing += len(wanted - seen)
        self.right += seen == wanted

    def add(self, other: "Tally") -> None:
        self.right += other.right
        self.foreign += other.foreign
        self.missing += other.missing
        self.ended += other.ended


@dataclass(frozen=True)
class Ground:
    db: Database
    rows: list[tuple[str, Row]]

    def wanted(self, actor: Actor) -> set[str]:
        return {ref for ref, row in self.rows if allowed(actor, "select", row)}


def scopes() -> list[Actor]:
    kingston = Actor(ME, "practitioner", "Test", agency=OWN_AGENCY, boroughs=(KINGSTON,))
    richmond = replace(kingston, id=SOMEBODY, agency=OTHER_AGENCY, boroughs=(RICHMOND,))
    return [
        kingston,
        richmond,
        replace(kingston, boroughs=()),
        replace(kingston, role="partner"),
        replace(richmond, role="partner"),
        replace(kingston, role="cs_lead"),
        replace(richmond, role="police_analyst"),
        replace(kingston, role="administrator"),
        job_actor(
            "clusters:recompute", db_role="cs_app"
        ),  # a job under a login that is not its own
    ]


@pytest.fixture(scope="module")
def ground(module_db):
    places = [place for place in world.records() if isinstance(place, world.Place)][::4]
    with psycopg.connect(module_db.logins.dsn("postgres")) as admin:
        for place in places:
            world.write(place, admin)
    small = Database(module_db.logins, CLAIMS_KEY, pool_size=POOL)
    yield Ground(small, [(place.ref, next(place.rows())) for place in places])
    small.dispose()


@pytest.mark.asvs("8.4.1")
def test_ten_thousand_requests_over_three_connections_see_their_own_rows_only(ground):
    wanted = [(actor, ground.wanted(actor)) for actor in scopes()]
    tally = Tally()

    with ThreadPoolExecutor(THREADS) as threads:
        seeds = range(THREADS)
        for one in threads.map(lambda seed: requests(ground.db, wanted, seed), seeds):
            tally.add(one)

    assert len({frozenset(refs) for _, refs in wanted}) >= 4
    assert (tally.foreign, tally.missing) == (0, 0)
    assert tally.right + tally.ended.total() == REQUESTS
    assert tally.ended["busy"] < REQUESTS / 100
    for kinds, share in ((ERROR_KINDS, ERRORS), (ABORT_KINDS, ABORTS)):
        ended = sum(tally.ended[kind.__name__] for kind in kinds)
        assert ended == pytest.approx(REQUESTS * share, rel=0.2)


def requests(db: Database, wanted: list[tuple[Actor, set[str]]], seed: int) -> Tally:
    """One thread's share, each as somebody else and by one of the three ways to the database."""
    dice, tally = random.Random(seed), Tally()
    for _ in range(REQUESTS // THREADS):
        actor, refs = dice.choice(wanted)
        luck = dice.random()
        trouble = None
        if luck < ERRORS:
            trouble = dice.choice(ERROR_KINDS)
        elif luck < ERRORS + ABORTS:
            trouble = dice.choice(ABORT_KINDS)
        way = dice.choice((by_reading, by_writing, by_cursor))
        try:
            tally.note(way(db, actor, trouble), refs)
        except EXPECTED as ended:
            # More threads than connections, which the service never has: one may wait too long.
            if trouble is None and not isinstance(ended.__cause__, PoolTimeoutError):
                raise
            tally.ended["busy" if trouble is None else trouble.__name__] += 1
    return tally


def by_reading(db, actor, trouble) -> set[str]:
    with db.read(actor) as session:
        seen = set(session.scalars(text(PLACES)))
        if trouble is not None:
            trouble(lambda sql: session.execute(text(sql)))
    return seen


def by_writing(db, actor, trouble) -> set[str]:
    with db.begin(actor) as session:
        session.execute(text("select audit.log('test.asked', 'test', null, 'done', 1, null)"))
        if trouble is not None:
            trouble(lambda sql: session.execute(text(sql)))
        return set(session.scalars(text(PLACES)))


def by_cursor(db, actor, trouble) -> set[str]:
    with db.cursor(actor, keep_plans=True) as cursor:
        seen = {ref for (ref,) in cursor.execute(PLACES)}
        if trouble is not None:
            trouble(cursor.execute)
    return seen


def test_the_pool_is_whole_afterwards_and_holds_nobodys_claims(ground):
    engine = ground.db._engine("cs_app")
    held = [engine.raw_connection() for _ in range(POOL)]
    try:
        for pooled in held:
            raw = pooled.driver_connection
            left = raw.execute("select current_setting('cs.claims', true)").fetchone()
            assert left in {("",), (None,)}
            assert raw.execute("select count(*) from app.place").fetchone() == (0,)
            raw.rollback()
    finally:
        for pooled in held:
            pooled.close()

    assert engine.pool.checkedout() == 0
    for actor in scopes():
        assert by_reading(ground.db, actor, None) == ground.wanted(actor)


def test_browsers_that_go_away_leave_nothing_to_the_next_one(ground, module_db, settings):
    people = [
        sign_in_as(module_db, role, boroughs=boroughs, agency=OWN_AGENCY)
        for role in ("practitioner", "partner", "cs_lead", "police_analyst")
        for boroughs in ((KINGSTON,), (RICHMOND,))
    ]
    wanted = [(person, ground.wanted(person.actor)) for person in people]
    app = create_app(ground.db, settings)

    tally = loops.run(over_http(app, wanted))

    assert (tally.foreign, tally.missing) == (0, 0)
    assert tally.right + tally.ended.total() == OVER_HTTP
    assert tally.ended["gone"] > OVER_HTTP * ABORTS / 3
    assert ground.db._engine("cs_app").pool.checkedout() == 0


async def over_http(app, wanted) -> Tally:
    dice, tally = random.Random(3), Tally()
    most = asyncio.Semaphore(POOL)
    transport = httpx.ASGITransport(app)

    async def one(person, refs: set[str], luck: float) -> None:
        cookies = {SESSION_COOKIE: person.cookie}
        async with (
            most,
            httpx.AsyncClient(
                transport=transport, base_url="https://testserver", cookies=cookies
            ) as client,
        ):
            if luck < ERRORS:
                answer = await client.get("/api/v1/places?limit=0")
                assert answer.status_code == 422
                tally.ended["wrong"] += 1
                return
            asked = asyncio.ensure_future(client.get("/api/v1/places?limit=1000"))
            if luck < ERRORS + ABORTS:
                await asyncio.sleep(luck / 50)
                asked.cancel()
                with suppress(asyncio.CancelledError):
                    await asked
                tally.ended["gone"] += 1
                return
            features = (await asked).json()["features"]
            tally.note({feature["id"] for feature in features}, refs)

    chosen = [(*dice.choice(wanted), dice.random()) for _ in range(OVER_HTTP)]
    await asyncio.gather(*(one(*each) for each in chosen))
    return tally


BRIEF = "set local idle_in_transaction_session_timeout = 50"


def idle(execute) -> None:
    execute(BRIEF)
    time.sleep(0.3)
    execute("select 1")


def by_a_session(db) -> None:
    with db.begin(PUBLIC) as session:
        idle(lambda asked: session.execute(text(asked)))


def by_bare_cursor(db) -> None:
    with db.cursor(PUBLIC) as cursor:
        idle(cursor.execute)


@pytest.mark.parametrize("way", [by_a_session, by_bare_cursor])
def test_a_transaction_that_idles_too_long_is_said_to_be_late(db, way):
    """503 and not a failure; and the pool is as before."""
    with pytest.raises(BusyError, match="did not answer in time"):
        way(db)

    with db.begin(PUBLIC) as session:
        assert session.scalar(text("select 1")) == 1
