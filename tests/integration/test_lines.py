"""Questions from the event loop: claims and policies as everywhere, nothing left for the next."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from sqlalchemy import text

from app.accounts import gate as gates
from app.accounts.gate import Gate
from app.accounts.identity import token_hash
from app.core import dollars
from app.core.actor import job_actor
from app.core.errors import BusyError
from app.core.lines import MOST_LINES, MOST_PREPARED, LostError, Statement
from app.demo import service as demo
from tests.conftest import cloned
from tests.people import LEAD, sign_in_as

PLACES = Statement(b"select count(*)::text from app.place")
SETTING = Statement(b"select current_setting('work_mem')")


@pytest.fixture(scope="module")
def ground(cluster, template):
    with cloned(cluster, template, "lines") as database:
        demo.load(database)
        yield database


def alone(*statements):
    return lambda _: list(statements)


def run(asked):
    """On a loop that ends, as its answers do, in a thread where no browser keeps one running."""
    with ThreadPoolExecutor(max_workers=1) as threads:
        return threads.submit(asyncio.run, asked).result()


def test_a_line_answers_with_claims_and_shows_nothing_without(ground):
    with ground.read(LEAD) as session:
        n = session.scalar(text("select count(*) from app.place"))

    assert run(ground.soon(LEAD, PLACES)) == [str(n).encode()]
    assert run(ground.soon_as("cs_app", alone(PLACES))) == [b"0"]


def test_the_next_question_finds_no_setting_and_no_claims_of_the_one_before(ground):
    async def three():
        await ground.soon(LEAD, PLACES)
        left = Statement(b"select set_config('work_mem', '1MB', false)")
        claims = await ground.soon_as(
            "cs_app", alone(Statement(b"select coalesce(current_setting('cs.claims', true), '')"))
        )
        await ground.soon_as("cs_app", alone(left))
        return claims, await ground.soon_as("cs_app", alone(SETTING))

    claims, setting = run(three())

    assert claims == [b""]
    assert setting == [b"64MB"]


def test_more_questions_than_lines_wait_their_turn(ground):
    async def many():
        asked = [ground.soon(LEAD, PLACES) for _ in range(3 * MOST_LINES)]
        return await asyncio.gather(*asked)

    answers = run(many())

    assert len({found[0] for found in answers}) == 1
    assert len(ground._lines["cs_app"]._idle) <= MOST_LINES


def test_what_goes_wrong_in_sql_is_told_and_the_line_is_not_used_again(ground):
    with pytest.raises(psycopg.errors.DivisionByZero):
        run(ground.soon(LEAD, Statement(b"select 1 / 0")))

    assert run(ground.soon(LEAD, PLACES))


@pytest.mark.asvs("15.2.2")
def test_too_slow_is_told_in_words(ground):
    async def slow():
        short = Statement(b"select set_config('statement_timeout', '20', true)")
        await ground.soon_as("cs_app", alone(short, Statement(b"select pg_sleep(5)::text")))

    with pytest.raises(BusyError):
        run(slow())


def test_a_line_that_died_while_idle_is_replaced(ground, cluster):
    run(ground.soon(LEAD, PLACES))
    pids = [line.connection.pgconn.backend_pid for line in ground._lines["cs_app"]._idle]
    with psycopg.connect(cluster.dsn("postgres"), autocommit=True) as admin:
        admin.execute("select pg_terminate_backend(pid, 5000) from unnest(%s) as pid", (pids,))

    assert run(ground.soon(LEAD, PLACES))


def test_a_new_line_that_dies_is_told_in_words(ground):
    async def ended():
        own = Statement(b"select pg_terminate_backend(pg_backend_pid())::text")
        while ground._lines["cs_app"]._idle:
            ground._lines["cs_app"]._idle.pop().connection.close()
        await ground.soon_as("cs_app", alone(own))

    run(ground.soon(LEAD, PLACES))
    with pytest.raises(BusyError) as told:
        run(ended())
    assert isinstance(told.value.__cause__, LostError)


def test_whoever_goes_away_in_the_middle_leaves_no_rest_to_the_next(ground):
    async def gone():
        task = asyncio.ensure_future(ground.soon(LEAD, Statement(b"select pg_sleep(5)::text")))
        await asyncio.sleep(0.2)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return await ground.soon(LEAD, SETTING)

    assert run(gone()) == [b"64MB"]


def test_a_line_that_has_prepared_too_much_is_closed(ground):
    async def many():
        for n in range(MOST_PREPARED + 2):
            await ground.soon_as("cs_app", alone(Statement(b"select '%d'" % n)))

    run(many())

    assert all(not line.full for line in ground._lines["cs_app"]._idle)


def test_values_arrive_as_they_were_given(ground):
    given = {"a": ['x"y', "back\\slash", "com,ma", ""], "n": None, "yes": True, "f": 0.1}
    said = """
        select to_json(%(a)s::text[])::text, %(n)s::text, %(yes)s::bool::text, %(f)s::float8::text
        where 'a%%' like 'a%%'
    """

    assert run(ground.soon(LEAD, dollars.statement(said, given))) == [
        b'["x\\"y","back\\\\slash","com,ma",""]',
        None,
        b"true",
        b"0.1",
    ]
    with pytest.raises(TypeError):
        dollars.written({})


@pytest.fixture
def held(monkeypatch):
    """Questions who somebody is: counted, and each answer held back until `go` is set."""
    said, ask = [], gates.identify_soon
    go = asyncio.Event()

    async def slow(db, token):
        found = await ask(db, token)
        said.append(found)
        await go.wait()
        return found

    monkeypatch.setattr(gates, "identify_soon", slow)
    return said, go


async def until(condition):
    while not condition():
        await asyncio.sleep(0.005)


def test_many_requests_of_one_session_share_a_question_that_began_after_they_came(ground, held):
    said, go = held
    person = sign_in_as(ground, "cs_lead")
    gate, token = Gate(ground), token_hash(person.cookie)

    async def at_once():
        first = asyncio.ensure_future(gate.identified(token))
        await until(lambda: said)
        rest = [asyncio.ensure_future(gate.identified(token)) for _ in range(5)]
        await asyncio.sleep(0)
        # The first has its answer. What ends now is seen by all who came since.
        with ground.begin(job_actor("demo:load")) as session:
            session.execute(
                text("update app.session set ended_at = now() where user_id = :of"),
                {"of": person.user_id},
            )
        rest[0].cancel()
        go.set()
        return await first, await asyncio.gather(*rest[1:])

    first, rest = run(at_once())

    assert first.actor.id == person.user_id
    assert rest == [None] * 4
    assert len(said) == 2
    assert list(gate._open.values()) in ([], [{}])


def test_what_goes_wrong_with_a_shared_question_is_told_to_each(ground, monkeypatch):
    async def broken(db, token):
        await asyncio.sleep(0)
        raise BusyError("Later.")

    monkeypatch.setattr(gates, "identify_soon", broken)
    gate = Gate(ground)

    async def three():
        return await asyncio.gather(
            *(gate.identified(b"x") for _ in range(3)), return_exceptions=True
        )

    assert [type(found) for found in run(three())] == [BusyError] * 3
