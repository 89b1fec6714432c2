"""Runs of the night and after changes: one for many changes, none for none."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from app.clusters import renewal, service
from app.clusters.schemas import RunIn
from app.core import clock, ids
from app.places.queries import partner_codes
from tests.integration.test_clusters import (
    BRIDGE,
    KINGSTON,
    incident,
    move,
    pattern,
    points,
    scalars,
)


@pytest.fixture
def partners(settings):
    return partner_codes(settings.partnership)


def test_each_night_records_are_searched_anew_and_police_when_months_came_in(db, lead, partners):
    pattern(db, lead)
    points(db, (*BRIDGE, KINGSTON, dict.fromkeys(range(240, 245), 2)))

    first, second = (renewal.nightly(db, partners) for _ in range(2))

    assert (len(first), len(second)) == (2, 1)
    assert scalars(db, lead, "select source || state from app.cluster_run order by 1") == [
        "partnershipDONE",
        "partnershipDONE",
        "policeDONE",
    ]
    assert scalars(db, lead, "select count(*) from app.cluster_lineage") == [1]


def test_a_reference_that_is_taken_is_drawn_again(db, lead, partners, monkeypatch):
    pattern(db, lead)
    renewal.nightly(db, partners)
    (taken,) = scalars(db, lead, "select ref from app.cluster_lineage")
    other = ids.new_reference("CL")
    drawn = iter([taken, other])
    monkeypatch.setattr(ids, "new_reference", lambda prefix: next(drawn))

    with db.begin(service.JOB) as session:
        wanted = RunIn(source="partnership", eps_m=260, replicates=0)
        (run,) = service.ask(session, service.JOB, wanted, partners)
        another_series = run.id
    service.recompute(db, another_series)

    assert scalars(db, lead, "select ref from app.cluster_lineage order by id") == [taken, other]


def test_many_changes_are_one_run_and_none_is_none(db, lead, partners):
    found = pattern(db, lead)
    before_the_night = renewal.after_changes(db, partners)
    renewal.nightly(db, partners)

    unchanged = renewal.after_changes(db, partners)
    for days in (1, 2, 3):
        incident(db, lead, *BRIDGE, days)
    changed, settled = (renewal.after_changes(db, partners) for _ in range(2))
    move(db, lead, found[:1], state="WITHDRAWN")
    withdrawn = renewal.after_changes(db, partners)

    assert (before_the_night, unchanged, settled) == ([], [], [])
    assert (len(changed), len(withdrawn)) == (1, 1)
    assert scalars(db, lead, "select n_events from app.cluster_run order by requested_at") == [
        6,
        9,
        8,
    ]


def test_while_a_run_waits_none_is_added(db, lead, partners):
    pattern(db, lead)
    renewal.nightly(db, partners)
    incident(db, lead, *BRIDGE, 1)
    with db.begin(lead) as session:
        service.ask_in_background(session, lead, RunIn(source="partnership"), partners)

    assert renewal.after_changes(db, partners) == []


def test_a_new_day_waits_for_its_night(db, lead, partners):
    pattern(db, lead)
    renewal.nightly(db, partners)
    with db.begin(service.JOB) as session:
        yesterday = clock.today() - timedelta(days=1)
        session.execute(
            text("update app.cluster_run set data_window = daterange('2025-01-01', :day, '[]')"),
            {"day": yesterday},
        )
    incident(db, lead, *BRIDGE, 1)

    assert renewal.after_changes(db, partners) == []


def test_what_a_worker_remembers_changes_no_result(db, lead, partners):
    known = {}
    pattern(db, lead)
    pattern(db, lead, x=515_500.0, y=173_000.0, n=7)
    renewal.nightly(db, partners, known)
    incident(db, lead, *BRIDGE, 2)

    (remembering,) = renewal.after_changes(db, partners, known)
    (whole,) = renewal.nightly(db, partners)
    told = """
        select string_agg(content_id || n_core || evidence::text, ' ' order by content_id)
        from app.cluster where run_id = :run
    """

    assert len(known) == 1
    assert scalars(db, lead, told, run=remembering) == scalars(db, lead, told, run=whole)


def test_a_worker_remembers_a_few_settings_only(db, lead, partners):
    known = {str(k): {} for k in range(service.SERIES)}
    pattern(db, lead)

    renewal.nightly(db, partners, known)

    assert len(known) == 1
