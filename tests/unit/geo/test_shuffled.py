"""p from neighbours drawn anew: against every draw there is, and whatever form the weights have."""

from itertools import permutations

import numpy as np
import pytest

from geo.errors import GeoInputError
from geo.hotspots import gi, gi_perm
from geo.hotspots.links import linked
from geo.hotspots.shuffled import beaten, shuffled_p
from geo.significance import band as binomial_band
from geo.weights import Grid, knn

B = 1999
X = np.array([1.0, 5.0, 2.0, 2.0, 9.0, 4.0])
EVEN = np.array(
    [[0, 1, 1, 0, 0, 0], [1, 0, 1, 1, 0, 0], [0, 0, 0, 1, 0, 0],
     [0, 0, 0, 0, 0, 0], [1, 1, 1, 1, 0, 1], [0, 0, 0, 0, 2, 0]], float
)  # fmt: skip
UNEVEN = EVEN * np.linspace(0.5, 1.5, 36).reshape(6, 6)


def chances(x, w, i):
    """Share of all orders of the others that reach the sum of place i, from above and below."""
    others = np.delete(np.arange(len(x)), i)
    weight, observed = np.delete(w[i], i), w[i] @ x
    sums = np.array([weight @ x[list(order)] for order in permutations(others)])
    return (sums >= observed - 1e-9).mean(), (sums <= observed + 1e-9).mean()


@pytest.mark.parametrize("w", [EVEN, UNEVEN], ids=["even", "uneven"])
def test_each_place_has_a_fair_draw_of_the_others(w):
    high, low = beaten(X, linked(w, 6), key="k", name="fair", replicates=B)

    for i in range(6):
        for found, share in zip((high[i], low[i]), chances(X, w, i), strict=True):
            least, most = binomial_band(share, B, level=0.9999)
            assert least <= found <= most, i


def test_the_two_forms_of_one_answer_agree_draw_for_draw():
    xy = np.random.default_rng(3).uniform(0, 9, (60, 2))
    x, w = np.random.default_rng(4).poisson(3, 60).astype(float), knn(xy, 5)
    tilted = w.copy()
    tilted.data[0] += 1e-13

    even = beaten(x, linked(w, 60), key="k", name="n", replicates=199)
    uneven = beaten(x, linked(tilted, 60), key="k", name="n", replicates=199)

    assert [part.tolist() for part in even] == [part.tolist() for part in uneven]


def test_large_maps_are_taken_in_parts_without_a_difference(monkeypatch):
    whole = beaten(X, linked(UNEVEN, 6), key="k", name="n", replicates=99)
    monkeypatch.setattr("geo.hotspots.shuffled.HELD", 99)

    parts = beaten(X, linked(UNEVEN, 6), key="k", name="n", replicates=99)

    assert [part.tolist() for part in whole] == [part.tolist() for part in parts]


def test_more_replicates_keep_the_first():
    few, many = (beaten(X, linked(EVEN, 6), key="k", name="n", replicates=r)[0] for r in (50, 100))

    assert (many >= few).all()
    assert (many - few <= 50).all()


def test_nothing_to_draw_from_or_no_draws():
    empty = beaten(np.zeros(0), linked(np.zeros((0, 0)), 0), key="k", name="n", replicates=9)

    assert [len(part) for part in empty] == [0, 0]
    with pytest.raises(GeoInputError, match="one draw"):
        beaten(X, linked(EVEN, 6), key="k", name="n", replicates=0)


def test_p_of_either_side():
    high, low = np.array([0, 9, 4]), np.array([9, 0, 6])

    assert shuffled_p(high, low, 9, "greater").tolist() == [0.1, 1.0, 0.5]
    assert shuffled_p(high, low, 9, "less").tolist() == [1.0, 0.1, 0.7]
    assert shuffled_p(high, low, 9, "two-sided").tolist() == [0.2, 0.2, 1.0]


@pytest.mark.parametrize("star", [True, False])
def test_gi_by_permutation_has_the_z_of_the_formula_and_a_p_near_it(star):
    x = np.random.default_rng(6).normal(50, 5, 400)
    grid = Grid(np.ones((20, 20), dtype=bool))

    found = gi_perm(x, grid, key="k", star=star)
    plain = gi(x, grid, star=star, alternative="greater")

    assert (found.z == plain.z).all()
    if not star:
        assert np.abs(found.p - plain.p).max() < 0.06
    assert found.p.min() >= 1 / 1000


def test_a_constant_map_has_no_hot_spot_by_permutation():
    found = gi_perm([3, 3, 3], np.ones((3, 3)), key="k", replicates=9)

    assert found.status == "constant"
    assert found.p.tolist() == [1, 1, 1]
