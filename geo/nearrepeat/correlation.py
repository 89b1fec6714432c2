"""Mantel: whether distances in space and in time go together over all pairs of events."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from geo.errors import GeoInputError
from geo.nearrepeat.permuting import Deals
from geo.nearrepeat.study import Array, Status, Study, sorted_events, square
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
            raise GeoInputError(
                "A distance has no value there: no way leads from one place to the other, or it is "
                "0 and the constant must be above 0."
            )
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
    known, which = np.unique(events.when, return_inverse=True)
    of_times = _of_times(known / events.per_unit, time, tied=len(known) < n)
    found = _tested(_of_pairs(events, space), of_times, Deals(which, permutations, key, "mantel"))
    return found or _nothing("constant", "All distances or all times are the same.", permutations)


def mantel_of_tables(
    one: ArrayLike, other: ArrayLike, *, permutations: int = 999, key: str = ""
) -> Mantel:
    """Pearson correlation of two tables of distances, whatever they are of.

    Parameters
    ----------
    one, other : array_like, shape (n, n)
        Of the same things in the same order: walking distances and differences in time, say.
    permutations, key
        As for `knox`. Rows and columns of `other` are permuted together.

    Returns
    -------
    Mantel
        As for `mantel`.

    Raises
    ------
    GeoInputError
        More than 5,000 rows, or a table that is not square, of another size, or not the same in
        both directions.

    References
    ----------
    Mantel (1967), Cancer Research 27(2), 209-220.

    Examples
    --------
    >>> near, late = [[0, 1, 2], [1, 0, 3], [2, 3, 0]], [[0, 2, 7], [2, 0, 6], [7, 6, 0]]
    >>> round(mantel_of_tables(near, late).r, 4)
    0.7559
    """
    n = len(np.atleast_1d(one))
    if n > MOST:
        raise GeoInputError(f"Mantel's test takes at most {MOST:,} rows, not {n:,}.")
    first, second = (AS_IT_IS.of(square(table, n)) for table in (one, other))
    if n < 3:
        return _nothing("not enough data", "Fewer than three rows.", permutations)
    deals = Deals(np.arange(n), permutations, key, "mantel")
    found = _tested(np.triu(first, 1), second, deals)
    return found or _nothing("constant", "All distances of a table are the same.", permutations)


def _tested(upper: Array, other: Array, deals: Deals) -> Mantel | None:
    """Distances above the diagonal and the table that is dealt out; None where one is constant."""
    apart, spread = _centred(upper)
    scale = spread * _spread(other, deals.when)
    if scale <= 0:
        return None
    r = _sum(apart, other, deals.when) / scale
    drawn = [_sum(apart, other, deals.times(rep)) / scale for rep in range(deals.replicates)]
    simulated = np.array(drawn, dtype=np.float64)
    return Mantel(r, monte_carlo_p(r, simulated) if deals.replicates else None, simulated)


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
