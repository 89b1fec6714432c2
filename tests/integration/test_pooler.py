"""Behind pgbouncer in transaction mode: nobody is answered with the rights of somebody else.

Each session of the server serves one person after the other. Every answer is compared with what
the same person sees without a pooler; a planted version, which leaves claims in the session, must
be caught by the same comparison. CONTEXTMAP_LONG_TESTS=1 asks ten thousand times.
"""

import asyncio
import os
import random
import re
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import httpx
import psycopg
import pytest
from sqlalchemy import text

from app.core import claims as core_claims
from app.core.db import Database
from app.core.lines import Statement
from app.core.pages import SESSION_COOKIE
from app.main import create_app
from tests.databases import CLAIMS_KEY, Logins, cloned
from tests.people import HERE, RICHMOND, sign_in_as
from tests.pooler import RESET, pooling

LONG = os.environ.get("CONTEXTMAP_LONG_TESTS") == "1"
REQUESTS = 10_000 if LONG else 800
PAGES = 2_000 if LONG else 120
AT_ONCE = 64
SESSIONS = 3  # of the server, for everybody together

SEEN = """
    select (select count(*)::text || ' ' || coalesce(md5(string_agg(id::text, '' order by id)), '')
            from app.place),
           (select count(*)::text from app.incident),
           (select count(*)::text from app.intel_item),
           coalesce(nullif(current_setting('cs.claims', true), '')::json ->> 'u', 'nobody')
"""
ROLES = (
    ("cs_lead", {}),
    ("practitioner", {}),
    ("practitioner", {"boroughs": (RICHMOND,), "agency": "LA_RICHMOND"}),
    ("partner", {}),
    ("police_analyst", {}),
)
NOBODY = "nobody"
NUMBER = re.compile(rb'"request_id":"[^"]+"')


@pytest.fixture(scope="module")
def ground(cluster, demo_template):
    with cloned(cluster, demo_template, "pooled") as database:
        yield database


@pytest.fixture(scope="module")
def people(ground):
    return [sign_in_as(ground, role, **options) for role, options in ROLES]


@pytest.fixture(scope="module")
def truth(ground, people):
    """By person, and of who has no claims, without a pooler."""
    found = {person.user_id: seen(ground, person.actor) for person in people}
    found[NOBODY] = seen(ground, None)
    assert len(set(found.values())) == len(found), "answers that tell nobody apart prove nothing"
    return found


@pytest.fixture
def through(cluster, ground):
    """The same database by a pooler whose sessions are never made as new."""
    with pooling(cluster, ground.logins.dbname, size=SESSIONS) as pooler:
        database = pooled(ground, pooler)
        yield database
        database.dispose()


def pooled(ground, pooler):
    return Database(
        Logins(ground.logins.cluster, ground.logins.dbname),
        CLAIMS_KEY,
        pool_size=AT_ONCE,
        pooler=pooler,
    )


def seen(database, actor):
    """By a thread of its own and a connection of the pool."""
    if actor is None:
        return tuple(database.ask("cs_app", f"select array[{SEEN.strip()[7:]}]", ()))
    with database.read(actor) as session:
        return tuple(session.execute(text(SEEN)).one())


async def seen_soon(database, actor):
    """From the event loop."""
    asked = Statement(SEEN.encode())
    if actor is None:
        said = await database.soon_as("cs_app", lambda _: [asked])
    else:
        said = await database.soon(actor, asked)
    return tuple(part.decode() for part in said)


def leaks(database, people, truth, n):
    """How many of `n` answers, all asked at once, are not those of who asked."""
    chance = random.Random(20261127)
    askers = [chance.choice([*people, None]) for _ in range(n)]
    threads = ThreadPoolExecutor(AT_ONCE)

    async def one(number, person):
        actor = person and person.actor
        try:
            if number % 2:
                found = await seen_soon(database, actor)
            else:
                found = await asyncio.get_running_loop().run_in_executor(
                    threads, seen, database, actor
                )
        except psycopg.errors.InsufficientPrivilege:
            return "refused"
        return "own" if found == truth[person.user_id if person else NOBODY] else "leak"

    async def all_of_them():
        return await asyncio.gather(*(one(n, person) for n, person in enumerate(askers)))

    with ThreadPoolExecutor(1) as loop, threads:
        return Counter(loop.submit(asyncio.run, all_of_them()).result())


def test_each_of_many_at_once_gets_their_own_answer(through, people, truth):
    assert leaks(through, people, truth, REQUESTS) == {"own": REQUESTS}
    assert through.pooler.served() >= REQUESTS, "they went through the pooler"


def for_the_session(statement):
    return statement.replace("true)", "false)")


def test_claims_left_in_the_session_would_be_caught(through, people, truth, monkeypatch):
    """The planted fault of the comparison above."""
    for name in ("CLAIM", "CLAIM_AND_KEEP_PLANS"):
        monkeypatch.setattr(
            core_claims, name, for_the_session(getattr(core_claims, name).decode()).encode()
        )
    planted = partial(Database._claim, said=for_the_session(core_claims.SET_CLAIMS))
    monkeypatch.setattr(
        Database,
        "_claim",
        lambda self, held, actor, at, *_: planted(self, held, actor, at),
    )

    found = leaks(through, people, truth, 400)

    assert found["leak"] > 20


def test_a_pooler_that_makes_sessions_as_new_closes_even_that(
    cluster, ground, people, truth, monkeypatch
):
    planted = partial(Database._claim, said=for_the_session(core_claims.SET_CLAIMS))
    monkeypatch.setattr(
        Database,
        "_claim",
        lambda self, held, actor, at, *_: planted(self, held, actor, at),
    )

    with pooling(cluster, ground.logins.dbname, size=1, reset=RESET) as pooler:
        database = pooled(ground, pooler)
        for person in people:
            assert seen(database, person.actor) == truth[person.user_id]
            assert seen(database, None) == truth[NOBODY]
        database.dispose()


def asked_of_pages(app, people, asked):
    """What each was answered: the status, and the body without the number of the request."""
    places = asyncio.Semaphore(AT_ONCE)

    async def one(client, who, path):
        headers = {} if who is None else {"cookie": f"{SESSION_COOKIE}={people[who].cookie}"}
        async with places:
            answer = await client.get(path, headers=headers)
        return answer.status_code, NUMBER.sub(b"", answer.content)

    async def all_of_them():
        transport = httpx.ASGITransport(app=app, client=HERE)
        async with httpx.AsyncClient(transport=transport, base_url="https://testserver") as client:
            return await asyncio.gather(*(one(client, *which) for which in asked))

    with ThreadPoolExecutor(1) as loop:
        return loop.submit(asyncio.run, all_of_them()).result()


ADDRESSES = ("/api/v1/places", "/api/v1/incidents?limit=50", "/tiles/places/9/255/170.pbf")


def test_tiles_and_programs_of_different_roles(through, ground, people, settings):
    kept_none = settings.model_copy(update={"tiles_kept_mb": 0})
    each = [(who, path) for who in (None, *range(len(people))) for path in ADDRESSES]
    chance = random.Random(11)
    asked = [chance.choice(each) for _ in range(PAGES)]

    own = dict(zip(each, asked_of_pages(create_app(ground, kept_none), people, each), strict=True))
    found = asked_of_pages(create_app(through, kept_none), people, asked)

    assert len(set(own.values())) > 2 * len(ADDRESSES)
    assert [which for which, said in zip(asked, found, strict=True) if said != own[which]] == []


def test_a_lock_of_a_session_goes_past_the_pooler(through):
    """A session of the pooler is given back after each statement, and its locks with it."""
    work = "synthetic work"
    with through.alone("cs_app", work) as first, through.alone("cs_app", work) as second:
        assert (first, second) == (True, False)
    with through.alone("cs_app", work) as again:
        assert again


def test_what_options_would_say_is_said_by_the_role(through):
    for login in ("cs_app", "cs_public"):
        found = through.ask(
            login,
            "select array[current_setting('jit'),"
            " current_setting('client_connection_check_interval'), current_setting('search_path')]",
            (),
        )
        assert found[:2] == ["off", "5s"]
        assert found[2].startswith("public")


def test_an_error_in_a_transaction_leaves_nothing_to_the_next(through, people, truth):
    for _ in range(3 * SESSIONS):
        with pytest.raises(Exception, match="zero"), through.read(people[0].actor) as session:
            session.execute(text("select 1 / 0"))
        assert seen(through, None) == truth[NOBODY]
    assert threading.active_count() < 200
