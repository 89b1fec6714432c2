"""Jacquez: how many of the nearest neighbours in space are nearest neighbours in time, too."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from geo.errors import GeoInputError
from geo.nearrepeat.study import Array, Status, at_least_0, sorted_events
from geo.numbers import decimals
from geo.significance import monte_carlo_p, stream


@dataclass(frozen=True, slots=True)
class Jacquez:
    """Number of ordered pairs (i, j) with j among the k nearest of i in space and in time."""

    n: int
    k: int
    p: float | None
    simulated: Array
    status: Status = "ok"
    reason: str = ""


def jacquez(
    xy_m: ArrayLike | None,
    day: ArrayLike,
    k: int,
    *,
    permutations: int = 999,
    key: str = "",
    order: ArrayLike | None = None,
    distances: ArrayLike | None = None,
) -> Jacquez:
    """Test of space-time interaction that needs no limits, only a number of neighbours.

    Parameters
    ----------
    xy_m, day, permutations, key, distances
        As for `knox`.
    k : int
        Nearest neighbours of each event, in space and in time.
    order : array_like of int, shape (n,), optional
        Rank of each event's id: of equally near ones the first counts. Row number when left out.

    Returns
    -------
    Jacquez
        Status "not enough data" where there are not more than k + 1 events.

    Raises
    ------
    GeoInputError
        k below 1, and what `knox` refuses.

    Notes
    -----
    The neighbours in time are permuted as a whole, so ties are the same in every replicate.

    References
    ----------
    Jacquez (1996), Statistics in Medicine 15(18), 1935-1949.

    Examples
    --------
    >>> xy = [[0, 0], [0, 100], [900, 0], [900, 50]]
    >>> jacquez(xy, [1, 3, 80, 81], k=1).n
    4
    """
    at_least_0("The number of permutations", permutations)
    if not k >= 1 or k != int(k):
        raise GeoInputError("Ask for a whole number of nearest neighbours. At least one is needed.")
    events = sorted_events(xy_m, day, distances)
    n = len(events.when)
    if n <= k + 1:
        reason = f"{n} events cannot have {k} nearest neighbours each, and others."
        drawn, p = np.zeros(permutations, dtype=np.int64), 1.0 if permutations else None
        return Jacquez(0, k, p, drawn, "not enough data", reason)
    rank = np.arange(n) if order is None else np.asarray(order).ravel()
    if len(rank) != n:
        raise GeoInputError(f"There are {n} events and {len(rank)} ranks.")
    by = np.argsort(rank[events.row], kind="stable")
    if events.distances is None:
        in_space = nearest(events.xy[by], k, events.decimals)
    else:
        in_space = _of_matrix(np.round(events.distances[np.ix_(by, by)], events.decimals), k)
    in_time = nearest(events.when[by, None].astype(np.float64), k, 0)
    found = _common(in_space, in_time, np.arange(n))
    dealt = (stream(key, "jacquez", rep).permutation(n) for rep in range(permutations))
    simulated = np.array([_common(in_space, in_time, times) for times in dealt], dtype=np.int64)
    p = monte_carlo_p(found, simulated) if permutations else None
    return Jacquez(found, k, p, simulated)


def nearest(points: Array, k: int, places: int | None = None) -> Array:
    """The k nearest others of each point; of equally near ones the first rows.

    Parameters
    ----------
    points : ndarray of float64, shape (n, d)
        More than k of them.
    k : int
    places : int, optional
        Decimals that distances are rounded to before they are ranked: to a millimetre.

    Returns
    -------
    ndarray of int64, shape (n, k)
        Nearest first.

    Examples
    --------
    >>> nearest(np.array([[0.0], [100.0], [200.0], [350.0]]), 1).ravel().tolist()
    [1, 0, 1, 2]
    """
    from scipy.spatial import cKDTree

    places = decimals(points) if places is None else places
    tree = cKDTree(points)
    kth = np.round(tree.query(points, k + 1)[0][:, k], places)
    around = tree.query_ball_point(points, kth + 0.5 * 10.0**-places)
    length = np.array([len(some) for some in around])
    i, j = np.repeat(np.arange(len(points)), length), np.concatenate(around).astype(np.int64)
    i, j = i[i != j], j[i != j]
    apart = np.round(np.sqrt(((points[i] - points[j]) ** 2).sum(axis=1)), places)
    by = np.lexsort((j, apart, i))
    first = np.append(0, np.cumsum(length - 1)[:-1])
    found: Array = j[by][first[:, None] + np.arange(k)]
    return found


def _of_matrix(distances: Array, k: int) -> Array:
    others = distances.copy()
    np.fill_diagonal(others, np.inf)
    found: Array = np.argsort(others, axis=1, kind="stable")[:, :k]
    return found


def _common(in_space: Array, in_time: Array, times: Array) -> int:
    """Neighbours in common when event i has the time of event `times[i]`."""
    ours, theirs = times[in_space], in_time[times]
    return int(np.count_nonzero(ours[:, :, None] == theirs[:, None, :]))
