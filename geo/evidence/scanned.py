"""Is a cluster busier than the children there explain? Poisson scan of square cells (4.4)."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geo import scan
from geo.crossborough import Events, HotSpot
from geo.errors import GeoInputError
from geo.evidence.persistent import OUTSIDE, QUARTERS, YEAR, Area, Persistent

Array = NDArray[Any]

REACH_M = 1_000.0
NAME = "persistent"
NO_ZONE = "No surrounding holds more than the children there explain."


def scanned(  # noqa: PLR0913 - where, who lives there, and the rest by name
    events: Events,
    spots: Sequence[HotSpot],
    cells: Area,
    baseline: Array,
    *,
    snapshot_day: int,
    key: str,
    replicates: int,
    reach_m: float = REACH_M,
) -> list[Persistent]:
    """Purely spatial Poisson scan of the incidents of 365 days against a baseline.

    Parameters
    ----------
    events : Events
    spots : sequence of HotSpot
    cells : Area
        The analysis area.
    baseline : ndarray, shape of `cells.inside`
        Resident children, or what stands for those who are there. Incidents in a cell without
        any are not counted: nothing can be expected of it.
    snapshot_day : int
        Last day of the year that is looked at.
    key : str
        Of the random streams.
    replicates : int
    reach_m : float
        Largest radius of a zone.

    Returns
    -------
    list of Persistent
        In the order of `spots`: p of the most likely zone that holds half of the core; 1 where
        there is none.

    Raises
    ------
    GeoInputError
        A baseline of another shape, or below 0.

    References
    ----------
    Kulldorff (1997), Communications in Statistics: Theory and Methods 26(6), 1481-1496.

    Examples
    --------
    >>> whole = Area((0, 0), np.ones((2, 2), dtype=bool), 250.0)
    >>> scanned(Events(*[np.zeros(0)] * 7), [], whole, np.ones((2, 2)), snapshot_day=0, key="k",
    ...         replicates=9)
    []
    """
    people = np.asarray(baseline, dtype=np.float64)
    if people.shape != cells.inside.shape or not (people >= 0).all():
        raise GeoInputError("A baseline has a number of 0 or more for each cell of the area.")
    if not spots:
        return []
    used = np.flatnonzero((people > 0).ravel() & cells.inside.ravel())
    number = np.full(people.size, -1)
    number[used] = np.arange(len(used))
    cell = cells.cell_of(events.xy_m)
    at = np.where(cell >= 0, number[cell], -1)
    year = (events.day > snapshot_day - YEAR) & (events.day <= snapshot_day) & (at >= 0)
    cases = np.bincount(at[year], weights=events.weight[year], minlength=len(used))
    columns = people.shape[1]
    centre = np.column_stack([used % columns, used // columns]) + np.array(cells.corner) + 0.5
    found = scan.poisson(
        centre * cells.cell_m,
        cases.astype(np.int64),
        people.ravel()[used],
        max_radius=reach_m,
        key=f"{key}|{NAME}",
        replicates=replicates,
    )
    if found.status != "ok":
        return [Persistent("not enough data", found.reason) for _ in spots]
    quarter = (snapshot_day - events.day) * QUARTERS // YEAR
    return [_of(spot, found, at, events.weight, quarter[year & np.isin(at, at[spot.members])])
            for spot in spots]  # fmt: skip


def _of(spot: HotSpot, found: scan.Scan, at: Array, weight: Array, quarters: Array) -> Persistent:
    rows = spot.members[spot.core]
    if not (at[rows] >= 0).any():
        return Persistent("not tested", OUTSIDE)
    total, lasted = weight[rows].sum(), len(np.unique(quarters))
    for zone in found.clusters:
        inside = np.isin(at[rows], zone.locations)
        if 2 * weight[rows][inside].sum() >= total:
            return Persistent(
                "tested", None, "poisson_scan", zone.p, quarters_with=lasted,
                observed=zone.cases, expected=zone.expected,
            )  # fmt: skip
    return Persistent("tested", NO_ZONE, "poisson_scan", 1.0, quarters_with=lasted)
