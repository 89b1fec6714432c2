"""Clusters of events by number, and the reason why one is not reported as a pattern."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from geo import density, reportable
from geo.crossborough.inputs import Events, Params
from geo.groups import Groups

Array = NDArray[Any]


def labelled(events: Events, params: Params, neighbours: density.Pairs | None) -> density.Labels:
    """Cluster of each row (-1 none) and whether it is at its core."""
    days = 0 if params.eps_days is None else params.eps_days
    day = events.day if params.eps_days is not None else np.zeros_like(events.day)
    order, able = events.order, events.may_be_core
    if neighbours is None:
        return density.st_dbscan(
            events.xy_m, day, events.weight, params.eps_m, days, params.min_points,
            order=order, may_be_core=able,
        )  # fmt: skip
    return density.st_dbscan_sites(
        events.site, neighbours, day, events.weight, days, params.min_points,
        order=order, may_be_core=able,
    )  # fmt: skip


def why_not(events: Events, params: Params, spots: Groups) -> list[str | None]:
    """The first reason against reporting each as a pattern, in words; None when it may be."""
    n = spots.by(events.weight)
    days = [events.day] if events.last_day is None else [events.day, events.last_day]
    dates = spots.distinct(*days)
    if events.dates is not None:  # three dates at one row decide; one or two are known whole
        dates = np.maximum(dates, np.maximum.reduceat(events.dates[spots.rows], spots.start))
    found = [
        reportable.too_little(int(total), int(on), params.min_incidents, params.min_dates)
        for total, on in zip(n, dates, strict=True)
    ]
    if events.agency is None or events.children is None:
        return found
    core = spots.split(spots.core)
    for k, rows in enumerate(spots.split(spots.rows)):
        if found[k] is None:
            found[k] = reportable.casework(
                [events.children[i] for i in rows],
                len(np.unique(events.agency[rows])),
                min_children=params.min_children,
                min_agencies=params.min_agencies,
                others=_visitors(events, rows, rows[core[k]]),
            )
    return found


def _visitors(events: Events, rows: Array, core: Array) -> list[str]:
    """Children linked to the sites of a hot spot between its first and last core day."""
    visits = events.visits
    if visits is None:
        return []
    first, last = events.day[core].min(), events.day[core].max()
    there = np.isin(visits.site, events.site[rows])
    then = (visits.first_day <= last) & (visits.last_day >= first)
    return [visits.child[i] for i in np.flatnonzero(there & then).tolist()]
