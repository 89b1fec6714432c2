"""Events as the methods of this package take them: checked, sorted, in whole units of time.

The order is by place and then time, so that the order of the caller's rows changes nothing.
"""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geo.errors import GeoInputError
from geo.numbers import decimals, floats, points, times

Array = NDArray[Any]
Metric = Literal["euclidean", "manhattan"]
Status = Literal["ok", "not enough data", "constant"]

MICRO = 6  # decimals of a time, where times are not whole; of their span, if that is below 1
MOST_UNITS = 2**60


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
        longest = int(self.when.max(initial=0))
        if duration * self.per_unit > longest:
            return longest  # no two events are further apart: infinity is a limit like others
        return int(np.floor(round(duration * self.per_unit, 6)))

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
    apart = floats(distances, "Distances are a table of numbers.")
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
    """Times as whole numbers since the first; in small parts where not whole themselves."""
    found = times(day).ravel()
    if found.dtype.kind == "M":
        missing = np.isnat(found)
        found = found.astype(np.int64) / 86_400
        found[missing] = np.nan
    missing = ~np.isfinite(found)
    if missing.any():
        raise GeoInputError(f"Row {int(missing.argmax())} has no time.")
    since = found - found.min(initial=np.inf) if len(found) else found
    longest = float(since.max(initial=0.0))
    per_unit = 1 if (since == np.rint(since)).all() else 10 ** _digits(longest)
    if longest * per_unit > MOST_UNITS:
        raise GeoInputError("The times lie too far apart to be compared.")
    return np.rint(since * per_unit).astype(np.int64), per_unit


def _digits(longest: float) -> int:
    return MICRO - min(int(np.floor(np.log10(longest))), 0)
