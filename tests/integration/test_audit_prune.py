"""The audit goes by whole seals after seven years; what is left still verifies."""

from datetime import timedelta

import pytest

from app.audit import seals, verification
from app.core import clock
from app.retention import erasing
from tests.audit_events import fill
from tests.uses import World

OLD = """
    update audit.event set at = (%(day)s::date - interval '7 years' + interval '12 hours')
        at time zone 'Europe/London' where id <= %(upto)s
"""
SEALED = """
    update audit.seal set at = (%(day)s::date - interval '7 years' + interval '13 hours')
        at time zone 'Europe/London' where n <= %(n)s
"""


@pytest.fixture
def world(db, settings):
    settings.erased_list.unlink(missing_ok=True)
    return World(db, settings)


def rows(world, statement, **given):
    with world.superuser() as admin:
        found = admin.execute(statement.encode(), given)
        return found.fetchall() if found.description else []


def old(world, days_over):
    """Two seals of seven years and so many days ago, and one of today."""
    dsn = world.db.logins.cluster.dsn("postgres", world.db.logins.dbname)
    day = clock.today() - timedelta(days=days_over)
    fill(dsn, 30, transactions=3)
    ((upto,),) = rows(world, "select max(id) from audit.event")
    rows(world, OLD, day=day, upto=upto)
    first = seals.seal(world.db).last.n
    rows(world, SEALED, day=day, n=first)
    fill(dsn, 10)
    seals.seal(world.db)
    return first


def pruned(world):
    planned = erasing.daily(world.db, clock.today())
    if planned is None:
        return 0
    rows(
        world,
        "update app.retention_run set state = 'APPROVED', approved_at = now(), "
        "approved_by = gen_random_uuid() where id = %(id)s",
        id=planned.id,
    )
    return erasing.approved(world.db, world.settings)["audit"]


@pytest.mark.parametrize(("days_over", "gone"), [(-1, 0), (0, 0), (1, 30)])
def test_events_of_seven_years_go_by_whole_seals_and_the_rest_verifies(world, days_over, gone):
    first = old(world, days_over)
    assert verification.verify(world.db).holds

    assert pruned(world) == gone
    seals.seal(world.db)
    verdict = verification.verify(world.db)

    assert (verdict.holds, verdict.pruned) == (True, first if gone else 0)
    left = rows(world, "select count(*) from audit.event where action = 'child.read'")
    assert left == [(40 - gone,)]
    assert verdict.seals >= 2


def test_what_is_pruned_by_hand_or_too_early_is_found(world):
    first = old(world, 1)
    with world.superuser() as admin:
        admin.execute("set session_replication_role = replica")
        admin.execute("delete from audit.event where at < now() - interval '6 years'")
    assert {p.code for p in verification.verify(world.db).problems} == {"events-missing"}

    with world.db.begin(erasing.JOB) as session:
        erasing.audit.record(session, "audit.prune", "audit_seal", str(first + 1), rows=30)
    seals.seal(world.db)
    verdict = verification.verify(world.db)

    assert (verdict.holds, verdict.pruned) == (False, 0)
