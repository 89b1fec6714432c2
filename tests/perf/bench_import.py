"""P11: a million street rows with key, place and borough, beside tools that only copy them."""

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

from app.accounts.install import prepare
from app.core.db import Database
from app.core.postgres import PrivateCluster
from app.core.settings import Settings
from app.reference import service as reference
from tests.perf.measure import cluster_cpu_s, row
from tests.perf.street import written

ROOT = Path(__file__).resolve().parents[2]
COLUMNS = (
    "crime_id", "month", "reported_by", "falls_within", "longitude", "latitude", "location",
    "lsoa_code", "lsoa_name", "crime_type", "last_outcome_category", "context",
)  # fmt: skip
TIMED = """
import json, time
from pathlib import Path
def told(began, **more):
    # Of this program: ru_maxrss would begin with the memory of the one that started it.
    status = Path("/proc/self/status").read_text()
    peak = int(status.partition("VmHWM:")[2].split()[0]) / 1024
    print(json.dumps({"cpu": time.process_time() - began, "peak": peak} | more))
"""
OURS = (
    TIMED
    + """
from app.core.db import Database
from app.core.settings import Settings
from app.imports import service
settings = Settings(data_dir=Path(ARGS[0]), demo=False, database_url=None)
db = Database(settings, settings.claims_key())
began = time.process_time()
ref, tally = service.police_events(db, [Path(ARGS[1])], service.Options(), lambda *_: None)
told(began, ref=ref, **tally.numbers())
"""
)
STREETS = (
    TIMED
    + """
from app.core.db import Database
from app.core.settings import Settings
from app.imports import service
settings = Settings(data_dir=Path(ARGS[0]), demo=False, database_url=None)
db = Database(settings, settings.claims_key())
began = time.process_time()
with db.cursor(service.JOB) as cursor:
    service.name_streets(cursor)
told(began)
"""
)
UNDO = (
    TIMED
    + """
from app.core.db import Database
from app.core.settings import Settings
from app.imports import service, undo
settings = Settings(data_dir=Path(ARGS[0]), demo=False, database_url=None)
db = Database(settings, settings.claims_key())
began = time.process_time()
with db.cursor(service.JOB) as cursor:
    done = undo.undo(cursor, ARGS[1], service.JOB)
told(began, **done._asdict())
"""
)
COPY = (
    TIMED
    + """
import psycopg
began = time.process_time()
with psycopg.connect(ARGS[0]) as connection, connection.cursor() as cursor:
    with cursor.copy("copy peer.copied from stdin (format csv, header)") as copy, \
            open(ARGS[1], "rb") as stream:
        while block := stream.read(1 << 20):
            copy.write(block)
told(began)
"""
)
TO_POSTGIS = (
    TIMED
    + """
import geopandas, pandas, sqlalchemy
engine = sqlalchemy.create_engine(ARGS[0].replace("postgresql:", "postgresql+psycopg:"))
began = time.process_time()
read = pandas.read_csv(ARGS[1])
points = geopandas.points_from_xy(read.pop("Longitude"), read.pop("Latitude"), crs=4326)
frame = geopandas.GeoDataFrame(read, geometry=points)
frame.to_postgis("to_postgis", engine, schema="peer", if_exists="replace")
told(began)
"""
)


def rows(fast: bool) -> Iterator[dict[str, Any]]:
    n = 100_000 if fast else 1_000_000
    with bare_cluster() as place:
        path = written(place.folder / "2026-01-bench-street.csv", n)
        plain = place.spent(COPY, place.cluster.dsn("postgres"), path)
        ogr = place.spent_by_ogr2ogr(path)
        frame = place.spent(TO_POSTGIS, place.cluster.dsn("postgres"), path)
        ours = place.spent(OURS, place.folder, path)
        again = place.spent(OURS, place.folder, path)
        streets = place.spent(STREETS, place.folder)  # for the gazetteer, after the import
        passed = place.spent(UNDO, place.folder, ours["ref"])  # to the second, row by row
        gone = place.spent(UNDO, place.folder, again["ref"])
    if (ours["imported"], again["imported"]) != (n, 0):
        raise AssertionError(f"{n} rows, but {ours['imported']} and {again['imported']} imported")
    if (passed["kept"], gone["removed"]) != (n, n):
        raise AssertionError(f"{n} rows, but {passed['kept']} kept and {gone['removed']} removed")
    facts = {
        "backend_s": round(ours["backend"], 2),
        "peak_mb": round(ours["peak"]),
        "again_s": round(again["total"], 2),
        "streets_s": round(streets["total"], 2),
        "undo_s": round(gone["total"], 2),
        "undo_of_overlap_s": round(passed["total"], 2),
        "times_the_copy": round(ours["total"] / plain["total"], 2),
    }
    name = f"P11 import {n:,} street rows"
    for peer, theirs in (
        ("ogr2ogr, PG_USE_COPY, no key, no borough", ogr),
        ("geopandas.to_postgis, no key, no borough", frame),
        ("COPY of the text, unlogged, nothing else", plain),
    ):
        yield row(name, ours["total"], "CPU s, client and server", peer, theirs["total"], **facts)


class Place:
    """A cluster of its own with the packaged data and tables for the peers."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.cluster = PrivateCluster(folder)
        self.settings = Settings(data_dir=folder, demo=False, database_url=None)

    def prepare(self) -> None:
        prepare(self.settings)
        db = Database(self.settings, self.settings.claims_key())
        reference.load_packaged(db)
        db.dispose()
        with psycopg.connect(self.cluster.dsn("postgres"), autocommit=True) as admin:
            admin.execute("alter system set autovacuum = off")  # none of these pays for it
            admin.execute("select pg_reload_conf()")
            admin.execute("create schema peer")
            columns = ", ".join(f"{name} text" for name in COLUMNS)
            admin.execute(f"create unlogged table peer.copied ({columns})")

    def spent(self, code: str, *arguments: object) -> dict[str, Any]:
        """CPU seconds of the work, in a fresh process once it has loaded, and of the server."""
        return self._spent(
            [sys.executable, "-c", f"ARGS = {[str(a) for a in arguments]!r}\n{code}"]
        )

    def spent_by_ogr2ogr(self, path: Path) -> dict[str, Any]:
        """Measured by a parent, its start included: 0.1 s."""
        target = f"PG:host={self.cluster.socket_dir} user=postgres dbname=contextmap"
        command = [
            "ogr2ogr", "-f", "PostgreSQL", target, str(path), "-nln", "peer.ogr",
            "--config", "PG_USE_COPY", "YES", "-oo", "X_POSSIBLE_NAMES=Longitude",
            "-oo", "Y_POSSIBLE_NAMES=Latitude", "-a_srs", "EPSG:4326",
        ]  # fmt: skip
        code = (
            "import json, resource, subprocess\n"
            f"subprocess.run({command!r}, check=True)\n"
            "used = resource.getrusage(resource.RUSAGE_CHILDREN)\n"
            'print(json.dumps({"cpu": used.ru_utime + used.ru_stime, "peak": 0}))'
        )
        return self._spent([sys.executable, "-c", code])

    def _spent(self, command: list[str]) -> dict[str, Any]:
        pid = self.cluster.pid() or 0
        with psycopg.connect(self.cluster.dsn("postgres"), autocommit=True) as admin:
            admin.execute("checkpoint")
        before = cluster_cpu_s(pid)
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
        if done.returncode:
            raise RuntimeError(done.stderr.strip().splitlines()[-1])
        backend = cluster_cpu_s(pid) - before
        found = json.loads(done.stdout.strip().splitlines()[-1])
        return found | {"backend": backend, "total": found["cpu"] + backend}


@contextmanager
def bare_cluster() -> Iterator[Place]:
    folder = Path(tempfile.mkdtemp(prefix="contextmap-bench-"))
    place = Place(folder)
    place.cluster.start()
    try:
        place.prepare()
        yield place
    finally:
        place.cluster.stop()
        shutil.rmtree(folder, ignore_errors=True)
