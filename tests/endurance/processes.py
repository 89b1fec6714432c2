"""The processes of the service: which they are, what they hold, and how one of them is killed."""

import os
import random
import signal
from collections.abc import Iterator
from pathlib import Path

from app.core.postgres import PrivateCluster
from tests.perf.measure import descendants
from tests.runtime.conftest import is_a, processes_naming

KINDS = ("web", "worker", "serve")
NAMES = {"serve": "launcher"}


def of_service(data_dir: Path) -> Iterator[tuple[str, int]]:
    """Web, worker, the spare of both, launcher, and PostgreSQL with all of its own."""
    for pid in processes_naming(str(data_dir)):
        for kind in KINDS:
            if is_a(pid, kind):
                yield NAMES.get(kind, kind), pid
        if b"app.spare" in command(pid) and not any(is_a(pid, kind) for kind in KINDS):
            yield "spare", pid
    postmaster = PrivateCluster(data_dir).pid()
    if postmaster is not None:
        for pid in descendants(postmaster):
            yield "postgres", pid


def pid_of(data_dir: Path, name: str) -> int:
    return min((pid for found, pid in of_service(data_dir) if found == name), default=0)


def command(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def kill(data_dir: Path, what: str, rng: random.Random) -> bool:
    """With -9: the web process, the worker, the postmaster, or one backend of PostgreSQL."""
    if what in KINDS:
        pid = pid_of(data_dir, what)
    else:
        pid = PrivateCluster(data_dir).pid() or 0
        if what == "backend":
            backends = [one for one in descendants(pid)[1:] if b" cs_" in command(one)]
            pid = rng.choice(backends) if backends else pid
    if not pid:
        return False
    os.kill(pid, signal.SIGKILL)
    return True


def memory_kb(pid: int) -> dict[str, int]:
    """Shares of what is in memory, so that what many map is counted once; all 0 of a dead one."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]
    except OSError:
        return {}
    return {line.split(":")[0]: int(line.split()[1]) for line in lines}


def descriptors(pid: int) -> int:
    try:
        return sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir())
    except OSError:
        return 0


def threads(pid: int) -> int:
    try:
        return sum(1 for _ in Path(f"/proc/{pid}/task").iterdir())
    except OSError:
        return 0
