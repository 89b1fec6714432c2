"""Incidents for each child who lives there, by deprivation, or for each hour of opening."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geo.errors import GeoInputError
from geo.exposure.intervals import poisson_interval

Array = NDArray[Any]

LEAST_CHILDREN = 100.0
LEAST_HOURS = 40.0
QUINTILES = 5

Status = Literal["ok", "not enough data"]


@dataclass(frozen=True, slots=True)
class Rate:
    """`n` incidents for `exposure`; `value` and its interval are for each `per` of it.

    The three are None, with a `reason`, where the exposure is too small or not known.
    """

    status: Status
    reason: str
    n: float
    exposure: float | None
    per: float
    value: float | None = None
    low: float | None = None
    high: float | None = None


def rate(
    n: float,
    exposure: float,
    *,
    per: float = 1000.0,
    least: float = LEAST_CHILDREN,
    unit: str = "children",
    level: float = 0.95,
) -> Rate:
    """Incidents for each 1,000 resident children, with an exact interval.

    Parameters
    ----------
    n : float
        Incidents.
    exposure : float
        Resident children; NaN where no number is loaded.
    per : float
        Of how many children the rate is.
    least : float
        Fewer than these are refused.
    unit : str
        What the exposure counts, for the words.
    level : float

    Returns
    -------
    Rate

    Raises
    ------
    GeoInputError
        A negative number.

    Examples
    --------
    >>> found = rate(12, 4_000)
    >>> found.value, round(found.low, 2), round(found.high, 2)
    (3.0, 1.55, 5.24)
    >>> rate(3, 40).reason
    'Fewer than 100 children: a rate would mislead. Use the count.'
    """
    low, high = poisson_interval(n, level=level)
    if exposure < 0 or not per > 0:
        raise GeoInputError("A rate divides by a number of 0 or more.")
    if not np.isfinite(exposure):
        reason = f"No number of {unit} is loaded here: there is no rate."
        return Rate("not enough data", reason, n, None, per)
    if exposure < max(least, np.finfo(float).tiny):
        reason = f"Fewer than {least:g} {unit}: a rate would mislead. Use the count."
        return Rate("not enough data", reason, n, exposure, per)
    value, low, high = (per * x / exposure for x in (n, low, high))
    return Rate("ok", "", n, exposure, per, value, low, high)


def rate_per_open_hour(
    n: float, hours: float, *, least: float = LEAST_HOURS, level: float = 0.95
) -> Rate:
    """Incidents for each hour that a place was open.

    Parameters
    ----------
    n : float
        Incidents while it was open.
    hours : float
        From `geo.rhythms.open_hours`.
    least, level : float
        As for `rate`.

    Returns
    -------
    Rate

    Examples
    --------
    >>> rate_per_open_hour(6, 240).value
    0.025
    """
    return rate(n, hours, per=1.0, least=least, unit="open hours", level=level)


def deprivation_quintile(rank: ArrayLike, areas: int) -> Array:
    """Fifth of all areas that each belongs to, 1 the most deprived.

    Parameters
    ----------
    rank : array_like of int, shape (n,)
        National rank of deprivation, 1 the most deprived.
    areas : int
        How many were ranked: 33,755 in the English indices of 2025, 32,844 in those of 2019.

    Returns
    -------
    ndarray of int64, shape (n,)

    Raises
    ------
    GeoInputError
        A rank that is not from 1 to `areas`.

    Examples
    --------
    >>> deprivation_quintile([1, 6751, 6752, 33_755], 33_755).tolist()
    [1, 1, 2, 5]
    """
    ranks = np.asarray(rank)
    whole = ranks.dtype.kind in "iu" or not ranks.size
    if not whole or (ranks < 1).any() or (ranks > areas).any():
        raise GeoInputError(f"Ranks of deprivation are whole numbers from 1 to {areas}.")
    found: Array = -(-QUINTILES * ranks.astype(np.int64) // areas)
    return found


def rates_by_quintile(
    n: ArrayLike,
    children: ArrayLike,
    quintile: ArrayLike,
    *,
    least: float = LEAST_CHILDREN,
    level: float = 0.95,
) -> tuple[Rate, ...]:
    """Incidents for each 1,000 resident children by deprivation of the area.

    Parameters
    ----------
    n, children : array_like of float, shape (areas,)
    quintile : array_like of int, shape (areas,)
        From `deprivation_quintile`.
    least, level : float
        As for `rate`, of each fifth as a whole.

    Returns
    -------
    tuple of Rate
        Five, the most deprived first.

    Raises
    ------
    GeoInputError
        Arrays of different length, a quintile that is not from 1 to 5, a negative number.

    Examples
    --------
    >>> found = rates_by_quintile([6, 2], [1500, 2000], [1, 5])
    >>> [one.value for one in found]
    [4.0, None, None, None, 1.0]
    """
    counts, many = np.asarray(n, dtype=np.float64), np.asarray(children, dtype=np.float64)
    fifth = np.asarray(quintile)
    if not counts.shape == many.shape == fifth.shape or counts.ndim != 1:
        raise GeoInputError("Each area needs incidents, children and a fifth of deprivation.")
    if not np.isin(fifth, np.arange(1, QUINTILES + 1)).all() or (counts < 0).any():
        raise GeoInputError("Fifths of deprivation are 1 to 5, incidents 0 or more.")
    return tuple(
        rate(
            float(counts[fifth == f].sum()), float(many[fifth == f].sum()), least=least, level=level
        )
        for f in range(1, QUINTILES + 1)
    )
