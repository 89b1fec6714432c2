"""Cluster again only what changed since the last time: the same answer, for less work.

Sites within reach of each other, directly or through others, hang together; no cluster goes
beyond. Where all events of such a component are what they were, so are their clusters.
"""

import hashlib
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from geo.crossborough.grounds import labelled
from geo.crossborough.inputs import Events, Params
from geo.density import Labels, Pairs
from geo.linking import united
from geo.sitepairs import site_pairs

Array = NDArray[Any]


NONE = np.zeros(0, dtype=np.int64)


class Known(NamedTuple):
    """Cluster of each row of a component, from 0 (-1 none), and whether it is core."""

    label: Array
    core: Array


Memory = Mapping[bytes, Known]


class Again(NamedTuple):
    """Labels of all rows, what to remember, and how many rows were clustered."""

    labels: Labels
    memory: Memory
    rows: int


def labelled_again(
    events: Events, params: Params, neighbours: Pairs | None, memory: Memory
) -> Again:
    """Labels as `labelled` gives them, from those of the last time where nothing changed.

    Parameters
    ----------
    events, params, neighbours
        As for `geo.crossborough.run`.
    memory : mapping
        Of the last time with the same parameters; empty at first.

    Returns
    -------
    Again

    Examples
    --------
    >>> none, day, at = np.zeros(5, int), np.arange(5), np.zeros((5, 2))
    >>> given = Events(day, none, at, day, none + 1, none, none == 0)
    >>> first = labelled_again(given, Params(), None, {})
    >>> first.rows, labelled_again(given, Params(), None, first.memory).rows
    (5, 0)
    """
    parts = _components(events, params.eps_m, neighbours)
    prints = [_fingerprint(events, rows, near) for rows, near in parts]
    changed = [rows for (rows, _), key in zip(parts, prints, strict=True) if key not in memory]
    touched = np.sort(np.concatenate([NONE, *changed]))
    total = len(events.day)
    label, core = np.full(total, -1, dtype=np.int64), np.zeros(total, dtype=bool)
    if len(touched):
        found = labelled(_only(events, touched), params, neighbours)
        label[touched], core[touched] = found.label, found.core
    kept: dict[bytes, Known] = {}
    offset = total
    for key, (rows, _) in zip(prints, parts, strict=True):
        known = memory.get(key) or _known(label[rows], core[rows])
        label[rows] = np.where(known.label >= 0, known.label + offset, -1)
        core[rows] = known.core
        offset += len(rows)
        kept[key] = known
    return Again(Labels(_numbered(label, events.order), core), kept, len(touched))


def _components(
    events: Events, eps_m: float, neighbours: Pairs | None
) -> list[tuple[Array, Array | None]]:
    """Rows of each component in their order, and where distances are given, those among it."""
    pairs = site_pairs(events.site, events.xy_m, eps_m, neighbours)
    of_site = united(np.arange(pairs.sites), pairs.near.i, pairs.near.j)
    number = int(of_site.max(initial=-1)) + 1
    component = of_site[pairs.of]
    rows = _split(np.lexsort((events.order, component)), component, number)
    if neighbours is None:
        return [(part, None) for part in rows]
    i, j, mm = pairs.near.i, pairs.near.j, np.asarray(pairs.near.mm)
    table = np.column_stack([np.minimum(i, j), np.maximum(i, j), mm])
    of_pair = of_site[i]
    near = _split(np.lexsort((table[:, 1], table[:, 0], of_pair)), of_pair, number)
    return [(part, table[among]) for part, among in zip(rows, near, strict=True)]


def _split(by: Array, of: Array, number: int) -> list[Array]:
    return np.split(by, np.searchsorted(of[by], np.arange(1, number))) if number else []


def _fingerprint(events: Events, rows: Array, near: Array | None) -> bytes:
    """Of everything that the clusters of a component depend on; of ids only their order."""
    digest = hashlib.blake2b(digest_size=16)
    site = np.unique(events.site[rows], return_inverse=True)[1]
    columns = [events.xy_m, events.day, events.weight, events.may_be_core]
    for column in (*(column[rows] for column in columns), site.ravel()):
        digest.update(np.ascontiguousarray(column, dtype=np.float64).tobytes())
    if near is not None:
        among = near.astype(np.float64)
        among[:, :2] -= among[:, :2].min(initial=np.inf)
        digest.update(among.tobytes())
    return digest.digest()


def _known(label: Array, core: Array) -> Known:
    known, at = np.unique(label, return_inverse=True)
    return Known(at.ravel() - int((known < 0).any()), core)


def _only(events: Events, rows: Array) -> Events:
    """What clustering looks at, of some rows."""
    return Events(
        events.order[rows], events.site[rows], events.xy_m[rows], events.day[rows],
        events.weight[rows], events.lad[rows], events.may_be_core[rows],
    )  # fmt: skip


def _numbered(label: Array, order: Array) -> Array:
    """Clusters numbered by their first member in the caller's order."""
    member = np.flatnonzero(label >= 0)
    found, which = np.unique(label[member], return_inverse=True)
    first = np.full(len(found), np.iinfo(np.int64).max)
    np.minimum.at(first, which.ravel(), order[member])
    rank = np.empty(len(found), dtype=np.int32)
    rank[np.argsort(first, kind="stable")] = np.arange(len(found))
    numbered = np.full(len(label), -1, dtype=np.int32)
    numbered[member] = rank[which.ravel()]
    return numbered
