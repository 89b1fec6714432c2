"""A period that was changed is followed by what is there; a day of its own wins if sooner."""

import pytest

from app.core import clock
from app.retention import erasing
from tests import reports
from tests.uses import World

LONGER = """
    update reference.lookup set extra = extra || '{"keep": "60 years"}'
    where list = 'retention' and extra ->> 'record' in ('report_untriaged', 'incident')
"""
OLD = "update app.incident set occurred_from = '2019-03-01', occurred_to = '2019-03-01'"
# As the release before worked it out for each incident.
WORKED_OUT = "retain_until = '2025-03-01'"


@pytest.fixture
def world(db, settings):
    return World(db, settings)


def run(world, statement):
    with world.superuser() as admin:
        found = admin.execute(statement.encode())
        return found.fetchall() if found.description else []


def due(world, kind):
    return erasing.look(world.db, clock.today())[kind]


@pytest.mark.parametrize("deleted", ["null", "now() - interval '80 days'"])
def test_a_longer_period_reaches_old_reports(world, deleted):
    reports.sent(world.db, world.settings)
    run(world, f"update app.report set created_at = now() - interval '100 days', "
               f"deleted_at = {deleted}")  # fmt: skip
    assert due(world, "report") == 1

    run(world, LONGER)

    assert due(world, "report") == 0
    assert run(world, "select retain_until from app.report") == [(None,)]


@pytest.mark.parametrize("own", ["retain_until = null", WORKED_OUT])
@pytest.mark.parametrize("deleted", ["null", "now() - interval '80 days'"])
def test_a_longer_period_reaches_old_incidents(world, own, deleted):
    world.incident()
    run(world, f"{OLD}, {own}, deleted_at = {deleted}")
    assert due(world, "incident") == 1

    run(world, LONGER)

    assert due(world, "incident") == 0


def test_a_sooner_day_of_its_own_wins(world):
    world.incident()
    assert due(world, "incident") == 0

    run(world, "update app.incident set retain_until = current_date - 2")

    assert due(world, "incident") == 1


def test_an_incident_of_a_leap_day_is_kept_until_the_last_of_february(world):
    world.incident()
    run(world, "update app.incident set occurred_from = '2024-02-29T12:00Z', "
               "occurred_to = '2024-02-29T12:00Z'")  # fmt: skip

    assert run(world, "select until_on::text from app.kept_rows('incident')") == [("2030-02-28",)]
