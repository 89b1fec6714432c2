"""What a national analysis may be asked for. Pure."""

from dataclasses import dataclass
from typing import Any

from geo.lineage import params_hash
from geo.partition import TILE_M, Limits

LEAST = (5, 3)  # core events and dates of a cluster that is put to the test (analysis.md 4.4)
HALO_M = 2_000
ALPHA = 0.05
WHOLE = "all"  # the one analysis area of a run that is not told of any


@dataclass(frozen=True, slots=True)
class Asked:
    """Settings of one run. The answer depends neither on the side of a tile nor on the engine."""

    eps_m: float = 250.0
    eps_days: int | None = 28
    min_points: int = 5
    replicates: int = 999
    seed: int | None = None
    tile_m: int = TILE_M
    each: bool = False  # every analysis area is tested by itself

    @property
    def limits(self) -> Limits:
        return Limits(self.eps_m, 0 if self.eps_days is None else self.eps_days, self.min_points)

    def stored(self) -> dict[str, Any]:
        """What the ids of clusters are made from, with the core."""
        return {
            "set": "cbc-1-national",
            "eps_m": self.eps_m,
            "eps_days": self.eps_days,
            "min_points": self.min_points,
        }

    def hash(self) -> str:
        return params_hash(self.stored())


def problems(asked: Asked) -> dict[str, str]:
    """What cannot be asked for, by option."""
    distance = "Enter a distance from 1 to 2,000 metres."
    tests = "Enter 99 to 9,999 replicates, or 0 to test nothing."
    days = asked.eps_days is None or 1 <= asked.eps_days <= 365
    told = {
        "--eps-m": (1 <= asked.eps_m <= 2000, distance),
        "--eps-days": (days, "Enter 1 to 365 days, or none for any time."),
        "--min-points": (2 <= asked.min_points <= 1_000_000, "Enter a minimum of 2 or more."),
        "--replicates": (asked.replicates == 0 or 99 <= asked.replicates <= 9999, tests),
        "--seed": (asked.seed is None or asked.seed >= 0, "Enter a seed of 0 or more."),
        "--tile-km": (5000 <= asked.tile_m <= 100_000, "Enter a side of 5 to 100 kilometres."),
    }
    return {option: words for option, (fits, words) in told.items() if not fits}
