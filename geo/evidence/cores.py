"""Core events of one table of sites and days, and the clusters they form: exact, and quick.

A run is what one site has without a gap of more than `eps_days` between its core days. Two runs
of sites near each other are one cluster exactly when their periods, each prolonged by
`eps_days`, meet: between two core days of a run there is no room for a day farther than that
from both. So clusters come from a few runs instead of many events.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from geo.evidence.cube import Cube
from geo.linking import united
from geo.neighbourhood import Array, joined

CELLS, PAIRS = 20_000_000, 20_000_000  # a table, and a list of pairs, that fit into memory


class Cores(NamedTuple):
    """Core events by site and day, sorted; `between` counts all of a site in some columns."""

    site: Array
    column: Array
    weight: Array
    between: Callable[[Array, Array, Array], Array]


class Clusters(NamedTuple):
    """Runs and the cluster of each; the run of each core cell."""

    of: Array
    site: Array
    first: Array  # column
    last: Array
    weight: Array
    run: Array
    number: int


@dataclass(frozen=True, slots=True)
class Table:
    """Sites by days as a matrix: quick where sites have many events."""

    cube: Cube
    low: Array
    high: Array

    def cores(self, column: Array) -> Cores:
        """Core events when each event falls on the day of its `column`."""
        cube, shape = self.cube, (self.cube.sites, len(self.cube.days))
        at = cube.site * shape[1] + column
        size = shape[0] * shape[1]
        table = np.bincount(at, minlength=size).reshape(shape)
        able = table
        if not cube.able.all():
            able = np.bincount(at[cube.able], minlength=size).reshape(shape)
        return self.of_table(table, able)

    def of_table(self, table: Array, able: Array) -> Cores:
        from scipy.sparse import csr_array

        cube, (sites, width) = self.cube, table.shape
        until = np.zeros((sites, width + 1), dtype=np.int32)
        np.cumsum(table, axis=1, out=until[:, 1:])
        box = until.take(self.high, axis=1) - until.take(self.low, axis=1)
        ones = np.ones(len(cube.within.near), dtype=np.int32)
        reach = csr_array((ones, cube.within.near, cube.within.start), shape=(sites, sites))
        core = (reach @ box >= cube.min_points) & (able > 0)
        flat = np.flatnonzero(core)

        def between(site: Array, first: Array, last: Array) -> Array:
            until_flat, wide = until.ravel(), width + 1
            found: Array = until_flat[site * wide + last + 1] - until_flat[site * wide + first]
            return found

        return Cores(flat // width, flat % width, able.ravel()[flat], between)


@dataclass(frozen=True, slots=True)
class Listed:
    """Pairs of events whose sites are near each other: quick where sites are many."""

    cube: Cube
    i: Array
    j: Array

    def __reduce__(self) -> tuple[Callable[[Cube], "Form | None"], tuple[Cube]]:
        """To another process goes what it is made from: a fiftieth of the pairs."""
        return form, (self.cube,)

    def cores(self, column: Array) -> Cores:
        """Core events when each event falls on the day of its `column`."""
        cube, width = self.cube, len(self.cube.days)
        day = cube.days[column].astype(np.int32)
        meets = np.abs(day[self.i] - day[self.j]) <= cube.eps_days
        near = np.bincount(self.i[meets], minlength=len(day)) + 1
        near += np.bincount(self.j[meets], minlength=len(day))
        at = cube.site * width + column
        known = np.sort(at)

        def between(site: Array, first: Array, last: Array) -> Array:
            stop = np.searchsorted(known, site * width + last, "right")
            return np.asarray(stop - np.searchsorted(known, site * width + first))

        cell, weight = np.unique(at[(near >= cube.min_points) & cube.able], return_counts=True)
        return Cores(cell // width, cell % width, weight, between)


Form = Table | Listed


def form(cube: Cube) -> Form | None:
    """The quicker of two exact forms; None where neither fits into memory.

    The cube's rows stand for one event each.
    """
    width = len(cube.days)
    n = np.bincount(cube.site, minlength=cube.sites).astype(np.float64)
    of = np.repeat(np.arange(cube.sites), np.diff(cube.later.start))
    pairs = float((n[of] * n[cube.later.near]).sum() + (n * (n - 1) / 2).sum())
    table = float(len(cube.within.near) + 8 * cube.sites) * width
    fits = cube.sites * width <= CELLS
    if pairs <= PAIRS and (8 * pairs < table or not fits):
        return Listed(cube, *_pairs(cube, n.astype(np.int64), of))
    if not fits:
        return None
    low = np.searchsorted(cube.days, cube.days - cube.eps_days)
    return Table(cube, low, np.searchsorted(cube.days, cube.days + cube.eps_days, "right"))


def _pairs(cube: Cube, n: Array, of: Array) -> tuple[Array, Array]:
    """Events of each two near sites, and of each site, once."""
    start = np.append(0, np.cumsum(n))
    other, row = joined(start[cube.later.near], n[cube.later.near])
    left = start[of]
    held = n[of[row]]
    j = np.repeat(other, held)
    i = joined(left[row], held)[0]
    rank = np.arange(len(cube.site)) - start[cube.site]
    own = joined(start[cube.site], rank)
    i, j = np.concatenate([i, own[0]]), np.concatenate([j, own[1]])
    return i.astype(np.int32), j.astype(np.int32)


def clusters(cores: Cores, cube: Cube) -> Clusters:
    """Clusters of the core events, by runs."""
    if not len(cores.site):
        none = cores.site
        return Clusters(none, none, none, none, none, none, 0)
    day = cube.days[cores.column] - cube.days[0] + cube.eps_days
    new = np.ones(len(day), dtype=bool)
    new[1:] = (cores.site[1:] != cores.site[:-1]) | (day[1:] - day[:-1] > cube.eps_days)
    start = np.flatnonzero(new)
    last = np.append(start[1:], len(day)) - 1
    site = cores.site[start]
    i, j = _meeting(site, day[start], day[last], cube)
    of = united(np.arange(len(start)), i, j)
    weight = np.add.reduceat(cores.weight, start)
    run = np.cumsum(new) - 1
    columns = cores.column[start], cores.column[last]
    return Clusters(of, site, *columns, weight, run, int(of.max()) + 1)


def _meeting(site: Array, first: Array, last: Array, cube: Cube) -> tuple[Array, Array]:
    """Runs of two near sites whose periods are at most `eps_days` apart; each pair once."""
    held = np.zeros(cube.sites, dtype=bool)
    held[site] = True
    degree = np.diff(cube.later.start)[site]
    at, run = joined(cube.later.start[site], degree)
    other = cube.later.near[at]
    some = held[other]
    other, run = other[some], run[some]
    span = int(cube.days[-1] - cube.days[0]) + 2 * cube.eps_days + 1
    key_first, key_last = site * span + first, site * span + last
    low = np.searchsorted(key_last, other * span + first[run] - cube.eps_days)
    high = np.searchsorted(key_first, other * span + last[run] + cube.eps_days, "right")
    there, which = joined(low, np.maximum(high - low, 0))
    return run[which].astype(np.int64), there
