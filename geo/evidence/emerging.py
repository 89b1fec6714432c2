"""Are the clusters of a run more than dates drawn at random would make? (analysis.md 4.4)."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import NamedTuple

import numpy as np

from geo.evidence import draws
from geo.evidence.cores import Form, form
from geo.evidence.cube import Cube
from geo.evidence.scores import Groups, largest, scores, totals
from geo.neighbourhood import Array
from geo.significance import gumbel, monte_carlo_p, stream

NAME = "emerging"
BATCH, LEAST = 50, 30
TOO_FEW = f"Fewer than {LEAST} incidents in all: too few to tell a pattern from chance."
TOO_LARGE = "More places and days than the test can hold. Shorten the period."

Spread = Callable[[Callable[[range], Array], Iterable[range]], Iterable[Array]]


class Core(NamedTuple):
    """Core of one cluster: site, column and weight of each of its rows."""

    site: Array
    column: Array
    weight: Array


@dataclass(frozen=True, slots=True)
class Emerging:
    """Result for one cluster. `observed` events around its core between two days, both included."""

    status: str
    why: str | None = None
    p: float | None = None
    gumbel: float | None = None
    llr: float | None = None
    observed: int | None = None
    expected: float | None = None
    first_day: int | None = None
    last_day: int | None = None
    replicates: int | None = None


def against_chance(
    cube: Cube,
    cores: Sequence[Core],
    *,
    key: str,
    replicates: int = 999,
    least: tuple[int, int] = (5, 3),
    spread: Spread = map,
) -> list[Emerging]:
    """Family-wise p of each cluster of a run, by permuting days over events.

    Parameters
    ----------
    cube : Cube
    cores : sequence of Core
        Core rows of each cluster, by the cube's sites and columns.
    key : str
        Of the random streams: hashes of snapshot and parameters.
    replicates : int
    least : (int, int)
        Core events and dates below which a cluster has the ratio 0.
    spread : callable
        Like `map`, over batches of replicates: may use several processes. No effect on results.

    Returns
    -------
    list of Emerging
        In the order of `cores`. Around each core, out to half the reach, the events in its days
        are compared with those expected if place and day had nothing to do with each other
        (Kulldorff et al. 2005). Each replicate is clustered again; p counts the replicates whose
        strongest cluster is as strong. Below 30 events: "not enough data".

    Examples
    --------
    >>> from geo.evidence.cube import cube as made
    >>> day, none = np.arange(3), np.zeros(3, int)
    >>> few, _ = made(none, np.zeros((3, 2)), day, none + 1, none == 0, neighbours=None,
    ...               eps_m=250, eps_days=28, min_points=3)
    >>> against_chance(few, [Core(none, day, none + 1)], key="k")[0].status
    'not enough data'
    """
    if cube.total < LEAST:
        return [Emerging("not enough data", TOO_FEW) for _ in cores]
    single = _single(cube)
    found = form(single)
    if found is None:
        return [Emerging("not tested", TOO_LARGE) for _ in cores]
    if not cores:
        return []
    llr, observed, expected, first, last = _observed(cube, found, cores, least)
    batches = [range(at, min(at + BATCH, replicates)) for at in range(0, replicates, BATCH)]
    maxima = np.concatenate(list(spread(partial(simulated, found, key, least), batches)))
    return [
        Emerging(
            "tested",
            None,
            monte_carlo_p(llr[k], maxima),
            gumbel(llr[k], maxima),
            float(llr[k]),
            int(observed[k]),
            float(expected[k]),
            int(cube.days[first[k]]),
            int(cube.days[last[k]]),
            replicates,
        )
        for k in range(len(cores))
    ]


def simulated(found: Form, key: str, least: tuple[int, int], batch: range) -> Array:
    """Largest ratio of each replicate of a batch."""
    sums = totals(found.cube)
    return np.array(
        [
            largest(found.cube, draws.drawn(found, stream(key, NAME, rep)), sums, least)
            for rep in batch
        ]
    )


def _single(cube: Cube) -> Cube:
    """One row for each event."""
    if (cube.weight == 1).all():
        return cube
    row = np.repeat(np.arange(len(cube.site)), cube.weight)
    return replace(
        cube,
        site=cube.site[row],
        column=cube.column[row],
        able=cube.able[row],
        weight=np.ones(len(row), dtype=np.int64),
    )


def _observed(
    cube: Cube, found: Form, cores: Sequence[Core], least: tuple[int, int]
) -> tuple[Array, ...]:
    first = np.array([core.column.min() for core in cores])
    last = np.array([core.column.max() for core in cores])
    of = np.repeat(np.arange(len(cores)), [len(core.site) for core in cores])
    groups = Groups(of, np.concatenate([core.site for core in cores]), first, last)
    score = scores(cube, found.cores(found.cube.column), groups, totals(cube))
    enough = [
        core.weight.sum() >= least[0] and len(np.unique(core.column)) >= least[1] for core in cores
    ]
    return np.where(enough, score.llr, 0.0), score.observed, score.expected, first, last
