"""The four scans: what each asks, and what it needs."""

from typing import Unpack

import numpy as np
from numpy.typing import ArrayLike

from geo.errors import GeoInputError
from geo.scan import model
from geo.scan.options import Array, Options, Settings, amounts, counts
from geo.scan.results import Scan
from geo.scan.study import over_time, run, study


def poisson(
    xy: ArrayLike | None, cases: ArrayLike, population: ArrayLike, **options: Unpack[Options]
) -> Scan:
    """Find where, and when, there are more cases than the population explains.

    Parameters
    ----------
    xy : array_like, shape (n, 2), or None where `distances` are given
        Locations (cells, areas, places) in any plane.
    cases : array_like of int, shape (n,) or (n, units)
        Without units of time the scan is purely spatial.
    population : array_like, shape (n,) or (n, units)
        People at risk, or any other expectation in proportion (one adjusted for age, footfall).
        One number for each location holds for the whole period.
    **options
        As in `Settings`: limits of zones, windows, replicates, key.

    Returns
    -------
    Scan

    Raises
    ------
    GeoInputError
        Missing coordinates, counts that are none, or cases where nobody lives.

    Notes
    -----
    Replicates: a multinomial draw of all cases by population (and length of time).

    References
    ----------
    Kulldorff (1997), Communications in Statistics: Theory and Methods 26(6), 1481-1496.

    Examples
    --------
    >>> row = [[0, 0], [1, 0], [2, 0], [3, 0], [4, 0], [5, 0]]
    >>> found = poisson(row, [9, 8, 1, 0, 1, 1], [10] * 6, key="snapshot|params", replicates=99)
    >>> found.clusters[0].locations, found.clusters[0].cases, found.p
    ((0, 1), 17, 0.01)
    """
    settings = Settings(**options)
    timed = np.ndim(cases) == 2
    table = over_time(counts(cases, "cases"), "Cases")
    people = over_time(amounts(population, "population"), "Population")
    _fits(table, people, may_be_constant=True)
    _never_without(table, people, "nobody lives there (population 0)")
    found = study(xy, table, people, settings, timed=timed)
    chance = model.poisson_model(found.segments, people[found.by], table.shape[1], found.windows)
    return run(found, chance)


def bernoulli(
    xy: ArrayLike | None, cases: ArrayLike, controls: ArrayLike, **options: Unpack[Options]
) -> Scan:
    """Find where, and when, the share of cases among cases and controls is larger than elsewhere.

    Parameters
    ----------
    xy : array_like, shape (n, 2), or None where `distances` are given
    cases, controls : array_like of int, shape (n,) or (n, units)
        Controls are those who are not cases: people less cases, other incidents of the place.
    **options
        As in `Settings`.

    Returns
    -------
    Scan

    Raises
    ------
    GeoInputError
        Missing coordinates, counts that are none, or a billion people and more.

    Notes
    -----
    Replicates: the labels are shuffled, which is a hypergeometric draw for each location.

    References
    ----------
    Kulldorff and Nagarwalla (1995), Statistics in Medicine 14(8), 799-810.

    Examples
    --------
    >>> row = [[0, 0], [1, 0], [2, 0], [3, 0]]
    >>> found = bernoulli(row, [9, 1, 0, 1], [1, 9, 10, 9], key="snapshot|params", replicates=99)
    >>> found.clusters[0].locations, found.clusters[0].expected
    ((0,), 2.75)
    """
    settings = Settings(**options)
    timed = np.ndim(cases) == 2
    table = over_time(counts(cases, "cases"), "Cases")
    others = over_time(counts(controls, "controls"), "Controls")
    _fits(table, others)
    found = study(xy, table, table + others, settings, timed=timed)
    people = found.windows.segments((table + others)[found.by])
    chance = model.bernoulli_model(found.segments, people, found.windows)
    return run(found, chance, lacking="" if others.any() else "There are no controls.")


def space_time_permutation(
    xy: ArrayLike | None, cases: ArrayLike, **options: Unpack[Options]
) -> Scan:
    """Find where there have lately been more cases than the place and the time each explain.

    Needs no population. It sees emerging clusters only: a place that is always busy is expected
    to be busy, and so is a busy week.

    Parameters
    ----------
    xy : array_like, shape (n, 2), or None where `distances` are given
    cases : array_like of int, shape (n, units)
        `cases_by_unit` makes it of events.
    **options
        As in `Settings`.

    Returns
    -------
    Scan

    Raises
    ------
    GeoInputError
        Missing coordinates, counts that are none, or no units of time.

    Notes
    -----
    Replicates: the dates are dealt out anew among the cases, so that every location and every
    unit keeps its number. The cost does not grow with the number of cases.

    References
    ----------
    Kulldorff, Heffernan, Hartman, Assuncao and Mostashari (2005), PLoS Medicine 2(3), e59.

    Examples
    --------
    >>> cases = [[1, 0, 1, 5], [1, 1, 1, 0], [2, 1, 2, 0], [1, 2, 1, 1]]
    >>> row = [[0, 0], [1, 0], [2, 0], [3, 0]]
    >>> found = space_time_permutation(row, cases, key="snapshot|params", replicates=99)
    >>> found.clusters[0].locations, found.clusters[0].start, found.clusters[0].expected
    ((0,), 3, 2.1)
    """
    settings = Settings(**options)
    table = over_time(counts(cases, "cases"), "Cases")
    found = study(xy, table, table, settings, timed=np.ndim(cases) == 2)
    chance = model.permutation_model(found.segments, found.windows)
    return run(found, chance, lacking=_nothing_to_permute(table))


def expectation_poisson(
    xy: ArrayLike | None, cases: ArrayLike, baseline: ArrayLike, **options: Unpack[Options]
) -> Scan:
    """Find where, and when, there are more cases than a baseline known from elsewhere.

    Parameters
    ----------
    xy : array_like, shape (n, 2), or None where `distances` are given
    cases : array_like of int, shape (n,) or (n, units)
    baseline : array_like, shape (n,) or (n, units)
        Cases expected in each location and unit, for example from earlier years. It is taken as
        it stands: if all of the area has more, all of it can be a cluster.
    **options
        As in `Settings`; `max_fraction` is a share of the baseline.

    Returns
    -------
    Scan

    Raises
    ------
    GeoInputError
        Missing coordinates, counts that are none, or cases where none can be (baseline 0).

    Notes
    -----
    Replicates: a Poisson draw for each location and unit.

    References
    ----------
    Neill (2009), International Journal of Forecasting 25(3), 498-517.

    Examples
    --------
    >>> row = [[0, 0], [1, 0], [2, 0], [3, 0]]
    >>> found = expectation_poisson(row, [9, 2, 2, 1], [2.0] * 4, key="snapshot|params")
    >>> found.clusters[0].locations, round(found.clusters[0].llr, 3)
    ((0,), 6.537)
    """
    settings = Settings(**options)
    timed = np.ndim(cases) == 2
    table = over_time(counts(cases, "cases"), "Cases")
    known = over_time(amounts(baseline, "baseline"), "Baseline")
    _fits(table, known)
    _never_without(table, known, "its baseline is 0")
    found = study(xy, table, known, settings, timed=timed)
    chance = model.expectation_model(found.windows.segments(known[found.by]), found.windows)
    return run(found, chance)


def _fits(table: Array, other: Array, *, may_be_constant: bool = False) -> None:
    units = (1, table.shape[1]) if may_be_constant else (table.shape[1],)
    if len(other) != len(table) or other.shape[1] not in units:
        raise GeoInputError("Every table has a row for each location and a column for each unit.")


def _never_without(table: Array, other: Array, why: str) -> None:
    odd = np.argwhere((table > 0) & (other == 0))
    if len(odd):
        raise GeoInputError(f"Row {int(odd[0][0])} has cases, but {why}.")


def _nothing_to_permute(table: Array) -> str:
    if np.count_nonzero(table.sum(axis=0)) < 2:
        return "All cases fall in one unit of time, so that no date can change."
    if np.count_nonzero(table.sum(axis=1)) < 2:
        return "All cases are at one location, so that no date can move."
    return ""
