"""Memory, descriptors and threads of the service while it works, and what of them grows."""

import threading
import time
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from tests.endurance import processes


@dataclass(frozen=True)
class Sample:
    """Of all processes of one kind, at one moment. Memory is what is theirs alone (anonymous)."""

    at_s: float
    own_kb: int
    all_kb: int
    descriptors: int
    threads: int
    processes: int


@dataclass
class Watcher:
    """Looks every few seconds, in a thread of its own."""

    data_dir: Path
    every_s: float
    samples: dict[str, list[Sample]] = field(default_factory=lambda: defaultdict(list))
    _stop: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> "Watcher":
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(timeout=30)

    def _watch(self) -> None:
        while not self._stop.wait(self.every_s):
            self.look()

    def look(self) -> None:
        found: dict[str, list[int]] = defaultdict(list)
        for name, pid in processes.of_service(self.data_dir):
            found[name].append(pid)
        for name, pids in found.items():
            self.samples[name].append(_sample(pids))

    def between(self, name: str, begin_s: float, end_s: float) -> list[Sample]:
        return [one for one in self.samples[name] if begin_s <= one.at_s < end_s]


def _sample(pids: list[int]) -> Sample:
    memory = [processes.memory_kb(pid) for pid in pids]
    return Sample(
        at_s=time.monotonic(),
        own_kb=sum(one.get("Pss_Anon", 0) for one in memory),
        all_kb=sum(one.get("Pss", 0) for one in memory),
        descriptors=sum(map(processes.descriptors, pids)),
        threads=sum(map(processes.threads, pids)),
        processes=len(pids),
    )


def middle(samples: list[Sample], what: str) -> float:
    return median(getattr(one, what) for one in samples) if samples else 0.0


def slope_a_minute(samples: list[Sample], what: str) -> float:
    """Of a straight line through all of them (least squares)."""
    if len(samples) < 2:
        return 0.0
    minutes = [one.at_s / 60 for one in samples]
    values = [float(getattr(one, what)) for one in samples]
    mean_x, mean_y = sum(minutes) / len(minutes), sum(values) / len(values)
    spread = sum((x - mean_x) ** 2 for x in minutes)
    pairs = zip(minutes, values, strict=True)
    return sum((x - mean_x) * (y - mean_y) for x, y in pairs) / spread if spread else 0.0
