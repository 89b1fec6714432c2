"""A data folder with police-like events imported over London, and programs that serve from it."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path

import numpy as np
import psycopg
import pyarrow as pa
import pyarrow.csv

from app.accounts.install import prepare
from app.core.db import Database
from app.core.postgres import PrivateCluster
from app.core.settings import Settings
from app.demo import service as demo
from app.imports import service as imports
from app.reference import service as reference
from geo import crs
from tests.perf import data
from tests.perf.measure import cluster_cpu_s

ROOT = Path(__file__).resolve().parents[2]
CATEGORIES = np.array(
    ["Anti-social behaviour", "Burglary", "Vehicle crime", "Violence and sexual offences"]
)


@dataclass(frozen=True)
class London:
    """The folder, its cluster, and a login that no policy holds."""

    settings: Settings
    cluster: PrivateCluster
    db: Database

    def admin(self) -> psycopg.Connection:
        return psycopg.connect(self.cluster.dsn("postgres"), autocommit=True)

    def cpu_s(self) -> float:
        return cluster_cpu_s(self.cluster.pid() or 0)


@contextmanager
def london(n: int) -> Iterator[London]:
    """`n` events imported as an operator would import them, beside the demonstration records."""
    folder = Path(tempfile.mkdtemp(prefix="contextmap-bench-"))
    settings = Settings(data_dir=folder, demo=False, database_url=None)
    cluster = PrivateCluster(settings.data_dir)
    cluster.start()
    try:
        prepare(settings)
        db = Database(settings, settings.claims_key())
        reference.load_packaged(db)
        written = street_file(folder / "2026-01-bench-street.csv", n)
        demo.load(db)
        imports.police_street(db, [written], imports.Options(), lambda *_: None)
        place = London(settings, cluster, db)
        with place.admin() as admin:
            admin.execute("vacuum analyze")
        yield place
        db.dispose()
    finally:
        cluster.stop()
        shutil.rmtree(folder, ignore_errors=True)


def street_file(path: Path, n: int) -> Path:
    """The twelve columns of the publisher; months and categories are drawn."""
    metres, day = (column[:n] for column in data.events(2 * n))  # twice as many points
    lonlat = np.round(crs.to_wgs84(metres), 6)
    rng = np.random.default_rng(2)
    blank = pa.nulls(n, pa.string())
    force = pa.array(["Metropolitan Police Service"] * n)
    columns = {
        "Crime ID": blank,
        "Month": day.astype("datetime64[D]").astype("datetime64[M]").astype(str),
        "Reported by": force,
        "Falls within": force,
        "Longitude": lonlat[:, 0],
        "Latitude": lonlat[:, 1],
        "Location": pa.array(["On or near High Street"] * n),
        "LSOA code": blank,
        "LSOA name": blank,
        "Crime type": CATEGORIES[rng.integers(0, len(CATEGORIES), n)],
        "Last outcome category": blank,
        "Context": blank,
    }
    pa.csv.write_csv(pa.table(columns), path)
    return path


@contextmanager
def serving(command: Sequence[str], port: int, path: str, env: dict[str, str]) -> Iterator[int]:
    """A web server until the block ends; yields its process id once `path` answers."""
    server = subprocess.Popen(
        [sys.executable, "-m", "uvicorn", *command, "--port", str(port), "--loop", "uvloop",
         "--http", "httptools", "--no-access-log", "--log-level", "error"],
        cwd=ROOT,
        env=os.environ | env,
    )  # fmt: skip
    try:
        until = time.monotonic() + 120
        while not answers(port, path):
            if server.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"{command[0]} did not start")
            time.sleep(0.1)
        yield server.pid
    finally:
        server.terminate()
        server.wait(timeout=20)


def answers(port: int, path: str) -> bool:
    connection = HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status < 400
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()
