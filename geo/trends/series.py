"""Series in the form that the tests need, and what is refused."""

from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geo.errors import GeoInputError
from geo.numbers import floats

Array = NDArray[Any]
Status = Literal["ok", "constant", "not enough data"]


def series_of(x: ArrayLike, ndim: int = 1) -> Array:
    shape = "A series is a row of numbers." if ndim == 1 else "Give one row each."
    found = floats(x, shape)
    if found.ndim != ndim:
        raise GeoInputError(shape)
    if np.isinf(found).any():
        raise GeoInputError("A series holds numbers; leave a gap (NaN) where one is missing.")
    return found


def seasons_of(x: ArrayLike, period: int) -> Array:
    """One row for each season, gaps (NaN) filling the last year."""
    series = series_of(x)
    if not period >= 1 or period != int(period):
        raise GeoInputError("A year has at least one season, and whole ones only.")
    period = int(period)
    years = -(-len(series) // period)
    table = np.full(years * period, np.nan)
    table[: len(series)] = series
    return table.reshape(years, period).T


def together(x: ArrayLike, y: ArrayLike) -> tuple[Array, Array]:
    """Two series without the times at which either is missing."""
    one, other = series_of(x), series_of(y)
    if len(one) != len(other):
        raise GeoInputError("The two series are of different lengths.")
    there = ~np.isnan(one) & ~np.isnan(other)
    return one[there], other[there]


def check_level(level: float) -> None:
    if not 0 < level < 1:
        raise GeoInputError("The level of an interval is between 0 and 1.")
