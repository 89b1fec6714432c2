"""P11: a million street rows, with borough, key and idempotence, beside tools that do less."""

import csv
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import psycopg

from app.core.db import Database
from app.core.migrate import bootstrap_and_migrate
from app.core.postgres import PrivateCluster
from app.imports import service
from app.reference import service as reference
from tests.perf import data
from tests.perf.measure import cluster_cpu_s, process_cpu_s, row

KEY = b"key of the benchmark"
HEADER = (
    "Crime ID,Month,Reported by,Falls within,Longitude,Latitude,Location,LSOA code,LSOA name,"
    "Crime type,Last outcome category,Context\n"
)
TABLE = (
    "drop table if exists raw; create {kind} table raw ("
    + ", ".join(f"c{i} text" for i in range(12))
    + ")"
)


class Logins:
    def __init__(self, cluster: PrivateCluster) -> None:
        self.cluster = cluster

    def dsn(self, role: str) -> str:
        return self.cluster.dsn(role, "contextmap")


@contextmanager
def running() -> Iterator[tuple[PrivateCluster, Database]]:
    """A durable cluster of its own, as the service runs it."""
    folder = Path(tempfile.mkdtemp(prefix="contextmap-bench-"))
    cluster = PrivateCluster(folder)
    cluster.start()
    try:
        admin, migrator = (
            cluster.dsn("postgres", "contextmap"),
            cluster.dsn("cs_migrate", "contextmap"),
        )
        bootstrap_and_migrate(admin, migrator, claims_key=KEY)
        db = Database(Logins(cluster), KEY)
        reference.load_packaged(db)
        yield cluster, db
        db.dispose()
    finally:
        cluster.stop()
        shutil.rmtree(folder, ignore_errors=True)


def street_file(path: Path, n: int) -> None:
    """`n` rows in the native layout; every tenth anti-social behaviour without a Crime ID."""
    from geo import crs

    xy_m, day = data.events(n)
    lonlat = crs.to_wgs84(xy_m).round(6)
    months = (np.datetime64("1970-01-01") + day).astype("datetime64[M]").astype(str)
    rng = np.random.default_rng(2)
    digits = rng.integers(0, 1 << 62, (n, 4))
    outcomes = ["Investigation complete; no suspect identified", "Under investigation", ""]
    with path.open("w", newline="") as out:
        out.write(HEADER)
        writer = csv.writer(out)
        for i in range(n):
            asb = i % 10 == 0
            crime = "" if asb else "".join(f"{part:016x}" for part in digits[i].tolist())
            writer.writerow(
                [
                    crime,
                    months[i],
                    "Metropolitan Police Service",
                    "Metropolitan Police Service",
                    f"{lonlat[i, 0]:.6f}",
                    f"{lonlat[i, 1]:.6f}",
                    f"On or near Street {i % 20_000}",
                    f"E0100{i % 5_000:04}",
                    f"Area {i % 5_000}",
                    "Anti-social behaviour" if asb else "Burglary",
                    "" if asb else outcomes[i % 3],
                    "",
                ]
            )


def timed(cluster: PrivateCluster, work: Any) -> tuple[float, float]:
    """CPU seconds of this process, its children and the cluster; and wall seconds."""
    postmaster = cluster.pid() or 0
    before = process_cpu_s(os.getpid()) + cluster_cpu_s(postmaster)
    began = time.monotonic()
    work()
    wall = time.monotonic() - began
    return process_cpu_s(os.getpid()) + cluster_cpu_s(postmaster) - before, wall


def rows(fast: bool) -> Iterator[dict[str, Any]]:
    n = 100_000 if fast else 1_000_000
    with tempfile.TemporaryDirectory() as folder, running() as (cluster, db):
        path = Path(folder) / "2024-01-metropolitan-street.csv"
        street_file(path, n)
        admin = cluster.dsn("postgres", "contextmap")
        raw = timed(cluster, lambda: copy_raw(admin, path))
        first = timed(cluster, lambda: bring_in(db, path))
        again = timed(cluster, lambda: bring_in(db, path))
        peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        ogr = timed(cluster, lambda: ogr2ogr(admin, path))
        pandas = timed(cluster, lambda: to_postgis(admin, path))
    name = f"P11 import of {n:,} street rows"
    yield row(
        name, first[0], "CPU s", "ogr2ogr, no borough, no key", ogr[0], wall_s=round(first[1], 1)
    )
    yield row(name, first[0], "CPU s", "geopandas.to_postgis, no borough, no key", pandas[0])
    yield row(
        name,
        first[0],
        "CPU s",
        "raw COPY of the text (the limit)",
        raw[0],
        times_the_limit=round(first[0] / raw[0], 2),
        peak_mb=round(peak_mb),
    )
    yield row(f"P11 the same {n:,} rows again", again[0], "CPU s", wall_s=round(again[1], 1))


def copy_raw(dsn: str, path: Path) -> None:
    with psycopg.connect(dsn) as connection, path.open("rb") as file:
        connection.execute(TABLE.format(kind="").encode())
        with connection.cursor().copy("copy raw from stdin (format csv, header)") as copy:
            while block := file.read(1 << 20):
                copy.write(block)


def bring_in(db: Database, path: Path) -> None:
    service.police_street(db, [path], service.Options(), lambda *_: None)


def ogr2ogr(dsn: str, path: Path) -> None:
    info = psycopg.conninfo.conninfo_to_dict(dsn)
    target = f"PG:host={info['host']} user={info['user']} dbname={info['dbname']}"
    subprocess.run(
        [
            "ogr2ogr",
            "-f",
            "PostgreSQL",
            target,
            str(path),
            "-nln",
            "by_ogr",
            "-overwrite",
            "-oo",
            "X_POSSIBLE_NAMES=Longitude",
            "-oo",
            "Y_POSSIBLE_NAMES=Latitude",
            "-s_srs",
            "EPSG:4326",
            "-t_srs",
            "EPSG:27700",
            "--config",
            "PG_USE_COPY",
            "YES",
        ],
        check=True,
        stderr=subprocess.DEVNULL,
    )


TO_POSTGIS = """
import sys
import geopandas as gpd, pandas as pd, sqlalchemy
frame = pd.read_csv(sys.argv[2])
points = gpd.points_from_xy(frame["Longitude"], frame["Latitude"], crs=4326)
gpd.GeoDataFrame(frame, geometry=points).to_crs(27700).to_postgis(
    "by_geopandas", sqlalchemy.create_engine(sys.argv[1]), if_exists="replace")
"""


def to_postgis(dsn: str, path: Path) -> None:
    url = dsn.replace("postgresql://", "postgresql+psycopg://", 1)
    subprocess.run([sys.executable, "-c", TO_POSTGIS, url, str(path)], check=True)
