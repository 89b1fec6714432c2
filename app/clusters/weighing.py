"""How sure each cluster of a run is: tests, rules and rank, in the keys of `evidence`."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import Any

from app.clusters.rules import Settings
from app.clusters.study import Study
from geo.crossborough import HotSpot, Level1
from geo.evidence.emerging import Emerging
from geo.evidence.study import emerging_of

EPOCH = date(1970, 1, 1)
ALPHA = 0.05


@dataclass(frozen=True, slots=True)
class Weighed:
    """What `app.cluster` holds of a cluster beside its plain numbers; None: not tested."""

    evidence: dict[str, Any]
    p_emerging: float | None = None
    p_persistent: float | None = None
    stability: int | None = None
    r3_flow: bool | None = None
    r4_link: bool | None = None
    cbc: bool | None = None
    rank_weight: float | None = None


def weigh(study: Study, level1: Level1, settings: Settings) -> Sequence[Weighed]:
    """In the order of the hot spots. Without replicates nothing is tested."""
    spots = level1.hot_spots
    if not settings.replicates:
        return [Weighed(spot.evidence) for spot in spots]
    emerging = emerging_of(
        study.events,
        spots,
        settings.geo(),
        neighbours=study.neighbours,
        key=_key(study, settings),
        replicates=settings.replicates,
    )
    return [_weighed(spot, found) for spot, found in zip(spots, emerging, strict=True)]


def _key(study: Study, settings: Settings) -> str:
    """What the random numbers come from: equal input and settings, equal p."""
    seed = () if settings.seed is None else (str(settings.seed),)
    return "|".join((study.snapshot_hash, settings.hash(), *seed))


def _weighed(spot: HotSpot, emerging: Emerging) -> Weighed:
    significance = "emerging" if _at_most(emerging.p) else "chance"
    if emerging.p is None:
        significance = "not tested"
    evidence = spot.evidence | {
        "significance": significance,
        "emerging": _emerging(emerging),
    }
    return Weighed(evidence, p_emerging=emerging.p)


def _at_most(p: float | None) -> bool:
    return p is not None and p <= ALPHA


def _emerging(found: Emerging) -> dict[str, Any]:
    own = asdict(found)
    days = (own.pop("first_day"), own.pop("last_day"))
    return own | dict(zip(("from", "to"), map(iso, days), strict=True))


def iso(day: int | None) -> str | None:
    return None if day is None else (EPOCH + timedelta(days=day)).isoformat()
