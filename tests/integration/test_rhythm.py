"""`contextmap rhythm` on real PostGIS: hours of the week out of what partners recorded."""

from argparse import ArgumentParser
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from sqlalchemy import text

from app.clusters import commands
from app.core.errors import InvalidError
from app.core.ids import new_id, new_reference
from app.core.progress import Progress

RIVER = (517_700.0, 169_400.0)
FRIDAY = datetime(2026, 1, 9, 16, 50, tzinfo=UTC)
WINDOW = ("--from", "2025-01-01", "--to", "2026-12-31")


@pytest.fixture
def run(settings):
    def command(db, *arguments):
        parser = ArgumentParser()
        commands.register(parser.add_subparsers())
        given = parser.parse_args(["rhythm", *arguments])
        context = SimpleNamespace(db=db, settings=settings, progress=Progress(enabled=False))
        return given.func(given, context)

    return command


def record(db, lead, at, *, hours=0.0, precision="EXACT"):
    given = {
        "id": new_id(),
        "ref": new_reference("IC"),
        "from": at,
        "to": at + timedelta(hours=hours),
        "precision": precision,
        "x": RIVER[0],
        "y": RIVER[1],
    }
    with db.begin(lead) as session:
        session.execute(
            text("""
                insert into app.incident
                    (id, ref, agency_code, tier, purpose_code, created_by, updated_by,
                     occurred_from, occurred_to, time_precision, geom, harm_code, source_agency,
                     is_synthetic)
                select :id, :ref, 'AFC', 'H1', 'PLAN', sec.actor(), sec.actor(), :from, :to,
                       :precision, ST_SetSRID(ST_MakePoint(:x, :y), 27700),
                       (select min(code) from reference.harm), 'AFC', true
            """),
            given,
        )


@pytest.fixture
def fridays(db, lead):
    """24 dusky winter Fridays, and two incidents without an hour."""
    for i in range(24):
        record(db, lead, FRIDAY + timedelta(weeks=i % 2), hours=1)
    record(db, lead, FRIDAY, precision="DAY", hours=23)
    record(db, lead, FRIDAY, hours=100)
    return db


def test_hours_peaks_and_dark_of_what_was_recorded(fridays, run):
    found = run(fridays, *WINDOW)

    assert (found["incidents"], found["timed"], found["untimed"]) == (26, 24, 2)
    assert len(found["hours"]) == 168
    assert sum(found["hours"]) + found["untimed"] == pytest.approx(26)
    assert sum(found["hours"][4 * 24 + 16 : 4 * 24 + 18]) == pytest.approx(24)
    assert found["peaks"] == ["Fridays 15:00 to 18:00"]
    assert (found["status"], found["reason"]) == ("ok", None)
    dark = found["after_dark"]
    assert (dark["n"], dark["unknown"]) == (24, 2)
    assert dark["k"] == 24
    assert dark["low"] < dark["k"] / 24 <= dark["high"]
    assert dark["p"] == 0.001
    assert "Darker than its hours explain." in found["lines"]
    assert "More than in an even week: Fridays 15:00 to 18:00." in found["lines"]


def test_the_same_question_has_the_same_answer(fridays, run):
    assert run(fridays, *WINDOW) == run(fridays, "run", *WINDOW)
    assert run(fridays, *WINDOW, "--seed", "7")["hours"] == run(fridays, *WINDOW)["hours"]


def test_without_replicates_nothing_is_tested(fridays, run):
    found = run(fridays, *WINDOW, "--replicates", "0")

    assert found["peaks"] == []
    assert found["after_dark"]["p"] is None


def test_few_incidents_have_no_words(db, lead, run):
    record(db, lead, FRIDAY, precision="DAY")

    found = run(db, *WINDOW)

    assert (found["status"], found["peaks"]) == ("not enough data", [])
    assert found["lines"][1] == "Fewer than 20 incidents with a time."
    assert found["after_dark"]["unknown"] == 1
    assert len(found["lines"]) == 2


def test_nothing_recorded_is_no_error(db, run):
    assert run(db, "--from", "2020-01-01", "--to", "2020-02-01")["incidents"] == 0


def test_police_data_have_no_hours(db, run):
    with pytest.raises(InvalidError, match="months, not times of day"):
        run(db, "--source", "police")
