"""Web and worker of two releases over one database: while one is replaced, the other serves on."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import psycopg
import pytest
from procrastinate import App

from app.accounts import catalogue
from app.accounts.catalogue import Installed, UnsafeDatabaseError
from app.accounts.install import finish, install
from app.accounts.permissions import PERMISSIONS
from app.core.actor import job_actor
from app.core.errors import InvalidError
from app.core.jobs import enqueue
from app.core.migrate import OlderSchemaError, bootstrap_and_migrate, head, refuse_older
from app.reference import service as reference
from app.worker import create_worker, queues
from tests.databases import CLAIMS_KEY
from tests.people import HERE, browser

LATER = "9001"
JOBS = "select task_name, status::text, attempts from queue.procrastinate_jobs order by id"


@pytest.fixture
def admin(cluster, db):
    with psycopg.connect(cluster.dsn("postgres", db.logins.dbname), autocommit=True) as connection:
        yield connection


@pytest.fixture
def upgraded(admin):
    """As a newer release leaves the database: its permission file, a definer, a migration."""
    before = admin.execute(catalogue.INSTALLED).fetchone()[0]
    admin.execute("""
        create function app.of_a_newer_release() returns int language sql security definer
        set search_path = pg_catalog as 'select 1';
        revoke all on function app.of_a_newer_release() from public
    """)
    with admin.transaction():
        install(admin, replace(PERMISSIONS, sha256="of a newer release".replace(" ", "-")))
        admin.execute("reset role")
    now = Installed.of(admin.execute(catalogue.INSTALLED).fetchone()[0])
    later = replace(now, schema=LATER).comment()
    admin.execute(f"comment on schema app is '{later}'".encode())
    admin.execute("update reference.schema_version set version_num = %s", (LATER,))
    yield admin
    admin.execute("drop function if exists app.of_a_newer_release()")
    admin.execute("drop function if exists app.planted()")
    admin.execute("update reference.schema_version set version_num = %s", (head(),))
    admin.execute(f"comment on schema app is '{before}'".encode())


def at_work(db, worker: App) -> None:
    """The worker until it finds nothing more that it knows."""

    async def until_nothing():
        async with worker.open_async():
            await worker.run_worker_async(
                queues=queues(worker),
                wait=False,
                install_signal_handlers=False,
                listen_notify=False,
                additional_context={"db": db},
            )

    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, until_nothing()).result()


def put_in(db, task, **given):
    with db.begin(job_actor("site:readyz")) as session:
        enqueue(session, task, **given)


def test_an_old_worker_leaves_a_job_of_a_newer_release_waiting_and_does_its_own(db, admin):
    """Also the one behind it; and a newer worker does the one that waited."""
    ran = []
    put_in(db, "later:work", id="one")
    put_in(db, "accounts:tidy", timestamp="0")

    at_work(db, create_worker(db.logins.dsn("cs_job")))
    between = admin.execute(JOBS).fetchall()
    newer = create_worker(db.logins.dsn("cs_job"))
    newer.task(name="later:work", queue="later:work")(lambda **given: ran.append(given))
    at_work(db, newer)

    assert between[0] == ("later:work", "todo", 0)
    assert between[1][:2] == ("accounts:tidy", "succeeded")
    assert ran == [{"id": "one"}]
    assert admin.execute(JOBS).fetchone()[:2] == ("later:work", "succeeded")


def test_a_worker_without_names_of_queues_would_have_failed_it(db, admin):
    """The control: this is what the library does with a job that it does not know."""
    put_in(db, "later:work", id="one")
    worker = create_worker(db.logins.dsn("cs_job"))

    async def as_it_was():
        async with worker.open_async():
            await worker.run_worker_async(
                wait=False, install_signal_handlers=False, listen_notify=False
            )

    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, as_it_was()).result()

    assert admin.execute(JOBS).fetchall()[0][:2] == ("later:work", "failed")


def test_a_new_worker_does_what_the_old_release_put_into_the_one_queue_of_all(db, admin):
    admin.execute("set search_path = public, queue")
    admin.execute("""
        insert into queue.procrastinate_jobs (queue_name, task_name, args)
        values ('default', 'accounts:tidy', '{"timestamp": 0}')
    """)

    at_work(db, create_worker(db.logins.dsn("cs_job")))

    assert admin.execute(JOBS).fetchall()[0][:2] == ("accounts:tidy", "succeeded")


def test_every_task_waits_in_a_queue_of_its_own_also_those_of_the_clock(db):
    worker = create_worker(db.logins.dsn("cs_job"))

    own = {task.queue: task.name for task in worker.tasks.values()}
    assert [*own] == [*own.values()]
    assert len(own) > 30
    assert {*queues(worker)} == {*own, "default"}


@pytest.mark.parametrize("login", ["cs_app", "cs_public", "cs_job", "cs_audit"])
def test_the_old_release_starts_again_over_the_newer_database(db, upgraded, login):
    catalogue.refuse_unsafe(db, login)


def test_the_old_release_is_ready_over_the_newer_database_and_says_so(db, settings, upgraded):
    with browser(db, settings, client=HERE) as client:
        answer = client.get("/readyz")

    assert answer.status_code == 200
    assert any("newer release" in words for words in answer.json()["needed"])


def test_what_was_planted_after_the_newer_release_is_still_found(db, upgraded):
    upgraded.execute("""
        create function app.planted() returns int language sql security definer
        set search_path = pg_catalog as 'select 1';
        revoke all on function app.planted() from public
    """)

    with pytest.raises(UnsafeDatabaseError, match="policies"):
        catalogue.refuse_unsafe(db, "cs_app")


def test_a_schema_older_than_the_code_is_not_served(db, settings, admin):
    admin.execute("update reference.schema_version set version_num = '0001'")
    try:
        with browser(db, settings, client=HERE) as client:
            answer = client.get("/readyz")
    finally:
        admin.execute("update reference.schema_version set version_num = %s", (head(),))

    assert answer.status_code == 503
    assert answer.json()["checks"]["migrations"] is False
    assert any("db migrate" in words for words in answer.json()["needed"])


def test_the_old_release_started_again_leaves_what_the_newer_made(cluster, db, upgraded):
    """The way back: the former programs over the newer database, nothing is undone."""
    comment = upgraded.execute(catalogue.INSTALLED).fetchone()

    changed = bootstrap_and_migrate(
        cluster.dsn("postgres", db.logins.dbname),
        cluster.dsn("cs_migrate", db.logins.dbname),
        claims_key=CLAIMS_KEY,
        finish=replace(finish(), mark=b"of the old release"),
    )

    assert changed is False
    assert reference.load_packaged(db) is False
    assert upgraded.execute(catalogue.INSTALLED).fetchone() == comment
    assert upgraded.execute("select version_num from reference.schema_version").fetchone() == (
        LATER,
    )


def test_what_a_database_remembers_of_permission_files_is_bounded():
    installed = Installed.of("")
    for n in range(30):
        installed = installed.followed_by(f"file-{n}", "0046", "policies")

    again = Installed.of(installed.comment())

    assert again == installed
    assert again.files == ("file-29", "file-28")
    assert again.followed_by("file-28", "0046", "p").files == ("file-28", "file-29")


@pytest.mark.parametrize(
    ("files", "schema", "holds"),
    [
        (("ours",), head(), True),
        (("later", "ours"), LATER, True),
        (("later", "ours"), head(), False),
        (("latest", "later", "ours"), LATER, False),
        (("other",), LATER, False),
    ],
)
def test_a_former_file_holds_over_a_newer_schema_only_and_by_one_release(files, schema, holds):
    assert Installed(files, schema, "policies").holds_for("ours") is holds


@pytest.fixture
def replaced(upgraded):
    """Another file over the same schema: ours may allow what it took away."""
    now = Installed.of(upgraded.execute(catalogue.INSTALLED).fetchone()[0])
    same = replace(now, schema=head()).comment()
    upgraded.execute("drop function app.of_a_newer_release()")
    upgraded.execute("update reference.schema_version set version_num = %s", (head(),))
    upgraded.execute(f"comment on schema app is '{same}'".encode())
    return upgraded


def test_nobody_is_served_with_a_former_file_over_the_same_schema(db, replaced):
    with pytest.raises(UnsafeDatabaseError, match="permission_file: app"):
        catalogue.refuse_unsafe(db, "cs_app")


def test_a_former_file_is_installed_over_the_same_schema_only_when_somebody_says_so(
    cluster, db, replaced
):
    standing = replaced.execute(catalogue.INSTALLED).fetchone()

    def started(*, former):
        return bootstrap_and_migrate(
            cluster.dsn("postgres", db.logins.dbname),
            cluster.dsn("cs_migrate", db.logins.dbname),
            claims_key=CLAIMS_KEY,
            finish=replace(finish(former=former), mark=b"of the former release"),
        )

    with pytest.raises(InvalidError, match="--former-permissions"):
        started(former=False)
    assert replaced.execute(catalogue.INSTALLED).fetchone() == standing
    assert started(former=True) is True
    catalogue.refuse_unsafe(db, "cs_app")


def test_a_database_as_the_first_release_left_it_is_read():
    assert Installed.of("file policies") == Installed((), "file", "policies")


def test_a_worker_does_not_begin_over_a_schema_older_than_it_needs():
    refuse_older(head())
    refuse_older(LATER)
    with pytest.raises(OlderSchemaError, match="has migration 0001, this release needs"):
        refuse_older("0001")
    with pytest.raises(OlderSchemaError, match="has migration none"):
        refuse_older(None)
