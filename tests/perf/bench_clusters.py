"""P2: the cluster job out of PostGIS and back, CPU seconds of this process and of the server.

Two figures of ours: what the peers do too (read, cluster, write every member back), and the whole
run with what they leave out: rules R1 and R2, outlines, names, lineage.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from statistics import median
from typing import Any

import numpy as np
from psycopg import sql

from app.clusters import police, queries, results, service
from app.clusters.rules import Settings, Source
from app.clusters.schemas import RunIn
from app.core import bulk, clock
from app.core.ids import new_id
from app.reference import queries as reference
from geo import density
from geo.boundaries import Lads
from tests.perf.london import London, london
from tests.perf.measure import row

EPS_M, MIN_POINTS = 100, 5
RAW = sql.SQL("""
    select easting_m, northing_m from reference.police_event
    join reference.place_point as point on point.id = place_point_id
""")
POSTGIS = """
    create temporary table labels on commit drop as
    select key, ST_ClusterDBSCAN(ST_SetSRID(ST_MakePoint(easting_m, northing_m), 27700),
                                 eps := %s, minpoints := %s) over () as label
    from reference.police_event
    join reference.place_point as point on point.id = place_point_id
"""


@dataclass(frozen=True)
class Bench:
    """One loaded London, and what a run over it is asked for."""

    place: London
    settings: Settings
    lads: Lads

    def cpu_s(self, work: Callable[[], Any]) -> tuple[float, Any]:
        here, there = time.process_time(), self.place.cpu_s()
        answer = work()
        return time.process_time() - here + self.place.cpu_s() - there, answer


def rows(fast: bool) -> Iterator[dict[str, Any]]:
    density.dbscan(np.zeros((2, 2)), np.ones(2, int), 1, 1)  # imports
    for n in (100_000,) if fast else (100_000, 1_000_000):
        with london(n) as place:
            yield from _rows(_bench(place), n, runs=3)


def _bench(place: London) -> Bench:
    wanted = RunIn(source="police", eps_m=EPS_M, eps_days=None, min_points=MIN_POINTS, replicates=0)
    with place.db.read(service.JOB) as session:
        loaded = queries.loaded_window(session)
        lads = reference.lads(session)
    settings = wanted.settings(Source.POLICE, loaded, ("E09000021", "E09000027"), clock.today())
    return Bench(place, settings, lads)


def _rows(bench: Bench, n: int, *, runs: int) -> Iterator[dict[str, Any]]:
    back = [bench.cpu_s(lambda: there_and_back(bench)) for _ in range(runs)]
    ours, (places, clusters) = median(cpu for cpu, _ in back), back[0][1]
    whole = median(bench.cpu_s(lambda: whole_run(bench))[0] for _ in range(runs))
    postgis, postgis_clusters = bench.cpu_s(lambda: with_postgis(bench))
    sklearn, sklearn_clusters = bench.cpu_s(lambda: with_sklearn(bench))
    counts = {"clusters": clusters, "places": places, "whole_run_s": round(whole, 3)}
    name = f"P2 cluster job {EPS_M} m / {MIN_POINTS}, {n:,} events"
    peer = "ST_ClusterDBSCAN, raw events"
    yield row(name, ours, "CPU s", peer, postgis, **counts, peer_clusters=postgis_clusters)
    peer = "scikit-learn, raw events, nothing written"
    yield row(name, ours, "CPU s", peer, sklearn, **counts, peer_clusters=sklearn_clusters)
    peer = "ST_ClusterDBSCAN, raw events, labels only"
    yield row(
        f"P2 whole run with rules, outlines, names, lineage, {n:,} events",
        whole,
        "CPU s",
        peer,
        postgis,
    )


def there_and_back(bench: Bench) -> tuple[int, int]:
    """Read the places, cluster them, write every member."""
    run_id = _asked(bench)
    with bench.place.db.cursor(service.JOB) as cursor:
        study = police.read(cursor, bench.settings, bench.lads)
    events = study.events
    labels = density.dbscan(events.xy_m, events.weight, EPS_M, MIN_POINTS, order=events.order)
    found = np.flatnonzero(labels.label >= 0)
    keys = [new_id().bytes for _ in range(int(labels.label.max()) + 1)]
    kinds = results.ANY_MEMBER | results.POLICE_MEMBER
    data = {
        "cluster_id": np.array(keys, dtype="V16")[labels.label[found]],
        "day": bulk.pg_date(events.day[found]),
        "dates": events.dates[found],
        "n": events.weight[found],
        "is_core": labels.core[found].astype(np.uint8),
    } | {name: study.members[name][found] for name in results.POLICE_MEMBER}
    with bench.place.db.cursor(service.JOB) as cursor:
        bulk.create_temporary(cursor, "member_in", kinds)
        bulk.copy_in(cursor, "member_in", kinds, data)
        cursor.execute(results.INSERT_POLICE_MEMBERS, {"run": run_id, "sites": []})
    return len(events.xy_m), len(keys)


def whole_run(bench: Bench) -> None:
    service.recompute(bench.place.db, _asked(bench))


def _asked(bench: Bench) -> Any:
    wanted = RunIn(source="police", eps_m=EPS_M, eps_days=None, min_points=MIN_POINTS, replicates=0)
    with bench.place.db.begin(service.JOB) as session:
        (run,) = service.ask(session, service.JOB, wanted, bench.settings.partners)
        return run.id


def with_postgis(bench: Bench) -> int:
    with bench.place.admin() as admin, admin.transaction():
        admin.execute(POSTGIS.encode(), (EPS_M, MIN_POINTS))
        counted = admin.execute("select count(distinct label) from labels").fetchone()
    return counted[0]


def with_sklearn(bench: Bench) -> int:
    from sklearn.cluster import DBSCAN

    kinds = {"easting_m": "float8", "northing_m": "float8"}
    with bench.place.db.cursor(service.JOB) as cursor:
        read = bulk.copy_out(cursor, RAW, kinds)
    xy_m = np.column_stack([read["easting_m"], read["northing_m"]])
    labels = DBSCAN(eps=EPS_M, min_samples=MIN_POINTS).fit(xy_m).labels_
    return int(labels.max()) + 1
