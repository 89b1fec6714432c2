"""Near repeats: how far in space and time one event makes another more likely."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from geo.errors import GeoInputError
from geo.nearrepeat.interaction import state
from geo.nearrepeat.pairs import SpacePairs, near_in_space, near_in_time
from geo.nearrepeat.permuting import Deals, counted
from geo.nearrepeat.study import Array, Metric, Status, Study, sorted_events

Closed = Literal["right", "left"]

MARK_RATIO = 1.2
MARK_P = 0.05
CLOSURE = {
    "right": "A band holds its upper limit, not its lower one; a band from 0 holds 0, too.",
    "left": "A band holds its lower limit, not its upper one.",
}
OWN_BAND = " The same site is a band of its own."


@dataclass(frozen=True, slots=True)
class NearRepeat:
    """Pairs of events by band of distance (rows) and of time (columns).

    `expected` is the exact mean over all permutations of the times, `mean_expected` the mean of
    those that were drawn; `ratio` = observed / expected, not a number where none is expected.
    """

    head: str
    space_bands: tuple[str, ...]
    time_bands: tuple[str, ...]
    observed: Array
    expected: Array
    mean_expected: Array
    ratio: Array
    p: Array
    status: Status = "ok"
    reason: str = ""

    @property
    def marked(self) -> Array:
        """Cells worth a word: at least a fifth more than expected, and rarely by chance."""
        found: Array = (self.ratio >= MARK_RATIO) & (self.p <= MARK_P)
        return found


def near_repeat(  # noqa: PLR0913 - the data, the bands, and what is by name
    xy_m: ArrayLike | None,
    day: ArrayLike,
    space_edges: ArrayLike,
    time_edges: ArrayLike,
    *,
    metric: Metric = "euclidean",
    closed: Closed = "right",
    same_site: bool = True,
    permutations: int = 999,
    key: str = "",
    distances: ArrayLike | None = None,
) -> NearRepeat:
    """Observed and expected pairs of events in bands of distance and time.

    Parameters
    ----------
    xy_m, day, permutations, key, distances
        As for `knox`.
    space_edges, time_edges : array_like
        Limits of the bands, ascending, from 0 or more: n + 1 of them for n bands.
    metric : {"euclidean", "manhattan"}
    closed : {"right", "left"}
        (a, b] or [a, b). With "right" a band that starts at 0 holds 0, too: the same day.
    same_site : bool
        Pairs at distance 0 are a band of their own, before the others; if not, they are in the
        first band where that starts at 0.

    Returns
    -------
    NearRepeat
        `head` says which limits belong to a band, and is to be printed over the table.

    Raises
    ------
    GeoInputError
        Limits that do not ascend, and what `knox` refuses.

    References
    ----------
    Ratcliffe and Rengert (2008), Security Journal 21(1-2), 58-76. Knox (1964).

    Examples
    --------
    >>> xy = [[0, 0], [0, 0], [0, 100], [0, 250]]
    >>> found = near_repeat(xy, [0, 14, 15, 15], [0, 100, 200], [0, 14, 28], permutations=99)
    >>> found.space_bands, found.time_bands
    (('same site', '0 to 100', '100 to 200'), ('0 to 14', '14 to 28'))
    >>> found.observed.tolist()
    [[1, 0], [1, 1], [1, 0]]
    """
    edges, times = _edges(space_edges), _edges(time_edges)
    if metric not in ("euclidean", "manhattan") or closed not in CLOSURE:
        raise GeoInputError("The metric is euclidean or manhattan, bands are closed right or left.")
    events = sorted_events(xy_m, day, distances)
    near = near_in_space(events, float(edges[-1]), metric, distances=True)
    band = _band(near.apart, np.round(edges, events.decimals), closed, same_site=same_site)
    names = (*(["same site"] if same_site else []), *_names(edges))
    near, starts = _by_band(near, band, len(names))
    limits = _limits(events, times, closed)
    observed = np.diff(_observed(events.when, near, starts, limits))
    expected = _expected(events.when, np.diff([*starts, len(near.i)]), limits)
    deals = Deals(events.when, permutations, key, "near-repeat")
    simulated = np.diff(counted(near.i, near.j, deals, limits, starts=starts))
    status, reason = state(events, len(near.i), int(expected.any()))
    return NearRepeat(
        f"{CLOSURE[closed]}{OWN_BAND if same_site else ''}",
        names,
        tuple(_names(times)),
        observed,
        expected,
        _per_draw(simulated.sum(axis=0), permutations),
        _ratio(observed, expected),
        _per_draw((simulated >= observed).sum(axis=0) + 1, permutations + bool(permutations)),
        status,
        reason,
    )


def _edges(limits: ArrayLike) -> Array:
    edges = np.asarray(limits, dtype=np.float64).ravel()
    if len(edges) < 2 or not (np.isfinite(edges).all() and edges[0] >= 0):
        raise GeoInputError("Bands need two limits or more, of 0 or more.")
    if not (np.diff(edges) > 0).all():
        raise GeoInputError("The limits of bands must ascend.")
    return edges


def _names(edges: Array) -> list[str]:
    return [f"{low:g} to {high:g}" for low, high in pairwise(edges.tolist())]


def _band(apart: Array, edges: Array, closed: Closed, *, same_site: bool) -> Array:
    """Band of each pair; -1 for none."""
    side: Literal["left", "right"] = "left" if closed == "right" else "right"
    band = np.searchsorted(edges, apart, side) - 1
    band[band == len(edges) - 1] = -1
    if edges[0] == 0:
        band[apart == 0] = 0
    if same_site:
        band[band >= 0] += 1
        band[apart == 0] = 0
    return band


def _by_band(near: SpacePairs, band: Array, bands: int) -> tuple[SpacePairs, list[int]]:
    """The pairs of any band, sorted by it, and where each starts."""
    by = np.argsort(band, kind="stable")[np.count_nonzero(band < 0) :]
    starts = np.searchsorted(band[by], np.arange(bands))
    return SpacePairs(near.i[by], near.j[by], near.apart[by]), starts.tolist()


def _limits(events: Study, edges: Array, closed: Closed) -> list[int]:
    """Largest whole time below each limit, or at it: a band is what is within one, not the last."""
    upper = [events.units(edge) for edge in edges.tolist()]
    if closed == "right":
        return [-1 if edges[0] == 0 else upper[0], *upper[1:]]
    return [
        at - (at == round(edge * events.per_unit, 3))
        for at, edge in zip(upper, edges.tolist(), strict=True)
    ]


def _observed(when: Array, near: SpacePairs, starts: list[int], limits: list[int]) -> Array:
    """Pairs within each limit, by band of space."""
    group = np.repeat(np.arange(len(starts)), np.diff([*starts, len(near.i)]))
    apart = np.abs(when[near.i] - when[near.j])
    within = [np.bincount(group[apart <= limit], minlength=len(starts)) for limit in limits]
    return np.array(within).T


def _expected(when: Array, space: Array, limits: list[int]) -> Array:
    """Each pair in space has a time apart like that of any two events."""
    every = max(len(when) * (len(when) - 1), 1)
    share = np.diff([near_in_time(when, limit).sum() / every for limit in limits])
    found: Array = space[:, None] * share
    return found


def _ratio(observed: Array, expected: Array) -> Array:
    some = expected > 0
    found: Array = np.where(some, observed, np.nan) / np.where(some, expected, 1)
    return found


def _per_draw(total: Array, draws: int) -> Array:
    found: Array = total / draws if draws else np.full(total.shape, np.nan)
    return found
