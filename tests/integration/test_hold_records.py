"""A hold names any record that people keep; it stops what is due, also after the approval."""

import pytest

from app.core import clock
from app.retention import erasing
from tests.sql.world import Intel, Place, write
from tests.uses import LINK, PLAN, World, posting

APPROVE = """
    update app.retention_run
    set state = 'APPROVED', approved_at = now(), approved_by = gen_random_uuid()
"""
HOLD = """
    insert into app.legal_hold (id, ref, object_kind, object_ids, reason, agency_code, created_by,
        approved_at, approved_by)
    select gen_random_uuid(), 'LH-000-0001', '{0}', array[id], 'Synthetic', 'AFC',
        gen_random_uuid(), now(), gen_random_uuid() from app.{1}
"""
CLOSED = """
    update app.place set state = 'CLOSED', close_code = 'SAFER',
        closed_at = now() - interval '7 years'
"""
OVER = """
    update app.intel_item set valid_from_on = '2019-01-01', expires_on = '2020-01-01';
    update app.intel_item_place set removed_at = null
"""
OLD = "update app.incident set occurred_from = '2019-03-01', occurred_to = '2019-03-01'"


@pytest.fixture
def world(db, settings):
    settings.erased_list.unlink(missing_ok=True)
    return World(db, settings)


def run(world, statement):
    with world.superuser() as admin:
        found = admin.execute(statement.encode())
        return found.fetchall() if found.description else []


def test_a_hold_of_an_incident_is_told_as_held_back_and_stops_an_approved_run(world):
    ref = world.incident()
    run(world, f"{OLD}, retain_until = null")
    planned = erasing.daily(world.db, clock.today())
    assert planned.counts["incident"] == 1
    asked = {"record": ref, "purpose": "LEARNING_REVIEW", "reason": "A review of it."}
    assert posting(world.lead, "/admin/holds/new", **asked)().status_code == 303
    ((hold, kind),) = run(world, "select ref, object_kind from app.legal_hold")
    assert kind == "incident"
    auditor = world.as_("auditor")
    assert posting(auditor, f"/admin/holds/{hold}/approve")().status_code == 303
    url = f"/admin/retention/{planned.ref}/approve"
    assert posting(auditor, url, number="1")().status_code == 303

    assert erasing.approved(world.db, world.settings)["incident"] == 0
    assert run(world, "select count(*) from app.incident") == [(1,)]
    page = auditor.get("/admin/retention", headers={"Accept": "text/html"}).text
    assert "1 more row is over and held back" in page
    (line,) = [one for one in erasing.report(world.db, clock.today()) if one.kind == "incident"]
    assert (line.kept, line.due, line.held) == (1, 0, 1)

    assert posting(auditor, f"/admin/holds/{hold}/end")().status_code == 303
    planned = erasing.daily(world.db, clock.today())
    posting(auditor, f"/admin/retention/{planned.ref}/approve", number=str(planned.total))()
    assert erasing.approved(world.db, world.settings)["incident"] == 1
    assert run(world, "select counts ->> 'incident' from app.retention_event") == [("1",)]
    told = run(world, "select object_ref, detail from audit.event where action = 'erasure' "
                      "and object_type = 'incident'")  # fmt: skip
    assert told == [(None, None)]


def test_another_period_in_the_data_is_followed_at_once_and_each_regime_by_itself(world):
    world.incident()
    run(world, f"{OLD}, retain_until = null")
    run(
        world,
        'update reference.lookup set extra = extra || \'{"keep": "60 years"}\' '
        "where list = 'retention' and code = 'incident:UK_GDPR'",
    )
    assert erasing.look(world.db, clock.today())["incident"] == 0
    run(world, "update app.incident set regime = 'PART3'")
    assert erasing.look(world.db, clock.today())["incident"] == 1


def test_sessions_go_thirty_days_after_they_ended_and_not_before(world):
    world.lead  # noqa: B018 - signs in
    run(
        world,
        "update app.session set ended_at = now() - interval '30 days' + interval '1 minute', "
        "absolute_until = now()",
    )
    assert erasing.sweep(world.db, clock.now(), really=False)["session"] == 0
    run(world, "update app.session set ended_at = now() - interval '30 days 1 minute'")
    assert erasing.sweep(world.db, clock.now(), really=False)["session"] == 1

    assert erasing.sweep(world.db, clock.now())["session"] == 1
    assert run(world, "select count(*) from app.session") == [(0,)]


def test_who_does_not_approve_sees_no_total_and_is_not_told_that_nothing_is_due(world):
    page = world.lead.get("/admin/retention", headers={"Accept": "text/html"}).text

    assert "the totals are the auditor" in page
    assert "Nothing is due" not in page
    assert "What is kept, on" not in page


def linked(world):
    """A child with a link to a place and one to an incident, of three years ago."""
    ref, incident = world.child(), world.incident()
    for path, body in (
        (f"/api/v1/children/{ref}/links", LINK | {"place": world.shop()}),
        (f"/api/v1/incidents/{incident}/children", {"child": ref, "role": "harmed_here"}),
    ):
        assert world.lead.post(path, json=body, headers=PLAN).status_code == 201
    for table in ("child", "child_place_link", "child_incident_link"):
        run(world, f"update app.{table} set created_at = now() - interval '3 years'")


@pytest.mark.parametrize(
    ("kind", "kept", "goes"),
    [
        ("place", "child_place_link", "child_incident_link"),
        ("incident", "child_incident_link", "child_place_link"),
    ],
)
def test_a_hold_keeps_who_was_there_and_the_child(world, kind, kept, goes):
    linked(world)
    planned = erasing.daily(world.db, clock.today())
    assert planned.counts | {"child": 1, kept: 1, goes: 1} == planned.counts
    run(world, HOLD.format(kind, kind))
    run(world, APPROVE)

    assert erasing.approved(world.db, world.settings) == {goes: 1}

    assert run(world, f"select count(*) from app.{kept}") == [(1,)]
    assert run(world, f"select count(*) from app.{goes}") == [(0,)]
    assert run(world, "select count(*) from app.child") == [(1,)]
    held = {one.kind for one in erasing.report(world.db, clock.today()) if one.held}
    assert held == {"child", kept}
    run(world, "update app.legal_hold set ended_at = now(), ended_by = created_by")
    erasing.daily(world.db, clock.today())
    run(world, f"{APPROVE} where state = 'PLANNED'")
    assert erasing.approved(world.db, world.settings)["child"] == 1


def told_of(world):
    """A place that was closed seven years ago, and intelligence of it that is not over."""
    with world.superuser() as admin:
        write(Place(), admin)
    run(world, CLOSED)
    planned = erasing.daily(world.db, clock.today())
    assert planned.counts["place"] == 1
    with world.superuser() as admin:
        write(Intel(), admin)
    run(world, "update app.intel_item set expires_on = current_date + 30; "
               "update app.intel_item_place set removed_at = null")  # fmt: skip


def test_a_place_stays_as_long_as_intelligence_of_it(world):
    told_of(world)
    assert erasing.look(world.db, clock.today())["place"] == 0
    run(world, APPROVE)

    assert erasing.approved(world.db, world.settings)["place"] == 0

    assert run(world, "select count(*) from app.place") == [(1,)]
    assert run(world, "select count(*) from app.intel_item_place") == [(1,)]
    assert not world.settings.erased_list.exists()
    run(world, OVER)
    planned = erasing.daily(world.db, clock.today())
    run(world, f"{APPROVE} where id = '{planned.id}'")
    done = erasing.approved(world.db, world.settings)
    assert (done["intelligence"], done["place"]) == (1, 1)


def test_the_database_itself_erases_no_place_that_intelligence_needs(world):
    told_of(world)

    with world.superuser() as admin:
        (gone,) = admin.execute(
            "select app.erased_place(array(select id from app.place))"
        ).fetchone()

    assert gone == {"place": 0}
    assert run(world, "select count(*) from app.intel_item_place") == [(1,)]


def test_a_hold_of_intelligence_keeps_its_place(world):
    told_of(world)
    run(world, OVER)
    run(world, HOLD.format("intelligence", "intel_item"))
    run(world, APPROVE)

    assert erasing.approved(world.db, world.settings) == {}

    held = {one.kind for one in erasing.report(world.db, clock.today()) if one.held}
    assert held == {"intelligence", "place"}
    assert run(world, "select count(*) from app.intel_item_place") == [(1,)]


def test_intelligence_that_is_about_a_place_no_longer_keeps_it_not(world):
    told_of(world)
    run(world, "update app.intel_item_place set removed_at = now()")

    assert erasing.look(world.db, clock.today())["place"] == 1
