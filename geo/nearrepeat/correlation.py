"""Mantel: whether distances in space and in time go together over all pairs of events."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from geo.errors import GeoInputError
from geo.nearrepeat.permuting import Deals
from geo.nearrepeat.study import Array, Status, Study, sorted_events
from geo.significance import monte_carlo_p

MOST = 5_000  # events: a table of their distances takes 200 MB
ROWS = 64  # of the table worked on at a time, so that they stay in the cache


@dataclass(frozen=True, slots=True)
class Mantel:
    """Correlation `r` over pairs, its p by permuted times, and r of each replicate."""

    r: float
    p: float | None
    simulated: Array
    status: Status = "ok"
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Transform:
    """A distance d enters as (d + constant) ** power: (1, -1) gives weight to what is near."""

    constant: float = 0.0
    power: float = 1.0

    def of(self, d: Array) -> Array:
        with np.errstate(all="ignore"):
            found: Array = (d + self.constant) ** self.power
        if not np.isfinite(found).all():
            raise GeoInputError("Events at one place or time: the constant must be above 0.")
        return found


AS_IT_IS = Transform()


def mantel(
    xy_m: ArrayLike | None,
    day: ArrayLike,
    *,
    space: Transform = AS_IT_IS,
    time: Transform = AS_IT_IS,
    permutations: int = 999,
    key: str = "",
    distances: ArrayLike | None = None,
) -> Mantel:
    """Pearson correlation of distances in space and in time, over all pairs of events.

    Parameters
    ----------
    xy_m, day, permutations, key, distances
        As for `knox`.
    space, time : Transform
        What is done to the distances first; nothing by default.

    Returns
    -------
    Mantel
        One-sided: p counts replicates with r as large. Status "constant" where all distances or
        all times are the same: r is 0, p is 1.

    Raises
    ------
    GeoInputError
        More than 5,000 events (Knox takes them), a transformation that is not defined for these
        distances, and what `knox` refuses.

    References
    ----------
    Mantel (1967), Cancer Research 27(2), 209-220.

    Examples
    --------
    >>> xy = [[0, 0], [0, 100], [900, 0], [900, 50]]
    >>> round(mantel(xy, [1, 3, 80, 81]).r, 4)
    0.9992
    """
    events = sorted_events(xy_m, day, distances)
    n = len(events.when)
    if n > MOST:
        raise GeoInputError(f"Mantel's test takes at most {MOST:,} events, not {n:,}.")
    if n < 3:
        return _nothing("not enough data", "Fewer than three events.", permutations)
    apart, spread = _centred(_of_pairs(events, space))
    known, which = np.unique(events.when, return_inverse=True)
    of_times = _of_times(known / events.per_unit, time, tied=len(known) < n)
    scale = spread * _spread(of_times, which)
    if scale <= 0:
        same = "distances" if spread <= 0 else "times"
        return _nothing("constant", f"All {same} are the same.", permutations)
    deals = Deals(which, permutations, key, "mantel")
    r = _sum(apart, of_times, which) / scale
    drawn = [_sum(apart, of_times, deals.times(rep)) / scale for rep in range(permutations)]
    simulated = np.array(drawn, dtype=np.float64)
    return Mantel(r, monte_carlo_p(r, simulated) if permutations else None, simulated)


def _nothing(status: Status, reason: str, permutations: int) -> Mantel:
    return Mantel(0.0, 1.0 if permutations else None, np.zeros(permutations), status, reason)


def _of_pairs(events: Study, space: Transform) -> Array:
    """Transformed distances of each event from the later ones; 0 elsewhere."""
    n = len(events.when)
    found = np.zeros((n, n))
    for i in range(n - 1):
        if events.distances is None:
            far = np.hypot(*(events.xy[i + 1 :] - events.xy[i]).T)
        else:
            far = events.distances[i, i + 1 :]
        found[i, i + 1 :] = space.of(far)
    return found


def _of_times(known: Array, time: Transform, *, tied: bool) -> Array:
    """Transformed differences of any two distinct times; none of a time from itself is asked."""
    lag = np.abs(np.subtract.outer(known, known))
    if not tied:
        np.fill_diagonal(lag, 1.0)
    return time.of(lag)


def _centred(upper: Array) -> tuple[Array, float]:
    """Less their mean, in place; and the root of the sum of squares. Both over pairs."""
    n = len(upper)
    mean = upper.sum() / (n * (n - 1) / 2)
    total = 0.0
    for i in range(n - 1):
        upper[i, i + 1 :] -= mean
        total += float(upper[i, i + 1 :] @ upper[i, i + 1 :])
    return upper, _root(total, mean, n)


def _spread(of_times: Array, which: Array) -> float:
    """The same of the times, whose pairs are counted by distinct times."""
    count = np.bincount(which).astype(np.float64)
    pairs = np.outer(count, count)
    np.fill_diagonal(pairs, count * (count - 1))
    mean = float((pairs * of_times).sum() / pairs.sum())
    total = float((pairs * (of_times - mean) ** 2).sum() / 2)
    return _root(total, mean, len(which))


def _root(total: float, mean: float, n: int) -> float:
    """0 where the differences are those of rounding."""
    return float(np.sqrt(total)) if total > n * n * (1e-12 * mean) ** 2 else 0.0


def _sum(apart: Array, of_times: Array, which: Array) -> float:
    """Products over all pairs; the distances are centred, so the times need not be."""
    total = 0.0
    for start in range(0, len(which), ROWS):
        rows = of_times[which[start : start + ROWS]]
        total += float(np.vdot(apart[start : start + ROWS, start:], rows[:, which[start:]]))
    return total
