"""Curveball draws and exact tails of 600 places by 2,000 children; level 2 of the same size."""

from collections.abc import Iterator
from typing import Any

from tests.perf.measure import in_fresh_process, row

TABLE = """
import json, resource, time
import numpy as np
from geo.bipartite import bicm, curveball, from_table, sdsm, shared
from geo.links import LinkParams, Nodes, linked_contexts
rng = np.random.default_rng(0)
wish = np.outer(rng.pareto(2.5, 600) + 0.5, rng.pareto(2.5, 2000) + 0.5)
known = from_table(rng.random(wish.shape) < np.minimum(wish * 6000 / wish.sum(), 0.9))
peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
"""

DRAWS = (
    TABLE
    + """
next(curveball(known, rng, 1))
t = time.process_time()
for _ in curveball(known, rng, ARGS[0], burn_in=0):
    pass
cpu = (time.process_time() - t) / ARGS[0]
print(json.dumps({"ms": 1000 * cpu, "links": known.links, "peak": peak()}))
"""
)

# The textbook form, two rows at a time: the same trades in plain Python.
PLAIN = (
    TABLE
    + """
import random
rows = [set(known.indices[a:b].tolist()) for a, b in zip(known.indptr[:-1], known.indptr[1:])]
luck = random.Random(1)
def draw():
    for _ in range(5 * len(rows)):
        i, j = luck.sample(range(len(rows)), 2)
        both = rows[i] & rows[j]
        pool = sorted(rows[i] ^ rows[j])
        luck.shuffle(pool)
        size = len(rows[i]) - len(both)
        rows[i], rows[j] = both | set(pool[:size]), both | set(pool[size:])
    assert sum(map(len, rows)) == known.links
draw()
t = time.process_time()
for _ in range(ARGS[0]):
    draw()
print(json.dumps({"ms": 1000 * (time.process_time() - t) / ARGS[0]}))
"""
)

TAILS = (
    TABLE
    + """
sdsm(known, ([0], [1]))
t = time.process_time()
model = bicm(known)
fit = time.process_time() - t
t = time.process_time()
found = sdsm(known, model=model)
cpu = time.process_time() - t
print(json.dumps({"ms": 1000 * fit, "rounds": model.rounds, "cpu": cpu, "pairs": len(found.i)}))
"""
)

LEVEL_2 = (
    TABLE
    + """
table = known.dense()
for k in range(20):
    table[3 * k : 3 * k + 3, 40 * k : 40 * k + 12] = 1
nodes = Nodes(from_table(table), np.full(600, -1), np.arange(600))
linked_contexts(nodes, LinkParams(replicates=1), key="k")
t = time.process_time()
found = linked_contexts(nodes, LinkParams(replicates=ARGS[0]), key="k")
print(json.dumps({"cpu": time.process_time() - t, "edges": len(found.edges.a), "peak": peak()}))
"""
)


def rows(fast: bool) -> Iterator[dict[str, Any]]:
    runs = 1 if fast else 3
    ours = in_fresh_process(DRAWS, 20 if fast else 100, runs=runs)
    plain = in_fresh_process(PLAIN, 5 if fast else 20, runs=runs)
    yield row(
        "Curveball, 600 x 2,000, 5 trades a row",
        ours["ms"],
        "CPU ms a draw",
        "trades one by one, plain Python",
        plain["ms"],
        links=ours["links"],
        peak_mb=round(ours["peak"]),
    )
    tails = in_fresh_process(TAILS, runs=runs)
    yield row("Chances of links (BiCM), 600 x 2,000", tails["ms"], "CPU ms", rounds=tails["rounds"])
    yield row("SDSM, both tails of all pairs", tails["cpu"], "CPU s", pairs=tails["pairs"])
    draws = 99 if fast else 999
    level_2 = in_fresh_process(LEVEL_2, draws, runs=1)
    yield row(
        f"Linked contexts, 600 places, {draws} draws",
        level_2["cpu"],
        "CPU s",
        edges=level_2["edges"],
        peak_mb=round(level_2["peak"]),
    )
