"""The last release's own code, over a database that it made and today's migrations changed."""

import asyncio
import itertools
import json
import shutil
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import pytest

from app.accounts.install import prepare
from app.core.actor import job_actor
from app.core.db import Database
from app.core.jobs import enqueue
from app.core.migrate import BOOTSTRAP, downgrade, head, upgrade
from app.reference import service as reference
from app.worker import create_worker
from tests import former, released, rows
from tests.databases import create_database
from tests.endurance.wire import Tally
from tests.former_uses import STAFF, Person, good, reported
from tests.reports import sent

THEN = json.loads(released.FILE.read_text())
MADE = "of_last_release"
LONGEST_S = 5.0  # what a lock may cost a request: a statement is given up after so long


@pytest.fixture(scope="module")
def last(cluster):
    """Its code unpacked, and a database as its first start leaves it. Nobody connects to that."""
    folder = Path(tempfile.mkdtemp(prefix="contextmap-former-"))
    try:
        code = former.unpacked(folder / "code")
        data_dir = folder / "data"
        data_dir.mkdir()
        found = former.Former(code, data_dir, cluster)
        assert found.head() == THEN["head"]  # else today's schema would be held against itself
        found.made(MADE)
        yield found
    finally:
        dropped(cluster, MADE)
        shutil.rmtree(folder)


@pytest.fixture
def name(cluster, last, request):
    name = f"former{abs(hash(request.node.nodeid))}"
    create_database(cluster, name, MADE)
    yield name
    dropped(cluster, name)


@pytest.fixture
def admin(cluster, name):
    with psycopg.connect(cluster.dsn("postgres", name), autocommit=True) as connection:
        yield connection


def dropped(cluster, name):
    with psycopg.connect(cluster.dsn("postgres", "postgres"), autocommit=True) as admin:
        admin.execute(f'drop database if exists "{name}" with (force)'.encode())


def upgraded(settings):
    """Both halves of `contextmap db migrate`."""
    prepare(settings)
    with opened(settings) as db:
        reference.load_packaged(db)


@contextmanager
def opened(settings):
    db = Database(settings, settings.claims_key())
    try:
        yield db
    finally:
        db.dispose()


def version(admin):
    return admin.execute("select version_num from reference.schema_version").fetchone()[0]


def reports(admin):
    return admin.execute("select count(*) from app.report").fetchone()[0]


@contextmanager
def walked(last, port, tally):
    """Everybody signs in and looks at what the home page leads to; by role."""
    told = last.people()
    with ExitStack() as wires:
        people, looked = {}, Counter()
        for n, role in enumerate(STAFF, start=1):
            people[role] = Person.signed_in(port, told[role], tally, n)
            wires.callback(people[role].wire.close)
            for path in people[role].pages():
                answer = people[role].wire.page(path)
                assert 200 <= answer.status < 400, (role, path, answer.status)
                looked[role] += 1
            people[role].wire.close()  # while the others look, the web would end it as idle
        assert min(looked[role] for role in STAFF) >= 3, looked
        yield people


def test_the_web_process_of_the_last_release_serves_everybody_on_the_newest_schema(
    last, name, admin
):
    upgraded(last.settings(name))
    tally = Tally()
    with last.serving(name) as port, walked(last, port, tally) as people:
        lead = people["cs_lead"]
        lead.place("Synthetic corner", 1)
        lead.moved("Synthetic corner")
        before = reports(admin)
        reported(port, "one", tally)
        ready = lead.wire.data("/readyz")

    assert ready.status == 200
    assert version(admin) == head()
    assert not tally.wrong
    assert not tally.refused
    place = admin.execute("select state from app.place where name = 'Synthetic corner'").fetchone()
    assert place == ("SCREENED",)
    assert reports(admin) == before + 1


PLANTED = {
    "a check that refuses what it writes": """
        alter table app.place add constraint planted_check check (name <> 'Synthetic corner')
    """,
    "a trigger that wants what it does not know": """
        create function app.planted() returns trigger language plpgsql
            set search_path = pg_catalog as $$
            begin raise check_violation using message = 'say why'; end $$;
        revoke all on function app.planted() from public;
        create trigger planted before insert on app.place for each row execute function
            app.planted()
    """,
}


@pytest.mark.parametrize("change", PLANTED)
def test_what_a_newer_migration_refuses_of_its_rows_is_found(last, name, admin, change):
    """The control: neither is seen in the shape of the tables."""
    upgraded(last.settings(name))
    admin.execute(PLANTED[change].encode())

    with last.serving(name) as port:
        lead = Person.signed_in(port, last.people()["cs_lead"], Tally())
        with closing(lead.wire), pytest.raises(AssertionError):
            lead.place("Synthetic corner", 1)


NOBODYS = "00000000-0000-4000-8000-000000000057"
# What the demonstration asked for at its first start.
MUCH_TO_DO = ("set search_path = public, queue", "delete from queue.procrastinate_jobs")
SCREENED = """
    select screened_at is not null from app.report_original
    where report_id = (select id from app.report where ref = %s)
"""
QUEUED = "select id, task_name, status::text, attempts from queue.procrastinate_jobs order by id"


def put_in_by_todays_web(settings):
    """The report that was sent, and a job of each kind: about nobody where it is of a record."""
    with opened(settings) as db:
        report = sent(db, settings)
        for task, given in released.tasks().items():
            now = str(int(time.time()))
            args = {each: now if each == "timestamp" else NOBODYS for each in given}
            with db.begin(job_actor("site:readyz")) as session:
                enqueue(session, task, **args)
        return report


def ended(admin, wanted):
    return {row[0] for row in admin.execute(QUEUED) if row[2] in ("succeeded", "failed")} >= wanted


def done_by_todays_worker(settings, tasks):
    worker = create_worker(settings.dsn("cs_job"))

    async def until_nothing(db):
        async with worker.open_async():
            await worker.run_worker_async(
                queues=tasks,
                wait=False,
                install_signal_handlers=False,
                listen_notify=False,
                additional_context={"db": db, "settings": settings},
            )

    with opened(settings) as db, ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, until_nothing(db)).result()


def test_the_worker_of_the_last_release_does_what_it_knows_and_leaves_the_rest_to_todays(
    last, name, admin
):
    settings = last.settings(name)
    upgraded(settings)
    for step in MUCH_TO_DO:
        admin.execute(step.encode())
    report = put_in_by_todays_web(settings)
    queued = admin.execute(QUEUED).fetchall()
    known = {row[0] for row in queued if row[1] in THEN["tasks"]}
    later = {row[0]: row[1] for row in queued if row[0] not in known}
    assert {row[1] for row in queued} == {*released.tasks()}
    assert len(later) >= 5

    with last.working(name) as log:
        until_s = time.monotonic() + 120
        while not ended(admin, known):
            assert time.monotonic() < until_s, log.read_text()[-3000:]
            time.sleep(0.1)
    found = {row[0]: row[1:] for row in admin.execute(QUEUED)}
    done_by_todays_worker(settings, [*later.values()])

    assert {found[job][1:] for job in later} == {("todo", 0)}
    failed = [found[job][0] for job in known if found[job][1] == "failed"]
    assert len(failed) == log.read_text().count("\napp.core.errors.NotFoundError: ")
    assert {*failed} <= {task for task, of in THEN["tasks"].items() if of != ["timestamp"]}
    assert admin.execute(SCREENED, (report.ref,)).fetchone() == (True,)
    assert {row[2] for row in admin.execute(QUEUED) if row[0] in later} == {"succeeded"}


SENT_NOW = """
    insert into app.report
    select (jsonb_populate_record(one, jsonb_build_object(
        'id', gen_random_uuid(), 'ref', 'RP-ZZZ-0057', 'created_at', now(), 'decided_at', null,
        'closed_at', null, 'outcome_codes', '[]'::jsonb, 'state', 'RECEIVED'))).*
    from app.report as one limit 1
    returning id, retain_until
"""
UNTIL = """
    select until_on - (now() at time zone 'Europe/London')::date
    from app.kept_rows('report') where id = %s
"""
FOR_EVER = """
    select kind, rule, regime from app.kept_rows(null) where since is not null and until_on is null
"""


def test_a_report_that_came_before_the_list_of_periods_goes_when_its_time_is_over(
    last, name, admin
):
    """From 0048 on the list says how long, and is loaded when the last migration has run."""
    settings = last.settings(name)
    admin.execute(BOOTSTRAP.read_bytes())
    upgrade(settings.dsn("cs_migrate"), "0048")
    report, own = admin.execute(SENT_NOW).fetchone()
    assert own is None
    upgraded(settings)

    assert admin.execute(UNTIL, (report,)).fetchone() == (90,)
    assert admin.execute(FOR_EVER).fetchall() == []


@dataclass
class Timed(Tally):
    """How long each request took, too."""

    took_s: list[tuple[float, str]] = field(default_factory=list)

    def add(self, mix, said, status, began_s):
        super().add(mix, said, status, began_s)
        self.took_s.append((time.monotonic() - began_s, f"{mix}: {said} {status}"))


@dataclass
class Crowd:
    """Each does its step again and again until told to stop; what was acknowledged is kept."""

    steps: dict[str, Callable[[int], object]]
    done: Counter = field(default_factory=Counter)
    failed: list[str] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def at_work(self):
        threads = [threading.Thread(target=self._works, args=(who,)) for who in self.steps]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self.stop.set()
            for thread in threads:
                thread.join()

    def wait_for(self, more: int) -> None:
        wanted = {who: self.done[who] + more for who in self.steps}
        until_s = time.monotonic() + 60
        while any(self.done[who] < n for who, n in wanted.items()):
            assert time.monotonic() < until_s, (self.done, self.failed)
            assert not self.failed, self.failed
            time.sleep(0.02)

    def _works(self, who):
        for n in itertools.count():
            if self.stop.is_set():
                return
            try:
                self.steps[who](n)
            except Exception as wrong:
                self.failed.append(f"{who}: {wrong!r}"[:700])
            self.done[who] += 1


def test_nobody_is_refused_and_nothing_is_lost_while_the_migrations_run(
    last, name, admin, record_property
):
    before, tally = reports(admin), Timed()
    with last.serving(name) as port, walked(last, port, tally) as people:
        lead = people["cs_lead"]
        tally.took_s.clear()
        crowd = Crowd(
            {
                "lead": lambda n: lead.place(f"Synthetic corner {n}", n),
                "police": lambda n: good(people["police_analyst"].wire.page("/places")),
                "practitioner": lambda n: good(people["practitioner"].wire.page("/incidents")),
                **{
                    f"public {k}": lambda n, k=k: reported(port, f"{k} {n}", tally, 1000 * k + n)
                    for k in range(3)
                },
            }
        )
        with crowd.at_work():
            crowd.wait_for(3)
            began_s = time.monotonic()
            upgraded(last.settings(name))
            took_s = time.monotonic() - began_s
            crowd.wait_for(3)

    longest = max(tally.took_s)
    told = f"{took_s=:.2f} longest={longest} requests={len(tally.took_s)}"
    record_property("measured", told)
    assert crowd.failed == []
    assert version(admin) == head()
    sent = sum(n for who, n in crowd.done.items() if who.startswith("public"))
    assert reports(admin) == before + sent
    names = admin.execute("select name from app.place where name like 'Synthetic corner%'")
    assert {row[0] for row in names} == {*lead.places}
    assert longest[0] < LONGEST_S


def test_a_loaded_database_is_what_it_was_after_up_and_down_and_up(last, name, admin):
    then = rows.shape(admin)
    before = rows.hashed(admin, then)
    filled = [table for table, (n, *_) in before.items() if n]
    assert len(filled) > 60

    prepare(last.settings(name))
    newer = rows.shape(admin)
    known = rows.both(then, newer)
    assert rows.hashed(admin, known) == before
    up = rows.hashed(admin, newer)

    downgrade(last.settings(name).dsn("cs_migrate"), THEN["head"])
    assert rows.shape(admin) == then
    assert rows.hashed(admin, then) == before

    admin.execute("comment on schema sec is 'of an earlier version'")
    prepare(last.settings(name))
    assert rows.shape(admin) == newer
    assert rows.hashed(admin, newer) == up


def test_a_row_that_is_changed_lost_or_there_twice_has_another_hash(admin):
    admin.execute("create temporary table one (id int, said text)")
    wanted, found = {"pg_temp.one": ["id", "said"]}, []
    for change in (
        "insert into one values (1, 'a'), (2, 'b')",
        "update one set said = 'c' where id = 2",
        "delete from one where id = 2",
        "insert into one values (1, 'a')",
        "update one set said = null",
    ):
        admin.execute(change.encode())
        found.append(rows.hashed(admin, wanted)["pg_temp.one"])

    assert len({*found}) == len(found)
    admin.execute("truncate one; insert into one values (2, 'b'), (1, 'a')")
    assert rows.hashed(admin, wanted)["pg_temp.one"] == found[0]


def test_without_the_history_it_says_so(tmp_path):
    with pytest.raises(former.NoHistoryError, match="fetch the whole history"):
        former.unpacked(tmp_path / "code", "0" * 40)
    with pytest.raises(former.NoHistoryError, match="fetch the whole history"):
        former.unpacked(tmp_path / "code", checkout=tmp_path)
