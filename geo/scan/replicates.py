"""Maxima of sets drawn under chance alone: one stream each, in blocks that fit the cache."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import numpy as np

from geo import significance
from geo.scan import engine
from geo.scan.circles import TIE, Zones
from geo.scan.model import Model
from geo.scan.options import Array, Settings
from geo.scan.periods import Windows

CELLS = 16_384  # windows * replicates side by side: sums, limits and answers stay in the cache
HELD_BYTES = 128_000_000
TOGETHER = 32  # drawn before they are laid side by side
EARLY = 4  # times the exceedances asked for: not many more than needed are drawn


def maxima(
    model: Model, zones: Zones, windows: Windows, settings: Settings, observed: float
) -> tuple[Array, bool]:
    """The largest ratio of each replicate, and whether that was enough to stop early.

    Neither blocks nor workers nor the first guess change a number.
    """
    drawn = np.empty(0)
    least = observed - TIE * max(1.0, abs(observed))
    stop_at = settings.stop_at or settings.replicates + 1
    for found in _in_blocks(model, zones, windows, settings, observed):
        drawn = np.concatenate([drawn, found])
        reached = np.flatnonzero(drawn >= least)
        if len(reached) >= stop_at:
            return drawn[: reached[stop_at - 1] + 1], True
    return drawn, False


def _in_blocks(
    model: Model, zones: Zones, windows: Windows, settings: Settings, observed: float
) -> Iterator[Array]:
    guess = min(0.8 * observed, 0.25 * np.log(1 + len(zones.member) * len(windows.start)))

    def one(reps: range) -> Array:
        rows = drawn_rows(model, windows, settings.key, reps)
        return engine.maxima(model, zones, rows, guess, settings.min_cases)

    blocks = _blocks(settings, len(windows.start), len(model.base))
    if settings.workers == 1:
        yield from map(one, blocks)
        return
    with ThreadPoolExecutor(settings.workers) as pool:
        for i in range(0, len(blocks), settings.workers):
            yield from pool.map(one, blocks[i : i + settings.workers])


def _blocks(settings: Settings, windows: int, places: int) -> list[range]:
    """Replicates in runs that fit the cache and the memory, shared evenly by the workers."""
    most = min(CELLS // windows, HELD_BYTES // (2 * windows * places))
    size = max(min(most, EARLY * settings.stop_at) if settings.stop_at else most, 1)
    parts = -(-settings.replicates // size)
    parts = -(-parts // settings.workers) * settings.workers
    ends = [settings.replicates * i // parts for i in range(parts + 1)]
    return [range(a, b) for a, b in pairwise(ends) if b > a]


def drawn_rows(model: Model, windows: Windows, key: str, reps: range) -> list[Array]:
    """Cases (windows, replicates) of each location under chance alone."""
    shape = (len(model.base), len(windows.start), len(reps))
    small = np.int16 if model.most < np.iinfo(np.int16).max else np.int32
    drawn = np.empty(shape, dtype=small)
    for i in range(0, len(reps), TOGETHER):
        some = [
            windows.sums(model.draw(significance.stream(key, model.name, rep))).astype(small)
            for rep in reps[i : i + TOGETHER]
        ]
        drawn[:, :, i : i + TOGETHER] = np.stack(some, axis=2)
    return list(drawn)
