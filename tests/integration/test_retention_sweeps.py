"""What goes by itself goes on its day: kept to the last second of it, and gone after."""

import os
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from sqlalchemy import text

from app.core import clock
from app.core.actor import job_actor
from app.exports import making
from app.imports import applying
from app.reports import ending
from app.reports.jobs import CLOSE
from app.retention import erasing
from tests import importing, reports
from tests.sql.world import ME, OWN_AGENCY, export_values, insert, random_id
from tests.uses import World

SECOND = timedelta(seconds=1)
AT = datetime(2026, 9, 10, 12, tzinfo=UTC)
CONTACT = {"contact": {"email": "synthetic@example.org"}}
# As the rules of retention say: what is over at this moment, and a second before.
RULES = {
    "report_contact": timedelta(days=30),
    "sign_in_failure": timedelta(days=1),
    "import_file": timedelta(hours=24),
    "export": timedelta(hours=24),
    "draft": timedelta(minutes=60),
}


@pytest.fixture
def world(db, settings):
    return World(db, settings)


@pytest.fixture
def at(monkeypatch):
    """Sets the clock of this process; the database has its own."""
    return lambda when: monkeypatch.setattr(clock, "now", lambda: when)


def run(world, statement, *given):
    with world.superuser() as admin:
        found = admin.execute(statement.encode(), given or None)
        return found.fetchall() if found.description else []


def contact(world):
    reports.sent(world.db, world.settings, **CONTACT)
    run(world, "update app.report set closed_at = %s", AT)


@pytest.mark.parametrize(
    ("now", "left"),
    [
        (datetime(2026, 10, 9, 22, 59, tzinfo=UTC), 1),  # a minute before midnight in London
        (datetime(2026, 10, 9, 23, 1, tzinfo=UTC), 0),
    ],
)
def test_how_to_reach_a_reporter_goes_thirty_days_after_the_report_was_closed(world, now, left):
    contact(world)

    with world.db.begin(CLOSE) as session:
        ending.end(session, now=now)

    assert run(world, "select count(*) from app.report_contact") == [(left,)]
    told = run(world, "select count(*) from audit.event where action = 'report_contact.delete'")
    assert told == [(1 - left,)]


def export(world, **differs):
    """A file that is ready, and its row."""
    kept = making.shelf(world.settings).keep(b"Synthetic")
    values = export_values(random_id(), OWN_AGENCY, ME)
    values |= {"state": "READY", "made_at": AT, "expires_at": AT + timedelta(hours=24)}
    values |= {"file_name": kept.name, "file_key": kept.key, "file_size": kept.size}
    with world.superuser() as admin:
        admin.execute("set session_replication_role = replica")
        insert(admin, "app.export", values | differs)
    return making.shelf(world.settings).folder / kept.name


@pytest.mark.parametrize(("over", "state"), [(-SECOND, "READY"), (timedelta(), "EXPIRED")])
def test_an_exported_file_goes_24_hours_after_it_was_made(world, at, over, state):
    path = export(world)
    at(AT + timedelta(hours=24) + over)
    os.utime(path, (AT.timestamp(), AT.timestamp()))

    making.tidy(world.db, world.settings)

    assert path.exists() is (state == "READY")
    kept = run(world, "select state, file_key is null, recipient is null from app.export")
    assert kept == [(state, state != "READY", state != "READY")]
    path.unlink(missing_ok=True)


@pytest.mark.parametrize(("over", "left"), [(timedelta(), 1), (SECOND, 0)])
def test_the_line_of_an_export_goes_after_90_days(world, at, over, left):
    export(world, created_at=AT, state="EXPIRED").unlink()
    at(AT + timedelta(days=90) + over)

    making.tidy(world.db, world.settings)

    assert run(world, "select count(*) from app.export") == [(left,)]


@pytest.mark.parametrize(("minutes", "left"), [(1, 1), (-1, 0)])
def test_an_uploaded_file_and_its_rows_go_after_24_hours(world, minutes, left):
    importing.tried(world.lead, world.db, world.settings, importing.incidents(2))
    run(
        world,
        "update app.import_file set uploaded_at = now() - interval '24 hours' + %s",
        timedelta(minutes=minutes),
    )

    with world.db.begin(job_actor("imports:tidy")) as session:
        gone = session.scalar(text("select app.imports_tidied()"))

    assert gone == 1 - left
    assert run(world, "select count(*) from app.import_file") == [(left,)]
    assert run(world, "select count(*) > 0 from app.import_row") == [(bool(left),)]


@pytest.mark.parametrize(("over", "left"), [(timedelta(), True), (SECOND, False)])
def test_what_lies_of_an_upload_on_the_disk_goes_after_24_hours(world, over, left):
    shelf = applying.shelf_of(world.settings)
    path = shelf.folder / shelf.keep(b"Synthetic").name
    os.utime(path, (AT.timestamp(), AT.timestamp()))

    shelf.sweep(AT + timedelta(hours=24) + over)

    assert path.exists() is left
    path.unlink(missing_ok=True)


@pytest.mark.parametrize(("ago", "left"), [("59 minutes 59 seconds", 1), ("60 minutes", 0)])
def test_answers_of_an_open_form_go_after_60_minutes(world, ago, left):
    with world.superuser() as admin, admin.transaction():  # one transaction: one moment
        admin.execute(
            "insert into intake.draft (id, cipher, touched_at) "
            "values ('a', 'x', now() - %s::interval)", (ago,),
        )  # fmt: skip
        admin.execute("select intake.tidied()")

        assert admin.execute("select count(*) from intake.draft").fetchone() == (left,)


@pytest.mark.parametrize(("hours", "left"), [(0, 1), (1, 0)])
def test_a_counter_of_sends_goes_with_its_hour(world, hours, left):
    with world.superuser() as admin, admin.transaction():
        admin.execute(
            "insert into intake.rate (kind, source, hour, n) "
            "values ('send', 'x', date_trunc('hour', now()) - %s, 7)", (timedelta(hours=hours),),
        )  # fmt: skip
        admin.execute("select intake.tidied()")

        assert admin.execute("select count(*) from intake.rate").fetchone() == (left,)


def made(world, rule):
    """One of it, with the moment from which its time runs."""
    if rule == "report_contact":
        contact(world)
    elif rule == "export":
        export(world).unlink()
    elif rule == "import_file":
        importing.upload(world.lead, importing.incidents(2))
        run(world, "update app.import_file set uploaded_at = %s", AT)
    elif rule == "draft":
        run(world, "insert into intake.draft (id, cipher, touched_at) values ('a', 'x', %s)", AT)
    else:
        row = "insert into app.sign_in_failure (attempt_id, key, at) values (%s, 'x', %s)"
        with world.superuser() as admin:
            admin.execute(row.encode(), (random_id(), AT))


@pytest.mark.parametrize("rule", RULES)
def test_what_has_a_job_of_its_own_is_told_as_overdue_when_the_job_did_not_come(world, rule):
    made(world, rule)
    end = AT + RULES[rule]

    told = [
        erasing.sweep(world.db, end + more, really=False)[rule] for more in (0 * SECOND, SECOND)
    ]

    assert told == [0, 1]


def test_the_hour_of_a_counter_is_over_when_the_next_one_ends(world):
    hour = AT.replace(minute=0)
    run(world, "insert into intake.rate (kind, source, hour, n) values ('send', 'x', %s, 7)", hour)

    looks = [hour + timedelta(hours=2) + more for more in (0 * SECOND, SECOND)]
    told = [erasing.sweep(world.db, look, really=False)["rate"] for look in looks]

    assert told == [0, 1]


def test_only_retention_sweeps(world):
    with (
        pytest.raises(psycopg.errors.InsufficientPrivilege, match="only retention sweeps"),
        world.db.cursor(job_actor("test:somebody")) as cursor,
    ):
        cursor.execute("select app.retention_swept(now(), true)")
