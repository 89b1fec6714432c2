"""The hourly job: accounts that are over or unused, and tries of yesterday."""

from datetime import timedelta
from types import SimpleNamespace

import pytest
from sqlalchemy import select, text

from app.accounts.identity import identify
from app.accounts.jobs import tidy
from app.accounts.models import SignInFailure, User
from app.core import clock
from app.worker import create_worker
from tests import loops
from tests.entry import events
from tests.people import SYSTEM, sign_in_as


@pytest.fixture
def run(db):
    return lambda: tidy.func(SimpleNamespace(additional_context={"db": db}), timestamp=0)


def change(db, person, columns):
    with db.begin(SYSTEM) as session:
        statement = f'update app."user" set {columns} where id = :id'
        session.execute(text(statement), {"id": person.user_id})


def states(db):
    with db.read(SYSTEM) as session:
        return {user.username: user.state for user in session.scalars(select(User))}


def test_accounts_that_are_over_or_unused_are_disabled_and_audited(db, cluster, run):
    used, over, unused, never = (sign_in_as(db, "practitioner") for _ in range(4))
    change(db, used, "last_sign_in_at = now() - interval '89 days'")
    change(db, over, "ends_on = current_date - 2, last_sign_in_at = now()")
    change(db, unused, "last_sign_in_at = now() - interval '91 days'")
    change(
        db,
        never,
        "approved_at = null, approved_by = null, created_at = now() - '91 days'::interval",
    )

    run()
    run()

    assert states(db) == {
        used.username: "ACTIVE",
        over.username: "DISABLED",
        unused.username: "DISABLED",
        never.username: "DISABLED",
    }
    kept = [(e["action"], e["detail"]["why"]) for e in events(cluster, db)]
    assert sorted(kept) == [("user.disable", "over"), *[("user.disable", "unused")] * 2]
    assert identify(db, over.cookie) is None
    assert identify(db, used.cookie) is not None


@pytest.mark.asvs("6.4.1")
def test_an_invitation_that_nobody_answered_ends_with_its_account(db, run):
    invited = sign_in_as(db, "practitioner")
    change(db, invited, "state = 'INVITED', ends_on = current_date - 2")

    run()

    assert states(db)[invited.username] == "DISABLED"


def test_tries_of_yesterday_are_forgotten(db, run):
    now = clock.now()
    with db.begin(SYSTEM) as session:
        for n, age in enumerate((timedelta(hours=23), timedelta(hours=25))):
            attempt = f"00000000-0000-4000-8000-00000000000{n}"
            session.add(SignInFailure(attempt_id=attempt, key=b"k", at=now - age))

    run()

    with db.read(SYSTEM) as session:
        assert len(session.scalars(select(SignInFailure)).all()) == 1


def test_the_worker_may_put_the_hourly_job_in_its_queue(db):
    worker = create_worker(db.logins.dsn("cs_job"))
    registered = worker.periodic_registry.periodic_tasks.values()
    periodic = next(each for each in registered if each.task.name == "accounts:tidy")

    async def put():
        async with worker.open_async():
            return await worker.job_manager.defer_periodic_job(
                job=periodic.task.configure(task_kwargs={"timestamp": 0}).job,
                periodic_id=periodic.periodic_id,
                defer_timestamp=0,
            )

    assert loops.run(put()) is not None
