"""How much counts vary by themselves, and what change that leaves visible."""

from collections.abc import Sequence

import numpy as np

from geo.errors import GeoInputError

DETECTABLE = 2.80  # standard errors: 5% two-sided and 80% power, 1.96 + 0.84
MONTHS = 12


def dispersion(counts: Sequence[float] | Sequence[Sequence[float]]) -> float:
    """How much more monthly counts vary than Poisson counts: max(1, Pearson chi2 / df).

    Parameters
    ----------
    counts : sequence of float, or of one such for each area
        Months of the baseline, each area with a mean of its own.

    Returns
    -------
    float
        1 when there are fewer than 12 months.

    Raises
    ------
    GeoInputError
        A negative count.

    References
    ----------
    McCullagh and Nelder (1989), Generalized Linear Models, 6.2.

    Examples
    --------
    >>> dispersion([0, 20] * 6)
    10.909090909090908
    >>> dispersion([0, 20])
    1.0
    """
    try:
        table = np.atleast_2d(np.asarray(counts, dtype=np.float64))
    except ValueError:  # rows of different length
        table = np.full((1, 1), np.nan)
    if table.ndim != 2 or not np.isfinite(table).all() or (table < 0).any():
        raise GeoInputError("Counts are 0 or more, as many months in each area.")
    table = table[table.sum(axis=1) > 0]  # an area without incidents says nothing
    if not len(table) or table.shape[1] < MONTHS:
        return 1.0
    mean = table.mean(axis=1, keepdims=True)
    chi2 = float(((table - mean) ** 2 / mean).sum())
    return float(max(1.0, chi2 / (len(table) * (table.shape[1] - 1))))


def smallest_detectable_change(se: float) -> float:
    """The change that four in five studies of this size would notice: 2.80 standard errors.

    Examples
    --------
    >>> round(smallest_detectable_change(39.598), 1)
    110.9
    """
    return DETECTABLE * se
