"""What changed since the plan, a process that ended in the middle, and a restore: all are asked."""

from datetime import timedelta

import pytest

from app.core import clock
from app.core.errors import BusyError, InvalidError
from app.retention import erasing, rules
from app.retention.erased_list import ErasedList
from app.retention.rules import State, mark, mark_of
from tests import context_work, reports
from tests.uses import LINK, PLAN, World

APPROVE = """
    update app.retention_run
    set state = 'APPROVED', approved_at = now(), approved_by = gen_random_uuid() where id = %s
"""
HOLD = """
    insert into app.legal_hold (id, ref, object_kind, object_ids, reason, agency_code, created_by,
        approved_at, approved_by)
    values (gen_random_uuid(), 'LH-000-0001', %s, array[%s::uuid], 'Synthetic', 'AFC',
        gen_random_uuid(), now(), gen_random_uuid())
"""
STUCK = """
    create function app.stuck() returns trigger language plpgsql as $$
    begin raise exception 'Synthetic'; end $$;
"""
AT_COMMIT = (
    STUCK
    + """
    create constraint trigger stuck after insert on app.retention_event
        deferrable initially deferred for each row execute function app.stuck();
"""
)
ONE = (
    STUCK
    + """
    create trigger stuck before delete on app.{} for each row when (old.id = '{}')
        execute function app.stuck();
"""
)
OLD = "update app.incident set occurred_from = '2019-03-01', occurred_to = '2019-03-01'"
CLOSED = "state = 'CLOSED', close_code = 'SAFER', closed_at = now() - interval '7 years'"
OPENED = "state = 'ASSESSING', close_code = null, closed_at = null"


@pytest.fixture
def world(db, settings):
    settings.erased_list.unlink(missing_ok=True)
    return World(db, settings)


@pytest.fixture
def listed(world):
    """The list as it is on the disk."""
    return lambda: ErasedList(world.settings.erased_list)


def run(world, statement, *given):
    with world.superuser() as admin:
        found = admin.execute(statement.encode(), given)
        return found.fetchall() if found.description else []


def keys(world, table="child"):
    return [key for (key,) in run(world, f"select id from app.{table} order by id")]


def deleted_children(world, n=1):
    for _ in range(n):
        world.child()
    run(world, "update app.child set deleted_at = now()")
    return keys(world)


def planned(world):
    """And approved."""
    made = erasing.daily(world.db, clock.today())
    run(world, APPROVE, made.id)
    return made


def erase(world):
    return erasing.approved(world.db, world.settings)


# Since the plan


def test_a_child_that_was_linked_since_the_plan_stays(world, listed):
    ref = world.child()
    run(world, "update app.child set created_at = now() - interval '100 days'")
    assert planned(world).counts["child"] == 1
    path, body = f"/api/v1/children/{ref}/links", LINK | {"place": world.shop()}
    assert world.lead.post(path, json=body, headers=PLAN).status_code == 201

    assert erase(world)["child"] == 0

    assert run(world, "select ref from app.child") == [(ref,)]
    assert run(world, "select count(*) from app.child_place_link") == [(1,)]
    assert not listed().is_there


def test_links_of_a_child_that_is_worked_with_again_stay(world):
    ref, incident = world.child(), world.incident()
    for path, body in (
        (f"/api/v1/children/{ref}/links", LINK | {"place": world.shop()}),
        (f"/api/v1/incidents/{incident}/children", {"child": ref, "role": "harmed_here"}),
    ):
        assert world.lead.post(path, json=body, headers=PLAN).status_code == 201
    run(world, "update app.child set state = 'CLOSED'")
    assert planned(world).total == 3
    run(world, "update app.child set state = 'OPEN'")

    assert erase(world) == {}

    assert run(world, "select count(*) from app.child_place_link") == [(1,)]
    assert run(world, "select count(*) from app.child_incident_link") == [(1,)]
    assert len(keys(world)) == 1


def test_work_with_a_place_that_was_opened_since_the_plan_stays(world, listed):
    context_work.active_plan(context_work.team(world.db))
    run(world, f"update app.place set {CLOSED}")
    assert planned(world).counts["context_work"] == 1
    run(world, f"update app.place set {OPENED}")

    assert erase(world) == {}

    assert len(keys(world, "context_plan")) == len(keys(world, "place")) == 1
    assert not listed().is_there


# The list


def test_what_was_not_committed_is_not_told_as_erased_and_no_restore_erases_it(world, listed):
    (key,) = deleted_children(world)
    planned(world)
    run(world, AT_COMMIT)

    assert erase(world)["child"] == 0
    assert (listed().done, listed().begun) == (set(), {mark(key)})
    run(world, "drop trigger stuck on app.retention_event")
    assert erasing.replay(world.db, world.settings) == 0
    assert erasing.at_start(world.db, world.settings) == [rules.UNSURE.format(n=1)]
    assert keys(world) == [key]

    assert erase(world)["child"] == 1
    assert (listed().done, listed().begun) == ({mark(key)}, set())


def test_what_was_committed_is_told_when_the_process_ended_before_it_could(
    world, listed, monkeypatch
):
    (key,) = deleted_children(world)
    planned(world)

    def killed(*_):
        raise OSError

    with monkeypatch.context() as patched:
        patched.setattr(ErasedList, "end", killed)
        erase(world)
    assert keys(world) == []
    assert (listed().done, listed().begun) == (set(), {mark(key)})

    erase(world)

    assert (listed().done, listed().begun) == ({mark(key)}, set())
    assert run(world, "select state, failed from app.retention_run") == [(State.DONE, 0)]


def test_a_record_is_listed_without_its_time(world, listed):
    world.incident()
    run(world, OLD)
    (key,) = keys(world, "incident")
    planned(world)

    assert erase(world)["incident"] == 1

    assert listed().done == {mark_of("incident", key, None)}


# After a restore


def test_a_record_whose_time_was_another_in_the_backup_is_erased_again(world, listed):
    world.incident()
    ((key, since),) = run(world, "select id, occurred_to from app.incident")
    listed().end([mark_of("incident", key, since)])
    run(world, "update app.incident set occurred_from = occurred_from - interval '1 day', "
               "occurred_to = occurred_to - interval '1 day'")  # fmt: skip

    assert erasing.replay(world.db, world.settings) == 1

    assert keys(world, "incident") == []


def test_a_hold_of_the_restored_database_keeps_what_it_names(world, listed):
    child, other = sorted(deleted_children(world, 2))
    world.incident()
    (incident,) = keys(world, "incident")
    listed().end([mark(child), mark(other), mark_of("incident", incident, None)])
    run(world, HOLD, "child", child)
    run(world, HOLD.replace("0001", "0002"), "incident", incident)

    told = erasing.at_start(world.db, world.settings)

    assert told == [rules.HELD.format(n=2)]
    assert keys(world) == [child]
    assert keys(world, "incident") == [incident]


def test_one_that_fails_keeps_no_other_and_nobody_is_served_until_it_went(world, listed):
    stuck, *others = deleted_children(world, 3)
    for _ in range(3):
        world.incident()
    held, *happened = keys(world, "incident")
    listed().end(mark(key) for key in (stuck, *others))
    listed().end(mark_of("incident", key, None) for key in (held, *happened))
    run(world, ONE.format("child", stuck))
    run(world, ONE.removeprefix(STUCK).format("incident", held))

    with pytest.raises(InvalidError, match="could not be erased: 2"):
        erasing.at_start(world.db, world.settings)
    assert (keys(world), keys(world, "incident")) == ([stuck], [held])
    with pytest.raises(InvalidError, match="could not be erased: 2"):
        erasing.replay(world.db, world.settings)

    run(world, "drop trigger stuck on app.child; drop trigger stuck on app.incident")
    assert erasing.at_start(world.db, world.settings) == []
    assert (keys(world), keys(world, "incident")) == ([], [])


def test_a_list_that_is_lost_is_told_and_no_backup_is_restored_without_it(world):
    deleted_children(world)
    planned(world)
    erase(world)
    path = world.settings.erased_list
    assert erasing.at_start(world.db, world.settings) == []
    path.unlink()

    assert erasing.at_start(world.db, world.settings) == [rules.LOST.format(path=path)]
    with pytest.raises(InvalidError, match="list of what was erased cannot be read"):
        erasing.replay(world.db, world.settings)

    path.touch()
    assert erasing.replay(world.db, world.settings) == 0


def test_a_list_that_cannot_be_read_stops_no_start_but_a_restore(world):
    path = world.settings.erased_list
    path.mkdir()
    try:
        assert erasing.at_start(world.db, world.settings) == [rules.LOST.format(path=path)]
        with pytest.raises(InvalidError, match="list of what was erased cannot be read"):
            erasing.replay(world.db, world.settings)
    finally:
        path.rmdir()


def test_where_nothing_was_ever_erased_no_list_is_missed(world):
    world.child()

    assert erasing.at_start(world.db, world.settings) == []
    assert erasing.replay(world.db, world.settings) == 0


# One at a time, and only while people can ask for holds


def test_two_processes_never_erase_at_once(world, monkeypatch):
    (key,) = deleted_children(world)
    planned(world)
    monkeypatch.setattr(erasing, "WAIT_S", 0)

    with world.db.alone("cs_job", erasing.ERASING) as alone:
        assert alone
        assert erase(world) == {}
        with pytest.raises(BusyError, match="being erased at this moment"):
            erasing.replay(world.db, world.settings)
    assert keys(world) == [key]
    assert run(world, "select state, erased from app.retention_run") == [(State.APPROVED, None)]

    assert erase(world)["child"] == 1
    assert run(world, "select state from app.retention_run") == [(State.DONE,)]


def test_nothing_is_erased_while_nobody_can_ask_for_a_hold(world):
    deleted_children(world)
    planned(world)
    full = world.settings.model_copy(update={"read_only_mb": 10**12})

    assert erasing.approved(world.db, full) == {}
    assert len(keys(world)) == 1
    assert erase(world)["child"] == 1


# What stays of a report


def test_who_told_and_how_they_know_goes_with_the_words(world):
    reports.sent(world.db, world.settings, reporter_kind="SCHOOL", how_known="SAW")
    run(
        world,
        "update app.report set decided_at = %s, outcome_codes = '{LINKED_PLACE}', "
        "child_count_band = 'SOME', how_known = 'SAW'",
        clock.now() - timedelta(days=3 * 366),
    )
    planned(world)

    assert erase(world)["report"] == 1

    kept = "select reporter_kind, how_known, child_count_band, when_kind from app.report"
    assert run(world, kept) == [("NOT_SAID", None, "NOT_KNOWN", "OFTEN")]
