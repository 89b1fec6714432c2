"""Work with a closed place is kept six years, and meetings as long as their packs; then it goes."""

from datetime import timedelta

import pytest

from app.core import clock
from app.retention import erasing
from app.retention.erased_list import ErasedList
from app.retention.rules import mark_of
from tests import context_work
from tests.uses import World, posting

TODAY = clock.today()
YEARS_5, YEARS_7 = (TODAY + timedelta(days=365 * n + 2) for n in (5, 7))
TABLES = (
    *("context_assessment", "assessment_method", "assessment_answer", "signs_panel"),
    *("safety_scale", "context_plan", "plan_goal", "plan_measure", "measure_observation"),
    *("plan_action", "outcome_review", "context_comment", "context_weighting", "safety_map"),
    *("context_assessment_state_change", "context_plan_state_change", "plan_action_state_change"),
)
CLOSE = "update app.place set state = 'CLOSED', close_code = 'SAFER', closed_at = now()"


@pytest.fixture
def world(db, settings):
    settings.erased_list.unlink(missing_ok=True)
    return World(db, settings)


@pytest.fixture
def team(db):
    return context_work.team(db)


def run(world, statement, *given):
    with world.superuser() as admin:
        found = admin.execute(statement.encode(), given)
        return found.fetchall() if found.description else []


def left(world):
    counts = {t: run(world, f"select count(*) from app.{t}")[0][0] for t in TABLES}
    return {table: n for table, n in counts.items() if n}


def approved(world, day):
    """Planned for that day, approved by number, erased."""
    planned = erasing.daily(world.db, day)
    url = f"/admin/retention/{planned.ref}/approve"
    assert posting(world.as_("auditor"), url, number=str(planned.total))().status_code == 303
    return erasing.approved(world.db, world.settings)


def worked(team):
    plan = context_work.active_plan(team)
    context_work.decided_review(team, plan)
    return plan


def test_six_years_after_a_place_was_closed_its_work_goes_and_the_counts_stay(world, team):
    plan = worked(team)
    said = world.lead.post(f"/api/v1/comments/{plan}", json={"body": "Patrols ended in May."})
    assert said.status_code == 201
    before = left(world)
    while_open = erasing.look(world.db, YEARS_7)
    run(world, CLOSE)

    early, due = erasing.look(world.db, YEARS_5), erasing.look(world.db, YEARS_7)
    page = world.as_("auditor")
    done = approved(world, YEARS_7)

    assert before.keys() >= {"context_plan", "outcome_review", "assessment_answer"}
    assert while_open["context_work"] == early["context_work"] == 0
    assert due["context_work"] == 1
    assert done["context_work"] == 1
    assert (done["assessment"], done["plan"], done["review"], done["comment"]) == (1, 1, 1, 1)
    assert left(world) == {}
    assert run(world, "select count(*) from app.place") == [(0,)]
    kept = run(world, "select object_kind, counts ->> 'plan' from app.retention_event order by at")
    assert kept == [("context_work", "1"), ("place", None)]
    assert run(world, "select count(*) from audit.event where action = 'erasure'")[0][0] >= 1
    assert "6 years from when the place was closed" in page.get("/admin/retention").text


def test_after_a_restore_the_work_is_erased_again_unless_the_place_was_opened_since(world, team):
    worked(team)
    run(world, CLOSE)
    ((place, since),) = run(world, "select id, closed_at from app.place")
    ErasedList(world.settings.erased_list).end([mark_of("context_work", place, since)])
    run(world, "update app.place set closed_at = closed_at + interval '1 day'")

    opened = erasing.replay(world.db, world.settings), bool(left(world))
    run(world, "update app.place set closed_at = closed_at - interval '1 day'")
    restored = erasing.replay(world.db, world.settings), left(world)

    assert opened == (0, True)
    assert restored == (1, {})


def test_a_hold_of_the_place_keeps_its_work_and_its_meetings_also_after_the_approval(world, team):
    worked(team)
    context_work.held_meeting(team, "MARVE")
    run(world, CLOSE)
    planned = erasing.daily(world.db, YEARS_7)
    assert planned.counts["context_work"] == planned.counts["meeting"] == 1
    asked = {"record": team.place_ref, "purpose": "LEARNING_REVIEW", "reason": "A review of it."}
    assert posting(world.lead, "/admin/holds/new", **asked)().status_code == 303
    ((ref, kind),) = run(world, "select ref, object_kind from app.legal_hold")
    assert kind == "place"
    assert posting(world.as_("auditor"), f"/admin/holds/{ref}/approve")().status_code == 303
    url = f"/admin/retention/{planned.ref}/approve"
    posting(world.as_("auditor"), url, number=str(planned.total))()

    while_held = erasing.approved(world.db, world.settings)
    assert while_held["context_work"] == while_held["meeting"] == 0
    assert left(world)
    assert posting(world.as_("auditor"), f"/admin/holds/{ref}/end")().status_code == 303

    assert approved(world, YEARS_7)["context_work"] == 1
    assert left(world) == {}


@pytest.mark.parametrize(("kind", "days"), [("MARVE", 365), ("DRB", 30)])
def test_meetings_about_people_go_when_their_packs_go(world, team, kind, days):
    context_work.held_meeting(team, kind)
    almost = TODAY + timedelta(days=days - 2)

    looks = [erasing.look(world.db, almost + timedelta(days=n))["meeting"] for n in (0, 5)]
    done = approved(world, almost + timedelta(days=5))

    assert looks == [0, 1]
    assert done["meeting"] == 1
    assert run(world, "select count(*) from app.meeting") == [(0,)]
    assert run(world, "select count(*) from app.meeting_item") == [(0,)]


PACK = """
    insert into app.pack (id, ref, created_by, updated_by, kind, period_code, window_from,
        window_to, meeting_id, is_synthetic, replaces_id)
    select gen_random_uuid(), %s, created_by, created_by, 'MARVE', %s, held_at - interval '30 days',
        held_at, id, true, (select id from app.pack) from app.meeting where ref = %s
"""


def test_a_pack_goes_with_its_meeting_although_a_newer_one_replaces_it(world, team):
    older = context_work.held_meeting(team, "MARVE", ago=timedelta(days=40))
    newer = context_work.held_meeting(team, "MARVE")
    run(world, PACK, "BR-111-1111", "2026-08", older)
    run(world, PACK, "BR-222-2222", "2026-09", newer)

    done = approved(world, TODAY + timedelta(days=345))

    assert done["meeting"] == 1
    assert run(world, "select ref, replaces_id from app.pack") == [("BR-222-2222", None)]


def test_a_conference_is_kept_while_its_place_is_open_and_a_merged_place_with_the_other(
    world, team
):
    worked(team)
    context_work.held_meeting(team)
    assert erasing.look(world.db, YEARS_7)["meeting"] == 0
    other = world.shop()
    run(
        world,
        "update app.place set state = 'CLOSED', close_code = 'MERGED', closed_at = now(), "
        "merged_into_id = (select id from app.place where ref = %s) where ref = %s",
        *(other, team.place_ref),
    )

    while_other = erasing.look(world.db, YEARS_7)
    run(world, f"{CLOSE} where ref = %s", other)
    after = erasing.look(world.db, YEARS_7)

    assert (while_other["context_work"], while_other["meeting"]) == (0, 0)
    assert (after["context_work"], after["meeting"]) == (1, 1)
