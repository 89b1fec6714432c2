"""Space-time permutation scan with 999 replicates: CPU and wall seconds in fresh processes.

No Python package has the method, so the peer is the plain way in numpy: every replicate sums the
cylinders of each centre and takes the logarithms of all that exceed their expectation.
"""

from collections.abc import Iterator
from typing import Any

from tests.perf.measure import in_fresh_process, row

RADIUS_M, WEEKS, REPLICATES = 1_000, 12, 999
FEW = 3  # replicates of the peer, whose time for 999 is so many times that of one

TIMED = """
import json, resource, time
import numpy as np
from geo import scan
from tests.perf import dated
n, copies, radius, weeks, replicates, workers, times = ARGS
xy, day = dated.last(n, dated.TWO_BOROUGHS if copies == 1 else dated.ALL, copies=copies)
xy = xy.round(1)
def collapsed():
    places, at = np.unique(xy, axis=0, return_inverse=True)
    starts = scan.unit_starts(int(day.min()), int(day.max()), 7)
    return places, scan.cases_by_unit(at, day, starts, places=len(places), weight=times)
def told(wall, cpu, **more):
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu,
                      "peak": peak} | more))
"""

OURS = (
    TIMED
    + """
scan.space_time_permutation(xy[:4], np.eye(4, dtype=int), replicates=9, max_radius=1)  # imports
wall, cpu = time.perf_counter(), time.process_time()
places, cases = collapsed()
found = scan.space_time_permutation(places, cases, max_radius=radius, max_window=weeks,
                                    replicates=replicates, workers=workers, key="bench")
told(wall, cpu, places=len(places), cylinders=found.cylinders, llr=found.clusters[0].llr, p=found.p,
     median=float(np.median(found.maxima)))
"""
)

PLAIN = (
    TIMED
    + """
from geo.scan.periods import windows
places, cases = collapsed()
laid = scan.zones(places, size=cases.sum(axis=1), max_radius=radius)
over = windows(cases.shape[1], "prospective", max_window=weeks)
total, of_place = cases.sum(), cases.sum(axis=1)
of_window = over.sums(over.segments(cases)).sum(axis=0)
event, when = np.repeat(np.indices(cases.shape).reshape(2, -1), cases.ravel(), axis=1)
rng = np.random.default_rng(1)
wall, cpu = time.perf_counter(), time.process_time()
best = []
for _ in range(replicates):
    table = np.zeros_like(cases)
    np.add.at(table, (event, rng.permutation(when)), 1)
    sums, most = over.sums(over.segments(table)), 0.0
    for a, b in zip(laid.start[:-1], laid.start[1:]):
        inside, ends = laid.member[a:b], laid.closes[a:b]
        c = np.cumsum(sums[inside], axis=0)[ends]
        mu = np.cumsum(of_place[inside])[ends, None] * of_window / total
        more = (c > mu) & (c > 1)
        c, mu = c[more], mu[more]
        if len(c):
            ratio = c * np.log(c / mu) + (total - c) * np.log((total - c) / (total - mu))
            most = max(most, ratio.max())
    best.append(most)
told(wall, cpu, median=float(np.median(best)))
"""
)


def rows(fast: bool) -> Iterator[dict[str, Any]]:
    n = 3_000 if fast else 10_000
    asked = (RADIUS_M, WEEKS)
    alone = in_fresh_process(OURS, n, 1, *asked, REPLICATES, 1, 1, runs=3)
    two = in_fresh_process(OURS, n, 1, *asked, REPLICATES, 2, 1, runs=3)
    plain = in_fresh_process(PLAIN, n, 1, *asked, FEW, 1, 1, runs=1)
    if (alone["llr"], alone["median"]) != (two["llr"], two["median"]):
        raise AssertionError(f"Two threads find something else: {alone}, {two}")
    yield row(
        f"space-time permutation scan {RADIUS_M} m / {WEEKS} weeks, {REPLICATES} replicates, "
        f"{n:,} events",
        alone["cpu"],
        "CPU s",
        f"plain numpy, extrapolated from {FEW} replicates",
        plain["cpu"] / FEW * REPLICATES,
        **numbers(alone),
        two_threads_cpu_s=round(two["cpu"], 2),
        two_threads_wall_s=round(two["wall"], 2),
    )
    # Each event a hundred times: as many cylinders, a hundred times the events.
    crowded = in_fresh_process(OURS, n, 1, *asked, REPLICATES, 1, 100, runs=1)
    yield row(
        f"the same with {100 * n:,} events at the same places",
        crowded["cpu"],
        "CPU s",
        **numbers(crowded),
    )
    if not fast:
        large = in_fresh_process(OURS, 100_000, 3, *asked, REPLICATES, 1, 1, runs=1)
        yield row("the same with 100,000 events", large["cpu"], "CPU s", **numbers(large))


def numbers(ours: dict[str, float]) -> dict[str, Any]:
    return {
        "wall_s": round(ours["wall"], 2),
        "places": ours["places"],
        "cylinders": ours["cylinders"],
        "million_cylinders_a_cpu_s": round(ours["cylinders"] * REPLICATES / ours["cpu"] / 1e6),
        "llr": round(ours["llr"], 3),
        "p": ours["p"],
        "peak_mb": round(ours["peak"]),
    }
