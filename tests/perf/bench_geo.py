"""P3 ST-DBSCAN, P12 borough of points: CPU seconds in fresh processes."""

from collections.abc import Iterator
from typing import Any

from tests.perf.measure import in_fresh_process, row

TIMED = """
import json, resource, sys, time
import numpy as np
from tests.perf import data
n = ARGS[0]
xy, day = data.events(n)
w = np.ones(n, dtype=np.int64)
peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
"""

ST = (
    TIMED
    + """
from geo import density
density.st_dbscan(xy[:2000], day[:2000], w[:2000], 250, 28, 5)
t, wall = time.process_time(), time.perf_counter()
found = density.st_dbscan(xy, day, w, 250, 28, 5)
cpu, wall = time.process_time() - t, time.perf_counter() - wall
print(json.dumps({"cpu": cpu, "wall": wall, "peak": peak(),
                  "clusters": int(found.label.max()) + 1}))
"""
)

BOROUGHS = (
    TIMED
    + """
from pathlib import Path
from app.reference.boundaries import read
from app.reference.service import BOROUGHS
from geo.boundaries import Lads, lad_of
found = read(BOROUGHS, code_field="gss_code", name_field="name")
shapes = np.array([b.shape_m for b in found], dtype=object)
lads = Lads(tuple(b.code for b in found), shapes)
lad_of(xy[:1000], lads)
t = time.process_time()
index = lad_of(xy, lads, nearest_m=0)
cpu = time.process_time() - t
t = time.process_time()
packed = np.rint(xy * 10).astype(np.int64) @ np.array([1 << 32, 1])
_, first, at = np.unique(packed, return_index=True, return_inverse=True)
lad_of(xy[first], lads, nearest_m=0)[at]
distinct = time.process_time() - t
import geopandas as gpd
left = gpd.GeoDataFrame(geometry=gpd.points_from_xy(xy[:, 0], xy[:, 1]), crs=27700)
right = gpd.GeoDataFrame({"code": list(lads.codes)}, geometry=list(shapes), crs=27700)
t = time.process_time()
joined = gpd.sjoin(left, right, predicate="within", how="left")
peer = time.process_time() - t
print(json.dumps({"cpu": cpu, "distinct": distinct, "peer": peer,
                  "matched": int((index >= 0).sum()),
                  "peer_matched": int(joined["code"].notna().sum())}))
"""
)


def rows(fast: bool) -> Iterator[dict[str, Any]]:
    runs = 1 if fast else 3
    for n in (100_000,) if fast else (100_000, 1_000_000):
        spacetime = in_fresh_process(ST, n, runs=runs)
        yield row(
            f"P3 ST-DBSCAN 250 m / 28 d / 5, {n:,} events",
            spacetime["cpu"],
            "CPU s",
            clusters=spacetime["clusters"],
            wall_s=round(spacetime["wall"], 3),
            peak_mb=round(spacetime["peak"]),
        )
    n = 100_000 if fast else 1_000_000
    found = in_fresh_process(BOROUGHS, n, runs=runs)
    # The service asks once for each distinct point, as the import stores them.
    yield row(
        f"P12 borough of {n:,} points",
        found["distinct"],
        "CPU s",
        "geopandas.sjoin",
        found["peer"],
        every_event_s=round(found["cpu"], 3),
        matched=found["matched"],
        peer_matched=found["peer_matched"],
    )
