"""The largest log likelihood ratio of all cylinders: once with everything, then many times fast.

A cylinder's share of the cases is the same in every replicate, so the fewest cases that reach a
given ratio can be told beforehand. A replicate then costs one addition and one comparison for each
cylinder, in whole numbers, for hundreds of replicates side by side; logarithms are taken only of
the few cylinders that reach the level. The level decides how long it takes, never the answer: a
replicate that does not reach it is swept again with a lower one.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np

from geo.scan.circles import TIE, Zones
from geo.scan.model import Model
from geo.scan.options import Array

GRID = 16_384
SLACK = 1e-3  # of a step of the grid: no rounding takes a cylinder to the next
SAMPLE = 16  # every so many centres tell what level the others can be held to
UNDER = 0.1  # share of replicates that may miss it and are swept again
LOWER = 0.6
HELD = 250_000  # hits, before their logarithms are taken
PART = 1_000_000  # zones * windows of one centre looked at together


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

    Equal ratios: fewest locations, then the first window.
    """
    found = []
    for centre, (a, b) in enumerate(pairwise(zones.start.tolist())):
        best, counted = None, np.zeros(cases.shape[1], dtype=cases.dtype)
        for c, d, q in _measures(model, zones, a, b):
            n = counted + np.cumsum(cases[zones.member[c:d]], axis=0)
            counted = n[-1]
            possible = zones.closes[c:d, None] & (n >= min_cases) & (n > q * model.rate)
            at = np.flatnonzero(possible)
            llr = model.llr(n.ravel()[at], q.ravel()[at])
            if len(at) and llr.max() > (best.llr * (1 + TIE) if best else 0.0):
                top = int(np.argmax(llr >= llr.max() * (1 - TIE)))
                j, w = divmod(int(at[top]), n.shape[1])
                entries = c - a + j + 1
                best = Best(centre, entries, w, int(n[j, w]), float(q[j, w]), float(llr[top]))
        if best:
            found.append(best)
    return found


def _measures(model: Model, zones: Zones, a: int, b: int) -> Iterator[tuple[int, int, Array]]:
    """Measures (zones, windows) of one centre's entries a to b, a part at a time."""
    part = max(1, PART // len(model.factor))
    so_far = np.zeros(model.base.shape[1])
    for c in range(a, b, part):
        d = min(c + part, b)
        summed = so_far + np.cumsum(model.base[zones.member[c:d]], axis=0)
        so_far = summed[-1]
        yield c, d, summed * model.factor


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
    centres = list(pairwise(zones.start.tolist()))
    hits = _Hits(model, np.zeros(rows[0].shape[1]))
    _sweep(hits, zones, rows, centres[::SAMPLE], level, min_cases)
    level = max(level, float(np.quantile(hits.best, UNDER)))
    del centres[::SAMPLE]
    _sweep(hits, zones, rows, centres, level, min_cases)
    best = hits.best
    missed = np.flatnonzero(best < level)
    if len(missed):
        lower = max(level * LOWER if level > 0.5 else 0.0, float(best[missed].min()))
        fewer = [np.ascontiguousarray(row[:, missed]) for row in rows]
        best[missed] = maxima(model, zones, fewer, lower, min_cases)
    return best


def _sweep(
    hits: "_Hits",
    zones: Zones,
    rows: Sequence[Array],
    centres: Sequence[tuple[int, int]],
    level: float,
    min_cases: int,
) -> None:
    """Gather the cylinders of some centres that reach the level."""
    model, shape, dtype = hits.model, rows[0].shape, rows[0].dtype
    run, hit = np.zeros(shape, dtype=dtype), np.zeros(shape, dtype=bool)
    steps = min(GRID, max(len(zones.member) * shape[0], 2))
    needed = Needed.of(model, level, min_cases, dtype, steps=steps)
    flat_run, flat_hit = run.ravel(), hit.ravel()
    for a, b in centres:
        run.fill(0)
        for c, d, q in _measures(model, zones, a, b):
            least = needed.at(q)[:, :, None]
            joining = zip(zones.member[c:d].tolist(), zones.closes[c:d].tolist(), strict=True)
            for j, (m, closes) in enumerate(joining):
                np.add(run, rows[m], out=run)
                if not closes:
                    continue
                np.greater_equal(run, least[j], out=hit)
                if np.count_nonzero(flat_hit):
                    at = flat_hit.nonzero()[0]
                    hits.add(q[j], at, flat_run[at])
    hits.settle()


@dataclass(frozen=True, slots=True)
class Needed:
    """The fewest cases that reach a level, by the logarithm of the measure; rather one too few."""

    cases: Array
    first: float
    scale: float

    @classmethod
    def of(
        cls, model: Model, level: float, min_cases: int, dtype: np.dtype[Any], *, steps: int = GRID
    ) -> "Needed":
        part = model.base[model.base > 0]
        least = float(part.min()) * float(model.factor[model.factor > 0].min())
        most = float((model.base.sum(axis=0) * model.factor).max())
        grid = np.geomspace(least, most * (1 + TIE), steps)
        cases = np.minimum(_fewest(model, grid, level, min_cases), np.iinfo(dtype).max)
        first, last = np.log(grid[[0, -1]])
        return cls(cases.astype(dtype), float(first), (steps - 1) / max(float(last - first), TIE))

    def at(self, q: Array) -> Array:
        with np.errstate(divide="ignore"):
            step = (np.log(q) - self.first) * self.scale - SLACK
        least: Array = self.cases[np.clip(step, 0, len(self.cases) - 1).astype(np.int64)]
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
    """Cylinders that may reach the level, until there are enough for one round of logarithms."""

    model: Model
    best: Array
    held: int = 0
    measure: list[Array] = field(default_factory=list)
    at: list[Array] = field(default_factory=list)
    cases: list[Array] = field(default_factory=list)

    def add(self, q: Array, at: Array, cases: Array) -> None:
        """Cases at flat positions (windows, replicates) of a zone whose measures are q."""
        self.measure.append(q)
        self.at.append(at)
        self.cases.append(cases)
        self.held += len(at) + len(q)
        if self.held > HELD:
            self.settle()

    def settle(self) -> None:
        if not self.held:
            return
        zone = np.repeat(np.arange(len(self.at)), [len(at) for at in self.at])
        window, replicate = np.divmod(np.concatenate(self.at), len(self.best))
        measure = np.stack(self.measure)[zone, window]
        llr = self.model.llr(np.concatenate(self.cases), measure)
        np.maximum.at(self.best, replicate, llr)
        self.held = 0
        self.measure.clear()
        self.at.clear()
        self.cases.clear()
