"""Web, worker and PostgreSQL are killed with -9 in random order while everybody works.

Seconds to serve again are counted from the kill to the end of a report and of a page of staff that
were asked for after it; for the worker, to a report of afterwards that it screened.
"""

import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from app.core import clock
from tests.endurance import processes, table, truth
from tests.endurance.service import LONG, SEED, Stage
from tests.runtime.conftest import wait_for

# No answer, or the words for a busy service; never an error of the service itself.
EXCUSED = {0, 503}


@dataclass(frozen=True)
class Kill:
    what: str
    at_s: float
    again_s: float


def order(kills: int, seed: int) -> list[str]:
    """As many of each, in random order; every second PostgreSQL is one backend only."""
    rng = random.Random(seed)
    rounds = [what for _ in range(kills // 3 + 1) for what in ("web", "worker", "postmaster")]
    found = rounds[:kills]
    at = [n for n, what in enumerate(found) if what == "postmaster"]
    for n in at[1::2]:
        found[n] = "backend"
    rng.shuffle(found)
    return found


@dataclass(frozen=True)
class Result:
    kills: list[Kill]
    broken: list[BaseException]
    waiting: list[tuple[str, str]]
    verdict: truth.Verdict

    @property
    def longest_s(self) -> float:
        return max(kill.again_s for kill in self.kills)


def carried_out(stage: Stage, number: int, minutes: float, *, settled_s: float) -> Result:
    """Kill after kill with work in between, then the comparison; everything told as one table."""
    plan, rng = order(number, SEED), random.Random(SEED)
    print(f"seed {SEED}: {plan}")
    kills, began_s = [], time.monotonic()
    with stage.load(pause_s=0.3) as load:
        for n, what in enumerate(plan, start=1):
            _wait_for_work(stage)
            _until(began_s + minutes * 60 * n / (number + 1))
            kills.append(_killed(stage, what, rng))
        _wait_for_work(stage)
        _until(began_s + minutes * 60)
    waiting = truth.settled(stage.data_dir, within_s=settled_s, patient=LONG)
    verdict = truth.compared(stage.data_dir, stage.journal)
    _tell(stage, kills, verdict, time.monotonic() - began_s)
    return Result(kills, load.broken, waiting, verdict)


def _until(moment_s: float) -> None:
    time.sleep(max(0, moment_s - time.monotonic()))


def _wait_for_work(stage: Stage) -> None:
    """Something of each kind goes through before the next kill."""
    since = time.monotonic()
    reported = wait_for(lambda: stage.journal.acknowledged_since("report", since), within_s=90)
    assert reported, stage.launcher.said[-20:]


def _killed(stage: Stage, what: str, rng: random.Random) -> Kill:
    """Seconds until what was killed does its work again: for the public and staff, or the queue."""
    at, at_s = clock.now(), time.monotonic()
    assert processes.kill(stage.data_dir, what, rng), what
    done: list[Callable[[], bool]] = [
        lambda: stage.journal.acknowledged_since("report", at_s),
        lambda: stage.tally.ok_began_s.get("lead", 0) >= at_s,
    ]
    if what == "worker":
        done = [lambda: _screened_since(stage, at)]
    for each in done:
        assert wait_for(each, within_s=90), (what, stage.launcher.said[-20:])
    return Kill(what, at_s, round(time.monotonic() - at_s, 2))


def _screened_since(stage: Stage, moment) -> bool:
    """Of a report that came in later: the work of the new worker alone."""
    with truth.admin(stage.data_dir) as session:
        return session.execute(
            "select exists (select from app.report_original as o"
            " join app.report as r on r.id = o.report_id"
            " where o.screened_at > %s and r.created_at > %s)",
            (moment, moment),
        ).fetchone()[0]


def _outside(stage: Stage, kills: list[Kill]) -> Counter[str]:
    return stage.tally.outside([(kill.at_s, kill.at_s + kill.again_s) for kill in kills])


def errors(stage: Stage) -> list[object]:
    said = [line for line in stage.launcher.said if '"level":"error"' in line]
    return [one for one in stage.tally.wrong if one[-1] not in EXCUSED][:20] + said[-20:]


def _tell(stage: Stage, kills: list[Kill], verdict: truth.Verdict, took_s: float) -> None:
    longest = {}
    for kill in kills:
        longest[kill.what] = max(longest.get(kill.what, 0), kill.again_s)
    table.told(
        f"{len(kills)} kills, seed {SEED}, {took_s:.0f} s",
        [
            ("order and seconds to serve again", [(k.what, k.again_s) for k in kills]),
            ("longest by kind", longest),
            ("requests by mix", stage.tally.requests()),
            ("answers by status (0: none)", stage.tally.statuses()),
            ("refused", dict(stage.tally.refused.most_common(12))),
            ("5xx or none, outside of outages", dict(_outside(stage, kills))),
            ("sent", dict(verdict.sent)),
            ("acknowledged", dict(verdict.acknowledged)),
            ("acknowledged in all", sum(verdict.acknowledged.values())),
            ("lost", verdict.lost),
            ("doubled", verdict.doubled),
            ("without exactly one event", verdict.untraced),
            ("jobs", verdict.jobs),
            ("letters, and twice", (len(stage.post.letters), stage.post.twice())),
            ("wrong", verdict.wrong),
        ],
    )
