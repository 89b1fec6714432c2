"""Joins of places that have something: every map there is, and another library."""

from itertools import combinations, product
from math import sqrt

import numpy as np
import pytest
from scipy.stats import hypergeom

from geo.errors import GeoInputError
from geo.hotspots import join_counts, local_join_counts
from geo.significance import band as binomial_band
from geo.weights import Grid, row_standardised

LINE = np.eye(7, k=1) + np.eye(7, k=-1)
ONE_WAY = np.triu(np.arange(49.0).reshape(7, 7) % 3, 1)
KINDS = ("BB", "BW", "WW")


def maps(n, black):
    for those in combinations(range(n), black):
        x = np.zeros(n)
        x[list(those)] = 1
        yield x


@pytest.mark.parametrize("w", [LINE, ONE_WAY], ids=["line", "one way"])
@pytest.mark.parametrize("black", [0, 1, 2, 3, 5, 7])
def test_moments_are_those_of_all_maps_with_as_many(w, black):
    every = [join_counts(x, w) for x in maps(7, black)]

    for kind in KINDS:
        counts = [found[kind].count for found in every]
        assert every[0][kind].expected == pytest.approx(np.mean(counts))
        assert every[0][kind].var == pytest.approx(np.var(counts), abs=1e-9)


@pytest.mark.parametrize("w", [LINE, ONE_WAY], ids=["line", "one way"])
def test_free_moments_are_those_of_all_maps_by_their_chance(w):
    x = np.array([1, 1, 0, 0, 0, 0, 1.0])
    chance, found = 3 / 7, join_counts(x, w, free=True)
    every = [np.array(each, float) for each in product((0, 1), repeat=7)]
    weight = np.array([chance ** e.sum() * (1 - chance) ** (7 - e.sum()) for e in every])

    for kind in KINDS:
        counts = np.array([join_counts(e, w)[kind].count for e in every])
        mean = weight @ counts
        assert found[kind].expected == pytest.approx(mean)
        assert found[kind].var == pytest.approx(weight @ (counts - mean) ** 2)
        assert found[kind].z == pytest.approx((found[kind].count - mean) / sqrt(found[kind].var))


@pytest.mark.filterwarnings("ignore")
def test_counts_equal_esda():
    import esda
    import libpysal

    x = np.random.default_rng(3).integers(0, 2, 36)
    theirs = esda.Join_Counts(x, libpysal.weights.lat2W(6, 6), permutations=0)

    found = join_counts(x, Grid(np.ones((6, 6), dtype=bool), rook=True))

    assert [found[kind].count for kind in KINDS] == [theirs.bb, theirs.bw, theirs.ww]


def test_shuffled_maps_give_the_share_of_all_maps():
    x = np.array([1, 1, 1, 0, 0, 0, 0])
    counts = [join_counts(e, LINE)["BB"].count for e in maps(7, 3)]

    found = join_counts(x, LINE, key="k")

    share = np.mean(np.array(counts) >= found["BB"].count)
    low, high = binomial_band(share, 999, level=0.9999)
    assert low <= found["BB"].p_shuffled * 1000 - 1 <= high
    assert join_counts(x, LINE)["BB"].p_shuffled is None


@pytest.mark.parametrize("x", [[], [1], [1, 1, 1, 1], [0, 0, 0, 0]])
@pytest.mark.parametrize("free", [False, True])
def test_maps_without_a_difference_say_nothing(x, free):
    found = join_counts(x, np.ones((len(x), len(x))), free=free)

    assert [(found[kind].z, found[kind].p) for kind in KINDS] == [(0, 1)] * 3


def test_a_place_either_has_it_or_not():
    for ask in (join_counts, lambda x, w: local_join_counts(x, w, key="k")):
        with pytest.raises(GeoInputError, match="have it"):
            ask([0, 2], np.ones((2, 2)))


def test_a_place_is_judged_by_the_exact_tail():
    x = [1, 1, 1, 0, 0, 0, 0]

    found = local_join_counts(x, LINE, key="k")

    assert found.exact
    assert found.count.tolist() == [1, 2, 1, 0, 0, 0, 0]
    assert found.p[1] == pytest.approx(hypergeom.sf(1, 6, 2, 2)) == pytest.approx(1 / 15)
    assert found.q[:3] == pytest.approx([0.5, 0.2, 0.6])
    assert (found.p[3:] == 1).all()
    averaged = local_join_counts(x, row_standardised(np.asarray(LINE)), key="k")
    assert averaged.p == pytest.approx(found.p)
    grid = local_join_counts(x, Grid(np.ones((1, 7), dtype=bool)), key="k")
    assert grid.p == pytest.approx(found.p)


def test_uneven_weights_are_judged_by_permutation():
    x = [1, 1, 1, 0, 0, 0, 0]

    found = local_join_counts(x, LINE * np.linspace(1, 1.001, 49).reshape(7, 7), key="k")

    assert not found.exact
    low, high = binomial_band(1 / 15, 999, level=0.9999)
    assert low <= found.p[1] * 1000 - 1 <= high
    assert found.p[4] == 1


@pytest.mark.parametrize(
    ("x", "status"), [([], "not enough data"), ([1, 0, 0], "not enough data"), ([1, 1], "constant")]
)
def test_too_few_or_all_are_a_status(x, status):
    found = local_join_counts(x, np.ones((len(x), len(x))), key="k")

    assert found.status == status
    assert (found.q == 1).all()


def test_chance_alone_rarely_makes_a_cluster():
    rng, grid = np.random.default_rng(41), Grid(np.ones((15, 15), dtype=bool))
    found = [
        (local_join_counts(rng.random(225) < 0.3, grid, key="k").q <= 0.05).any()
        for _ in range(200)
    ]

    assert np.mean(found) <= 0.05 + 3 * sqrt(0.05 * 0.95 / 200)
