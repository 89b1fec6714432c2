"""What staff read on a disk that is nearly full, what is refused there, and what goes on."""

import pytest
from sqlalchemy import text

from app.accounts.permissions import PERMISSIONS
from app.core import disk
from app.core.actor import job_actor
from app.core.jobs import enqueue
from app.site.degraded import LATE, READ_ONLY, UNSAFE, goes_on
from app.site.pausing import GO_ON, NONE, Pausing
from app.worker import create_worker, queues
from tests import loops
from tests.people import HTML, browser, send

LEFT = text("""
    select task_name, attempts from queue.procrastinate_jobs
    where status = 'todo' and task_name = 'test:work'
""")
PARK = {"name": "Synthetic gardens", "type_code": "PARK", "easting": 518000, "northing": 169000}


@pytest.fixture
def nearly_full(monkeypatch):
    monkeypatch.setattr(disk, "room", lambda _: disk.Room(10**12, 499 * disk.MB))


def test_staff_read_on_and_change_nothing(db, as_, nearly_full):
    lead = as_("cs_lead", agency="AFC")

    page = lead.get("/places")
    refused = send(lead, "/places/new", name="Synthetic gardens")
    program = lead.post("/api/v1/places", json=PARK, headers={"Accept": "application/json"})

    assert page.status_code == 200
    assert page.text.count(READ_ONLY) == 1
    assert refused.status_code == program.status_code == 503
    assert "Nothing of this was saved" in refused.text
    assert program.json()["type"] == "/problems/read-only"
    assert int(program.headers["retry-after"]) > 0
    assert lead.get("/api/v1/places").json()["features"] == []


def test_with_room_again_it_changes_again_by_itself(as_, monkeypatch):
    lead = as_("cs_lead", agency="AFC")
    monkeypatch.setattr(disk, "room", lambda _: disk.Room(10**12, 499 * disk.MB))
    full = lead.post("/api/v1/places", json={}, headers={"Accept": "application/json"})
    monkeypatch.setattr(disk, "room", lambda _: disk.Room(10**12, 501 * disk.MB))
    room = lead.post("/api/v1/places", json={}, headers={"Accept": "application/json"})

    assert (full.status_code, room.status_code) == (503, 422)
    assert READ_ONLY not in lead.get("/places").text


def test_the_form_knows_nothing_of_it_until_the_last(db, settings, monkeypatch, nearly_full):
    reporter = browser(db, settings, headers=HTML)
    opened = reporter.post("/report")
    monkeypatch.setattr(disk, "room", lambda _: disk.Room(10**12, 63 * disk.MB))
    last = reporter.post("/report")
    told = reporter.get(last.headers["location"])

    assert opened.status_code == last.status_code == 303
    assert opened.headers["location"] != last.headers["location"]
    assert told.status_code == 503
    assert "999" in told.text
    assert READ_ONLY not in reporter.get("/report").text


def test_pages_of_staff_say_that_background_work_is_late(as_):
    lead = as_("cs_lead", agency="AFC")
    lead.app.state.worker_is_away = True

    assert lead.get("/places").text.count(LATE) == 1
    assert LATE not in lead.get("/report").text


def test_reading_with_a_reason_signing_in_and_a_child_in_danger_go_on():
    open_ = {
        route
        for route, permission in PERMISSIONS.routes.items()
        if route.partition(" ")[0] in UNSAFE and goes_on(route.partition(" ")[2], permission)
    }

    assert {
        "POST /sign-in",
        "POST /sign-out",
        "POST /account/confirm",
        "POST /emergency",
        "POST /children",
        "POST /places/{ref}/address",
        "POST /admin/users/{ref}/end-sessions",
        "POST /admin/service/alerts/{rule}",
        "POST /api/v1/reports",
        "POST /admin/holds/new",  # what is due is erased meanwhile, too
        "POST /admin/holds/{ref}/approve",
        "POST /admin/holds/{ref}/end",
    } <= open_
    assert not open_ & {
        "POST /places/new",
        "POST /admin/users/new",
        "POST /imports/new",
        "POST /exports",
        "POST /meetings/new",
    }


@pytest.fixture
def pausing(db, settings):
    return Pausing(db, settings, queues(create_worker("")))


@pytest.mark.parametrize(
    ("free_mb", "goes_on", "waits"),
    [
        (501, {"exports:make", "reports:screen", "clusters:nightly"}, set()),
        (499, {"reports:screen", "retention:erase", "default"}, {"exports:make", "imports:apply"}),
        (63, {NONE}, {"exports:make", "reports:screen", "default"}),
    ],
)
def test_jobs_that_fill_a_disk_wait_until_there_is_room(
    pausing, monkeypatch, free_mb, goes_on, waits
):
    asked_by_the_worker = pausing.queues
    monkeypatch.setattr(disk, "room", lambda _: disk.Room(10**12, free_mb * disk.MB))

    pausing.look()

    assert goes_on <= {*asked_by_the_worker}
    assert not waits & {*asked_by_the_worker}
    assert asked_by_the_worker, "no name at all would be every queue"
    monkeypatch.setattr(disk, "room", lambda _: disk.Room(10**12, 501 * disk.MB))
    pausing.look()
    assert asked_by_the_worker == pausing.every


def test_every_task_that_goes_on_is_one(pausing):
    assert {*pausing.every} >= GO_ON
    assert NONE not in pausing.every


def test_a_job_waits_untouched_while_the_disk_is_full_and_is_done_after(db, settings, monkeypatch):
    done = []
    made = create_worker(db.logins.dsn("cs_job"))
    made.task(name="test:work", queue="test:work")(lambda: done.append("work"))
    made.tasks["reports:tidy"].func = lambda _: done.append("tidy")
    # Others wait that worked beside this test, and a worker adds what is due at this hour.
    pausing = Pausing(db, settings, ["test:work", "reports:tidy"])
    with db.begin(job_actor("site:readyz")) as session:
        for task in ("test:work", "reports:tidy"):
            enqueue(session, task)

    async def until_nothing():
        async with made.open_async():
            await made.run_worker_async(
                queues=pausing.queues,
                wait=False,
                install_signal_handlers=False,
                listen_notify=False,
            )

    def worked(free_mb):
        monkeypatch.setattr(disk, "room", lambda _: disk.Room(10**12, free_mb * disk.MB))
        pausing.look()
        loops.run(until_nothing())
        return list(done)

    assert {*worked(499)} == {"tidy"}
    with db.read(job_actor("site:readyz")) as session:
        left = session.execute(LEFT).all()
    assert left == [("test:work", 0)]
    assert worked(501).count("work") == 1
