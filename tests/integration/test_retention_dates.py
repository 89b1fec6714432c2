"""The clock goes to every date of retention: before it nothing goes, after it nothing is left."""

import os
from datetime import date, timedelta

import pytest

from app.core import clock
from app.demo import intelligence
from app.retention import erasing
from tests.databases import cloned
from tests.releases import Ground
from tests.retention_world import CANARY, LAST, aged
from tests.sql.release_world import briefing, summary
from tests.sql.world import SOMEBODY, write
from tests.traces import traces
from tests.uses import World

DAY = timedelta(days=1)
FAR = date(2045, 1, 1)
# That a briefing was tabled at a meeting is forgotten with the meeting; what it says is not.
HASHES = """
    select md5(string_agg(said, '' order by said))
    from (select (to_jsonb(one) - 'meeting_id')::text as said from {} as one) as each
"""
FROZEN = ("release", "release_cell", "briefing", "briefing_entry", "briefing_file",
          "public_summary")  # fmt: skip
KEPT = "select kind, id, other_id, until_on from app.kept_rows(null) where not held"
APPROVE = """
    update app.retention_run
    set state = 'APPROVED', approved_at = now(), approved_by = gen_random_uuid() where id = %s
"""
HOLD = """
    insert into app.legal_hold (id, ref, object_kind, object_ids, reason, agency_code, created_by,
        approved_at, approved_by)
    values (gen_random_uuid(), %s, %s, array[%s::uuid], 'Synthetic', 'AFC', gen_random_uuid(),
        now(), gen_random_uuid())
"""


@pytest.fixture(scope="module")
def world(cluster, context_template, settings):
    """A loaded demonstration with one old record under every rule."""
    settings.erased_list.unlink(missing_ok=True)
    with cloned(cluster, context_template, "retention") as db:
        intelligence.load_once(db)
        made = World(db, settings)
        run(made, "truncate app.child cascade")  # each is searched for everywhere: a second each
        published(made)
        yield made


def published(world):
    """A release of what is there, a tabled briefing with its parts, and the page for everybody."""
    ground = Ground(world.db, world.settings)
    ground.fill(60)
    ground.approve()
    ((release,),) = run(world, "select id from app.release")
    ((meeting,),) = run(world, "select id from app.meeting order by id limit 1")
    made = briefing("TABLED", SOMEBODY)
    made[0].values["meeting_id"] = meeting
    with world.superuser() as admin:
        admin.execute("set session_replication_role = replica")
        for one in (*made, summary(made[0].values["id"], release)):
            write(one, admin)


@pytest.fixture(scope="module")
def ours(world):
    return aged(world)


def run(world, statement, *given):
    with world.superuser() as admin:
        found = admin.execute(statement.encode(), given)
        return found.fetchall() if found.description else []


def kept(world):
    return {row[:3]: row[3] for row in run(world, KEPT)}


def erased(world, as_of):
    """Planned, approved and erased as on that day; None when nothing was due."""
    planned = erasing.daily(world.db, as_of)
    if planned is None:
        return None
    run(world, APPROVE, planned.id)
    return erasing.approved(world.db, world.settings)


def walked(world, as_of):
    """What was over is gone, and nothing else; what holds keep is there."""
    before, held = kept(world), run(world, "select id from app.kept_rows(null) where held")
    erased(world, as_of)
    after = kept(world)
    over = {key for key, until in before.items() if until is not None and until < as_of}
    overdue = {key for key, until in after.items() if until is not None and until < as_of}

    assert overdue == set(), as_of
    gone = {key for key in before if key not in after} - over
    # A link of a child goes with its incident or with the child.
    assert {key[0] for key in gone} <= {"child_incident_link", "child_place_link"}, as_of
    assert set(held) <= set(run(world, "select id from app.kept_rows(null) where held"))
    assert run(world, "select count(*) from app.retention_run where failed > 0") == [(0,)]


def fingerprints(world):
    return {name: run(world, HASHES.format(f"app.{name}")) for name in FROZEN}


def test_every_rule_is_over_on_the_day_after_its_last_and_not_before(world, ours):
    due = {}
    for day in {day for _, day in LAST.values()}:
        for as_of in (day - DAY, day, day + DAY):
            with world.db.read(erasing.JOB) as session:
                found, _ = erasing.service.look(session, as_of)
            due[as_of] = {(one.kind, one.object_id) for one in found}

    for rule, (kind, day) in LAST.items():
        key = (kind, ours.keys[rule])
        assert [key in due[day + n * DAY] for n in (-1, 0, 1)] == [False, False, True], rule


def test_the_clock_walks_to_every_date_and_nothing_overdue_is_left(world, ours):
    held_incident, held_report = ours.incidents[1], ours.keys["report_linked"]
    run(world, HOLD, "LH-000-0001", "incident", held_incident)
    run(world, HOLD, "LH-000-0002", "report", held_report)
    for name in FROZEN:
        assert run(world, f"select count(*) > 0 from app.{name}") == [(True,)], name
    cells = "select count(*) > 0 from app.release_cell where state = 'APPROVED' and high > 0"
    assert run(world, cells) == [(True,)], "released numbers of records that go"
    assert run(world, "select app.broken_documents()") == []
    frozen, version = fingerprints(world), run(world, "select app.map_version()")
    days = sorted({day for _, day in LAST.values()})
    if os.environ.get("CONTEXTMAP_LONG_TESTS") == "1":
        days = sorted({until for until in kept(world).values() if until is not None})

    for day in days:
        walked(world, day + DAY)
    run(
        world,
        "update app.place set state = 'CLOSED', close_code = 'SAFER', closed_at = now() "
        "where state <> 'CLOSED'",
    )
    walked(world, FAR)

    assert run(world, "select id from app.incident") == [(held_incident,)]
    assert run(world, "select id from app.report where erased_at is null") == [(held_report,)]
    assert {where.split(".")[1] for where in traces(world, CANARY, but=("reference",))} == {
        "report", "report_outcome", "report_state_change"
    }  # fmt: skip
    run(
        world,
        "update app.legal_hold set ended_at = now(), ended_by = created_by where ended_at is null",
    )
    walked(world, FAR)

    for name in ("incident", "intel_item", "meeting", "place", "place_exact", "context_plan",
                 "report_original", "report_message", "report_contact"):  # fmt: skip
        assert run(world, f"select count(*) from app.{name}") == [(0,)], name
    assert run(world, "select count(*) from app.report where geom is not null") == [(0,)]
    assert traces(world, CANARY, CANARY.encode().hex(), but=("reference",)) == []
    assert fingerprints(world) == frozen
    assert run(world, "select meeting_id from app.briefing") == [(None,)]
    assert run(world, "select app.broken_documents()") == []
    assert run(world, "select app.map_version()") != version  # no tile of before is used again
    assert clock.today() < FAR
