"""Is a cluster busier than elsewhere through the year? Gi* of the cells of its core (4.4)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from geo import grids
from geo.crossborough import Events, HotSpot
from geo.hotspots import NAMES, gi_grid
from geo.hotspots import emerging as by_history
from geo.significance import by
from geo.weights import Grid

Array = NDArray[Any]

YEAR, QUARTERS, LEAST_QUARTERS = 365, 4, 3
HISTORY, LEAST_HISTORY = 12, 10
LABEL = "busy place, not adjusted for how many children are there"
OUTSIDE = "Outside the partnership and what surrounds it."
NO_AREA = "No district of the partnership is known to compare with."
NOT_COMPARABLE = "Every square of the area has the same number of incidents."


@dataclass(frozen=True, slots=True)
class Persistent:
    """Result for one cluster, of the core cell with the smallest q.

    `p` is that of the method, `q` (Benjamini-Hochberg) and `by` (Benjamini-Yekutieli) over every
    cell of the area. `observed` and `expected` are incidents of the cell and those around it.
    `lasting`: it may count as persistent, with incidents in three of the last four quarters.
    """

    status: str
    why: str | None = None
    method: str | None = None
    p: float | None = None
    q: float | None = None
    by: float | None = None
    z: float | None = None
    quarters_with: int | None = None
    observed: int | None = None
    expected: float | None = None
    category: str | None = None
    label: str | None = None

    @property
    def lasting(self) -> bool:
        return self.quarters_with is not None and self.quarters_with >= LEAST_QUARTERS

    @property
    def p_persistent(self) -> float | None:
        """Of a scan its p; else the smallest q, None where it was not busy for long enough."""
        if self.method == "poisson_scan":
            return self.p
        return self.q if self.lasting else None


class Area(NamedTuple):
    """Cells of the study: column and row of the first, which are inside, and metres of a side."""

    corner: tuple[int, int]
    inside: Array
    cell_m: float

    def cell_of(self, xy_m: Array) -> Array:
        """Flat number of each point's cell, -1 where it is not inside."""
        at = grids.square(xy_m, self.cell_m) - np.array(self.corner)
        rows, columns = self.inside.shape
        within = ((at >= 0) & (at < (columns, rows))).all(axis=1)
        flat = np.where(within, at[:, 1] * columns + at[:, 0], 0)
        return np.where(within & self.inside.ravel()[flat], flat, -1)


class Dated(NamedTuple):
    """Incidents of each day, where a row stands for several: the row, the day, how many."""

    row: Array
    day: Array
    weight: Array


def area(shapes: Sequence[shapely.Geometry], *, halo_m: float, cell_m: float) -> Area | None:
    """Cells whose centre is in one of the polygons, or at most `halo_m` from it.

    Parameters
    ----------
    shapes : sequence of polygons, EPSG:27700
        Districts of the partnership.
    halo_m, cell_m : float

    Returns
    -------
    Area or None
        None without any polygon.

    Examples
    --------
    >>> area([shapely.box(0, 0, 500, 250)], halo_m=0, cell_m=250).inside.tolist()
    [[True, True, False], [False, False, False]]
    """
    if not len(shapes):
        return None
    ground = shapely.buffer(shapely.union_all(np.array(shapes, dtype=object)), halo_m)
    west, south, east, north = shapely.bounds(ground)
    (left, low), (right, high) = grids.square(np.array([[west, south], [east, north]]), cell_m)
    x = (np.arange(left, right + 1) + 0.5) * cell_m
    y = (np.arange(low, high + 1) + 0.5) * cell_m
    shapely.prepare(ground)
    east_m, north_m = np.meshgrid(x, y)
    inside = shapely.intersects_xy(ground, east_m, north_m)
    return Area((int(left), int(low)), np.asarray(inside), cell_m)


def busy(
    events: Events,
    spots: Sequence[HotSpot],
    cells: Area | None,
    *,
    snapshot_day: int,
    dated: Dated | None = None,
) -> list[Persistent]:
    """Gi* of the incidents of 365 days on square cells, at the cells of each core.

    Parameters
    ----------
    events : Events
    spots : sequence of HotSpot
    cells : Area
        The analysis area; every cell of it is one of the family of tests.
    snapshot_day : int
        Last day of the year that is looked at.
    dated : Dated, optional
        Where rows of `events` stand for incidents of several days. Left out: each for one day.

    Returns
    -------
    list of Persistent
        In the order of `spots`. The category of the history is given from ten quarters on.

    References
    ----------
    Ord and Getis (1995), Geographical Analysis 27(4), 286-306.

    Examples
    --------
    >>> busy(Events(*[np.zeros(0)] * 7), [], None, snapshot_day=0)
    []
    """
    if cells is None:
        return [Persistent("not tested", NO_AREA) for _ in spots]
    site = cells.cell_of(events.xy_m)
    rows = dated or Dated(np.arange(len(site)), events.day, events.weight)
    cell = site[rows.row]
    year = (rows.day > snapshot_day - YEAR) & (rows.day <= snapshot_day) & (cell >= 0)
    size = cells.inside.size
    counts = np.bincount(cell[year], weights=rows.weight[year], minlength=size)
    found = gi_grid(counts.reshape(cells.inside.shape), cells.inside, tail="counts")
    if found.status != "ok":
        return [Persistent("not enough data", NOT_COMPARABLE) for _ in spots]
    every = np.flatnonzero(cells.inside.ravel())
    careful = np.ones(size)
    careful[every] = by(found.p.ravel()[every])
    some = np.zeros((size, QUARTERS), dtype=bool)
    some[cell[year], (snapshot_day - rows.day[year]) * QUARTERS // YEAR] = True
    history = _history(rows, cell, cells, snapshot_day)
    columns = [table.ravel() for table in (found.z, found.p, found.q, found.around, found.expected)]

    def one(spot: HotSpot) -> Persistent:
        own = np.unique(site[spot.members[spot.core]])
        own = own[own >= 0]
        if not len(own):
            return Persistent("not tested", OUTSIDE)
        busiest = int(own[np.lexsort((-columns[0][own], columns[2][own]))[0]])
        quarters = int(some[own].any(axis=0).sum())
        return _result(columns, careful, busiest, quarters, history)

    return [one(spot) for spot in spots]


def _result(
    columns: Sequence[Array], careful: Array, cell: int, quarters: int, history: Array | None
) -> Persistent:
    z, p, q, around, expected = (float(column[cell]) for column in columns)
    return Persistent(
        "tested",
        None if quarters >= LEAST_QUARTERS else _short(quarters),
        "gi_star",
        p,
        q,
        float(careful[cell]),
        z,
        quarters,
        round(around),
        expected,
        None if history is None else _named(int(history[cell])),
        LABEL,
    )


def _short(quarters: int) -> str:
    return f"Incidents in {quarters} of the last {QUARTERS} quarters: not for long enough."


def _history(events: Dated, cell: Array, cells: Area, snapshot_day: int) -> Array | None:
    """Category of each cell by its last quarters, where they are enough."""
    days = int(snapshot_day - events.day.min(initial=snapshot_day)) + 1
    steps = min(HISTORY, days * QUARTERS // YEAR)
    if steps < LEAST_HISTORY:
        return None
    back = (snapshot_day - events.day) * QUARTERS // YEAR
    some = (cell >= 0) & (back >= 0) & (back < steps)
    key = cell[some] * steps + (steps - 1 - back[some])
    size = cells.inside.size
    counts = np.bincount(key, weights=events.weight[some], minlength=size * steps)
    inside = cells.inside.ravel()
    code = np.zeros(size, dtype=np.int64)
    code[inside] = by_history(counts.reshape(size, steps)[inside], Grid(cells.inside)).code
    return code


def _named(code: int) -> str:
    return f"cold, {NAMES[-code]}" if code < 0 else NAMES[code]
