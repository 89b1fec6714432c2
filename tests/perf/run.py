"""`scripts/bench [--fast | --keep] [NAME...]`: one JSON line per figure, beside its peer.

`--keep` puts the figures of a whole run on the page docs/operator/benchmarks.md; a fast run, of a
tenth of the data, is for looking and is not kept. Several benchmarks run one after the other, each
in a process of its own, so that none is measured with the memory of another.
"""

import importlib
import json
import os
import resource
import subprocess
import sys
import time
import traceback
from collections.abc import Iterator
from pathlib import Path

from app.core import clock
from tests.perf import page
from tests.perf.data import SHARED
from tests.perf.goals import Row
from tests.perf.measure import peak_mb

HERE = Path(__file__)
NAMES = sorted(p.stem.removeprefix("bench_") for p in HERE.parent.glob("bench_*.py"))


def main(argv: list[str]) -> int:
    fast, kept = "--fast" in argv, "--keep" in argv
    if fast and kept:
        sys.stderr.write("A fast run is not kept: leave out --fast or --keep.\n")
        return 2
    asked = [name for name in argv if not name.startswith("--")]
    unknown = [name for name in asked if name not in NAMES]
    if unknown:
        sys.stderr.write(f"There is no benchmark {unknown[0]}. There are: {', '.join(NAMES)}.\n")
        return 2
    if not SHARED.is_dir():
        sys.stderr.write(f"There is no {SHARED}: say where it is by CONTEXTMAP_SHARED.\n")
        return 2
    if len(asked) == 1:
        return int(not one(asked[0], fast=fast, kept=kept))
    options = [word for word in argv if word.startswith("--")]
    codes = [apart(name, options) for name in asked or NAMES]
    return int(any(codes))


def apart(name: str, options: list[str]) -> int:
    command = [sys.executable, "-m", "tests.perf.run", *options, name]
    return subprocess.run(command, cwd=HERE.parents[2], check=False).returncode


def one(name: str, *, fast: bool, kept: bool) -> bool:
    """Measure, print, and keep where asked; whether all of it could be measured."""
    about = {"bench": name, "on": clock.today().isoformat(), "machine": page.machine()}
    rows = []
    try:
        for row in timed(importlib.import_module(f"tests.perf.bench_{name}").rows(fast)):
            rows.append(about | row)
            print(json.dumps(rows[-1]), flush=True)
    except Exception as error:
        told = about | {"name": name, "error": f"{type(error).__name__}: {error}"}
        print(json.dumps(told), flush=True)
        traceback.print_exc()
        return False
    if kept:
        page.keep(name, rows)
    return True


def timed(rows: Iterator[Row]) -> Iterator[Row]:
    """Each with what the benchmark has taken so far, in this process and those it ran.

    No server is among them: what those spent is in the figures where it matters.
    """
    began = time.perf_counter()
    for row in rows:
        run = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024
        taken = {
            "wall_s": round(time.perf_counter() - began, 2),
            "cpu_s": round(_cpu_s(), 2),
            "peak_mb": max(peak_mb("self"), run),
            "load": round(os.getloadavg()[0], 1),
        }
        yield row | {"taken": taken}


def _cpu_s() -> float:
    used = os.times()
    return used.user + used.system + used.children_user + used.children_system


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
