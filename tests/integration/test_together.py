"""Groups of statements in one round trip: each a transaction with claims, nothing left behind."""

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError, ProgrammingError

from app.core.actor import PUBLIC
from app.core.db import Database
from app.core.errors import AuditFailedError, BusyError
from app.core.lines import LostError
from app.core.together import Asked, Together
from app.reports.schemas import ReportIn
from app.reports.sealing import Keys, opened
from app.reports.service import Sending, receive
from tests.databases import CLAIMS_KEY
from tests.people import LEAD, browser
from tests.pooler import pooling
from tests.reports import PARK, rows
from tests.sending import body_of, key_of

SAYS = (
    "select cast(current_setting('cs.claims') as json)->>'u', current_setting('statement_timeout')"
)
WHO = Asked(text(SAYS), {})
COUNT = text("select intake.counted(:what, cast(:source as bytea))")
ONE = {"what": "send", "source": b"\x00\xffwhere from"}
WRONG = Asked(text("select 1 / cast(:by as int)"), {"by": 0})
END_OF_IT = Asked(text("select pg_terminate_backend(pg_backend_pid())"), {})


@pytest.fixture(params=["the server", "a pooler"])
def asked_of(request, db, cluster):
    """The same database, straight or through pgbouncer in transaction mode."""
    if request.param == "the server":
        yield db
        return
    with pooling(cluster, db.logins.dbname, size=2) as pooler:
        database = Database(db.logins, CLAIMS_KEY, pooler=pooler)
        yield database
        database.dispose()


def counted(db):
    return rows(db, "select n, source from intake.rate")


def test_each_group_is_a_transaction_of_its_actor(asked_of):
    with asked_of.together(PUBLIC) as asks:
        found = asks.ask([WHO, Asked(COUNT, ONE)], [], [Asked(COUNT, ONE), WHO])
        again = asks.scalar(COUNT, ONE)

    assert found == [(str(PUBLIC.id), "2s"), ("1",), ("2",), (str(PUBLIC.id), "2s")]
    assert again == "3"
    assert counted(asked_of) == [(3, ONE["source"])]


def test_texts_lists_and_nothing_arrive_as_they_were_given(asked_of):
    given = {"words": "a'b\\c é %", "many": ['x"y', "com,ma", ""], "none": None, "at": 0.1}
    asked = text(
        "select :words || '%', to_json(cast(:many as text[])), cast(:none as text), "
        "cast(:at as float8) from generate_series(1, 3)"
    )
    with asked_of.together(LEAD) as asks:
        found = asks.ask([Asked(asked, given), Asked(text("select 1 where false"), {})])

    assert found == [("a'b\\c é %%", '["x\\"y","com,ma",""]', None, "0.1"), (None,)]


def test_nobody_finds_claims_or_settings_of_the_one_before(db):
    left = Asked(text("select set_config('work_mem', '1MB', false)"), {})
    with db.together(PUBLIC) as asks:
        asks.ask([left])
        pid = asks.connection.info.backend_pid

    with db.cursor(PUBLIC) as cursor:
        cursor.execute("select current_setting('work_mem')")
        assert cursor.fetchone() == ("64MB",)
        assert cursor.connection.info.backend_pid == pid
    asked = "select coalesce(current_setting('cs.claims', true), '') where %s"
    assert db.ask("cs_public", asked, (True,)) == ""


def test_what_goes_wrong_undoes_its_group_alone_and_the_connection_serves_on(asked_of):
    with asked_of.together(PUBLIC) as asks:
        with pytest.raises(DBAPIError, match="division by zero"):
            asks.ask([Asked(COUNT, ONE)], [Asked(COUNT, ONE), WRONG, WHO])

        assert asks.ask([WHO])[0][0] == str(PUBLIC.id)
    assert counted(asked_of) == [(1, ONE["source"])]


@pytest.mark.parametrize(
    ("asked", "kind"),
    [
        ("select 1 from app.report", ProgrammingError),
        ("insert into intake.draft values ('x', 'y')", ProgrammingError),
        ("select intake.draft_write('', cast(repeat('x', 50000) as bytea))", IntegrityError),
    ],
)
def test_what_the_database_refuses_is_told_as_a_session_tells_it(db, asked, kind):
    with pytest.raises(kind), db.together(PUBLIC) as asks:
        asks.ask([Asked(text(asked), {})])
    with pytest.raises(kind), db.begin(PUBLIC) as session:
        session.execute(text(asked))


@pytest.mark.asvs("15.2.2")
def test_too_slow_is_told_in_words(asked_of):
    short = Asked(text("select set_config('statement_timeout', '20', true)"), {})

    with pytest.raises(BusyError), asked_of.together(PUBLIC) as asks:
        asks.ask([short, Asked(text("select pg_sleep(5)"), {})])


def test_a_connection_that_died_in_the_pool_is_replaced(db, cluster):
    with db.together(PUBLIC) as asks:
        pid = asks.connection.info.backend_pid
    with psycopg.connect(cluster.dsn("postgres"), autocommit=True) as admin:
        admin.execute("select pg_terminate_backend(%s, 5000)", (pid,))

    with db.together(PUBLIC) as asks:
        assert asks.ask([WHO])[0][0] == str(PUBLIC.id)


def test_one_that_dies_in_the_middle_is_told_in_words_and_not_used_again(asked_of):
    with pytest.raises(BusyError) as told, asked_of.together(PUBLIC) as asks:
        asks.ask([Asked(COUNT, ONE)], [END_OF_IT], [Asked(COUNT, ONE)])

    assert isinstance(told.value.__cause__, LostError)
    assert counted(asked_of) == [(1, ONE["source"])]
    with asked_of.together(PUBLIC) as asks:
        assert asks.scalar(COUNT, ONE) == "2"


def kept(settings):
    return {path.name for path in settings.report_keys.glob("*")}


def test_a_report_whose_answer_was_lost_keeps_its_key(asked_of, settings, monkeypatch):
    """It may have been kept: with its key gone nobody could ever read it."""
    ask, keys = Together.ask, Keys.of(settings)

    def lost(self, *groups):
        ask(self, *groups)
        raise LostError

    report, sending = ReportIn.model_validate(PARK), Sending(b"lost", b"body")
    with monkeypatch.context() as patched:
        patched.setattr(Together, "ask", lost)
        with pytest.raises(BusyError), asked_of.together(PUBLIC) as asks:
            receive(asks, keys, report, sending)
    with asked_of.together(PUBLIC) as asks:
        again = receive(asks, keys, report, sending)

    ((made, box),) = rows(asked_of, "select report_id, sealed from app.report_original")
    assert again.again
    assert opened(bytes(box), keys.triage, report=made, use="words") is not None


def test_a_report_that_leaves_no_trace_is_not_kept_nor_its_key(db, settings, admin_of):
    before, keys = kept(settings), Keys.of(settings)
    admin_of("alter table audit.event add constraint nothing check (false) not valid")

    with pytest.raises(AuditFailedError), db.together(PUBLIC) as asks:
        receive(asks, keys, ReportIn.model_validate(PARK), Sending(b"none", b"body"))

    assert rows(db, "select count(*) from app.report") == [(0,)]
    assert kept(settings) == before


@pytest.fixture
def admin_of(db):
    """A statement as a superuser, undone afterwards."""
    dsn = db.logins.cluster.dsn("postgres", db.logins.dbname)
    with psycopg.connect(dsn, autocommit=True) as admin:
        yield admin.execute
        admin.execute("alter table audit.event drop constraint if exists nothing")


def test_an_accepted_report_is_two_round_trips(db, settings, monkeypatch):
    asked, ask = [], Together.ask

    def told(self, *groups):
        asked.append([str(one.statement).split("(")[0].split()[-1] for g in groups for one in g])
        return ask(self, *groups)

    monkeypatch.setattr(Together, "ask", told)
    monkeypatch.setattr(type(db), "begin", None)
    headers = {"Idempotency-Key": key_of("one"), "Content-Type": "application/json"}
    with browser(db, settings) as client:
        answer = client.post("/api/v1/reports", content=body_of("one"), headers=headers)

    assert answer.status_code == 201
    assert asked == [["intake.counted", "reference.reach"], ["intake.submit"]]
