"""What every scan can be told, in one place, and what is refused."""

from dataclasses import dataclass
from typing import Any, Literal, TypedDict

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geo.errors import GeoInputError

Array = NDArray[Any]
Tie = Literal["group", "satscan"]
Window = Literal["prospective", "retrospective", "spatial"]


class Options(TypedDict, total=False):
    """Keywords of every scan; `Settings` says what each means and what holds when left out."""

    max_fraction: float | None
    size: ArrayLike | None
    max_radius: float | None
    max_k: int | None
    tie: Tie
    distances: ArrayLike | None
    centres: ArrayLike | None
    everywhere: bool
    window: Window | None
    max_window: int | None
    min_window: int
    max_window_fraction: float
    min_cases: int
    replicates: int
    stop_at: int | None
    key: str
    workers: int
    order: ArrayLike | None


@dataclass(frozen=True, slots=True)
class Settings:
    """Options of a scan, checked.

    Attributes
    ----------
    max_fraction : float or None
        Largest share of the population (Poisson), of cases and controls (Bernoulli), of cases
        (permutation) or of the baseline (expectation-based) in a zone; None for no limit.
    size : array_like, shape (locations,), optional
        What `max_fraction` is a share of, where it is something else: the plain population beside
        a `population` that is adjusted for age.
    max_radius : float or None
        Largest distance from centre to location, closed, in the unit of the coordinates.
    max_k : int or None
        Most locations in a zone, the centre's own included.
    tie : {"group", "satscan"}
        Locations equally far from a centre join a zone together, or one at a time by
        (distance, x, y).
    distances : array_like, shape (centres, locations), optional
        Instead of straight lines: great circles, walking distances. Infinite = out of reach.
    centres : array_like, shape (centres, 2), optional
        Where zones are centred, if not at the locations themselves.
    everywhere : bool
        One zone of all locations: a purely temporal scan.
    window : {"prospective", "retrospective", "spatial"}, optional
        Windows that end with the last unit, all windows, or the whole period as one. Left out:
        "spatial" where the cases have no time, otherwise "prospective".
    max_window, min_window : int
        Length of a window in units of time. Left out: as long as `max_window_fraction` allows.
    max_window_fraction : float
        Largest share of the period in a window. More than half compares a window with less time
        than it has itself: only for published cases that do so, or where a baseline is known.
    min_cases : int
        Fewer are no cluster.
    replicates : int
        Sets drawn under chance alone; 0 for no p.
    stop_at : int, optional
        Stop as soon as so many replicates reach the most likely cluster (sequential Monte Carlo).
    key : str
        Hashes of snapshot and parameters, for `geo.significance.stream`.
    workers : int
        Threads; changes no number.
    order : array_like of int, shape (locations,), optional
        Rank of each location's id. Left out: by coordinates, or by row where there are none.
    """

    max_fraction: float | None = 0.5
    size: ArrayLike | None = None
    max_radius: float | None = None
    max_k: int | None = None
    tie: Tie = "group"
    distances: ArrayLike | None = None
    centres: ArrayLike | None = None
    everywhere: bool = False
    window: Window | None = None
    max_window: int | None = None
    min_window: int = 1
    max_window_fraction: float = 0.5
    min_cases: int = 2
    replicates: int = 999
    stop_at: int | None = None
    key: str = ""
    workers: int = 1
    order: ArrayLike | None = None

    def __post_init__(self) -> None:
        if self.tie not in ("group", "satscan"):
            raise GeoInputError('Equal distances are treated as "group" or as "satscan".')
        if self.window not in (None, "prospective", "retrospective", "spatial"):
            raise GeoInputError('A window is "prospective", "retrospective" or "spatial".')
        if self.max_fraction is not None and not 0 < self.max_fraction <= 1:
            raise GeoInputError("A zone holds more than nothing and at most all: 0 to 1.")
        if not 0 < self.max_window_fraction <= 1:
            raise GeoInputError("A window is more than nothing and at most all: 0 to 1.")
        if self.max_radius is not None and not self.max_radius >= 0:
            raise GeoInputError("A radius is 0 or more.")
        if self.max_window is not None and self.max_window < self.min_window:
            raise GeoInputError("The longest window is not shorter than the shortest.")
        if self.replicates < 0:
            raise GeoInputError("The number of replicates is 0 or more.")
        self._at_least_one()

    def _at_least_one(self) -> None:
        least = {
            "max_k": self.max_k,
            "min_window": self.min_window,
            "min_cases": self.min_cases,
            "stop_at": self.stop_at,
            "workers": self.workers,
        }
        for name, value in least.items():
            if value is not None and value < 1:
                raise GeoInputError(f"{name} is 1 or more, not {value}.")


def counts(values: ArrayLike, what: str) -> Array:
    """Whole numbers of 0 or more as int64, or a refusal that names the row.

    Examples
    --------
    >>> counts([3.0, 0.0], "cases").tolist()
    [3, 0]
    """
    given = amounts(values, what)
    whole = np.rint(given)
    odd = np.argwhere(whole != given)
    if len(odd):
        raise GeoInputError(f"Row {int(odd[0][0])}: {what} are counted in whole numbers.")
    return whole.astype(np.int64)


def amounts(values: ArrayLike, what: str) -> Array:
    """Numbers of 0 or more as float64, or a refusal that names the row.

    Examples
    --------
    >>> amounts([1.5, -1], "population")
    Traceback (most recent call last):
    geo.errors.GeoInputError: Row 1: population is missing, infinite or below 0.
    """
    given = np.asarray(values, dtype=np.float64)
    odd = np.argwhere(~(np.isfinite(given) & (given >= 0)))
    if len(odd):
        raise GeoInputError(f"Row {int(odd[0][0])}: {what} is missing, infinite or below 0.")
    return given
