"""National analysis: what it costs from ten thousand to ten million synthetic events of London.

`scale run` in fresh processes, with its start, reading, tiles, joining, naming, the test of chance
and writing. Then the most of them on two Dask workers: the result must be the same to the byte. The
exponent says how cost grows: 1 is in step with the events.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tests.dask_workers import cluster_of
from tests.perf import national
from tests.perf.measure import peak_mb, process_cpu_s, row

ROOT = Path(__file__).resolve().parents[2]
EPS_M, REPLICATES = 100, 199
HIGHEST = 1.1
ASKED = ("--eps-m", str(EPS_M), "--replicates", str(REPLICATES))


def rows(fast: bool) -> Iterator[dict[str, Any]]:
    sizes = [10**k for k in ((4, 5) if fast else (4, 5, 6, 7))]
    with tempfile.TemporaryDirectory(prefix="contextmap-bench-") as made:
        folder, cost = Path(made), []
        for n in sizes:
            path = national.write(folder / f"{n}.parquet", n)
            found = run(path, n, folder / f"local-{n}")
            cost.append(found)
            yield told(f"scale run, local, {n:,} synthetic events", found)
        yield from growth(sizes, cost)
        n = sizes[-1]
        with cluster_of(folder, 2) as cluster:
            pids = [process.pid for process in cluster.workers]
            before, engine = cpu_s(pids), f"dask://{cluster.address}"
            found = run(folder / f"{n}.parquet", n, folder / "dask", "--engine", engine)
            found["cpu"] += cpu_s(pids) - before
            found["workers_peak_mb"] = max(peak_mb(pid) for pid in pids)
        if found["result_hash"] != cost[-1]["result_hash"]:
            raise AssertionError("Two workers find something else.")
        yield told(f"scale run, two Dask workers, {n:,} synthetic events", found) | {"same": True}


def run(path: Path, n: int, out: Path, *more: str) -> dict[str, Any]:
    """One run in a process of its own; CPU, wall and peak of memory are of that process."""
    command = [sys.executable, "-m", "app.cli", "scale", "run", str(path), "--out", str(out),
               "--json", "--min-points", str(minimum(n)), *ASKED, *more]  # fmt: skip
    began = time.monotonic()
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        answer = process.stdout.read()
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(answer)
    return json.loads(answer) | {
        "cpu": used.ru_utime + used.ru_stime,
        "wall_s": round(time.monotonic() - began, 1),
        "peak_mb": round(used.ru_maxrss / 1024),
    }


def minimum(n: int) -> int:
    """In step with the events: with a fixed minimum a long list joins the whole town."""
    return max(5, round(60 * n / 10**7))


def told(name: str, found: dict[str, Any]) -> dict[str, Any]:
    more = ("wall_s", "peak_mb", "workers_peak_mb", "places", "clusters", "significant",
            "largest_share", "result_hash")  # fmt: skip
    return row(
        f"{name}, {EPS_M} m / 28 d, {REPLICATES} replicates", found["cpu"], "CPU s",
        **{name: found[name] for name in more if name in found},
    )  # fmt: skip


def growth(sizes: Sequence[int], cost: Sequence[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Exponents of a line through all sizes, and of the last step alone."""
    for what, unit in (("cpu", "CPU time"), ("peak_mb", "peak memory")):
        values = np.log([one[what] for one in cost])
        whole = float(np.polyfit(np.log(sizes), values, 1)[0])
        last = float((values[-1] - values[-2]) / np.log(sizes[-1] / sizes[-2]))
        yield row(
            f"scale run, {unit} grows with events to the power of", whole, "exponent",
            "the highest that is accepted", HIGHEST, last_step=round(last, 3),
            events=list(sizes),
        )  # fmt: skip


def cpu_s(pids: Sequence[int]) -> float:
    return sum(process_cpu_s(pid) for pid in pids)
