"""The audit goes by whole seals after seven years; what is left still verifies."""

from datetime import timedelta

import pytest

from app.audit import anchors, commands, seals, verification
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
AFTER = "update audit.event set at = now() - interval '6 years 6 months' where id > %(upto)s"
FORGED = """
    insert into audit.event (at, role, action, object_type, object_ref, outcome, rows)
    values (%(at)s::timestamptz, 'job', 'audit.prune', 'audit_seal', %(n)s, 'done', 30)
"""
UNDER = """
    delete from audit.event as e using audit.seal as s
    where s.n <= %(n)s and e.era = s.era and e.xid >= s.lo_xid and e.xid < s.hi_xid
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
    """Seals of seven years and so many days ago, of six and a half years ago, and of today."""
    dsn = world.db.logins.cluster.dsn("postgres", world.db.logins.dbname)
    day = clock.today() - timedelta(days=days_over)
    fill(dsn, 30, transactions=3)
    ((upto,),) = rows(world, "select max(id) from audit.event")
    rows(world, OLD, day=day, upto=upto)
    first = seals.seal(world.db).last.n
    rows(world, SEALED, day=day, n=first)
    fill(dsn, 5)
    rows(world, AFTER, upto=upto)
    seals.seal(world.db)
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
    assert left == [(45 - gone,)]
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


def forged(world, at):
    """As an administrator of the database would hide what was done today; the seal's number."""
    fill(world.db.logins.cluster.dsn("postgres", world.db.logins.dbname), 30, transactions=3)
    first = seals.seal(world.db).last.n
    rows(world, SEALED, day=clock.today(), n=first)
    rows(world, FORGED, at=at, n=str(first))
    fill(world.db.logins.cluster.dsn("postgres", world.db.logins.dbname), 10)
    seals.seal(world.db)
    with world.superuser() as admin:
        admin.execute("set session_replication_role = replica")
        admin.execute(UNDER.encode(), {"n": first})
    return first


@pytest.mark.asvs("16.4.2")
@pytest.mark.parametrize(
    ("at", "codes"),
    [("2040-01-01", {"pruned-early", "event-dated-ahead"}), ("2026-01-01", {"pruned-early"})],
)
def test_a_forged_pruning_hides_nothing(world, at, codes):
    forged(world, at)
    assert rows(world, "select audit.pruned()") != [(0,)]  # the database itself believes it

    assert {p.code for p in verification.verify(world.db).problems} == codes


def anchored(world, n, years):
    """An anchor that was signed so many years ago over the seal as it stands."""
    ((era, seal),) = rows(world, "select era, hash from audit.seal where n = %(n)s", n=n)
    at = clock.now() - timedelta(days=365.25 * years)
    return anchors.Anchor(1, era, n, bytes(seal), at.isoformat(timespec="seconds"))


@pytest.mark.parametrize(("years", "holds"), [(6.9, True), (5.9, False)])
def test_with_anchors_only_an_old_one_shows_that_the_events_were_old(world, years, holds):
    first = old(world, 1)
    assert pruned(world) == 30

    verdict = verification.verify(world.db, compared=[anchored(world, first, years)])

    assert (verdict.holds, verdict.pruned) == (holds, first)
    assert {p.code for p in verdict.problems} <= {"pruned-early"}


def test_without_anchors_it_is_said_that_the_age_is_the_word_of_the_database(world):
    first = old(world, 1)
    pruned(world)

    alone = verification.verify(world.db)
    with_one = verification.verify(world.db, compared=[anchored(world, first, 6.9)])

    assert commands.ON_ITS_WORD in commands._told(alone)["lines"]
    assert commands._told(with_one)["lines"] == []
