"""Which clusters are more than chance: each analysis area by itself, its replicates shared out."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from app.core.bulk import Array
from app.scale import tasks
from app.scale.engines import Work
from app.scale.given import Given
from app.scale.rules import HALO_M, LEAST, Asked
from app.scale.tasks import Draws, Maxima, Shuffles
from geo.evidence import emerging, squares
from geo.evidence.cube import cube
from geo.evidence.emerging import LEAST as LEAST_EVENTS
from geo.evidence.emerging import TOO_FEW, Emerging
from geo.evidence.strongest import Core, strongest
from geo.evidence.study import ANY_TIME
from geo.groups import Groups
from geo.significance import gumbel, monte_carlo_p

HALO_CELLS = HALO_M // squares.CELL_M
NOT_TESTED = "No replicates were asked for."


@dataclass(frozen=True, slots=True)
class Area:
    """One analysis area: its rows and those around it; core rows of its clusters among them."""

    code: str
    rows: Array
    clusters: Array  # numbers of clusters
    core: Array  # positions among `rows`
    of: Array  # position among `clusters`, of each core row; ascending
    key: str


def weigh(given: Given, groups: Groups, asked: Asked, work: Work) -> tuple[list[Emerging], Array]:
    """Evidence of each cluster, and the number of the area that it was weighed in."""
    home = _homes(given, groups)
    why = ANY_TIME if asked.eps_days is None else NOT_TESTED
    found = [Emerging("not tested", why)] * groups.number
    if asked.eps_days is None or not asked.replicates:
        return found, home
    for area in _areas(given, groups, home, asked):
        for k, one in zip(area.clusters.tolist(), _weighed(given, area, asked, work), strict=True):
            found[k] = one
    return found, home


def _homes(given: Given, groups: Groups) -> Array:
    """The area that holds most of the core of each cluster; ties by code."""
    wide = len(given.areas)
    rows = groups.rows[groups.core]
    key, at = np.unique(groups.of[groups.core] * wide + given.area[rows], return_inverse=True)
    held = np.bincount(at, weights=given.weight[rows])
    by = np.lexsort((key, -held, key // wide))
    first = by[np.unique(key[by] // wide, return_index=True)[1]]
    return np.asarray(key[first] % wide, dtype=np.int64)


def _areas(given: Given, groups: Groups, home: Array, asked: Asked) -> Iterator[Area]:
    """Areas that have a cluster, in the order of their codes."""
    seed = () if asked.seed is None else (str(asked.seed),)
    whole = (given.snapshot_hash, given.params_hash, *seed)
    rows, of = groups.rows[groups.core], groups.of[groups.core]
    for a in np.unique(home).tolist():
        alone = len(given.areas) == 1
        held = np.arange(len(given.day)) if alone else _with_halo(given, a)
        position = np.full(len(given.day), -1, dtype=np.int64)
        position[held] = np.arange(len(held))
        clusters = np.flatnonzero(home == a)
        mine = (home[of] == a) & (position[rows] >= 0)
        number = np.searchsorted(clusters, of[mine])
        key = "|".join(whole if alone else (*whole, given.areas[a]))
        yield Area(given.areas[a], held, clusters, position[rows[mine]], number, key)


def _with_halo(given: Given, area: int) -> Array:
    """Rows of an area, and those whose square lies within two kilometres of one of its squares."""
    cell = np.floor(given.xy_m / squares.CELL_M).astype(np.int64) + HALO_CELLS
    wide = int(cell[:, 0].max()) + HALO_CELLS + 1
    key = cell[:, 1] * wide + cell[:, 0]
    own = np.unique(key[given.area == area])
    for step in (1, wide):  # first along rows, then across them
        steps = np.arange(-HALO_CELLS, HALO_CELLS + 1) * step
        own = np.unique(own[:, None] + steps)
    return np.flatnonzero(np.isin(key, own))


def _weighed(given: Given, area: Area, asked: Asked, work: Work) -> list[Emerging]:
    total = int(given.weight[area.rows].sum())
    if total < LEAST_EVENTS:
        return [Emerging("not enough data", TOO_FEW)] * len(area.clusters)
    if total <= squares.MANY:
        found = _shuffled(given, area, asked, work)
        if found[0].why != emerging.TOO_LARGE:
            return found
    return _drawn(given, area, asked, work)


def _shuffled(given: Given, area: Area, asked: Asked, work: Work) -> list[Emerging]:
    """Days permuted over events, clustered again: as for the clusters of two boroughs."""
    rows, limits = area.rows, asked.limits
    weight = given.weight[rows]
    made, site = cube(
        given.site[rows], given.xy_m[rows], given.day[rows], weight, weight > 0, neighbours=None,
        eps_m=limits.eps_m, eps_days=limits.eps_days, min_points=limits.min_points,
    )  # fmt: skip
    column = np.searchsorted(made.days, given.day[rows])
    cut = np.searchsorted(area.of, np.arange(1, len(area.clusters)))
    cores = [emerging.Core(site[at], column[at], weight[at]) for at in np.split(area.core, cut)]

    def spread(simulated: Any, batches: Iterable[range]) -> list[Array]:  # noqa: ANN401 - a partial
        form, key, least = simulated.args
        given = (Shuffles(form, key, least, batch) for batch in batches)
        return _values(work, tasks.shuffles, given, area, asked)

    return emerging.against_chance(
        made, cores, key=area.key, replicates=asked.replicates, least=LEAST, spread=spread
    )


def _drawn(given: Given, area: Area, asked: Asked, work: Work) -> list[Emerging]:
    """Weeks drawn in two steps, for squares of 250 m."""
    rows = area.rows
    weight = given.weight[rows]
    made, placed = squares.squares(given.xy_m[rows], given.day[rows], weight, least=LEAST[0])
    at_core = squares.Placed(*(column[area.core] for column in placed))
    number = len(area.clusters)
    core = Core(area.of, at_core, weight[area.core])
    best = strongest(made, squares.table(made, placed, weight), core, number)
    enough = _enough(given, area, number)

    def spread(simulated: Any, batches: Iterable[range]) -> list[Array]:  # noqa: ANN401 - a partial
        made, key = simulated.args
        return _values(work, tasks.draws, (Draws(made, key, b) for b in batches), area, asked)

    maxima = squares.maxima(made, key=area.key, replicates=asked.replicates, spread=spread)
    return [
        Emerging(
            "tested", None, monte_carlo_p(llr, maxima), gumbel(llr, maxima), llr,
            int(best.observed[k]), float(best.expected[k]), int(best.first_day[k]),
            int(best.last_day[k]), asked.replicates,
        )
        for k, llr in enumerate(np.where(enough, best.llr, 0.0).tolist())
    ]  # fmt: skip


def _enough(given: Given, area: Area, number: int) -> Array:
    """Core events and dates that a cluster must have to be more than a coincidence."""
    rows = area.rows[area.core]
    held = np.bincount(area.of, weights=given.weight[rows], minlength=number)
    span = int(given.day.max()) + 1
    dates = np.unique(area.of * span + given.day[rows]) // span
    return (held >= LEAST[0]) & (np.bincount(dates, minlength=number) >= LEAST[1])


def _values(
    work: Work, task: Callable[[Any], Maxima], given: Iterable[Any], area: Area, asked: Asked
) -> list[Array]:  # fmt: skip
    """Results in the order of the batches, whoever was first."""
    total = -(-asked.replicates // emerging.BATCH)
    words = f"Testing against chance ({area.code})"
    found = dict(work.run(task, Maxima, given, total, words))
    return [found[k].values for k in sorted(found)]
