"""From the caller's rows to sorted locations, zones and windows, and back to clusters."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from geo.errors import GeoInputError
from geo.scan import engine, replicates, results
from geo.scan.circles import Zones, everywhere, located, zones
from geo.scan.model import DRAWN_AT_ONCE, Model
from geo.scan.options import Array, Settings, Window, amounts
from geo.scan.periods import Windows, windows
from geo.scan.results import Cluster, Scan

MOST_SUMS = 100_000_000


@dataclass(frozen=True, slots=True)
class Study:
    """Sorted input of a scan.

    Attributes
    ----------
    by : ndarray of int64, shape (locations,)
        Caller's row of each sorted location.
    centre : ndarray of int64, shape (centres,)
        Caller's row of each centre.
    cases : ndarray of int64, shape (locations, units)
    size : ndarray of float64, shape (locations,)
    """

    settings: Settings
    by: Array
    centre: Array
    cases: Array
    size: Array
    zones: Zones
    windows: Windows
    window: Window

    @property
    def segments(self) -> Array:
        """Cases (locations, segments of time)."""
        return self.windows.segments(self.cases)


def over_time(table: Array, what: str) -> Array:
    """A table with a column for each unit of time; a list is one unit.

    Examples
    --------
    >>> over_time(np.array([1, 2]), "cases").shape
    (2, 1)
    """
    if table.ndim == 1:
        return table[:, None]
    if table.ndim != 2 or not table.shape[1]:
        raise GeoInputError(f"{what}: a row for each location, and a column for each unit of time.")
    return table


def study(
    xy: ArrayLike | None, cases: Array, measure: Array, settings: Settings, *, timed: bool
) -> Study:
    """Sort the locations and lay zones and windows over them.

    Parameters
    ----------
    xy : array_like or None
    cases, measure : ndarray, shape (locations, units or 1)
        What is counted, and what the size of a zone is made of.
    settings : Settings
    timed : bool
        Whether the caller gave units of time.
    """
    window = settings.window or ("prospective" if timed else "spatial")
    if window != "spatial" and not timed:
        raise GeoInputError("A window of time needs cases in units of time: a column for each.")
    n = len(cases)
    place = None if xy is None else located(xy) if n else np.empty((0, 2))
    if place is not None and len(place) != n:
        raise GeoInputError("There is one row for each location, in every table.")
    if int(cases.sum()) >= DRAWN_AT_ONCE:
        raise GeoInputError("A billion cases or more are beyond what can be drawn.")
    by = _order(place, settings.order, np.hstack([cases, measure]))
    size = measure.sum(axis=1)[by]
    limited = size if settings.size is None else _given(settings.size, n)[by]
    laid, centre = _laid(place, by, limited, settings)
    over = windows(
        cases.shape[1],
        window,
        max_window=settings.max_window,
        min_window=settings.min_window,
        max_window_fraction=settings.max_window_fraction,
    )
    if n * len(over.start) > MOST_SUMS:
        raise GeoInputError(
            f"{n:,} locations by {len(over.start):,} windows are too many. "
            "Count in longer units of time, or limit max_window."
        )
    return Study(settings, by, centre, cases[by], size, laid, over, window)


def _given(size: ArrayLike, n: int) -> Array:
    weight = amounts(size, "size")
    if weight.shape != (n,):
        raise GeoInputError("A size is a number for each location.")
    return weight


def _order(place: Array | None, order: ArrayLike | None, rows: Array) -> Array:
    """By the caller's rank; else by coordinates, and by content where two share them."""
    if order is not None:
        rank = np.asarray(order)
        if rank.shape != (len(rows),):
            raise GeoInputError("An order is a rank for each location.")
        return np.argsort(rank, kind="stable")
    if place is None:
        return np.arange(len(rows))
    by = np.lexsort(place.T[::-1])
    if (np.diff(place[by], axis=0) == 0).all(axis=1).any():
        by = np.lexsort([*rows.T[::-1], *place.T[::-1]])
    return by


def _laid(place: Array | None, by: Array, size: Array, settings: Settings) -> tuple[Zones, Array]:
    if settings.everywhere:
        return everywhere(len(by)), np.zeros(1, dtype=np.int64)
    near, centres, at_places = settings.distances, settings.centres, settings.centres is None
    if near is not None:
        table = np.asarray(near, dtype=np.float64)
        if table.ndim != 2 or table.shape[1] != len(by):
            raise GeoInputError(
                "Distances are a table: a row for each centre, a column a location."
            )
        at_places = at_places and len(table) == len(by)
        near = table[by][:, by] if at_places else table[:, by]
    laid = zones(
        None if place is None else place[by],
        size=size,
        max_fraction=settings.max_fraction,
        max_radius=settings.max_radius,
        max_k=settings.max_k,
        tie=settings.tie,
        distances=near,
        centres=centres,
    )
    return laid, by if at_places else np.arange(len(laid.start) - 1)


def run(found: Study, model: Model, *, lacking: str = "") -> Scan:
    """Scan, simulate, and say what was found.

    Parameters
    ----------
    found : Study
    model : Model
    lacking : str
        What the model itself misses.
    """
    total = int(found.cases.sum())
    reason = _lacking(found, total) or lacking
    if reason:
        return results.too_little(reason, total)
    sums = found.windows.sums(found.segments)
    best = engine.best_of_centres(model, found.zones, sums, found.settings.min_cases)
    inside = [_inside(found.zones, one) for one in best]
    chosen = results.apart(best, inside)
    maxima, stopped = np.empty(0), False
    if chosen and found.settings.replicates:
        maxima, stopped = replicates.maxima(
            model, found.zones, found.windows, found.settings, best[chosen[0]].llr
        )
    clusters = tuple(_cluster(found, model, best[i], maxima, stopped) for i in chosen)
    cylinders = int(found.zones.closes.sum()) * len(found.windows.start)
    return Scan("ok", "", clusters, total, cylinders, len(maxima), stopped, maxima)


def _lacking(found: Study, total: int) -> str:
    least = found.settings.min_cases
    if total < least:
        return f"A cluster has {least} cases or more; there are {total} in all."
    if not len(found.windows.start):
        return "The period is too short for a window that leaves as much time outside."
    if not found.zones.closes.any():
        return "No zone stays within the limits of size."
    return ""


def _inside(laid: Zones, one: engine.Best) -> Array:
    start = int(laid.start[one.centre])
    return laid.member[start : start + one.entries]


def _cluster(found: Study, model: Model, one: engine.Best, maxima: Array, stopped: bool) -> Cluster:
    inside = _inside(found.zones, one)
    p, p_gumbel = results.chance(one.llr, maxima, stopped=stopped)
    expected, total = one.measure * model.rate, float(found.cases.sum())
    outside = (total - one.cases) / (total - expected) if total > expected else np.inf
    return Cluster(
        centre=int(found.centre[one.centre]),
        locations=tuple(found.by[inside].tolist()),
        radius=float(found.zones.distance[found.zones.start[one.centre] + one.entries - 1]),
        start=int(found.windows.start[one.window]),
        stop=int(found.windows.stop[one.window]),
        cases=one.cases,
        expected=expected,
        size=float(found.size[inside].sum()),
        llr=one.llr,
        relative_risk=float(one.cases / expected / outside) if outside else np.inf,
        p=p,
        p_gumbel=p_gumbel,
        recurrence=1 / p if p and found.window == "prospective" else None,
    )
