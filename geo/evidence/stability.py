"""A cluster with other settings, without proactive policing, on other possible days."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geo.crossborough import Events, HotSpot, Params, labelled, why_not
from geo.density import Pairs
from geo.groups import Groups, grouped
from geo.significance import stream

Array = NDArray[Any]
Near = Callable[[float], Pairs | None]

SETTINGS = tuple((eps_m, days) for eps_m in (150.0, 250.0, 400.0) for days in (14, 28, 90))
DRAWS, ENOUGH = 99, 0.8
NAME = "aoristic"


@dataclass(frozen=True, slots=True)
class Stability:
    """Settings (metres, days) and in which of them one reportable cluster holds half the core."""

    settings: tuple[tuple[float, int], ...]
    found: tuple[bool, ...]


@dataclass(frozen=True, slots=True)
class Aoristic:
    """Share of draws in which one reportable cluster holds half the core."""

    share: float
    draws: int

    @property
    def survives(self) -> bool:
        return self.share >= ENOUGH


def held(
    events: Events, spots: Sequence[HotSpot], params: Params, neighbours: Pairs | None,
    *, keep: Array | None = None,
) -> Array:  # fmt: skip
    """Whether one reportable cluster of these events holds half of the core of each hot spot.

    Parameters
    ----------
    events : Events
        Those of the run, row by row; days may be others.
    spots : sequence of HotSpot
    params : Params
        May be other than those of the run.
    neighbours : Pairs or None
        As for `geo.crossborough.run`, at the distance of `params`.
    keep : ndarray of bool, optional
        Rows that are clustered. The others still count among the core that is to be held.

    Returns
    -------
    ndarray of bool, shape (spots,)

    Examples
    --------
    >>> held(Events(*[np.zeros(0)] * 7), [], Params(), None).tolist()
    []
    """
    if not spots:
        return np.zeros(0, dtype=bool)
    some = events if keep is None else only(events, keep)
    labels = labelled(some, params, neighbours)
    groups = grouped(labels)
    reportable = np.array([why is None for why in _reasons(some, params, groups)] + [False])
    label = labels.label
    if keep is not None:
        label = np.full(len(keep), -1)
        label[keep] = labels.label
    rows = [spot.members[spot.core] for spot in spots]
    of = np.repeat(np.arange(len(spots)), [len(at) for at in rows])
    every = np.concatenate(rows)
    weight = events.weight[every]
    total = np.bincount(of, weights=weight, minlength=len(spots))
    counted = reportable[label[every]]
    width = len(reportable)
    key, at = np.unique(of[counted] * width + label[every][counted], return_inverse=True)
    together = np.bincount(at, weights=weight[counted])
    most = np.zeros(len(spots))
    np.maximum.at(most, key // width, together)
    return np.asarray(2 * most >= total)


def stability(
    events: Events, spots: Sequence[HotSpot], params: Params, near: Near
) -> list[Stability]:
    """Search again with three distances and three periods.

    Parameters
    ----------
    events, spots, params
        Of the run.
    near : callable
        Neighbouring sites at a distance; gives None where all sites are points.

    Returns
    -------
    list of Stability
        In the order of `spots`; by metres, then days.

    Examples
    --------
    >>> stability(Events(*[np.zeros(0)] * 7), [], Params(), lambda eps_m: None)
    []
    """
    columns = [
        held(events, spots, replace(params, eps_m=eps_m, eps_days=days), near(eps_m))
        for eps_m, days in SETTINGS
    ]
    return [
        Stability(SETTINGS, tuple(bool(column[k]) for column in columns)) for k in range(len(spots))
    ]


def aoristic(  # noqa: PLR0913 - events with their intervals, and what a run is given
    events: Events,
    spots: Sequence[HotSpot],
    params: Params,
    neighbours: Pairs | None,
    *,
    first_day: Array,
    until_day: Array,
    key: str,
    draws: int = DRAWS,
) -> list[Aoristic]:
    """Search again with each day drawn from the interval that the incident lies in.

    Parameters
    ----------
    events, spots, params, neighbours
        Of the run.
    first_day, until_day : ndarray of int, shape (n,)
        First and last possible day of each event, both included.
    key : str
        Of the random streams.
    draws : int

    Returns
    -------
    list of Aoristic
        In the order of `spots`. Where every interval is one day there is one draw.

    References
    ----------
    Ratcliffe (2000), International Journal of Geographical Information Science 14(7), 669-679.

    Examples
    --------
    >>> aoristic(Events(*[np.zeros(0)] * 7), [], Params(), None, first_day=np.zeros(0),
    ...          until_day=np.zeros(0), key="k")
    []
    """
    length = until_day - first_day + 1
    times = draws if (length > 1).any() else 1
    survived = np.zeros(len(spots))
    for rep in range(times if spots else 0):
        day = first_day + stream(key, NAME, rep).integers(0, length)
        moved = replace(events, day=day if times > 1 else events.day)
        survived += held(moved, spots, params, neighbours)
    return [Aoristic(float(n) / times, times) for n in survived]


def only(events: Events, keep: Array) -> Events:
    """Some rows of the events, in their order."""

    def some(column: Array | None) -> Array | None:
        return None if column is None else column[keep]

    linked = events.children
    if linked is not None:
        linked = [linked[row] for row in np.flatnonzero(keep).tolist()]
    return Events(
        events.order[keep], events.site[keep], events.xy_m[keep], events.day[keep],
        events.weight[keep], events.lad[keep], events.may_be_core[keep],
        some(events.agency), linked, some(events.last_day), some(events.dates),
        events.visits,
    )  # fmt: skip


def _reasons(events: Events, params: Params, groups: Groups) -> list[str | None]:
    return why_not(events, params, groups) if groups.number else []
