"""Knox: whether events that are close in space are closer in time than by chance."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from geo.nearrepeat.pairs import SpacePairs, near_in_both, near_in_space, near_in_time
from geo.nearrepeat.permuting import Deals, counted
from geo.nearrepeat.study import Array, Status, Study, at_least_0, sorted_events
from geo.significance import monte_carlo_p, poisson_sf


@dataclass(frozen=True, slots=True)
class Knox:
    """Pairs of events, each pair once.

    `n` near in both space and time, `expected` by chance; `p` by permuted times (None if none were
    permuted), `p_poisson` = P(X >= n); `simulated` holds n of each replicate.
    """

    n: int
    space_pairs: int
    time_pairs: int
    pairs: int
    p_poisson: float
    p: float | None
    simulated: Array
    status: Status = "ok"
    reason: str = ""

    @property
    def expected(self) -> float:
        return self.space_pairs * self.time_pairs / self.pairs if self.pairs else 0.0

    @property
    def ratio(self) -> float:
        """Observed over expected; not a number where none is expected."""
        return self.n / self.expected if self.expected else float("nan")

    @property
    def observed_table(self) -> Array:
        """Near in space (rows: yes, no) by near in time (columns: yes, no)."""
        return _table(self.n, self.space_pairs, self.time_pairs, self.pairs)

    @property
    def expected_table(self) -> Array:
        return _table(self.expected, self.space_pairs, self.time_pairs, self.pairs)


@dataclass(frozen=True, slots=True)
class ModifiedKnox:
    """Pairs near in both beyond those that each event's own neighbours let expect."""

    statistic: float
    p: float | None
    simulated: Array
    status: Status = "ok"
    reason: str = ""


def knox(
    xy_m: ArrayLike | None,
    day: ArrayLike,
    delta_m: float,
    tau_days: float,
    *,
    permutations: int = 999,
    key: str = "",
    distances: ArrayLike | None = None,
) -> Knox:
    """Test of space-time interaction.

    Parameters
    ----------
    xy_m : array_like, shape (n, 2), or None where `distances` are given
        Metres in any plane.
    day : array_like, shape (n,)
        Days, or any unit of time that `tau_days` is in, too; datetime64 counts in days.
    delta_m, tau_days : float
        Near in space, in time: at most this far apart. Both limits are closed.
    permutations : int
        Times of the events are dealt out anew this often; the pairs in space stay.
    key : str
        Hashes of snapshot and parameters (`significance.stream`): the same key, the same p.
    distances : array_like, shape (n, n), optional
        Instead of `xy_m`: walking distances, say.

    Returns
    -------
    Knox
        Unordered pairs. Status "not enough data" where no two events are near in space, or in
        time; "constant" where all times are the same: p is 1.

    Raises
    ------
    GeoInputError
        A row without coordinates or time, a limit below 0, more than fifty million pairs.

    Notes
    -----
    The Poisson p is P(X >= n). Two well-known programs print P(X > n), which is too small. The
    p to be reported is that of the permutations: pairs are not independent, for they share events.

    References
    ----------
    Knox (1964), Applied Statistics 13(1), 25-29. Besag and Diggle (1977), Applied Statistics
    26(3), 327-333.

    Examples
    --------
    >>> xy = [[0, 0], [0, 100], [900, 0], [900, 50]]
    >>> found = knox(xy, [1, 3, 80, 81], delta_m=100, tau_days=2)
    >>> found.n, found.space_pairs, found.time_pairs, found.pairs
    (2, 2, 2, 6)
    >>> round(found.expected, 3), round(found.p_poisson, 3), 0.3 < found.p < 0.37
    (0.667, 0.144, True)
    """
    events, near, tau = asked(xy_m, day, delta_m, tau_days, distances)
    when = events.when
    n = int(np.count_nonzero(near_in_both(near, when, tau)))
    deals = Deals(when, permutations, key, "knox")
    simulated = counted(near.i, near.j, deals, [tau]).ravel()
    pairs = len(when) * (len(when) - 1) // 2
    time_pairs = int(near_in_time(when, tau).sum()) // 2
    status, reason = state(events, len(near.i), time_pairs)
    expected = len(near.i) * time_pairs / pairs if pairs else 0.0
    return Knox(
        n,
        len(near.i),
        time_pairs,
        pairs,
        float(poisson_sf(n, expected)),
        monte_carlo_p(n, simulated) if permutations else None,
        simulated,
        status,
        reason,
    )


def modified_knox(
    xy_m: ArrayLike | None,
    day: ArrayLike,
    delta_m: float,
    tau_days: float,
    *,
    permutations: int = 999,
    key: str = "",
    distances: ArrayLike | None = None,
) -> ModifiedKnox:
    """Knox's number less what is expected of events with many neighbours.

    Parameters
    ----------
    xy_m, day, delta_m, tau_days, permutations, key, distances
        As for `knox`.

    Returns
    -------
    ModifiedKnox
        n - sum(ns_i nt_i) / (2 (n - 1)), ns_i and nt_i the neighbours of event i in space and in
        time. Both terms are counted anew in each replicate.

    Raises
    ------
    GeoInputError
        As for `knox`.

    References
    ----------
    Baker (2004), Environmental and Ecological Statistics 11(3), 305-315.

    Examples
    --------
    >>> xy = [[0, 0], [0, 100], [900, 0], [900, 50]]
    >>> round(modified_knox(xy, [1, 3, 80, 81], 100, 2).statistic, 3)
    1.333
    """
    events, near, tau = asked(xy_m, day, delta_m, tau_days, distances)
    when = events.when
    deals = Deals(when, permutations, key, "knox")
    simulated = counted(near.i, near.j, deals, [tau]).ravel()
    n = int(np.count_nonzero(near_in_both(near, when, tau)))
    ns = degree(near.i, near.j, len(when))
    # How many are near in time is a matter of the time alone, so it is dealt out with the times.
    nt = near_in_time(when, tau)
    known, which = np.unique(when, return_inverse=True)
    of_time = np.zeros(len(known), dtype=np.int64)
    of_time[which] = nt
    by_chance = np.array(
        [ns @ of_time[np.searchsorted(known, deals.times(rep))] for rep in range(permutations)],
        dtype=np.float64,
    )
    per_pair = 1 / (2 * (len(when) - 1)) if len(when) > 1 else 0.0
    values = simulated - by_chance * per_pair
    statistic = float(n - (ns @ nt) * per_pair)
    status, reason = state(events, len(near.i), int(nt.sum()) // 2)
    p = monte_carlo_p(statistic, values) if permutations else None
    return ModifiedKnox(statistic, p, values, status, reason)


def degree(i: Array, j: Array, n: int) -> Array:
    """Number of pairs each of n events is in.

    Examples
    --------
    >>> degree(np.array([0, 0]), np.array([1, 2]), 4).tolist()
    [2, 1, 1, 0]
    """
    found: Array = np.bincount(i, minlength=n) + np.bincount(j, minlength=n)
    return found


def asked(
    xy_m: ArrayLike | None,
    day: ArrayLike,
    delta_m: float,
    tau_days: float,
    distances: ArrayLike | None,
) -> tuple[Study, SpacePairs, int]:
    """The events, their pairs near in space, and the limit in time in units of theirs."""
    at_least_0("Distance and time", delta_m, tau_days)
    events = sorted_events(xy_m, day, distances)
    return events, near_in_space(events, delta_m), events.units(tau_days)


def state(events: Study, space_pairs: int, time_pairs: int) -> tuple[Status, str]:
    """Whether the numbers can say anything, and why not."""
    if len(events.when) < 2:
        return "not enough data", "Fewer than two events."
    if not space_pairs or not time_pairs:
        return "not enough data", f"No two events are near in {'time' if space_pairs else 'space'}."
    if not events.when.any():
        return "constant", "All events happened at the same time."
    return "ok", ""


def _table(both: float, space: int, time: int, pairs: int) -> Array:
    return np.array([[both, space - both], [time - both, pairs - space - time + both]])
