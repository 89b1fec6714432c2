"""The largest log likelihood ratio of all cylinders: once with everything, then many times fast.

A cylinder's share of the cases is the same in every replicate, so the fewest cases that reach a
given ratio can be told beforehand. A replicate then costs one addition and one comparison for each
cylinder, in whole numbers, for hundreds of replicates side by side; logarithms are taken only of
the few cylinders that reach the level. The level decides how long it takes, never the answer: a
replicate that does not reach it is swept again with a lower one.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from geo.scan.model import Model
from geo.scan.options import Array
from geo.scan.zones import TIE, Zones

GRID = 16_384
SLACK = 1e-3  # of a step of the grid: no rounding takes a cylinder to the next
LOWER = 0.6
HELD = 1_000_000


@dataclass(frozen=True, slots=True)
class Best:
    """The best cylinder of one centre."""

    centre: int
    entries: int
    window: int
    cases: int
    measure: float
    llr: float


def best_of_centres(model: Model, zones: Zones, cases: Array, min_cases: int) -> list[Best]:
    """The best zone and window of each centre that has any excess.

    Equal ratios: fewest locations, then the shortest window.
    """
    found = []
    for centre, (a, b) in enumerate(zip(zones.start[:-1], zones.start[1:], strict=True)):
        member = zones.member[a:b]
        n = np.cumsum(cases[member], axis=0)
        q = np.cumsum(model.base[member], axis=0) * model.factor
        possible = zones.closes[a:b, None] & (n >= min_cases) & (n > q * model.rate)
        at = np.flatnonzero(possible)
        if not len(at):
            continue
        llr = model.llr(n.ravel()[at], q.ravel()[at])
        top = int(np.argmax(llr >= llr.max() * (1 - TIE)))
        j, w = divmod(int(at[top]), n.shape[1])
        one = Best(centre, j + 1, w, int(n[j, w]), float(q[j, w]), float(llr[top]))
        if one.llr > 0:
            found.append(one)
    return found


def maxima(
    model: Model, zones: Zones, rows: Sequence[Array], level: float, min_cases: int
) -> Array:
    """The largest ratio of each replicate, 0 where there is no excess.

    Parameters
    ----------
    model, zones
    rows : sequence of ndarray of int, each of shape (windows, replicates)
        Cases of each location.
    level : float
        Where to look first.
    min_cases : int
    """
    best = _sweep(model, zones, rows, level, min_cases)
    missed = np.flatnonzero(best < level)
    if len(missed):
        lower = level * LOWER if level > 0.5 else 0.0
        fewer = [np.ascontiguousarray(row[:, missed]) for row in rows]
        best[missed] = maxima(model, zones, fewer, lower, min_cases)
    return best


def _sweep(
    model: Model, zones: Zones, rows: Sequence[Array], level: float, min_cases: int
) -> Array:
    shape = rows[0].shape
    run, hit = np.zeros(shape, dtype=rows[0].dtype), np.zeros(shape, dtype=bool)
    needed = Needed.of(model, level, min_cases, rows[0].dtype)
    hits = _Hits(model, np.zeros(shape[1]))
    for a, b in zones:
        member = zones.member[a:b]
        q = np.cumsum(model.base[member], axis=0) * model.factor
        least = needed.at(q)[:, :, None]
        run.fill(0)
        for j, (m, closes) in enumerate(zip(member.tolist(), zones.closes[a:b], strict=True)):
            np.add(run, rows[m], out=run)
            if closes:
                np.greater_equal(run, least[j], out=hit)
                if np.count_nonzero(hit):
                    hits.add(run, hit, q[j])
    hits.settle()
    return hits.best


@dataclass(frozen=True, slots=True)
class Needed:
    """The fewest cases that reach a level, by the logarithm of the measure; rather one too few."""

    cases: Array
    first: float
    scale: float

    @classmethod
    def of(cls, model: Model, level: float, min_cases: int, dtype: np.dtype[Any]) -> "Needed":
        part = model.base[model.base > 0]
        least = float(part.min()) * float(model.factor[model.factor > 0].min())
        most = float((model.base.sum(axis=0) * model.factor).max())
        grid = np.geomspace(least, most * (1 + TIE), GRID)
        cases = np.minimum(_fewest(model, grid, level, min_cases), np.iinfo(dtype).max)
        first, last = np.log(grid[[0, -1]])
        return cls(cases.astype(dtype), float(first), (GRID - 1) / max(float(last - first), TIE))

    def at(self, q: Array) -> Array:
        with np.errstate(divide="ignore"):
            step = (np.log(q) - self.first) * self.scale - SLACK
        least: Array = self.cases[np.clip(step, 0, GRID - 1).astype(np.int64)]
        return least


def _fewest(model: Model, q: Array, level: float, min_cases: int) -> Array:
    """Smallest whole number of cases above expectation whose ratio reaches the level."""
    low: Array = np.maximum(np.floor(q * model.rate) + 1, min_cases)
    high, step = low.copy(), 1.0
    short = model.llr(high, q) < level
    while short.any():
        low[short] = high[short] + 1
        high[short] += step
        step *= 2
        short &= model.llr(high, q) < level
    while (low < high).any():
        middle = np.floor((low + high) / 2)
        reached = model.llr(middle, q) >= level
        high[reached] = middle[reached]
        low[~reached] = np.minimum(middle + 1, high)[~reached]
    return high


@dataclass(slots=True)
class _Hits:
    model: Model
    best: Array
    held: int = 0
    cases: list[Array] = field(default_factory=list)
    measure: list[Array] = field(default_factory=list)
    replicate: list[Array] = field(default_factory=list)

    def add(self, run: Array, hit: Array, q: Array) -> None:
        at = np.flatnonzero(hit)
        window, replicate = np.divmod(at, hit.shape[1])
        self.cases.append(run.ravel()[at])
        self.measure.append(q[window])
        self.replicate.append(replicate)
        self.held += len(at)
        if self.held > HELD:
            self.settle()

    def settle(self) -> None:
        if self.held:
            llr = self.model.llr(np.concatenate(self.cases), np.concatenate(self.measure))
            np.maximum.at(self.best, np.concatenate(self.replicate), llr)
        self.held = 0
        self.cases.clear()
        self.measure.clear()
        self.replicate.clear()
