"""The page of retention shows what the night counted; looking at it counts nothing."""

import pytest

from app.core import clock
from app.retention import erasing
from tests.people import HTML
from tests.uses import World

OLD = "update app.incident set occurred_from = '2019-03-01', occurred_to = '2019-03-01'"
COUNTING = """
    select login, f::regprocedure::text from unnest(array['cs_app', 'cs_audit']) as login,
        unnest(array['app.retention_report(date)', 'app.retention_audit(date)',
                     'app.retention_swept(timestamptz, boolean)', 'app.kept_rows(text)']) as f
    where has_function_privilege(login, f, 'execute')
"""


@pytest.fixture
def world(db, settings):
    settings.erased_list.unlink(missing_ok=True)
    return World(db, settings)


def run(world, statement):
    with world.superuser() as admin:
        found = admin.execute(statement.encode())
        return found.fetchall() if found.description else []


def page(world, role="auditor"):
    answer = world.as_(role).get("/admin/retention", headers=HTML)
    assert answer.status_code == 200
    return answer.text


def test_no_person_counts_by_looking(world):
    assert run(world, COUNTING) == []


def test_a_lead_sees_no_totals(world):
    erasing.daily(world.db, clock.today())

    assert "What is kept, on" not in page(world, "cs_lead")
    assert "Counted" not in page(world, "cs_lead")


def test_the_page_shows_what_was_counted_last(world):
    world.incident()
    run(world, OLD)
    assert "Nothing was counted yet." in page(world)

    erasing.daily(world.db, clock.today())
    first = page(world)
    world.incident()
    run(world, OLD)
    between = page(world)
    erasing.daily(world.db, clock.today())

    assert "1 row is due: 1 incident" in first
    assert "Counted" in first
    assert "Incident, missing episode" in first
    assert "1 row is due: 1 incident" in between
    assert "2 rows are due: 2 incidents" in page(world)


def test_what_was_erased_is_counted_again_at_once(world):
    world.incident()
    world.incident()
    run(world, "update app.incident set occurred_from = '2019-03-01', occurred_to = '2019-03-01' "
               "where id = (select id from app.incident order by id limit 1)")  # fmt: skip
    planned = erasing.daily(world.db, clock.today())
    run(world, "update app.retention_run set state = 'APPROVED', approved_at = now(), "
               f"approved_by = gen_random_uuid() where id = '{planned.id}'")  # fmt: skip

    erasing.approved(world.db, world.settings)

    with world.db.read(erasing.JOB) as session:
        look = erasing.queries.looked(session)
    (line,) = [one for one in look.lines if one.kind == "incident"]
    assert (look.as_of, line.kept, line.due) == (clock.today(), 1, 0)
    assert "Nothing is due. It is counted each night at 3:23am." in page(world)
