"""What a scan found, and how likely chance alone would."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from geo import significance
from geo.scan.engine import Best
from geo.scan.options import Array

RARE = 10  # exceedances below which the Gumbel tail is given beside the simulated p

Status = Literal["ok", "not enough data"]


@dataclass(frozen=True, slots=True)
class Cluster:
    """A zone and window with more cases than chance expects.

    Attributes
    ----------
    centre : int
        Row of the location (or of `centres`, or of the distances) in its middle.
    locations : tuple of int
        Rows of the locations inside, nearest first.
    radius : float
        Distance of the furthest of them.
    start, stop : int
        Units of time, stop excluded; the whole period in a purely spatial scan.
    cases : int
    expected : float
        Under chance alone; in the expectation-based scan the baseline.
    size : float
        Population, cases and controls, or cases of all times in the zone.
    llr : float
    relative_risk : float
        Cases to expected inside, divided by the same outside; infinite where outside has none.
    p : float or None
        Share of replicates whose largest ratio reaches this one, never 0; None without replicates.
    p_gumbel : float or None
        Tail of the distribution of maxima, where fewer than 10 replicates reach this one.
    recurrence : float or None
        Prospective scans: units of time, 1/p, in which chance alone gives one such alarm if the
        scan is run once in each unit.
    """

    centre: int
    locations: tuple[int, ...]
    radius: float
    start: int
    stop: int
    cases: int
    expected: float
    size: float
    llr: float
    relative_risk: float
    p: float | None
    p_gumbel: float | None
    recurrence: float | None


@dataclass(frozen=True, slots=True)
class Scan:
    """Answer of a scan.

    Attributes
    ----------
    status : {"ok", "not enough data"}
    reason : str
        Why there was too little; empty otherwise.
    clusters : tuple of Cluster
        Most likely first; no location is in two of them.
    cases : int
        All of them.
    cylinders : int
        Zones times windows that were looked at.
    replicates : int
        Drawn, which is fewer than asked for where the simulation stopped early.
    stopped : bool
    maxima : ndarray of float64, shape (replicates,)
        Largest ratio of each replicate.
    """

    status: Status
    reason: str
    clusters: tuple[Cluster, ...]
    cases: int
    cylinders: int
    replicates: int
    stopped: bool
    maxima: Array

    @property
    def p(self) -> float:
        """Of the most likely cluster; 1 where there is none, or nothing was drawn."""
        return (self.clusters[0].p or 1.0) if self.clusters else 1.0


def too_little(reason: str, cases: int) -> Scan:
    return Scan("not enough data", reason, (), cases, 0, 0, False, np.empty(0))


def apart(best: Sequence[Best], locations: Sequence[Array]) -> list[int]:
    """The best zones by ratio, leaving out those that share a location with a better one.

    Equal ratios: the earlier centre.
    """
    taken: set[int] = set()
    chosen = []
    for i in sorted(range(len(best)), key=lambda i: (-round(best[i].llr, 9), best[i].centre)):
        held = locations[i].tolist()
        if taken.isdisjoint(held):
            taken.update(held)
            chosen.append(i)
    return chosen


def chance(llr: float, maxima: Array, *, stopped: bool) -> tuple[float | None, float | None]:
    """Simulated p, and the Gumbel tail where too few replicates reach the ratio.

    A simulation that stopped early has p = exceedances / draws (Besag and Clifford 1991).

    Examples
    --------
    >>> chance(9.0, np.array([1.0, 2.0, 3.0]), stopped=False)[0]
    0.25
    """
    if not len(maxima):
        return None, None
    p = significance.monte_carlo_p(llr, maxima)
    reached = round(p * (len(maxima) + 1)) - 1
    if stopped:
        return reached / len(maxima), None
    rare = reached < RARE and len(maxima) > 1
    return p, significance.gumbel(llr, maxima) if rare else None
