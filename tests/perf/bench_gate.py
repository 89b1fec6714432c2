"""The disclosure gate over a whole year of tables, beside linear programmes solved one by one."""

from collections.abc import Iterator
from typing import Any

from tests.perf.measure import in_fresh_process, row

TIMED = """
import json, resource, time
import numpy as np
from geo.disclosure import check, climb, Release
from geo.disclosure.building import build
from tests.synthetic_years import WARDS, whole_year
year = whole_year(ARGS[1], ARGS[0])
cells = tuple(c for c in year.cells if c.period in ARGS[2])
release = Release("2026", cells, year.places)
peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
"""

OURS = (
    TIMED
    + """
check(Release("x", cells[:1]), [], WARDS)  # imports
t = time.process_time()
found = check(release, [], WARDS)
cpu = time.process_time() - t
t = time.process_time()
climbed = climb(release, [], WARDS)
ladder = time.process_time() - t
told = [c for c in climbed.release.cells if c.low or c.high != 0]
print(json.dumps({"cpu": cpu, "ladder": ladder, "peak": peak(), "cells": found.cells,
                  "banded": found.banded, "hidden": found.not_shown, "smallest":
                  climbed.result.smallest, "exact": climbed.result.exact, "rounds": climbed.rounds,
                  "numbers": sum(c.rule == "ROUND5" for c in told) / len(told)}))
"""
)

PEER = (
    TIMED
    + """
from scipy.optimize import linprog
from scipy.sparse import csr_matrix
model = build([release], WARDS)
t = time.process_time()
size = len(model.low)
at = [(i, j, v) for i, r in enumerate(model.rows) for j, v in zip(r[0], r[1])]
i, j, v = zip(*at)
whole = csr_matrix((v, (i, j)), shape=(len(model.rows), size))
equal = np.array([r[2] == r[3] for r in model.rows])
most = np.array([r[3] for r in model.rows])
box = list(zip(model.low, np.minimum(model.high, model.cap)))
asked, smallest = 0, 9
for _, cell, column in model.cells:
    if not (cell.banded or cell.dropped):
        continue
    ends = []
    for sign in (1, -1):
        cost = np.zeros(size)
        cost[column] = sign
        done = linprog(cost, A_ub=whole[~equal], b_ub=most[~equal], A_eq=whole[equal],
                       b_eq=most[equal], bounds=box, method="highs")
        ends.append(sign * done.fun)
        asked += 1
    if cell.banded:
        smallest = min(smallest, int(np.floor(ends[1] + 1e-6) - np.ceil(ends[0] - 1e-6)) + 1)
print(json.dumps({"cpu": time.process_time() - t, "peak": peak(), "asked": asked,
                  "smallest": smallest}))
"""
)

QUARTERS = ("2026-Q1", "2026-Q2", "2026-Q3", "2026-Q4")
YEAR = (*QUARTERS, "2026-H1", "2026-H2", "2026")


def rows(fast: bool) -> Iterator[dict[str, Any]]:
    """Ours answers A1 to A5, with the finest variables; the peer the ends of hidden cells alone."""
    for n in (400,) if fast else (400, 1000, 3000):
        periods = YEAR[:2] if fast else YEAR
        ours = in_fresh_process(OURS, n, 0, periods, runs=1 if fast else 3)
        peer = in_fresh_process(PEER, n, 0, periods, runs=1)
        yield row(
            f"gate over {'two quarters' if fast else 'a year'}, {n:,} incidents",
            ours["cpu"],
            "CPU s",
            "scipy linprog (HiGHS), each end from the start",
            peer["cpu"],
            cells=ours["cells"],
            banded=ours["banded"],
            not_shown=ours["hidden"],
            with_ladder_s=round(ours["ladder"], 2),
            rounds=ours["rounds"],
            smallest=ours["smallest"],
            peer_smallest=peer["smallest"],
            exact=ours["exact"],
            printed_as_numbers=round(ours["numbers"], 2),
            peak_mb=round(ours["peak"]),
            peer_peak_mb=round(peer["peak"]),
            peer_programmes=peer["asked"],
        )
