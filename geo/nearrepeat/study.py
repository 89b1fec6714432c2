"""Events as the methods of this package take them: checked, sorted, in whole units of time.

The order is by place and then time, so that the order of the caller's rows changes nothing.
"""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geo.errors import GeoInputError

Array = NDArray[Any]
Metric = Literal["euclidean", "manhattan"]
Status = Literal["ok", "not enough data", "constant"]

MILLIMETRE = 3  # decimals of a metre
SMALL = 100.0  # a study that is less wide is not in metres
FINE = 9  # decimals of its width that count then
MICRO = 1_000_000  # parts of a time unit, where times are not whole


@dataclass(frozen=True, slots=True)
class Study:
    """Events sorted by place and time."""

    xy: Array  # (n, 2) float64
    when: Array  # int64, since the first of them
    row: Array  # of the caller
    per_unit: int  # units of `when` in one of the caller's
    distances: Array | None = None  # (n, n), where the plane is not that of xy

    @property
    def decimals(self) -> int:
        """To what distances are rounded before they are compared."""
        far = self.xy if self.distances is None else self.distances[np.isfinite(self.distances)]
        return decimals(far)

    def units(self, duration: float) -> int:
        """A limit in the units of `when`: days apart at most this are at most `duration` apart."""
        return int(np.floor(round(duration * self.per_unit, 3)))

    def per_row(self, values: Array) -> Array:
        """Values of the sorted events in the order of the caller's rows."""
        back = np.empty_like(values)
        back[self.row] = values
        return back


def sorted_events(
    xy_m: ArrayLike | None, day: ArrayLike, distances: ArrayLike | None = None
) -> Study:
    """Check the events and sort them.

    Parameters
    ----------
    xy_m : array_like, shape (n, 2), or None where `distances` are given
        Metres in any plane.
    day : array_like, shape (n,)
        Days, or any other unit of time; dates as numpy's datetime64.
    distances : array_like, shape (n, n), optional
        Of each event from each: over a walking network, say. Rows then keep their order.

    Returns
    -------
    Study

    Raises
    ------
    GeoInputError
        A row without coordinates or time, or columns that do not belong together.

    Examples
    --------
    >>> found = sorted_events([[9.0, 0.0], [2.0, 5.0]], [17, 12])
    >>> found.row.tolist(), found.when.tolist()
    ([1, 0], [0, 5])
    """
    when, per_unit = _whole(day)
    if distances is not None:
        apart = square(distances, len(when))
        rows = np.arange(len(when))
        return Study(np.zeros((len(when), 2)), when, rows, per_unit, apart)
    xy = points(xy_m)
    if len(xy) != len(when):
        raise GeoInputError(f"There are {len(xy)} places and {len(when)} times.")
    by = np.lexsort((when, xy[:, 1], xy[:, 0]))
    return Study(xy[by], when[by], by, per_unit)


def points(xy_m: ArrayLike | None) -> Array:
    """Coordinates as float64, shape (n, 2), of any plane.

    Raises
    ------
    GeoInputError
        A row without coordinates, or not two columns.

    Examples
    --------
    >>> points([[1, 2], [3, np.nan]])
    Traceback (most recent call last):
    geo.errors.GeoInputError: Row 1 has no coordinates.
    """
    xy = np.asarray([] if xy_m is None else xy_m, dtype=np.float64)
    xy = xy.reshape(0, 2) if xy.size == 0 else xy
    if xy.ndim != 2 or xy.shape[1] != 2:
        raise GeoInputError("A place is a row of two numbers: easting and northing.")
    missing = ~np.isfinite(xy).all(axis=1)
    if missing.any():
        raise GeoInputError(f"Row {int(missing.argmax())} has no coordinates.")
    return xy


def decimals(far: Array) -> int:
    """Decimals of a distance: whole millimetres, unless the plane is too small for metres.

    Examples
    --------
    >>> decimals(np.array([[0.0, 0.0], [5000.0, 300.0]])), decimals(np.array([[0.0], [1.0]]))
    (3, 9)
    """
    extent = float(np.ptp(far, axis=0).max()) if len(far) else 0.0
    if not 0 < extent < SMALL:
        return MILLIMETRE
    return FINE - int(np.floor(np.log10(extent)))


def square(distances: ArrayLike, n: int) -> Array:
    """A table of distances of n things, checked.

    Raises
    ------
    GeoInputError
        Not n rows of n, below 0 or no number, or not the same in both directions.

    Examples
    --------
    >>> square([[0, 5], [5, 0]], 2).tolist()
    [[0.0, 5.0], [5.0, 0.0]]
    """
    apart = np.asarray(distances, dtype=np.float64)
    if apart.shape != (n, n):
        raise GeoInputError(f"Distances of {n} events are {n} rows of {n}.")
    if np.isnan(apart).any() or (apart < 0).any() or not np.allclose(apart, apart.T):
        raise GeoInputError("Distances are 0 or more, and the same in both directions.")
    return apart


def at_least_0(name: str, *limits: float) -> None:
    """Refuse a limit that is below 0 or no number."""
    if not all(limit >= 0 for limit in limits):
        raise GeoInputError(f"{name} must be 0 or more.")


def _whole(day: ArrayLike) -> tuple[Array, int]:
    """Times as whole numbers since the first; in millionths where they are not whole themselves."""
    times = np.asarray(day).ravel()
    if times.dtype.kind == "O":
        times = times.astype("datetime64[s]")
    if times.dtype.kind not in "iufM":
        raise GeoInputError("Times are numbers or dates.")
    if times.dtype.kind == "M":
        missing = np.isnat(times)
        times = times.astype("datetime64[s]").astype(np.int64) / 86_400
        times[missing] = np.nan
    times = times.astype(np.float64)
    missing = ~np.isfinite(times)
    if missing.any():
        raise GeoInputError(f"Row {int(missing.argmax())} has no time.")
    since = times - times.min(initial=np.inf) if len(times) else times
    per_unit = 1 if (since == np.rint(since)).all() else MICRO
    return np.rint(since * per_unit).astype(np.int64), per_unit
