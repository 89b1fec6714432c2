"""Incidents here against those at the rates of a wider area."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from geo.errors import GeoInputError
from geo.exposure.intervals import byar_interval, poisson_interval
from geo.exposure.rates import Status

LEAST_EXPECTED = 1.0
FEW = 10  # below this the intervals of Byar are not close enough

Method = Literal["auto", "exact", "byar"]


@dataclass(frozen=True, slots=True)
class Standardised:
    """Observed over expected, with an interval; None, with a `reason`, where few are expected."""

    status: Status
    reason: str
    observed: float
    expected: float
    ratio: float | None = None
    low: float | None = None
    high: float | None = None


def standardised(
    observed: float,
    exposure: ArrayLike,
    standard_n: ArrayLike,
    standard_exposure: ArrayLike,
    *,
    method: Method = "auto",
    level: float = 0.95,
) -> Standardised:
    """Indirectly standardised ratio: incidents here over those at the rates of a wider area.

    Parameters
    ----------
    observed : float
        Incidents here.
    exposure : array_like of float, shape (strata,)
        Children (or open hours) here, by age, deprivation or type of day.
    standard_n, standard_exposure : array_like of float, shape (strata,)
        Incidents and children of the wider area, in the same strata.
    method : {"auto", "exact", "byar"}
        Of the interval; "auto" is exact below 10 incidents and Byar's from there.
    level : float

    Returns
    -------
    Standardised
        "not enough data" where fewer than 1 incident is expected.

    Raises
    ------
    GeoInputError
        Strata that do not match, a negative number, a stratum that the wider area does not have.

    References
    ----------
    Breslow and Day (1987), Statistical Methods in Cancer Research II, 65-72.

    Examples
    --------
    >>> found = standardised(12, [400, 600], [50, 20], [10_000, 10_000])
    >>> round(found.expected, 2), round(found.ratio, 2), round(found.low, 2), round(found.high, 2)
    (3.2, 3.75, 1.94, 6.55)
    """
    here, n, many = (
        np.atleast_1d(np.asarray(a, dtype=np.float64))
        for a in (exposure, standard_n, standard_exposure)
    )
    if not here.shape == n.shape == many.shape:
        raise GeoInputError("Here and in the wider area the strata are the same.")
    if not all(np.isfinite(a).all() and (a >= 0).all() for a in (here, n, many)):
        raise GeoInputError("Numbers of children and of incidents are 0 or more.")
    if ((many == 0) & (here > 0)).any():
        raise GeoInputError("The wider area has nobody in one of the strata.")
    exact = method == "exact" or (method == "auto" and observed < FEW)
    low, high = (poisson_interval if exact else byar_interval)(observed, level=level)
    expected = float((here * np.divide(n, many, out=np.zeros_like(n), where=many > 0)).sum())
    if expected < LEAST_EXPECTED:
        reason = "Fewer than 1 incident is expected here: a ratio would mislead. Use the count."
        return Standardised("not enough data", reason, observed, expected)
    ratios = (observed / expected, low / expected, high / expected)
    return Standardised("ok", "", observed, expected, *ratios)
