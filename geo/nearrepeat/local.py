"""Local Knox: around which events the others are closer in time than by chance."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from geo.nearrepeat.interaction import asked, degree, state
from geo.nearrepeat.pairs import near_in_both, near_in_time
from geo.nearrepeat.study import Array, Status, at_least_0
from geo.significance import bh, stream

CELLS = 4_000_000  # of a table of chances worked on at a time


@dataclass(frozen=True, slots=True)
class LocalKnox:
    """Of each event, in the caller's order: others near in both (`nst`), in space, in time.

    `p` is exact where all times are dealt out anew, `p_conditional` where the event keeps its own;
    `p_permutation` is the latter by simulation (None without). `q` = false discovery rate of `p`
    over all events.
    """

    nst: Array
    ns: Array
    nt: Array
    p: Array
    p_conditional: Array
    p_permutation: Array | None
    q: Array
    status: Status = "ok"
    reason: str = ""


def local_knox(
    xy_m: ArrayLike | None,
    day: ArrayLike,
    delta_m: float,
    tau_days: float,
    *,
    permutations: int = 999,
    key: str = "",
    distances: ArrayLike | None = None,
) -> LocalKnox:
    """Space-time neighbours of each event, and how rare so many are.

    Parameters
    ----------
    xy_m, day, delta_m, tau_days, permutations, key, distances
        As for `knox`.

    Returns
    -------
    LocalKnox
        Arrays of shape (n,). An event without neighbours has p = 1.

    Raises
    ------
    GeoInputError
        As for `knox`.

    Notes
    -----
    With its own time fixed and the others dealt out, the number of neighbours of event i that are
    near in time is hypergeometric: ns_i draws of n - 1, of which nt_i are near. `p_permutation`
    draws from that directly, which is the same as permuting. Where i's own time is dealt out, too,
    it is the mean of these over all nt_j (Rogerson 2001).

    References
    ----------
    Rogerson (2001), Environment and Planning A 33(11), 2025-2040. Benjamini and Hochberg (1995).

    Examples
    --------
    >>> xy = [[0, 0], [0, 100], [900, 0], [900, 50]]
    >>> found = local_knox(xy, [1, 3, 80, 300], delta_m=100, tau_days=2)
    >>> found.nst.tolist(), found.p.round(3).tolist(), found.p_conditional.round(3).tolist()
    ([1, 1, 0, 0], [0.167, 0.167, 1.0, 1.0], [0.333, 0.333, 1.0, 1.0])
    """
    at_least_0("The number of permutations", permutations)
    events, near, tau = asked(xy_m, day, delta_m, tau_days, distances)
    when, n = events.when, len(events.when)
    both = near_in_both(near, when, tau)
    ns, nt = degree(near.i, near.j, n), near_in_time(when, tau)
    nst = degree(near.i[both], near.j[both], n)
    p = _by_any_time(nst, ns, nt)
    exact = _by_own_time(nst, ns, nt)
    drawn = _simulated(nst, ns, nt, permutations, key) if permutations else None
    status, reason = state(events, len(near.i), int(nt.sum()) // 2)
    return LocalKnox(
        events.per_row(nst),
        events.per_row(ns),
        events.per_row(nt),
        events.per_row(p),
        events.per_row(exact),
        None if drawn is None else events.per_row(drawn),
        events.per_row(bh(p)),
        status,
        reason,
    )


def _by_any_time(nst: Array, ns: Array, nt: Array) -> Array:
    """Mean over all events j of P(X >= nst_i), X hypergeometric with nt_j; exact, by ns."""
    p = np.ones(len(nst))
    near, how_often = np.unique(nt, return_counts=True)
    share = how_often / max(len(nt), 1)
    for size, which in _alike(ns, nst > 0):
        least = int(nst[which].min())
        chance = np.zeros(size + 2)
        step = max(CELLS // max(len(near), 1), 1)
        for first in range(least, size + 1, step):
            k = np.arange(first, min(first + step, size + 1))
            chance[k] = _exactly(k[:, None], size, near, len(nst) - 1) @ share
        p[which] = np.cumsum(chance[::-1])[::-1][nst[which]]
    return np.minimum(p, 1.0)


def _by_own_time(nst: Array, ns: Array, nt: Array) -> Array:
    """P(X >= nst_i), X hypergeometric with i's own nt_i; exact."""
    p = np.ones(len(nst))
    for size, which in _alike(ns, nst > 0):
        near, of = np.unique(nt[which], return_inverse=True)
        k = np.arange(size + 1)
        chance = _exactly(k[:, None], size, near, len(nst) - 1)
        p[which] = np.cumsum(chance[::-1], axis=0)[::-1][nst[which], of]
    return np.minimum(p, 1.0)


def _alike(ns: Array, worth: Array) -> list[tuple[int, Array]]:
    """Events with equally many neighbours in space, of those worth looking at."""
    some = np.flatnonzero(worth)
    sizes, which = np.unique(ns[some], return_inverse=True)
    return [(int(size), some[which == at]) for at, size in enumerate(sizes)]


def _exactly(k: Array, draws: int, near: Array, others: int) -> Array:
    """Hypergeometric P(X = k): `draws` of `others`, of which `near` are near."""
    from scipy.special import gammaln

    log = gammaln(np.arange(others + 2, dtype=np.float64) + 1)  # of n!, the last for n = -1
    possible = (k <= near) & (k <= draws) & (draws - k <= others - near)
    left, rest = np.where(possible, near - k, 0), np.where(possible, others - near - draws + k, 0)
    chance = log[near] - log[k] - log[left] + log[others - near]
    chance += log[draws] + log[others - draws] - log[others]
    chance -= log[np.where(possible, draws - k, 0)] + log[rest]
    found: Array = np.where(possible, np.exp(np.where(possible, chance, -np.inf)), 0.0)
    return found


def _simulated(nst: Array, ns: Array, nt: Array, replicates: int, key: str) -> Array:
    """Share of replicates with as many near in time, the observed counted as one.

    Events with the same three numbers share their draws, so that twins have the same p.
    """
    p, some = np.ones(len(nst)), np.flatnonzero(nst)
    numbers = np.column_stack([nst, ns, nt])[some]
    distinct, which = np.unique(numbers, axis=0, return_inverse=True)
    least, draws, near = distinct.T
    large = np.zeros(len(least), dtype=np.int64)
    for rep in range(replicates):
        rng = stream(key, "local-knox", rep)
        large += rng.hypergeometric(near, len(nst) - 1 - near, draws) >= least
    p[some] = (large[which] + 1) / (replicates + 1)
    return p
