"""Trends by ranks: by hand, against two libraries, and what must hold whatever the series."""

from itertools import permutations
from math import sqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.errors import GeoInputError
from geo.trends import (
    mann_kendall,
    mann_kendall_rows,
    partial_mann_kendall,
    seasonal_mann_kendall,
    seasonal_sen,
    theil_sen,
)

SERIES = st.lists(st.integers(0, 6) | st.just(None), max_size=20).map(
    lambda x: np.array([np.nan if v is None else v for v in x])
)


def test_a_series_by_hand():
    found = mann_kendall([1, 2, 2, 4, 5])

    assert found.s == 9
    assert found.var == pytest.approx((5 * 4 * 15 - 2 * 1 * 9) / 18)
    assert found.z == pytest.approx(8 / sqrt(282 / 18))
    assert found.tau_a == pytest.approx(0.9)
    assert found.tau_b == pytest.approx(9 / sqrt(10 * 9))
    assert (found.n, found.status) == (5, "ok")


def test_the_variance_is_that_of_all_orders_of_the_values():
    values = [1, 2, 2, 3, 3, 3]
    s = [mann_kendall(order).s for order in sorted(permutations(values))]

    assert mann_kendall(values).var == pytest.approx(np.var(s))


@settings(max_examples=200, deadline=None)
@given(x=st.lists(st.integers(0, 9), min_size=4, max_size=30).filter(lambda x: len({*x}) > 1))
def test_a_series_with_ties_equals_pymannkendall_and_scipy(x):
    import pymannkendall
    from scipy.stats import kendalltau

    theirs = pymannkendall.original_test(x)
    ours = mann_kendall(x)

    assert (ours.s, ours.var) == (theirs.s, pytest.approx(theirs.var_s))
    assert (ours.z, ours.p) == (pytest.approx(theirs.z), pytest.approx(theirs.p))
    assert ours.tau_a == pytest.approx(theirs.Tau)
    assert ours.tau_b == pytest.approx(kendalltau(range(len(x)), x).statistic)


@settings(max_examples=200)
@given(x=SERIES)
def test_a_gap_drops_its_own_pairs_and_nothing_else(x):
    found, without = mann_kendall(x), mann_kendall(x[~np.isnan(x)])

    assert found == without


@settings(max_examples=200)
@given(x=SERIES)
def test_a_series_read_backwards_has_the_opposite_trend(x):
    there, back = mann_kendall(x), mann_kendall(x[::-1])

    assert (there.s, there.z, there.tau_b) == (-back.s, -back.z, -back.tau_b)
    assert there.p == back.p


@pytest.mark.parametrize(
    ("x", "status"),
    [([], "not enough data"), ([1, 2, 3], "not enough data"), ([5, 5, 5, 5], "constant"),
     ([np.nan] * 9, "not enough data"), ([1, np.nan, 2, 3], "not enough data")],
)  # fmt: skip
def test_too_little_or_too_even_a_series_is_a_status(x, status):
    for found in (mann_kendall(x), seasonal_mann_kendall(x, period=1)):
        assert (found.status, found.z, found.p) == (status, 0, 1)


def test_many_series_are_each_what_they_are_alone():
    table = np.random.default_rng(1).integers(0, 5, (40, 12)).astype(float)
    table[::3, 4] = np.nan

    found = mann_kendall_rows(table)

    for i, row in enumerate(table):
        alone = mann_kendall(row)
        assert (found.s[i], found.z[i], found.n[i]) == (alone.s, alone.z, alone.n)
        assert (found.var[i], found.p[i]) == (alone.var, alone.p)


@settings(max_examples=100, deadline=None)
@given(x=st.lists(st.integers(0, 9), min_size=12, max_size=40), period=st.integers(1, 5))
def test_seasons_add_up_as_in_pymannkendall(x, period):
    import pymannkendall

    ours = seasonal_mann_kendall(x, period)
    if ours.status != "ok":
        return
    theirs = pymannkendall.seasonal_test(np.array(x, float), period=period)

    assert (ours.s, ours.var) == (theirs.s, pytest.approx(theirs.var_s))
    assert (ours.z, ours.p) == (pytest.approx(theirs.z), pytest.approx(theirs.p))
    assert ours.tau_a == pytest.approx(theirs.Tau)


@settings(max_examples=50, deadline=None)
@given(x=st.lists(st.integers(0, 99), min_size=20, max_size=36).filter(lambda x: len({*x}) > 9))
def test_seasons_that_go_together_equal_pymannkendall(x):
    import pymannkendall

    x = x[: len(x) - len(x) % 4]
    theirs = pymannkendall.correlated_seasonal_test(np.array(x, float), period=4)

    ours = seasonal_mann_kendall(x, 4, correlated=True)

    assert (ours.s, ours.var) == (theirs.s, pytest.approx(theirs.var_s))


def test_seasons_that_are_copies_of_each_other_are_worth_one():
    years = [3.0, 1, 4, 1.5, 5, 9, 2, 6]
    one, four = mann_kendall(years), np.repeat(years, 4)

    found = seasonal_mann_kendall(four, 4, correlated=True)

    assert (found.s, found.var) == (4 * one.s, pytest.approx(16 * one.var))


def test_a_single_year_has_no_trend_by_seasons():
    assert seasonal_mann_kendall(range(12)).status == "not enough data"


def test_one_season_is_the_plain_test():
    x = [3, 1, 4, 1, 5, 9, 2, 6]

    assert seasonal_mann_kendall(x, period=1) == mann_kendall(x)


def test_a_partial_trend_by_its_definition():
    x, given = [3.0, 1.0, 4.0, 6.0, 5.0, 7.0], [1.0, 4.0, 2.0, 5.0, 3.0, 6.0]
    n, var = 6, 6 * 5 * 17 / 18
    pairs = [(i, j) for j in range(n) for i in range(j)]
    s_x, s_g = (sum(np.sign(v[j] - v[i]) for i, j in pairs) for v in (x, given))
    together = sum(np.sign((x[j] - x[i]) * (given[j] - given[i])) for i, j in pairs)
    ranks = sum(
        (sorted(x).index(a) + 1) * (sorted(given).index(b) + 1)
        for a, b in zip(x, given, strict=True)
    )
    shared = (together + 4 * ranks - n * (n + 1) ** 2) / 3

    found = partial_mann_kendall(x, given)

    assert found.s == pytest.approx(s_x - shared / var * s_g)
    assert found.var == pytest.approx((1 - (shared / var) ** 2) * var)


def test_what_is_given_without_rank_in_common_changes_nothing_and_itself_leaves_nothing():
    x = [3.0, 1.0, 4.0, 1.5, 5.0, 9.0, 2.0, 6.0]

    itself = partial_mann_kendall(x, x)

    assert itself.s == pytest.approx(0)
    assert itself.z == pytest.approx(0)
    assert partial_mann_kendall(x, [1.0] * 8).status == "constant"
    assert partial_mann_kendall(x[:3], x[:3]).status == "not enough data"


def test_a_time_without_one_of_the_two_is_left_out():
    x, given = [3.0, 1, 4, np.nan, 5, 9, 2], [1.0, 5, 2, 8, 3, np.nan, 7]
    keep = [0, 1, 2, 4, 6]

    found = partial_mann_kendall(x, given)

    assert found == partial_mann_kendall([x[i] for i in keep], [given[i] for i in keep])


@settings(max_examples=100, deadline=None)
@given(x=st.lists(st.integers(0, 9), min_size=3, max_size=20))
def test_the_slope_is_the_median_of_all_and_its_interval_scipys(x):
    from scipy.stats import theilslopes

    found, theirs = theil_sen(x, level=0.9), theilslopes(x, alpha=0.9)

    slopes = [(x[j] - x[i]) / (j - i) for j in range(len(x)) for i in range(j)]
    assert found.slope == pytest.approx(np.median(slopes))
    assert found.intercept == pytest.approx(theirs.intercept)
    assert (found.low, found.high) == (theirs.low_slope, theirs.high_slope)


def test_slopes_do_without_missing_values_and_take_uneven_times():
    assert theil_sen([1, np.nan, 5, 7], [0, 1, 2, 3]).slope == 2
    assert theil_sen([1, 2, 4], [0, 10, 30]).slope == pytest.approx(0.1)


@settings(max_examples=100, deadline=None)
@given(x=st.lists(st.integers(0, 9), min_size=8, max_size=30))
def test_seasonal_slopes_equal_pymannkendall(x):
    import pymannkendall

    theirs = pymannkendall.seasonal_sens_slope(np.array(x, float), period=4)

    found = seasonal_sen(x, period=4)

    assert found.slope == pytest.approx(theirs.slope)
    assert found.intercept * 4 == pytest.approx(theirs.intercept * 4)
    assert found.low <= found.slope <= found.high


def test_one_season_has_the_plain_slope_and_interval():
    x = [3.0, 1, 4, 1.5, 5, 9, 2, 6]

    assert seasonal_sen(x, period=1) == theil_sen(x)


@pytest.mark.parametrize(
    "found",
    [theil_sen([]), theil_sen([4]), theil_sen([1, 2], [5, 5]), seasonal_sen([1, 2, 3], period=3)],
)
def test_a_slope_needs_two_times(found):
    assert found.status == "not enough data"
    assert np.isnan([found.slope, found.intercept, found.low, found.high]).all()


@pytest.mark.parametrize(
    ("ask", "words"),
    [
        (lambda: theil_sen([1, 2], [1]), "different lengths"),
        (lambda: theil_sen([1, 2], level=1), "between 0 and 1"),
        (lambda: seasonal_sen([1, 2], level=95), "between 0 and 1"),
        (lambda: mann_kendall([1, np.inf, 2]), "gap"),
        (lambda: mann_kendall([[1, 2]]), "row of numbers"),
        (lambda: mann_kendall_rows([1, 2]), "one row each"),
        (lambda: seasonal_mann_kendall([1, 2], period=0), "one season"),
    ],
)
def test_what_is_no_series_is_refused(ask, words):
    with pytest.raises(GeoInputError, match=words):
        ask()
