"""P4 Gi* and the false discovery rate of a grid of counts: CPU seconds in fresh processes."""

from collections.abc import Iterator
from typing import Any

from tests.perf.measure import in_fresh_process, row

TIMED = """
import json, resource, sys, time
import numpy as np
rows, columns = ARGS
counts = np.random.default_rng(4).poisson(3, (rows, columns)).astype(float)
counts[20:40, 20:40] += 4
peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
"""

OURS = (
    TIMED
    + """
from statistics import median
np.ones(4_000_000).sum()  # a process that has held data: the next arrays need no new pages
from geo.hotspots import gi_grid
gi_grid(counts)  # imports
times = []
for _ in range(9):
    t = time.process_time()
    found = gi_grid(counts)
    times.append(time.process_time() - t)
print(json.dumps({"cpu": median(times), "peak": peak(), "hot": int((found.q <= 0.05).sum()),
                  "z": found.z.ravel().tolist()}))
"""
)

ESDA = (
    TIMED
    + """
import warnings
warnings.simplefilter("ignore")
import esda, libpysal
t = time.process_time()
w = libpysal.weights.lat2W(rows, columns, rook=False)
built = time.process_time() - t
t = time.process_time()
found = esda.G_Local(counts.ravel(), w, transform="B", permutations=0, star=True)
cpu = time.process_time() - t
print(json.dumps({"cpu": cpu, "built": built, "peak": peak(),
                  "z": np.asarray(found.Zs).ravel().tolist()}))
"""
)


PERMUTED = (
    TIMED
    + """
from geo.hotspots import gi_perm
from geo.weights import Grid
mask = np.ones(counts.shape, dtype=bool)
gi_perm(counts[:50, :50].ravel(), Grid(mask[:50, :50]), key="bench", replicates=9)
t = time.process_time()
gi_perm(counts.ravel(), Grid(mask), key="bench")
print(json.dumps({"cpu": time.process_time() - t, "peak": peak()}))
"""
)


def rows(fast: bool) -> Iterator[dict[str, Any]]:
    shape = (100, 100) if fast else (316, 317)
    cells = shape[0] * shape[1]
    ours = in_fresh_process(OURS, *shape, runs=1)
    theirs = in_fresh_process(ESDA, *shape, runs=1)
    yield row(
        f"P4 Gi* with false discovery rate, {cells:,} cells",
        ours["cpu"],
        "CPU s",
        "libpysal weights and esda G_Local, analytic",
        theirs["built"] + theirs["cpu"],
        ratio_weights_given=round(theirs["cpu"] / ours["cpu"], 1),
        largest_z_difference=max(abs(a - b) for a, b in zip(ours["z"], theirs["z"], strict=True)),
        hot=ours["hot"],
        peak_mb=round(ours["peak"]),
        peer_peak_mb=round(theirs["peak"]),
    )
    permuted = in_fresh_process(PERMUTED, *shape, runs=3)
    yield row(
        f"Gi* by 999 permutations, {cells:,} cells",
        permuted["cpu"],
        "CPU s",
        peak_mb=round(permuted["peak"]),
    )
