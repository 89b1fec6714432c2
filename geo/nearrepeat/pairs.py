"""Pairs of events near each other in space, and how many are near in time."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from geo.errors import GeoInputError
from geo.nearrepeat.study import Array, Metric, Study
from geo.neighbourhood import PART, GridPairs, Nodes, joined, parts
from geo.numbers import MILLIMETRE

MOST = 50_000_000  # pairs that are held: 8 bytes each

Part = tuple[Array, Array, Array]  # of pairs: i, j, distance


class SpacePairs(NamedTuple):
    """Events i < j or j < i of a study, each pair once; their distances, rounded."""

    i: Array  # int32
    j: Array
    apart: Array  # float64; empty where nobody asked


def near_in_space(
    study: Study, limit: float, metric: Metric = "euclidean", *, distances: bool = False
) -> SpacePairs:
    """All pairs at most `limit` apart.

    Places are paired, not events: few places have many events. All is done in parts, so that
    little more is held than the pairs themselves.

    Parameters
    ----------
    study : Study
    limit : float
        Closed.
    metric : {"euclidean", "manhattan"}
    distances : bool
        Whether distances are asked for.

    Returns
    -------
    SpacePairs

    Raises
    ------
    GeoInputError
        More than fifty million pairs.

    Examples
    --------
    >>> from geo.nearrepeat.study import sorted_events
    >>> events = sorted_events([[0, 0], [0, 200], [0, 300]], [0, 0, 0])
    >>> found = near_in_space(events, 200, distances=True)
    >>> sorted(zip(found.i.tolist(), found.j.tolist(), found.apart.tolist()))
    [(0, 1, 200.0), (1, 2, 100.0)]
    """
    if study.distances is not None:
        return _of_matrix(np.round(study.distances, study.decimals), limit)
    place, first = _places(study.xy)
    count = np.diff(first, append=len(place))
    found = [(np.zeros(0, np.int32), np.zeros(0, np.int32), np.zeros(0))]
    n = 0
    for pairs in (_of_one_place(place, first, count), _of_two(study, first, count, limit, metric)):
        for i, j, apart in pairs:
            n += len(i)
            if n > MOST:
                raise GeoInputError(
                    f"More than {MOST:,} pairs lie within {limit:g}. "
                    "Take a shorter distance or period."
                )
            kept = apart if distances else apart[:0]
            found.append((i.astype(np.int32), j.astype(np.int32), kept))
    return SpacePairs(*(np.concatenate(column) for column in zip(*found, strict=True)))


def near_in_time(when: Array, limit: int) -> Array:
    """Number of other events at most `limit` from each.

    Examples
    --------
    >>> near_in_time(np.array([0, 5, 11]), 5).tolist()
    [1, 1, 0]
    """
    known = np.sort(when)
    if limit < 0:
        return np.zeros(len(when), dtype=np.int64)
    until = np.searchsorted(known, when + limit, "right")
    found: Array = until - np.searchsorted(known, when - limit) - 1
    return found


def near_in_both(near: SpacePairs, when: Array, limit: int) -> Array:
    """Which of the pairs are at most `limit` apart in time; shape (p,) of bool.

    Examples
    --------
    >>> near_in_both(SpacePairs(np.array([0]), np.array([1]), np.zeros(1)), np.array([3, 9]), 6)
    array([ True])
    """
    found = np.empty(len(near.i), dtype=bool)
    for start in range(0, len(found), PART):
        some = slice(start, start + PART)
        found[some] = np.abs(when[near.i[some]] - when[near.j[some]]) <= limit
    return found


def _places(xy: Array) -> tuple[Array, Array]:
    """Place of each event, and the first event of each: events are sorted by place."""
    new = np.append(True, (xy[1:] != xy[:-1]).any(axis=1))[: len(xy)]
    return np.cumsum(new) - 1, np.flatnonzero(new)


def _of_one_place(place: Array, first: Array, count: Array) -> Iterator[Part]:
    """Each event with the later ones of its place."""
    event = np.arange(len(place))
    later = (first + count)[place] - event - 1
    for part in parts(later):
        j, i = joined(event[part] + 1, later[part])
        yield i + np.int64(part.start), j, np.zeros(len(i))


def _of_two(
    study: Study, first: Array, count: Array, limit: float, metric: Metric
) -> Iterator[Part]:
    """All events of one place with all of another."""
    for a, b, apart in _places_near(study.xy[first], study.decimals, limit, metric):
        for part in parts(count[a] * count[b]):
            here, there = a[part], b[part]
            i, of = joined(first[here], count[here])
            j, which = joined(first[there][of], count[there][of])
            yield i[which], j, apart[part][of[which]]


def _places_near(xy: Array, decimals: int, limit: float, metric: Metric) -> Iterator[Part]:
    """Different places at most `limit` apart, each pair once, and how far."""
    none = np.zeros(len(xy), dtype=np.int64)
    # In a plane that is not in metres, thousandths of these are the smallest distances, too.
    scale = 10.0 ** (decimals - MILLIMETRE)
    # Nobody is further apart than both sides of the study together: infinity is a limit, too.
    limit = min(limit, 1 + float(np.ptp(xy, axis=0).sum())) if len(xy) else 0.0
    nodes = Nodes((xy - xy.min(axis=0, initial=np.inf)) * scale, none, none, none, none, none, none)
    for near in GridPairs(nodes, limit * scale, 0):
        gap = xy[near.i] - xy[near.j]
        apart = np.hypot(*gap.T) if metric == "euclidean" else np.abs(gap).sum(axis=1)
        apart = np.round(apart, decimals)
        kept = apart <= round(limit, decimals)
        yield near.i[kept], near.j[kept], apart[kept]


def _of_matrix(distances: Array, limit: float) -> SpacePairs:
    i, j = np.nonzero(np.triu(distances <= limit, 1))
    return SpacePairs(i.astype(np.int32), j.astype(np.int32), distances[i, j])
