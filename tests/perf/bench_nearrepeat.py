"""P5 Knox with 999 permutations: CPU seconds in fresh processes, beside pointpats."""

from collections.abc import Iterator
from typing import Any

from tests.perf.measure import in_fresh_process, row

DELTA_M, TAU_DAYS, PERMUTATIONS = 200, 14, 999
FEW = (1, 9)  # permutations of the peer, whose time for 999 is a line through them

TIMED = """
import json, resource, time
import numpy as np
from tests.perf import dated
n, copies, delta, tau, permutations = ARGS
xy, day = dated.last(n, dated.TWO_BOROUGHS if copies == 1 else dated.ALL, copies=copies)
def told(began, n, expected, **more):
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    spent = time.process_time() - began
    print(json.dumps({"cpu": spent, "n": n, "expected": expected, "peak": peak} | more))
"""

OURS = (
    TIMED
    + """
from geo.nearrepeat import knox
knox(xy[:500], day[:500], delta, tau, permutations=9)  # imports
began = time.process_time()
found = knox(xy, day, delta, tau, permutations=permutations, key="bench")
told(began, found.n, found.expected, space_pairs=found.space_pairs, p=found.p)
"""
)

POINTPATS = (
    TIMED
    + """
import warnings
warnings.simplefilter("ignore")
from pointpats import Knox
Knox(xy[:500], day[:500, None].astype(float), delta, tau, permutations=1)
began = time.process_time()
found = Knox(xy, day[:, None].astype(float), delta, tau, permutations=permutations)
told(began, int(found.nst), float(found.expected[0, 0]))
"""
)


def rows(fast: bool) -> Iterator[dict[str, Any]]:
    n = 3_000 if fast else 10_000
    asked = (DELTA_M, TAU_DAYS)
    ours = in_fresh_process(OURS, n, 1, *asked, PERMUTATIONS, runs=3)
    theirs = [in_fresh_process(POINTPATS, n, 1, *asked, few, runs=1) for few in FEW]
    for peer in theirs:
        if peer["n"] != ours["n"] or abs(peer["expected"] / ours["expected"] - 1) > 1e-6:
            raise AssertionError(f"pointpats finds {peer['n']}, {peer['expected']}, we {ours}")
    each = (theirs[1]["cpu"] - theirs[0]["cpu"]) / (FEW[1] - FEW[0])
    extrapolated = theirs[0]["cpu"] + each * (PERMUTATIONS - FEW[0])
    yield row(
        f"P5 Knox {DELTA_M} m / {TAU_DAYS} d, {PERMUTATIONS} permutations, {n:,} events",
        ours["cpu"],
        "CPU s",
        f"pointpats.Knox, extrapolated from {FEW[0]} and {FEW[1]} permutations",
        extrapolated,
        peer_measured_s=[round(peer["cpu"], 2) for peer in theirs],
        **numbers(ours),
        peer_peak_mb=round(theirs[1]["peak"]),
    )
    n = 20_000 if fast else 100_000
    ours = in_fresh_process(OURS, n, 3, *asked, PERMUTATIONS, runs=3)
    yield row(
        f"P5 Knox {DELTA_M} m / {TAU_DAYS} d, {PERMUTATIONS} permutations, {n:,} events",
        ours["cpu"],
        "CPU s",
        **numbers(ours),
        goal_s=20,
        goal_mb=500,
    )


def numbers(ours: dict[str, float]) -> dict[str, Any]:
    same = {key: int(ours[key]) for key in ("space_pairs", "n")}
    return same | {"p": ours["p"], "peak_mb": round(ours["peak"])}
