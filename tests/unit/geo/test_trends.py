"""Trends by ranks: by hand, against two libraries, and what must hold whatever the series."""

from itertools import permutations
from math import sqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.errors import GeoInputError
from geo.trends import mann_kendall, mann_kendall_rows, seasonal_mann_kendall

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


def test_one_season_is_the_plain_test():
    x = [3, 1, 4, 1, 5, 9, 2, 6]

    assert seasonal_mann_kendall(x, period=1) == mann_kendall(x)


@pytest.mark.parametrize(
    ("ask", "words"),
    [
        (lambda: mann_kendall([1, np.inf, 2]), "gap"),
        (lambda: mann_kendall([[1, 2]]), "row of numbers"),
        (lambda: mann_kendall_rows([1, 2]), "one row each"),
        (lambda: seasonal_mann_kendall([1, 2], period=0), "one season"),
    ],
)
def test_what_is_no_series_is_refused(ask, words):
    with pytest.raises(GeoInputError, match=words):
        ask()
