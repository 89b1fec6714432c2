"""Clusters of a country by tiles: each worked out alone, then joined; equal to doing all at once.

A tile owns the nodes inside a square of the British National Grid and also knows those around it,
out to twice the reach: once for what lies near its own nodes, once more for what lies near those.
So it knows for every own node, and for each node within reach of one, whether it is core. Two
tiles that know one core node join what hangs on it. Tasks are pure functions of what they are
given: one that was lost is done again, wherever, with the same result.
"""

from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from geo.density import clustered
from geo.errors import GeoInputError
from geo.linking import Labels, numbered, united
from geo.neighbourhood import Array, Nodes, reach_m

TILE_M = 10_000
ROUNDING_M = 0.001  # one more millimetre: a node too many around a tile changes nothing

NONE = np.zeros(0, dtype=np.int64)


class Limits(NamedTuple):
    """Who is a neighbour, and how many make a core (as for `geo.density.st_dbscan`)."""

    eps_m: float
    eps_days: int
    min_points: int


class Tile(NamedTuple):
    """Nodes of the study that a tile knows, in their order, and which of them it owns."""

    name: str
    known: Array
    own: Array


class Part(NamedTuple):
    """What a task is given: the nodes that a tile knows, nothing of where they are numbered."""

    nodes: Nodes
    own: Array
    limits: Limits


class Found(NamedTuple):
    """What a task finds, by position among the nodes that the tile knows.

    `core`, `component` and `core_of` for each own node: whether it is core; its component, -1
    unless core; the core node whose cluster it shares, -1 for none. `beyond` are core nodes of
    other tiles that hang together with own ones, in the component of the same row.
    """

    core: Array
    component: Array
    core_of: Array
    beyond: Array
    beyond_component: Array
    components: int


def tiles(xy_m: Array, limits: Limits, tile_m: int = TILE_M) -> list[Tile]:
    """Squares of the grid that hold a node, from south to north, with what lies around each.

    Parameters
    ----------
    xy_m : ndarray, shape (n, 2)
        EPSG:27700 metres.
    limits : Limits
    tile_m : int
        Side of a square.

    Returns
    -------
    list of Tile
        Each node is owned once. Squares are half open: a node on an edge belongs to the east, or
        the north.

    Raises
    ------
    GeoInputError
        Squares too small for the distance; a distance below a metre.

    Examples
    --------
    >>> found = tiles(np.array([[9_999.0, 0.0], [10_000.0, 0.0]]), Limits(250, 28, 5))
    >>> [(tile.name, tile.known.tolist(), tile.own.tolist()) for tile in found]
    [('t10000:0:0', [0, 1], [True, False]), ('t10000:1:0', [0, 1], [False, True])]
    """
    halo_m = 2 * reach_m(limits.eps_m) + ROUNDING_M
    if limits.eps_m < 1 or tile_m < halo_m:
        raise GeoInputError(
            "Tiles need a distance of a metre or more, and a side of at least twice the distance."
        )
    if not len(xy_m):
        return []
    square = np.floor(xy_m / tile_m).astype(np.int64)
    wide = int(np.ptp(square[:, 0])) + 3
    square -= square.min(axis=0) - 1
    home = square[:, 1] * wide + square[:, 0]
    nodes, keys = [np.arange(len(xy_m))], [home]
    for node, step in _around(xy_m, tile_m, halo_m, wide):
        nodes.append(node)
        keys.append(home[node] + step)
    node, key = np.concatenate(nodes), np.concatenate(keys)
    held = np.unique(home)
    some = np.isin(key, held)
    node, key = node[some], key[some]
    by = np.lexsort((node, key))
    cut = np.searchsorted(key[by], np.append(held, np.iinfo(np.int64).max))
    corner = np.floor(xy_m.min(axis=0) / tile_m).astype(np.int64) - 1
    return [
        Tile(_name(tile_m, int(k), wide, corner), node[rows], home[node[rows]] == k)
        for k, rows in zip(held, (by[a:b] for a, b in pairwise(cut)), strict=True)
    ]


def part(nodes: Nodes, tile: Tile, limits: Limits) -> Part:
    """What a task is given. Ranks count within the tile: a node elsewhere changes none of it."""
    known = tile.known
    order = np.empty(len(known), dtype=np.int64)
    order[np.argsort(nodes.order[known], kind="stable")] = np.arange(len(known))
    few = Nodes(
        nodes.xy_m[known], nodes.day[known], nodes.weight[known], order,
        nodes.eligible[known], NONE, NONE,
    )  # fmt: skip
    return Part(few, tile.own, limits)


def clusters_of(given: Part) -> Found:
    """Clusters of one tile, as far as its own nodes belong to them."""
    core, component, core_of = clustered(given.nodes, *given.limits)
    own = given.own
    kept = np.unique(component[own & core])
    number = np.full(len(core) if not len(kept) else int(component.max()) + 1, -1, dtype=np.int64)
    number[kept] = np.arange(len(kept))
    of = np.where(core, number[component], -1)
    beyond = np.flatnonzero(~own & (of >= 0))
    return Found(core[own], of[own], core_of[own], beyond, of[beyond], len(kept))


class Merge:
    """Clusters of all tiles, joined wherever two tiles know one core node."""

    def __init__(self, nodes: Nodes) -> None:
        n = len(nodes.day)
        self.order = nodes.order
        self.core = np.zeros(n, dtype=bool)
        self.component = np.full(n, -1, dtype=np.int64)
        self.core_of = np.full(n, -1, dtype=np.int64)
        self.shared: list[tuple[Array, Array]] = []
        self.components = 0

    def add(self, tile: Tile, found: Found) -> None:
        """In any order."""
        own = tile.known[tile.own]
        self.core[own] = found.core
        self.component[own] = np.where(found.core, found.component + self.components, -1)
        held = found.core_of >= 0
        self.core_of[own[held]] = tile.known[found.core_of[held]]
        self.shared.append((tile.known[found.beyond], found.beyond_component + self.components))
        self.components += found.components

    def labels(self) -> Labels:
        """Labels of the nodes when every tile was added; numbers as `geo.density` gives them."""
        node = np.concatenate([NONE, *(node for node, _ in self.shared)])
        other = np.concatenate([NONE, *(other for _, other in self.shared)])
        joined = united(np.arange(self.components), self.component[node], other)
        component = np.where(self.core, np.append(joined, -1)[self.component], -1)
        return Labels(numbered(component, self.core_of, self.order), self.core)


def _around(xy_m: Array, tile_m: int, halo_m: float, wide: int) -> Iterator[tuple[Array, int]]:
    """Nodes near each side and corner of their square, and the step to the square beyond."""
    from_corner = xy_m - np.floor(xy_m / tile_m) * tile_m
    near = {
        -1: from_corner <= halo_m,
        0: np.ones(from_corner.shape, dtype=bool),
        1: from_corner >= tile_m - halo_m,
    }
    for north in (-1, 0, 1):
        for east in (-1, 0, 1):
            if north or east:
                yield np.flatnonzero(near[east][:, 0] & near[north][:, 1]), north * wide + east


def _name(tile_m: int, key: int, wide: int, corner: Array) -> str:
    column, row = key % wide + int(corner[0]), key // wide + int(corner[1])
    return f"t{tile_m}:{column}:{row}"
