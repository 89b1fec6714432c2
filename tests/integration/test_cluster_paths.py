"""The database and plain arrays give the same clusters; nobody learns from one incident more."""

import csv
import gzip
from dataclasses import replace

import numpy as np
import pytest
from sqlalchemy import text

from app.clusters.police import midpoints
from app.clusters.rules import Source
from app.clusters.schemas import RunIn
from app.core import clock
from app.core.actor import Actor
from app.core.ids import new_id
from app.places.queries import partner_codes
from app.reference import queries as reference
from geo import crossborough
from geo.boundaries import Lads, lad_of
from geo.crossborough import Events
from geo.crs import to_bng
from geo.lineage import content_id
from tests.integration.test_clusters import (
    BRIDGE,
    BURGLARY,
    KINGSTON,
    incident,
    move,
    pattern,
    police_db,
    run,
    scalars,
)

__all__ = ["police_db", "run"]


def settings_of(settings, source, loaded=None, **wanted):
    partners = partner_codes(settings.partnership)
    return RunIn(source=source, replicates=0, **wanted).settings(
        Source(source), loaded, partners, clock.today()
    )


def test_records_in_the_database_and_in_plain_arrays_have_the_same_ids(db, run, lead, settings):
    rows = {}
    for k in range(60):
        x, y = BRIDGE[0] + 90.5 * (k % 7) - 200, BRIDGE[1] + 110.5 * (k % 5)
        days = 3 * (k % 40) + 1
        rows[str(incident(db, lead, x, y, days))] = (x, y, days)
    ids = sorted(rows)
    xy_m = np.array([rows[key][:2] for key in ids])
    today = int(np.datetime64(clock.today(), "D").astype(int))
    day = np.array([today - rows[key][2] for key in ids])
    names = [f"pE{x:.1f}N{y:.1f}" for x, y in xy_m.tolist()]
    site = np.unique(names, return_inverse=True)[1]
    with db.read(lead) as session:
        lads = reference.lads(session)
    asked = settings_of(settings, "partnership")

    events = Events(
        np.lexsort((np.arange(60), day, site)).argsort(), site, xy_m, day, np.ones(60, int),
        lad_of(xy_m, lads), np.ones(60, bool),
    )  # fmt: skip
    pure = crossborough.run(events, lads, asked.geo(), snapshot_day=today).hot_spots
    stored = run(db, "--source", "partnership")["clusters"]

    assert {c["id"] for c in stored} == {
        content_id(asked.hash(), [ids[i] for i in spot.members[spot.core]]) for spot in pure
    }
    assert sorted(c["n"] for c in stored) == sorted(spot.n for spot in pure)
    assert len(stored) >= 1


@pytest.mark.parametrize("eps_days", [28, 31])
def test_published_files_in_the_database_and_in_plain_arrays_have_the_same_ids(
    police_db, run, settings, shared, eps_days
):
    counts = {}
    with gzip.open(shared / BURGLARY, "rt") as file:
        for row in csv.DictReader(file):
            if row["Longitude"]:
                lon, lat = (round(float(row[name]) * 1e6) for name in ("Longitude", "Latitude"))
                year, month = (int(part) for part in row["Month"].split("-"))
                key = (lon, lat, 12 * (year - 2000) + month - 1)
                counts[key] = counts.get(key, 0) + 1
    keys = sorted(counts)
    point = np.array([key[:2] for key in keys])
    day = midpoints(np.array([key[2] for key in keys]))
    n = np.array([counts[key] for key in keys])
    stored = run(police_db, "--source", "police", "--eps-days", str(eps_days))["clusters"]
    asked = settings_of(settings, "police", (clock.today(), clock.today()), eps_days=eps_days)

    every, first, site = np.unique(point, axis=0, return_index=True, return_inverse=True)
    xy_m = to_bng(every / 1e6)
    events = Events(
        np.arange(len(keys)), site.ravel(), xy_m[site.ravel()], day, n,
        np.full(len(keys), -1), np.ones(len(keys), bool),
    )  # fmt: skip
    none = Lads((), np.empty(0, dtype=object))
    pure = crossborough.run(events, none, asked.geo(), snapshot_day=0).hot_spots
    tokens = [
        f"{x},{y},{d},{d},{k}"
        for (x, y), d, k in zip(point.tolist(), day.tolist(), n.tolist(), strict=True)
    ]

    assert {c["id"] for c in stored} == {
        content_id(asked.hash(), [tokens[i] for i in spot.members[spot.core]]) for spot in pure
    }
    assert len(first) > 2000


# What leaves


TABLES = ("cluster", "cluster_member", "cluster_run", "cluster_lineage")


@pytest.mark.parametrize("role", ["partner", "vca_member"])
def test_one_incident_among_five_changes_nothing_that_may_be_read(db, run, lead, role):
    ids = pattern(db, lead, n=5)
    reader = Actor(
        id=new_id(), role=role, label="a reader of releases", boroughs=(KINGSTON,), tiers=("H0",)
    )

    def readable():
        run(db, "--source", "partnership", "--replicates", "99")
        with db.read(reader) as session:
            return {
                table: [tuple(row) for row in session.execute(text(f"select * from app.{table}"))]
                for table in TABLES
            }

    before = readable()
    move(db, lead, ids[:1], state="WITHDRAWN")
    after = readable()

    assert after == before
    assert scalars(db, lead, "select count(*) from app.cluster") == [1]


def test_no_token_of_a_child_and_no_point_is_in_what_is_stored(db, run, lead):
    pattern(db, lead, n=9)
    run(db, "--source", "partnership", "--replicates", "99")

    stored = str(scalars(db, lead, "select evidence::text from app.cluster"))
    children = scalars(
        db, replace(lead, purpose="PLAN", purpose_for="*"), "select id from app.child"
    )

    assert not [key for key in children if str(key) in stored]
    assert str(int(BRIDGE[0])) not in stored
