"""Demonstration records: marked, repeatable, quick, and with clusters that cross borders."""

import argparse
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace

import numpy as np
import pytest
from sqlalchemy import text

from app.core import clock
from app.core.actor import job_actor
from app.demo import clusters as first_calculation
from app.demo import commands, models, service
from geo import density
from tests.people import LEAD

LEAD = replace(LEAD, purpose="PLAN", purpose_for="*")
PARTNERS = {"E09000021", "E09000027"}
EVENTS = text("""
    select ST_X(at), ST_Y(at), borough,
           ((begins + (ends - begins) / 2) at time zone 'Europe/London')::date - date '1970-01-01'
    from (
        select coalesce(incident.geom, ST_PointOnSurface(place.geom)) as at,
               incident.borough_code as borough, occurred_from as begins, occurred_to as ends
        from app.incident left join app.place on place.id = place_id
    ) as event
    where at is not null order by 1, 2, 4
""")


@pytest.fixture(scope="module")
def first(module_db):
    return service.load(module_db)


def value(db, query):
    with db.read(LEAD) as session:
        return session.scalar(text(query))


def test_a_load_makes_the_records_that_it_says(first, module_db):
    added = first

    assert added["place"] == value(module_db, "select count(*) from app.place") == 122
    assert added["incident"] == value(module_db, "select count(*) from app.incident") == 2000
    assert added["child"] == value(module_db, "select count(*) from app.child") == 300


def test_every_place_type_is_there(first, module_db):
    missing = "select code from reference.place_type except select type_code from app.place"

    assert value(module_db, missing) is None


def test_everything_is_marked_as_synthetic(first, module_db):
    for table in ("place", "incident", "child", "child_place_link", "child_incident_link"):
        assert value(module_db, f"select bool_and(is_synthetic) from app.{table}") is True
    assert value(module_db, "select bool_and(name like 'Demo: %') from app.place") is True
    assert value(module_db, "select bool_and(summary like 'Demo: %') from app.incident") is True
    assert (
        value(module_db, "select bool_and(basis like 'Demo: %') from app.child_place_link") is True
    )


def test_a_second_load_of_the_same_seed_adds_nothing(first, module_db):
    again = service.load(module_db)

    assert set(again.values()) == {0}
    assert value(module_db, "select count(*) from app.incident") == 2000


def test_incidents_are_of_the_last_eight_closed_quarters_and_belong_to_places(first, module_db):
    oldest = value(module_db, "select min(occurred_from)::date from app.incident")
    newest = value(module_db, "select max(occurred_from)::date from app.incident")

    assert oldest >= clock.today() - timedelta(days=models.OLDEST_DAYS + 35)
    assert newest <= clock.today()
    assert value(module_db, "select count(*) from app.incident_place where how = 'CHOSEN'") > 500
    assert value(module_db, "select count(*) from app.incident_place where how = 'FOOTPRINT'") > 20


@pytest.fixture(scope="module")
def clusters(first, module_db):
    """Boroughs of the core incidents of each cluster, largest first."""
    with module_db.read(job_actor("clusters:recompute")) as session:
        rows = session.execute(EVENTS).all()
    xy_m = np.array([row[:2] for row in rows])
    days = np.array([row[3] for row in rows], dtype=np.int32)
    found = density.st_dbscan(xy_m, days, np.ones(len(rows), np.int32), 250, 28, 5)
    return rows, found


def test_the_planted_clusters_are_found_and_cross_borders(clusters):
    rows, found = clusters

    spans = 0
    for label in set(found.label[found.core].tolist()):
        lads = Counter(rows[i][2] for i in np.flatnonzero(found.core & (found.label == label)))
        enough = max(2, -(-sum(lads.values()) // 10))
        spans += sum(n >= enough for n in lads.values()) >= 2 and bool(PARTNERS & lads.keys())

    assert spans >= 3


def test_the_command_says_what_it_added(module_db, first):
    parser = argparse.ArgumentParser()
    commands.register(parser.add_subparsers())
    off = SimpleNamespace(demo=False)  # outside demo mode there are no demonstration accounts
    context = SimpleNamespace(db=module_db, progress=None, settings=off)

    arguments = parser.parse_args(["demo", "load", "--seed", "1", "--scale", "1"])
    again = arguments.func(arguments, context)

    assert again["incident"] == 0
    with pytest.raises(SystemExit):
        parser.parse_args(["demo", "load", "--scale", "0"])


def test_another_copy_adds_other_records_and_no_second_cluster(db):
    added = service.load(db, seed=5, scale=2)

    assert added["place"] == 244
    assert added["incident"] == 4000
    assert value(db, "select count(distinct ref) from app.incident") == 4000


def test_the_load_is_audited_once(db):
    service.load(db)
    service.load_once(db)

    with db.read(job_actor("test:audit")) as session:
        assert session.scalar(text("select count(*) from app.place")) == 0
    assert audited(db) == 1


def audited(db):
    auditor = replace(LEAD, db_role="cs_audit", role="auditor")
    with db.read(auditor) as session:
        return session.scalar(text("select count(*) from audit.event where action = 'demo.load'"))


def test_the_first_calculation_waits_for_the_worker_once(db, settings):
    for _ in range(2):
        first_calculation.ask_once(db, settings)

    with db.read(LEAD) as session:
        runs = session.execute(text("select source, state from app.cluster_run")).all()
    assert runs == [("partnership", "QUEUED")]
