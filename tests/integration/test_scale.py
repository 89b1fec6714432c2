"""`contextmap scale run postgis`: police events of the database, as `clusters run` finds them."""

from argparse import ArgumentParser
from types import SimpleNamespace

import numpy as np
import psycopg
import pyarrow.parquet as pq
import pytest
from sqlalchemy import text

from app.clusters import commands as clusters
from app.clusters.service import JOB
from app.core.actor import job_actor
from app.core.errors import InvalidError, ReadOnlyError
from app.core.progress import Progress
from app.scale import commands, queries
from app.scale.rules import Asked
from tests import national

POLICE_JOB = job_actor("imports:police_street")
MONTHS = 30


@pytest.fixture
def run(settings, tmp_path):
    def command(db, slice_commands, *arguments):
        parser = ArgumentParser()
        slice_commands.register(parser.add_subparsers())
        given = parser.parse_args(list(arguments))
        context = SimpleNamespace(db=db, settings=settings, progress=Progress(enabled=False))
        return given.func(given, context)

    return command


@pytest.fixture
def police(db):
    """Synthetic points around the corner of four tiles, each with some months."""
    xy_m, _ = national.study(scattered=300)
    place = np.unique(xy_m, axis=0)
    rng = np.random.default_rng(5)
    months = [
        sorted({(280 + int(m)) << 16 | int(n) for m, n in rng.integers(1, MONTHS, (3, 2))})
        for _ in place
    ]
    months = [list({packed >> 16: packed for packed in some}.values()) for some in months]
    with db.begin(POLICE_JOB) as session:
        session.execute(
            text("""
                insert into reference.place_point
                    (id, lon_e6, lat_e6, easting_m, northing_m, mx, my, qk, lad_code, n_events,
                     months)
                values (:id, :lon, :lat, :x, :y, 0, 0, 0, null, :n, :months)
            """),
            [
                {
                    "id": k + 1, "lon": -200_000 + k, "lat": 51_000_000 + 3 * k, "x": float(x),
                    "y": float(y), "n": sum(m & 0xFFFF for m in some), "months": some,
                }
                for k, ((x, y), some) in enumerate(zip(place, months, strict=True))
            ],
        )  # fmt: skip
    return db


@pytest.mark.parametrize("days", ["31", "none"])
def test_ids_and_p_are_those_of_clusters_run(police, run, tmp_path, days):
    asked = ("--eps-days", days, "--replicates", "99", "--min-points", "20")
    known = run(police, clusters, "clusters", "run", "--source", "police", *asked)["clusters"]

    answer = run(
        police, commands, "scale", "run", "postgis", "--out", str(tmp_path / "out"), "--tile-km",
        "5", *asked,
    )  # fmt: skip

    told = pq.read_table(tmp_path / "out/clusters.parquet").to_pylist()
    columns = ("id", "n", "n_core", "p_emerging")
    assert [tuple(c[name] for name in columns) for c in told] == [
        tuple(c[name] for name in columns) for c in known
    ]
    assert answer["clusters"] == len(known) > 3
    assert answer["tiles"] > 10


def test_asking_leaves_a_trace_and_nothing_else_is_written(police, run, tmp_path):
    run(
        police, commands, "scale", "run", "postgis", "--out", str(tmp_path), "--replicates", "0",
        "--areas", "each",
    )  # fmt: skip

    with police.read(job_actor("audit:seal", db_role="cs_audit")) as session:
        seen = session.execute(
            text("select action, role, object_type, detail from audit.event")
        ).all()
    assert [tuple(row) for row in seen] == [("scale.run", "job", "scale", {"source": "police"})]


def test_events_are_read_in_a_transaction_that_cannot_write(police, monkeypatch):
    def write(cursor, *_):
        cursor.execute("create temporary table left_behind (id int)")

    monkeypatch.setattr(queries.police, "read", write)

    with pytest.raises(ReadOnlyError) as refused:
        queries.read(police, Asked(), (None, None), ())
    assert isinstance(refused.value.__cause__, psycopg.errors.ReadOnlySqlTransaction)
    assert JOB.db_role == "cs_job"


def test_a_database_without_police_events_is_refused(db, run, tmp_path):
    with pytest.raises(InvalidError, match="No police incidents are loaded"):
        run(db, commands, "scale", "run", "postgis", "--out", str(tmp_path))
