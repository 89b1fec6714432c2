"""CPU seconds of this process, of fresh ones, and of the database backends that work for it."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from statistics import median
from typing import Any

TICK_S = 1 / os.sysconf("SC_CLK_TCK")


def process_cpu_s(pid: int) -> float:
    """User and system seconds of a process so far, its ended children included."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(int(fields[i]) for i in (11, 12, 13, 14)) * TICK_S


def process_cpu_ms(pid: int) -> float:
    """The same of one process to the microsecond, without its children: for single statements."""
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e6


def peak_mb(pid: int | str) -> int:
    """Most memory that a process has had so far."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) // 1024


def descendants(pid: int) -> list[int]:
    """A process and all below it."""
    found = [pid]
    for at in found:
        try:
            children = Path(f"/proc/{at}/task/{at}/children").read_text().split()
        except OSError:
            continue
        found += [int(child) for child in children]
    return found


def cluster_cpu_s(postmaster: int) -> float:
    """Of the postmaster and its backends; ended backends are counted in the postmaster."""
    total = 0.0
    for pid in descendants(postmaster):
        try:
            total += process_cpu_s(pid)
        except (OSError, IndexError):
            continue
    return total


def in_fresh_process(code: str, *arguments: Any, runs: int = 3) -> dict[str, float]:
    """Medians of what `code` prints as JSON; it finds its arguments in `ARGS`.

    `process_wall_s` is of the whole process, with its start and its data.
    """
    program = f"ARGS = {arguments!r}\n{code}"
    results = []
    for _ in range(runs):
        began = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-c", program], capture_output=True, text=True, check=False
        )
        wall_s = time.perf_counter() - began
        if done.returncode:
            raise RuntimeError(done.stderr.strip().splitlines()[-1])
        told = json.loads(done.stdout.strip().splitlines()[-1])
        results.append(told | {"process_wall_s": wall_s})
    return {key: median(r[key] for r in results) for key in results[0]}


def row(
    name: str, value: float, unit: str, peer: str = "", peer_value: float | None = None, **more: Any
) -> dict[str, Any]:
    ratio = round(peer_value / value, 2) if peer_value and value > 0 else None
    return {
        "name": name,
        "value": round(value, 5),
        "unit": unit,
        "peer": peer or None,
        "peer_value": None if peer_value is None else round(peer_value, 4),
        "ratio": ratio,
    } | more
