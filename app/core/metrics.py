"""Figures of the web processes and the worker for Prometheus. Labels come from closed lists only.

Several web processes answer at one port, and a scrape reaches one of them. So each process keeps
its figures in a file of its own in a folder in memory that the launcher names, and whichever is
asked adds up all of them. A folder on the disk would not do: a full disk ends a process that
writes to a mapped file. A process that was started alone keeps its figures to itself.

What the database knows (queue, seals, sizes) is asked of it at each scrape (`site.figures`).
"""

import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
from prometheus_client.registry import Collector

FOLDER = "PROMETHEUS_MULTIPROC_DIR"  # the library reads it when it is loaded
IN_MEMORY = Path("/dev/shm")  # noqa: S108 - the folder made there is this user's only
MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"
SAFE = frozenset({"GET", "HEAD"})
FILES = ("tiles", "basemap", "static")
PUBLIC_EVERY_S = 60
FORM = "cs_public"
_OWN = CollectorRegistry()

ANSWERS = Counter(
    "contextmap_answers", "Answers given.", ["route", "method", "status"], registry=_OWN
)
BY_ROLE = Counter(
    "contextmap_answers_by_role", "Answers given to staff.", ["role", "status"], registry=_OWN
)
SECONDS = Histogram(
    "contextmap_answer_seconds",
    "From the request to the first byte of the answer.",
    ["route", "method"],
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15),
    registry=_OWN,
)
WAITING = Gauge(
    "contextmap_lane_waiting",
    "Requests that wait for a thread and a database connection.",
    ["lane"],
    multiprocess_mode="livesum",
    registry=_OWN,
)
WAITED = Histogram(
    "contextmap_lane_wait_seconds",
    "How long those waited that had to.",
    ["lane"],
    buckets=(0.01, 0.05, 0.25, 1, 5, 15),
    registry=_OWN,
)
TURNED_AWAY = Counter(
    "contextmap_lane_turned_away", "Requests that found no place.", ["lane"], registry=_OWN
)
CONNECTIONS = Gauge(
    "contextmap_pool_connections",
    "Database connections of the pools, in use or open.",
    ["login", "state"],
    multiprocess_mode="livesum",
    registry=_OWN,
)
MEMORY = Gauge(
    "contextmap_process_resident_bytes",
    "Memory of the processes of a kind together.",
    ["process"],
    multiprocess_mode="livesum",
    registry=_OWN,
)
DESCRIPTORS = Gauge(
    "contextmap_process_descriptors",
    "Open files and sockets of the processes of a kind together.",
    ["process"],
    multiprocess_mode="livesum",
    registry=_OWN,
)
PROCESSES = Gauge(
    "contextmap_processes",
    "Processes of a kind that are alive.",
    ["process"],
    multiprocess_mode="livesum",
    registry=_OWN,
)
AUDIT_FAILED = Counter(
    "contextmap_audit_failed", "Answers withheld: their trace could not be kept.", registry=_OWN
)


def answered(path: str, route: str | None, method: str, status: int, seconds: float) -> None:
    """One answer; `route` is the template, never the path, of which only the folder of files."""
    first = path.split("/", 2)[1] if path.startswith("/") else ""
    label = first if first in FILES else route or "none"
    _count(label, method_class(method), f"{status // 100}xx", seconds)


def by_role(role: str, status: int) -> None:
    BY_ROLE.labels(role, f"{status // 100}xx").inc()


def method_class(method: str) -> str:
    return "read" if method in SAFE else "change"


def _count(route: str, method: str, status: str, seconds: float) -> None:
    ANSWERS.labels(route, method, status).inc()
    SECONDS.labels(route, method).observe(seconds)


@dataclass(slots=True)
class Held:
    """Answers of the public form and its open connections, told together once a minute.

    A figure that moved at once would say, to a few seconds, when somebody reported.
    """

    seen: list[tuple[str, str, float]] = field(default_factory=list)
    open: int = 0
    since: float = field(default_factory=time.monotonic)

    def add(self, method: str, status: int, seconds: float) -> None:
        self.tell_if_due()
        self.seen.append((method_class(method), f"{status // 100}xx", seconds))

    def hold_open(self, connections: int) -> None:
        self.tell_if_due()
        self.open = connections

    def tell_if_due(self) -> None:
        if time.monotonic() - self.since >= PUBLIC_EVERY_S:
            self.tell()

    def tell(self) -> None:
        for method, status, seconds in self.seen:
            _count("public form", method, status, seconds)
        CONNECTIONS.labels(FORM, "open").set(self.open)
        self.seen.clear()
        self.since = time.monotonic()


public = Held()


def look_at_process(kind: str, pools: Mapping[str, tuple[int, int]]) -> None:
    """Memory, descriptors and connections as they are now; `pools`: in use and open, by login."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    MEMORY.labels(kind).set(pages * os.sysconf("SC_PAGE_SIZE"))
    DESCRIPTORS.labels(kind).set(sum(1 for _ in Path("/proc/self/fd").iterdir()))
    PROCESSES.labels(kind).set(1)
    for login, (in_use, open_) in pools.items():
        if login == FORM:  # one in use would say that somebody reports now
            public.hold_open(open_)
        else:
            CONNECTIONS.labels(login, "in use").set(in_use)
            CONNECTIONS.labels(login, "open").set(open_)


@contextmanager
def folder_of(data_dir: Path) -> Iterator[Path]:
    """Where the children of a launcher keep what they count; one that was killed left its own."""
    folder = fresh_folder(hashlib.sha256(str(data_dir.resolve()).encode()).hexdigest()[:12])
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def fresh_folder(name: str) -> Path:
    """For the launcher: an empty folder in memory, this user's only."""
    parent = IN_MEMORY if os.access(IN_MEMORY, os.W_OK) else Path(tempfile.gettempdir())
    folder = parent / f"contextmap-metrics-{name}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700)
    return folder


class _Told(Collector):
    """Figures that were asked for already."""

    def __init__(self, told: Iterable[Metric]) -> None:
        self.told = list(told)

    def collect(self) -> Iterable[Metric]:
        return self.told


def exposition(further: Iterable[Metric]) -> bytes:
    """All figures as Prometheus reads them."""
    folder = os.environ.get(FOLDER)
    known = _OWN
    if folder:
        known = CollectorRegistry()
        _forget_the_dead(Path(folder))
        MultiProcessCollector(known, folder)  # type: ignore[no-untyped-call] # of the library
    more = CollectorRegistry()
    more.register(_Told(further))
    return generate_latest(known) + generate_latest(more)


def _forget_the_dead(folder: Path) -> None:
    """Counters of a process that ended stay in the sums; what it had open does not."""
    for file in folder.glob("gauge_live*_*.db"):
        pid = file.stem.rpartition("_")[2]
        if not Path("/proc", pid).exists():
            with suppress(FileNotFoundError):  # another scrape was quicker
                mark_process_dead(int(pid), str(folder))  # type: ignore[no-untyped-call] # same
