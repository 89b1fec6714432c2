"""A long day: everybody works, PostgreSQL is started anew and the disk fills up in between.

Outside of those two outages no request may fail, memory must not grow, descriptors must stay flat.
"""

import os
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from app.core.postgres import PrivateCluster
from tests.endurance import table, truth
from tests.endurance.service import LONG, Stage
from tests.endurance.watcher import Sample, Watcher, middle, slope_a_minute
from tests.runtime.conftest import wait_for
from tests.runtime.test_intake_kills import fill

OURS = ("web", "worker", "spare", "launcher", "postgres")
MB = 1024
FULL_S = 30
GRACE_S = 3 if LONG else 8  # who asked at the last moment of an outage is answered a little later


@dataclass(frozen=True)
class Outage:
    what: str
    began_s: float
    ended_s: float
    again_s: float  # of the whole, from the moment in which the service could work again


@dataclass
class Result:
    outages: list[Outage]
    watcher: Watcher
    seconds: float
    began_s: float
    broken: list[BaseException]
    waiting: list[tuple[str, str]]
    verdict: truth.Verdict
    outside: Counter[str]
    statuses: set[int] = field(default_factory=set)

    def windows(self, name: str) -> tuple[list[Sample], list[Sample]]:
        """After the warming up, before anything is done to the service; and at the end."""
        first = self.began_s + self.seconds * 0.2, self.began_s + self.seconds * 0.35
        last = self.began_s + self.seconds * 0.85, self.began_s + self.seconds
        return self.watcher.between(name, *first), self.watcher.between(name, *last)

    def growth(self, name: str) -> float:
        """Of memory that is its own, as a share of what it held at first."""
        first, last = (middle(each, "own_kb") for each in self.windows(name))
        return last / first - 1 if first else 0.0

    def more_descriptors(self, name: str) -> float:
        first, last = (middle(each, "descriptors") for each in self.windows(name))
        return last - first


@contextmanager
def small_disk(folder: Path) -> Iterator[bool]:
    """The folder as a disk of its own, which can be filled; False where that may not be done."""
    options = ["-t", "tmpfs", "-o", "size=1600m", "tmpfs", str(folder)]
    mounted = subprocess.run(["mount", *options], check=False, capture_output=True).returncode == 0
    try:
        yield mounted
    finally:
        if mounted:
            subprocess.run(["umount", "-l", folder], check=True)


def borne(stage: Stage, seconds: float, *, full_disk: bool) -> Result:
    """The soak, told as one table."""
    began_s, outages = time.monotonic(), []
    every_s = 5 if LONG else 1
    with Watcher(stage.data_dir, every_s) as watcher, stage.load(pause_s=0.3) as load:
        _until(began_s + seconds * 0.4)
        outages.append(_outage(stage, "database restart", _restart_database))
        if full_disk:
            _until(began_s + seconds * 0.6)
            outages.append(_outage(stage, "full disk", _fill_disk))
        _until(began_s + seconds)
    waiting = truth.settled(stage.data_dir, within_s=200 if LONG else 180, patient=LONG)
    verdict = truth.compared(stage.data_dir, stage.journal)
    spans = [(each.began_s, each.ended_s + GRACE_S) for each in outages]
    outside = stage.tally.outside(spans)
    result = Result(
        outages,
        watcher,
        seconds,
        began_s,
        load.broken,
        waiting,
        verdict,
        outside,
        {status for *_, status in stage.tally.wrong},
    )
    _tell(stage, result)
    return result


def _outage(stage: Stage, what: str, do: Callable[[Stage], float]) -> Outage:
    began_s = time.monotonic()
    could_s = do(stage)
    assert wait_for(lambda: stage.journal.acknowledged_since("report", could_s), within_s=120), (
        what,
        stage.launcher.said[-20:],
    )
    assert wait_for(lambda: stage.tally.ok_began_s.get("lead", 0) >= could_s, within_s=120), what
    ended_s = time.monotonic()
    return Outage(what, began_s, ended_s, round(ended_s - could_s, 2))


def _restart_database(stage: Stage) -> float:
    """As an operator stops it; the launcher starts it again."""
    cluster = PrivateCluster(stage.data_dir)
    before = cluster.pid()
    os.kill(before, signal.SIGINT)
    could_s = time.monotonic()
    assert wait_for(lambda: cluster.pid() not in {None, before}, within_s=60)
    return could_s


def _fill_disk(stage: Stage) -> float:
    """To the last byte, until writing has failed for a while; then there is room again."""
    ballast = stage.data_dir / "ballast"
    began_s = time.monotonic()
    try:
        while time.monotonic() < began_s + FULL_S:
            fill(ballast)
            time.sleep(1)
        felt = [one for one in stage.tally.wrong if one[0] >= began_s]
    finally:
        ballast.unlink()
    assert felt, "nobody noticed that the disk was full"
    return time.monotonic()


def _until(moment_s: float) -> None:
    time.sleep(max(0, moment_s - time.monotonic()))


def _tell(stage: Stage, result: Result) -> None:
    rows: list[tuple[str, object]] = [
        ("requests by mix", stage.tally.requests()),
        ("answers by status (0: none)", stage.tally.statuses()),
        ("refused", dict(stage.tally.refused.most_common(12))),
        ("5xx or none, outside of outages", dict(result.outside)),
        ("5xx or none, in outages", dict(_in_outages(stage))),
        ("outages: seconds, and to serve again", [_spell(each) for each in result.outages]),
    ]
    for name in OURS:
        first, last = result.windows(name)
        whole = result.watcher.samples[name]
        rows.append((f"{name}: own memory, MB", _change(first, last, "own_kb", MB)))
        rows.append((f"{name}: growth", f"{result.growth(name):+.1%}"))
        slope = slope_a_minute(last, "own_kb") / MB
        rows.append((f"{name}: slope at the end, MB a minute", f"{slope:+.2f}"))
        rows.append((f"{name}: descriptors", _change(first, last, "descriptors")))
        rows.append((f"{name}: threads", _change(first, last, "threads")))
        rows.append((f"{name}: processes", _change(first, last, "processes")))
        rows.append((f"{name}: all memory at the end, MB", round(middle(last, "all_kb") / MB)))
        rows.append((f"{name}: samples", len(whole)))
    rows += [
        ("sent", dict(result.verdict.sent)),
        ("acknowledged", dict(result.verdict.acknowledged)),
        ("lost", result.verdict.lost),
        ("doubled", result.verdict.doubled),
        ("without exactly one event", result.verdict.untraced),
        ("jobs", result.verdict.jobs),
        ("letters, and twice", (len(stage.post.letters), stage.post.twice())),
        ("wrong", result.verdict.wrong),
    ]
    table.told(f"Soak of {result.seconds:.0f} s", rows)


def _in_outages(stage: Stage) -> Counter[str]:
    return Counter(f"{mix} {status}" for _, _, mix, _, status in stage.tally.wrong)


def _spell(outage: Outage) -> tuple[str, float, float]:
    return outage.what, round(outage.ended_s - outage.began_s, 1), outage.again_s


def _change(first: list[Sample], last: list[Sample], what: str, unit: int = 1) -> str:
    return f"{middle(first, what) / unit:.0f} to {middle(last, what) / unit:.0f}"
