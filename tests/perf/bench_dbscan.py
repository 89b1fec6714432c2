"""P1: DBSCAN of police-like points, beside scikit-learn, the C++ of Wang, Gu and Shun, and PostGIS.

CPU seconds of the algorithm on one core, each in a fresh process; PostGIS in its backend. The C++
reads the whole points; so do scikit-learn and PostGIS, as people use them. Ours is given places
with their numbers of events, as the service stores them; `collapse_s` is what making them costs.
"""

import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg

from app.core.postgres import PrivateCluster
from tests.perf import data
from tests.perf.measure import in_fresh_process, process_cpu_ms, row

EPS_M, MIN_POINTS = 100, 5

TIMED = """
import os
os.environ["PARLAY_NUM_THREADS"] = "1"
import json, resource, time
import numpy as np
from tests.perf import data
n, eps, least = ARGS
xy, _ = data.events(n)
def timed(work):
    began, at = time.process_time(), time.perf_counter()
    found = work()
    return found, {"cpu": time.process_time() - began, "wall": time.perf_counter() - at}
def told(spent, **more):
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps(spent | {"peak": peak} | more))
"""
OURS = (
    TIMED
    + """
from geo import density
density.dbscan(xy[:2000], np.ones(2000, dtype=np.int64), eps, least)  # imports
def collapse():
    key = np.rint(xy * 10).astype(np.int64)
    return np.unique(key[:, 0] << 32 | key[:, 1], return_index=True, return_counts=True)
(_, first, count), collapsed = timed(collapse)
found, spent = timed(lambda: density.dbscan(xy[first], count, eps, least))
told(spent, collapse=collapsed["cpu"], places=len(first), clusters=int(found.label.max()) + 1)
"""
)
SKLEARN = (
    TIMED
    + """
from sklearn.cluster import DBSCAN
ask = lambda points: DBSCAN(eps=eps, min_samples=least, algorithm="kd_tree").fit(points)
ask(xy[:2000])
found, spent = timed(lambda: ask(xy))
told(spent, clusters=int(found.labels_.max()) + 1)
"""
)
WANG = (
    TIMED
    + """
from dbscan import DBSCAN
DBSCAN(xy[:2000], eps, least)
(labels, core), spent = timed(lambda: DBSCAN(xy, eps, least))
told(spent, clusters=int(labels.max()) + 1)
"""
)
POSTGIS = """
    create temporary table label as
    select ST_ClusterDBSCAN(geom, eps := %s, minpoints := %s) over () as of from peer_event
"""


def rows(fast: bool) -> Iterator[dict[str, Any]]:
    for n in (100_000,) if fast else (100_000, 1_000_000):
        asked = (n, EPS_M, MIN_POINTS)
        ours = in_fresh_process(OURS, *asked, runs=3)
        peers = {
            "dbscan (Wang, Gu, Shun; C++), whole events": in_fresh_process(WANG, *asked, runs=3),
            "scikit-learn kd_tree, whole events": in_fresh_process(SKLEARN, *asked, runs=1),
            "PostGIS ST_ClusterDBSCAN, whole events": postgis(n),
        }
        for peer, theirs in peers.items():
            if theirs["clusters"] != ours["clusters"]:
                raise AssertionError(f"{peer}: {theirs['clusters']} clusters, {ours['clusters']}")
            yield compared(n, ours, peer, theirs)


def compared(n: int, ours: dict[str, float], peer: str, theirs: dict[str, float]) -> dict[str, Any]:
    return row(
        f"P1 DBSCAN {EPS_M} m / {MIN_POINTS}, {n:,} events",
        ours["cpu"],
        "CPU s",
        peer,
        theirs["cpu"],
        wall_s=round(ours["wall"], 4),
        peer_wall_s=round(theirs["wall"], 3),
        collapse_s=round(ours["collapse"], 3),
        places=int(ours["places"]),
        clusters=int(ours["clusters"]),
        peak_mb=round(ours["peak"]),
        peer_peak_mb=round(theirs["peak"]),
    )


def postgis(n: int) -> dict[str, float]:
    """CPU and peak memory of the backend that clusters the same points."""
    folder = Path(tempfile.mkdtemp(prefix="contextmap-bench-"))
    cluster = PrivateCluster(folder)
    try:
        cluster.start()
        with psycopg.connect(cluster.dsn("postgres", "postgres"), autocommit=True) as admin:
            return _clustered(admin, n)
    finally:
        cluster.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _clustered(admin: psycopg.Connection, n: int) -> dict[str, float]:
    admin.execute("create extension if not exists postgis")
    admin.execute("create temporary table peer_given (x float8, y float8)")
    with admin.cursor().copy("copy peer_given from stdin") as copy:
        for x, y in data.events(n)[0].tolist():
            copy.write_row((x, y))
    admin.execute(
        "create temporary table peer_event as "
        "select ST_SetSRID(ST_MakePoint(x, y), 27700) as geom from peer_given"
    )
    pid = admin.info.backend_pid
    before, at = process_cpu_ms(pid), time.perf_counter()
    admin.execute(POSTGIS, (EPS_M, MIN_POINTS))
    spent, wall = (process_cpu_ms(pid) - before) / 1000, time.perf_counter() - at
    status = Path(f"/proc/{pid}/status").read_text()
    found = admin.execute("select count(distinct of) from label").fetchone()
    return {
        "cpu": spent,
        "wall": wall,
        "peak": int(status.partition("VmHWM:")[2].split()[0]) / 1024,
        "clusters": found[0] if found else 0,
    }
