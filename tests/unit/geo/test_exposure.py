"""Rates for each child or open hour, and ratios to a wider area."""

import numpy as np
import pytest
from scipy.stats import chi2, poisson

from geo.errors import GeoInputError
from geo.exposure import (
    byar_interval,
    deprivation_quintile,
    poisson_interval,
    rate,
    rate_per_open_hour,
    rates_by_quintile,
    standardised,
)
from geo.rhythms import open_hours


@pytest.mark.parametrize(
    ("n", "low", "high"),
    [(0, 0, 3.6889), (1, 0.0253, 5.5716), (5, 1.6235, 11.6683), (100, 81.364, 121.627)],
)
def test_exact_intervals_are_those_of_the_tables(n, low, high):
    assert poisson_interval(n) == pytest.approx((low, high), abs=5e-4)
    if n:
        assert poisson_interval(n)[0] == pytest.approx(chi2.ppf(0.025, 2 * n) / 2)
    assert poisson_interval(n)[1] == pytest.approx(chi2.ppf(0.975, 2 * n + 2) / 2)


def test_an_exact_interval_covers_at_least_as_often_as_it_says():
    for mean in (0.4, 3.3, 17.0):
        counts = np.arange(100)
        inside = [low <= mean <= high for low, high in map(poisson_interval, counts)]
        assert poisson.pmf(counts, mean)[inside].sum() >= 0.95


def test_byar_is_close_from_ten():
    for n in (10, 25, 400):
        assert byar_interval(n) == pytest.approx(poisson_interval(n), rel=2e-3)
    assert byar_interval(0)[0] == 0
    assert byar_interval(1, level=0.999)[0] == 0  # never below


def test_a_rate_for_each_thousand_children():
    found = rate(12, 4000, level=0.9)

    low, high = poisson_interval(12, level=0.9)
    assert (found.status, found.value) == ("ok", 3)
    assert (found.low, found.high) == pytest.approx((low / 4, high / 4))


@pytest.mark.parametrize(
    ("children", "reason"),
    [
        (99.9, "Fewer than 100 children: a rate would mislead. Use the count."),
        (0, "Fewer than 100 children: a rate would mislead. Use the count."),
        (np.nan, "No number of children is loaded here: there is no rate."),
    ],
)
def test_a_denominator_that_is_too_small_is_refused_in_words(children, reason):
    found = rate(5, children)

    assert (found.status, found.reason, found.value) == ("not enough data", reason, None)
    assert rate(5, 0, least=0).value is None


def test_open_hours_are_an_exposure():
    grid = np.zeros((7, 24), bool)
    grid[:, 18:22] = True
    hours = open_hours(grid.ravel(), 19_723, 19_723 + 28)

    assert rate_per_open_hour(14, hours).value == pytest.approx(14 / 112)
    assert rate_per_open_hour(14, 12).reason == (
        "Fewer than 40 open hours: a rate would mislead. Use the count."
    )


def test_fifths_of_deprivation_are_those_of_the_english_indices():
    ranks = np.arange(1, 32_845)

    found = deprivation_quintile(ranks, 32_844)

    assert np.bincount(found)[1:].tolist() == [6568, 6569, 6569, 6569, 6569]
    assert deprivation_quintile([], 10).tolist() == []


def test_rates_by_fifth_add_areas_up_first():
    found = rates_by_quintile([5, 3, 1, 0], [600, 1000, 90, 2000], [1, 1, 2, 5])

    assert [one.value for one in found] == [pytest.approx(5), None, None, None, 0]
    assert found[4].high == pytest.approx(3.6889 / 2, abs=1e-4)


def test_ratio_to_a_wider_area():
    found = standardised(3, [500, 300], [40, 10], [10_000, 5_000])

    assert found.expected == pytest.approx(2.6)
    low, high = poisson_interval(3)
    assert (found.ratio, found.low, found.high) == pytest.approx((3 / 2.6, low / 2.6, high / 2.6))
    assert standardised(30, 2000, 10, 1000).low == pytest.approx(byar_interval(30)[0] / 20)
    exact = standardised(30, 2000, 10, 1000, method="exact")
    assert exact.low == pytest.approx(poisson_interval(30)[0] / 20)
    assert standardised(3, 2000, 10, 1000, method="byar").low == byar_interval(3)[0] / 20


def test_a_stratum_that_nobody_has_counts_nothing():
    assert standardised(3, [500, 0], [40, 0], [10_000, 0]).expected == pytest.approx(2)


def test_a_ratio_to_almost_nothing_is_refused_in_words():
    found = standardised(3, 10, 40, 10_000)

    assert found.ratio is None
    assert found.reason == (
        "Fewer than 1 incident is expected here: a ratio would mislead. Use the count."
    )


@pytest.mark.parametrize(
    "bad",
    [
        lambda: poisson_interval(-1),
        lambda: byar_interval(np.nan),
        lambda: poisson_interval(1, level=1),
        lambda: rate(1, -5),
        lambda: rate(1, 500, per=0),
        lambda: deprivation_quintile([0], 10),
        lambda: deprivation_quintile([11], 10),
        lambda: deprivation_quintile([1.5], 10),
        lambda: rates_by_quintile([1], [1, 2], [1]),
        lambda: rates_by_quintile([1], [1], [6]),
        lambda: rates_by_quintile([-1], [1], [5]),
        lambda: standardised(1, [1, 2], [1], [1]),
        lambda: standardised(1, [1], [-1], [1]),
        lambda: standardised(1, [1], [1], [0]),
    ],
)
def test_what_is_no_rate_is_refused(bad):
    with pytest.raises(GeoInputError):
        bad()
