"""Moran's I and the general G: another library's numbers, and all orders of the values."""

from itertools import permutations
from math import sqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.errors import GeoInputError
from geo.hotspots import general_g, moran, moran_local
from geo.significance import band as binomial_band
from geo.weights import Grid, band, knn, row_standardised

pytestmark = pytest.mark.filterwarnings("ignore")  # of the other library
LINE = np.eye(6, k=1) + np.eye(6, k=-1)
ONE_WAY = np.triu(np.arange(36.0).reshape(6, 6) % 4, 1)
X = [3.0, 1.0, 4.0, 1.0, 5.0, 9.0]


def study(seed=5, n=60):
    import libpysal

    rng = np.random.default_rng(seed)
    xy, x = rng.uniform(0, 100, (n, 2)), rng.gamma(2, 3, n)
    return x, knn(xy, 5), libpysal.weights.KNN(xy, 5)


@pytest.mark.parametrize(("standardise", "transform"), [(True, "r"), (False, "B")])
def test_the_whole_map_equals_esda(standardise, transform):
    import esda

    x, ours, w = study()

    theirs = esda.Moran(x, w, transformation=transform, permutations=0)
    found = moran(x, ours, standardise=standardise)

    assert (found.value, found.expected) == (pytest.approx(theirs.I), pytest.approx(theirs.EI))
    assert found.var_normal == pytest.approx(theirs.VI_norm)
    assert found.var_random == pytest.approx(theirs.VI_rand)
    assert (found.z_normal, found.p_normal) == pytest.approx((theirs.z_norm, theirs.p_norm))
    assert (found.z_random, found.p_random) == pytest.approx((theirs.z_rand, theirs.p_rand))


@pytest.mark.parametrize("w", [LINE, ONE_WAY], ids=["line", "one way"])
@pytest.mark.parametrize("statistic", [lambda x, w: moran(x, w, standardise=False), general_g])
def test_mean_and_variance_are_those_of_all_orders(statistic, w):
    found = statistic(X, w)

    every = [statistic(order, w).value for order in permutations(X)]

    assert found.expected == pytest.approx(np.mean(every))
    assert found.var_random == pytest.approx(np.var(every))


def test_general_g_equals_esda():
    import esda
    import libpysal

    rng = np.random.default_rng(8)
    xy, x = rng.uniform(0, 100, (50, 2)), rng.gamma(2, 3, 50)
    theirs = esda.G(x, libpysal.weights.DistanceBand(xy, 30, silence_warnings=True), permutations=0)

    found = general_g(x, band(xy, 30))

    assert found.value == pytest.approx(theirs.G)
    assert found.z_random == pytest.approx(theirs.z_norm)
    assert np.isnan(found.var_normal)
    assert (found.z_normal, found.p_normal) == (0, 1)


def test_shuffled_maps_give_the_share_of_all_orders():
    observed = moran(X, LINE, standardise=False).value
    every = np.array([moran(order, LINE, standardise=False).value for order in permutations(X)])
    for side, share in (
        ("greater", (every >= observed - 1e-9).mean()),
        ("less", (every <= observed + 1e-9).mean()),
    ):
        found = moran(X, LINE, standardise=False, alternative=side, key="k", replicates=999)
        low, high = binomial_band(share, 999, level=0.9999)
        assert low <= found.p_shuffled * 1000 - 1 <= high
    assert moran(X, LINE).p_shuffled is None


@pytest.mark.parametrize(
    ("x", "w", "status"),
    [
        ([], np.zeros((0, 0)), "not enough data"),
        ([1, 2], np.ones((2, 2)), "not enough data"),
        ([1, 2, 3, 4], np.zeros((4, 4)), "not enough data"),
        ([5, 5, 5, 5], np.ones((4, 4)), "constant"),
    ],
)
def test_too_little_or_too_even_data_are_a_status(x, w, status):
    for found in (moran(x, w), general_g(x, w)):
        assert (found.status, found.z_random, found.p_random) == (status, 0, 1)


def test_three_places_have_no_variance_of_all_orders_and_no_pair_no_g():
    assert np.isnan(moran([1, 2, 4], np.ones((3, 3))).var_random)
    assert general_g([1, 2, 4], np.ones((3, 3))).status == "not enough data"
    assert general_g([0, 0, 0, 4], np.ones((4, 4))).status == "not enough data"


def test_alternatives_have_names():
    for ask in (moran, general_g):
        with pytest.raises(GeoInputError, match="alternative"):
            ask(X, LINE, alternative="hot")


def test_each_place_equals_esda():
    import esda

    x, ours, w = study()

    theirs = esda.Moran_Local(x, w, transformation="r", permutations=0)
    found = moran_local(x, ours, key="k", replicates=99)

    n = len(x)
    assert found.i * (n - 1) / n == pytest.approx(theirs.Is)
    names = {1: "HH", 2: "LH", 3: "LL", 4: "HL"}
    assert found.quadrant.tolist() == [names[q] for q in theirs.q]


def test_moments_of_a_place_are_those_of_all_orders_of_the_others():
    i, others = 2, [0, 1, 3, 4, 5]
    x = np.array(X)
    found = moran_local(x, ONE_WAY, key="k", replicates=9, standardise=False)

    every = []
    for order in permutations(others):
        moved = x.copy()
        moved[others] = x[list(order)]
        every.append(moran_local(moved, ONE_WAY, key="k", replicates=1, standardise=False).i[i])

    assert found.z[i] == pytest.approx((found.i[i] - np.mean(every)) / np.std(every))


def test_the_mean_of_all_places_is_the_whole_map():
    x, w, _ = study()

    local, whole = moran_local(x, w, key="k", replicates=9), moran(x, w)

    assert local.i.mean() == pytest.approx(whole.value)


def test_alike_and_outstanding_places_are_told_apart():
    x = np.ones((9, 9))
    x[:4] += 5
    x[7, 4], x[0, 0] = 40.0, 6.5
    grid = Grid(np.ones((9, 9), dtype=bool))

    alike = moran_local(x.ravel(), grid, key="k", alternative="greater")
    outstanding = moran_local(x.ravel(), grid, key="k", alternative="less")

    assert alike.quadrant.reshape(9, 9)[7, 4] == "HL"
    assert outstanding.p_shuffled.reshape(9, 9)[7, 4] < 0.5
    assert alike.quadrant.reshape(9, 9)[1, 4] == "HH"
    assert alike.p_shuffled.reshape(9, 9)[1, 4] < 0.3


def test_a_place_at_the_mean_and_a_constant_map_say_nothing():
    middle = moran_local([1, 2, 3, 2, 2], np.ones((5, 5)), key="k", replicates=9)

    assert middle.p[1] == middle.p_shuffled[1] == 1
    for x, status in (([4, 4, 4], "constant"), ([], "not enough data")):
        found = moran_local(x, np.ones((len(x), len(x))), key="k", replicates=9)
        assert found.status == status
        assert (found.q == 1).all()
        assert (found.p_shuffled == 1).all()


@settings(max_examples=50, deadline=None)
@given(x=st.lists(st.integers(0, 9), min_size=8, max_size=8).filter(lambda x: len({*x}) > 1))
def test_order_of_places_and_unit_do_not_matter(x):
    w = np.triu(np.arange(64.0).reshape(8, 8) % 3, 1)
    by = np.array([3, 1, 7, 0, 2, 6, 5, 4])

    here, there = moran(x, w), moran(np.array(x)[by] * 2.0 + 1, w[by][:, by])

    assert here.value == pytest.approx(there.value, abs=1e-9)
    assert here.z_random == pytest.approx(there.z_random, abs=1e-6)


def test_chance_alone_rarely_makes_a_cluster():
    rng, grid = np.random.default_rng(31), Grid(np.ones((15, 15), dtype=bool))
    local = whole = 0
    for _ in range(200):
        x = rng.normal(size=225)
        local += (moran_local(x, grid, key="k", replicates=1).q <= 0.05).any()
        whole += (
            moran(x, row_standardised(band(CELLS, 1.5)), alternative="greater").p_random <= 0.05
        )

    limit = 0.05 + 3 * sqrt(0.05 * 0.95 / 200)
    assert local / 200 <= limit
    assert whole / 200 <= limit


CELLS = np.argwhere(np.ones((15, 15))).astype(float)
