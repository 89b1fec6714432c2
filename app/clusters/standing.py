"""What a list of clusters is ordered by and what stands out: rank, sources, reasons, months."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from app.clusters.rules import Settings
from app.clusters.study import Recorded, Study, epoch_day
from app.core.bulk import Array
from geo.boundaries import Lads
from geo.crossborough import HotSpot
from geo.evidence import ranking

Part = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Run:
    """A run whose clusters are found and still have to be weighed."""

    study: Study
    spots: Sequence[HotSpot]
    settings: Settings
    lads: Lads

    @property
    def key(self) -> str:
        """What the random numbers come from: equal input and settings, equal p."""
        seed = () if self.settings.seed is None else (str(self.settings.seed),)
        return "|".join((self.study.snapshot_hash, self.settings.hash(), *seed))

    @property
    def snapshot_day(self) -> int:
        return epoch_day(self.settings.last_on)


def standing(run: Run) -> list[Part]:
    """Rank, sources, what stands out and months: of records; of published data the months."""
    events, recorded = run.study.events, run.study.recorded
    months = [_months(run, spot.members) for spot in run.spots]
    if recorded is None:
        return [{"months": counted} for counted in months]
    weight = ranking.weights(
        recorded.facts,
        events.day,
        snapshot_day=run.snapshot_day,
        half_life_days=run.settings.geo().half_life_days,
    )
    total = [round(float(weight[spot.members].sum()), 4) for spot in run.spots]
    return [
        {"rank": {"weight": w, "band": band}, "months": counted} | _told(run, recorded, spot)
        for spot, w, band, counted in zip(
            run.spots, total, ranking.bands(total), months, strict=True
        )
    ]


def _told(run: Run, recorded: Recorded, spot: HotSpot) -> Part:
    facts, rows = recorded.facts, spot.members
    agencies = [recorded.agencies[k] for k in facts.agency[rows].tolist()]
    why = ranking.why_here(
        facts,
        run.study.events.day,
        rows,
        snapshot_day=run.snapshot_day,
        largest=max(one.n for one in run.spots),
    )
    return {
        "sources": {
            "discovered_by": _counted(facts.discovered_by[rows].tolist()),
            "agencies": _counted(agencies),
            "confidence": _counted(facts.confidence[rows].tolist()),
        },
        "why_here": [one._asdict() for one in why],
    }


def _counted(codes: Sequence[str]) -> dict[str, int]:
    return dict(sorted(Counter(codes).items(), key=lambda pair: (-pair[1], pair[0])))


def _months(run: Run, rows: Array) -> list[Part]:
    """Members in each of the last twelve months of the window."""
    day, weight = run.study.days_of(rows)
    last = np.datetime64(run.settings.last_on, "M")
    month = day.astype("datetime64[D]").astype("datetime64[M]")
    back = (last - month).astype(np.int64)
    some = (back >= 0) & (back < 12)
    n = np.bincount(11 - back[some], weights=weight[some], minlength=12)
    return [{"month": str(last - 11 + k), "n": int(each)} for k, each in enumerate(n.tolist())]
