"""Pairs of events near each other in space, and how many are near in time."""

from typing import NamedTuple

import numpy as np

from geo.errors import GeoInputError
from geo.nearrepeat.study import Array, Metric, Study
from geo.neighbourhood import joined

MOST = 50_000_000  # pairs that are held: 8 bytes each


class SpacePairs(NamedTuple):
    """Events i < j of a study, each pair once, by i; their distances, rounded."""

    i: Array  # int32
    j: Array
    apart: Array  # float64


def near_in_space(study: Study, limit: float, metric: Metric = "euclidean") -> SpacePairs:
    """All pairs at most `limit` apart.

    Events of one place are found together: few places have many events.

    Raises
    ------
    GeoInputError
        More than fifty million pairs.

    Examples
    --------
    >>> from geo.nearrepeat.study import sorted_events
    >>> found = near_in_space(sorted_events([[0, 0], [0, 200], [0, 300]], [0, 0, 0]), 200)
    >>> found.i.tolist(), found.j.tolist(), found.apart.tolist()
    ([0, 1], [1, 2], [200.0, 100.0])
    """
    if study.distances is not None:
        return _of_matrix(np.round(study.distances, study.decimals), limit)
    place, first = _places(study.xy)
    count = np.diff(first, append=len(place))
    a, b, apart = _place_pairs(study, first, count, limit, metric)
    # Of each event: the later ones of its own place, then all of each place near by.
    event = np.arange(len(place))
    own = (first + count)[place] - event - 1
    of, pair = joined(first[a], count[a])
    who = np.concatenate([event, of])
    start = np.concatenate([event + 1, first[b][pair]])
    length = np.concatenate([own, count[b][pair]])
    far = np.concatenate([np.zeros(len(place)), apart[pair]])
    by = np.argsort(who, kind="stable")
    j, which = joined(start[by], length[by])
    i = who[by][which]
    return SpacePairs(i.astype(np.int32), j.astype(np.int32), far[by][which])


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


def _places(xy: Array) -> tuple[Array, Array]:
    """Place of each event, and the first event of each: events are sorted by place."""
    new = np.append(True, (xy[1:] != xy[:-1]).any(axis=1))[: len(xy)]
    return np.cumsum(new) - 1, np.flatnonzero(new)


def _place_pairs(
    study: Study, first: Array, count: Array, limit: float, metric: Metric
) -> tuple[Array, Array, Array]:
    """Different places at most `limit` apart, each pair once, and how far."""
    none = np.zeros(0, dtype=np.int64)
    if not len(first):
        return none, none, np.zeros(0)
    from scipy.spatial import cKDTree

    xy, decimals = study.xy[first], study.decimals
    order = 2.0 if metric == "euclidean" else 1.0
    reach = limit + 0.5 * 10.0**-decimals
    tree = cKDTree(xy)
    within = tree.count_neighbors(tree, reach, p=order, weights=count.astype(np.float64))
    if (within - len(study.when)) / 2 > MOST:
        raise GeoInputError(
            f"More than 50 million pairs lie within {limit:g}. Take a shorter distance or period."
        )
    near = tree.query_pairs(reach, p=order, output_type="ndarray")
    gap = xy[near[:, 0]] - xy[near[:, 1]]
    apart = np.hypot(*gap.T) if metric == "euclidean" else np.abs(gap).sum(axis=1)
    apart = np.round(apart, decimals)
    kept = apart <= round(limit, decimals)
    return near[kept, 0], near[kept, 1], apart[kept]


def _of_matrix(distances: Array, limit: float) -> SpacePairs:
    i, j = np.nonzero(np.triu(distances <= limit, 1))
    return SpacePairs(i.astype(np.int32), j.astype(np.int32), distances[i, j])
