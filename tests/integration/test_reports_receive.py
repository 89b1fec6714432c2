"""A report on its way in: one commit, words sealed, nothing to read back for who sent it."""

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from app.core.actor import PUBLIC
from app.core.errors import InvalidError
from app.reports import service
from app.reports.receipts import mailbox_of, receipt_hmac
from app.reports.schemas import ReportIn
from app.reports.sealing import Keys, SealBrokenError, opened, public_key, seal
from app.reports.service import Sending

WORDS = "Canary words of the reporter, synthetic"
PARK = {
    "danger_answer": "NO",
    "where_kind": "PLACE",
    "easting": 518000.0,
    "northing": 169300.0,
    "where_text": "behind the shelter",
    "what_harms": ["DRUGS", "UNSAFE"],
    "notice_text": WORDS,
    "when_kind": "OFTEN",
    "day_parts": ["LATE"],
    "contact": {"email": "synthetic@example.org"},
}


@pytest.fixture
def keys(settings):
    return Keys.of(settings)


def sent(db, keys, key=b"one", body=b"body", **changed):
    with db.begin(PUBLIC) as session:
        report = ReportIn.model_validate(PARK | changed)
        return service.receive(session, keys, report, Sending(key, body))


def rows(db, question):
    dsn = db.logins.cluster.dsn("postgres", db.logins.dbname)
    with psycopg.connect(dsn) as admin:
        return admin.execute(question).fetchall()


def test_a_report_is_one_row_one_trace_and_one_job(db, keys):
    received = sent(db, keys)

    ((ref, boroughs, state, agency),) = rows(
        db, "select ref, borough_codes, state, agency_code from app.report"
    )
    assert (ref, state, agency) == (received.ref, "RECEIVED", "PUBLIC")
    assert boroughs == ["E09000021"]
    assert rows(db, "select action, role, object_ref from audit.event") == [
        ("report.create", "public", received.ref)
    ]
    ((task, arguments),) = rows(db, "select task_name, args from queue.procrastinate_jobs")
    assert (task, list(arguments)) == ("reports:screen", ["report"])
    assert rows(db, "select to_state from app.report_state_change") == [("RECEIVED",)]


@pytest.mark.asvs("14.2.4")
def test_the_database_holds_no_word_and_the_key_opens_them(db, keys):
    sent(db, keys)

    whole = str(
        rows(
            db,
            "select r::text, o::text, c::text from app.report r, "
            "app.report_original o, app.report_contact c",
        )
    )
    assert "Canary" not in whole
    assert "shelter" not in whole
    assert "example.org" not in whole
    ((report, sealed),) = rows(db, "select report_id, sealed from app.report_original")
    assert opened(sealed, keys.triage, report=report, use="words")["notice_text"] == WORDS
    with pytest.raises(SealBrokenError):
        opened(sealed, keys.triage, report=report, use="contact")
    with pytest.raises(SealBrokenError):
        opened(sealed, keys.contact, report=report, use="words")


@pytest.mark.parametrize(
    ("decision", "kept"),
    [
        ("decided_at = null", "90 days"),
        ("decided_at = now(), outcome_codes = '{NFA}'", "6 months"),
        ("decided_at = now(), outcome_codes = '{REJECTED_ABUSIVE}'", "90 days"),
        ("decided_at = now(), outcome_codes = '{REFERRED_SPA}'", "12 months"),
        ("decided_at = now(), outcome_codes = '{LINKED_PLACE,REFERRED_SPA}'", "2 years"),
    ],
)
def test_how_long_a_report_is_kept_follows_what_became_of_it(db, keys, decision, kept):
    sent(db, keys)
    dsn = db.logins.cluster.dsn("postgres", db.logins.dbname)
    with psycopg.connect(dsn) as admin:
        admin.execute(f"update app.report set {decision}".encode())
        (right,) = admin.execute(
            "select until_on = ((now() at time zone 'Europe/London')::date + %s::interval)::date "
            "from app.kept_rows('report')",
            (kept,),
        ).fetchone()

    assert right


def test_who_reported_is_forgotten_thirty_days_after_closing(db, keys):
    sent(db, keys)
    dsn = db.logins.cluster.dsn("postgres", db.logins.dbname)
    with psycopg.connect(dsn) as admin:
        admin.execute("update app.report set closed_at = '2026-03-01 12:00+00'")
        (day,) = admin.execute("select expires_on::text from app.report_contact").fetchone()

    assert day == "2026-03-31"


def test_the_same_sending_again_is_the_same_report_and_another_body_is_refused(db, keys):
    first = sent(db, keys)
    again = sent(db, keys)

    assert again.again
    assert again.receipt == first.receipt
    assert rows(db, "select count(*) from app.report") == [(1,)]
    with pytest.raises(InvalidError, match="already sent"):
        sent(db, keys, body=b"other")


@pytest.mark.parametrize(
    "question",
    [
        "select count(*) from app.report",
        "select count(*) from app.report_original",
        "select count(*) from intake.draft",
        "select count(*) from intake.submission",
        "select count(*) from app.place",
        "insert into intake.rate values ('a', 'b', now(), 1)",
        "select intake.tidied()",
    ],
)
def test_the_role_that_sends_reads_no_table(db, question):
    with pytest.raises(ProgrammingError, match="permission denied"), db.begin(PUBLIC) as session:
        session.execute(text(question))


def test_it_reads_and_writes_no_table_sequence_or_large_object_by_any_way(db):
    """Asked of each thing there is, not of a list."""
    things = rows(
        db,
        "select c.relkind, c.oid::regclass::text from pg_class c "
        "join pg_namespace n on n.oid = c.relnamespace where c.relkind in ('r', 'p', 'v', 'S') "
        "and n.nspname not like 'pg\\_%' and n.nspname not in ('information_schema', 'public')",
    )
    reading = ("select * from {}", "table {}", "copy {} to stdout")
    writing = (
        "copy {} from stdin",
        "insert into {} default values",
        "delete from {}",
        "truncate {}",
    )
    ways = {
        "v": reading[:2],
        "S": ("select nextval('{}')", "select setval('{}', 1)", "select last_value from {}"),
    }
    asked = [way.format(name) for kind, name in things for way in ways.get(kind, reading + writing)]
    asked += ["select lo_create(0)", "select lo_creat(-1)", "select lo_from_bytea(0, 'x')"]
    asked += ["select pg_read_file('/etc/passwd')", "copy (select 1) to '/x'", "set role cs_app"]
    asked += ["create table public.own (n int)", "create schema own"]
    asked += ["set role cs_owner", "select * from pg_largeobject"]

    assert len(things) > 60
    with psycopg.connect(db.logins.dsn("cs_public"), autocommit=True) as public:
        told = {question: answered(public, question) for question in asked}
    assert {question for question, refused in told.items() if not refused} == set()


def answered(connection, question):
    """What it says when it refuses."""
    try:
        connection.execute(question.encode())
    except (psycopg.errors.InsufficientPrivilege, psycopg.errors.UndefinedObject) as refused:
        return str(refused)
    except psycopg.errors.SyntaxError as odd:
        raise AssertionError(question) from odd
    return ""


def test_a_receipt_opens_state_and_mailbox_and_nothing_else(db, keys):
    received = sent(db, keys)
    mark = receipt_hmac(keys.receipts, received.receipt)
    own = mailbox_of(received.receipt)

    with db.begin(PUBLIC) as session:
        found = session.scalar(text("select intake.status(:mark)"), {"mark": mark})
        unknown = session.scalar(text("select intake.status(:mark)"), {"mark": b"x"})
    assert unknown is None
    assert found["state"] == "RECEIVED"
    assert WORDS not in str(found)
    assert bytes.fromhex(found["mailbox_key"]) == own.public_key().public_bytes_raw()


def test_a_message_is_read_by_who_has_the_code_and_by_the_team(db, keys):
    received = sent(db, keys)
    mark = receipt_hmac(keys.receipts, received.receipt)
    own = mailbox_of(received.receipt)
    with db.begin(PUBLIC) as session:
        status = session.scalar(text("select intake.status(:mark)"), {"mark": mark})
    of = {"report": _uuid(status["report"]), "use": "message"}
    box = seal({"body": "More, synthetic"}, keys.triage.public_key(), **of)
    copy = seal({"body": "More, synthetic"}, public_key(bytes.fromhex(status["mailbox_key"])), **of)
    with db.begin(PUBLIC) as session:
        kept = session.scalar(
            text("select intake.reply(:mark, gen_random_uuid(), :box, :copy)"),
            {"mark": mark, "box": box, "copy": copy},
        )
        status = session.scalar(text("select intake.status(:mark)"), {"mark": mark})

    assert kept is True
    (message,) = status["messages"]
    assert opened(bytes.fromhex(message["sealed"]), own, **of) == {"body": "More, synthetic"}
    ((sealed,),) = rows(db, "select sealed from app.report_message")
    assert opened(sealed, keys.triage, **of) == {"body": "More, synthetic"}


def _uuid(written):
    from uuid import UUID

    return UUID(written)


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"what_harms": []}, "what_harms"),
        ({"when_kind": "SOON"}, "when_kind"),
        ({"easting": None, "northing": None, "where_text": None}, "where_text"),
        ({"where_kind": "ROUTE"}, "mode"),
        ({"where_kind": "ROUTE", "mode": "BUS"}, "line"),
        ({"where_kind": "ONLINE"}, "online_raw"),
        ({"where_kind": "ONLINE", "online_raw": "data:image/png;base64,AA"}, "online_raw"),
        ({"where_kind": "DESCRIBED", "where_text": None}, "where_text"),
        ({"contact": {"safe_times": "evenings"}}, "email"),
    ],
)
def test_what_is_missing_is_said_in_the_words_of_the_form(changed, field):
    assert field in ReportIn.model_validate(PARK | changed).problems()


def test_nobody_but_the_demonstration_says_when_a_report_came(db, keys):
    from app.core import clock

    before = clock.now().replace(year=2020)
    with db.begin(PUBLIC) as session:
        report = ReportIn.model_validate(PARK)
        service.receive(session, keys, report, Sending(b"one", b"body", came_at=before))

    assert rows(db, "select now() - created_at < '1 minute' from app.report") == [(True,)]
