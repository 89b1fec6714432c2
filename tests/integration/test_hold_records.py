"""A hold names any record that people keep; it stops what is due, also after the approval."""

import pytest

from app.core import clock
from app.retention import erasing
from tests.uses import World, posting

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
