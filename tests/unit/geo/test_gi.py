"""Gi and Gi*: numbers by hand, another library's, and what must hold whatever the data."""

from math import sqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.errors import GeoInputError
from geo.hotspots import gi, gi_grid, gi_star
from geo.hotspots.alike import alike
from geo.significance import bh
from geo.weights import Grid, band, knn, row_standardised

LINE = np.eye(5, k=1) + np.eye(5, k=-1)
VALUES = [1.0, 1.0, 1.0, 5.0, 6.0]
NULLS = 200


def by_definition(x, w, star):
    """The two formulas of Ord and Getis (1995), one place at a time."""
    z = []
    for i in range(len(x)):
        keep = np.arange(len(x)) if star else np.delete(np.arange(len(x)), i)
        others, weight = x[keep], w[i][keep]
        n, mean, spread = len(others), others.mean(), others.std()
        total, square = weight.sum(), (weight**2).sum()
        under = spread * sqrt((n * square - total**2) / (n - 1))
        z.append((weight @ others - total * mean) / under)
    return np.array(z)


def test_gi_star_by_hand():
    # Mean 2.8, variance 4.96; the end of the line: sum 2 of two, expected 5.6.
    assert gi_star(VALUES, LINE).z[0] == pytest.approx((2 - 5.6) / sqrt(4.96 * (5 * 2 - 4) / 4))


def test_gi_by_hand():
    # The last place: the other four have mean 2 and variance 3; its one neighbour has 5.
    assert gi(VALUES, LINE).z[4] == pytest.approx((5 - 2) / sqrt(3 * (4 * 1 - 1) / 3))


@pytest.mark.parametrize("star", [False, True])
def test_weights_of_any_kind_follow_the_formula(star):
    rng = np.random.default_rng(4)
    w = rng.uniform(0, 3, (30, 30)) * (rng.random((30, 30)) < 0.3)
    np.fill_diagonal(w, rng.uniform(1, 2, 30))
    x = rng.gamma(2, 1, 30)

    found = gi(x, w, star=star)

    assert found.z == pytest.approx(by_definition(x, w, star), rel=1e-10)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("star", [False, True])
def test_binary_weights_equal_esda(star):
    import esda
    import libpysal

    rng = np.random.default_rng(5)
    xy, x = rng.uniform(0, 100, (80, 2)), rng.poisson(4, 80).astype(float)
    w = libpysal.weights.DistanceBand(xy, 25, silence_warnings=True)

    theirs = esda.G_Local(x, w, transform="B", permutations=0, star=star)
    ours = gi(x, band(xy, 25), star=star)

    assert ours.z == pytest.approx(np.asarray(theirs.Zs).ravel(), abs=1e-12)
    assert gi(x, band(xy, 25), star=star, alternative="greater").p == pytest.approx(
        np.where(ours.z > 0, theirs.p_norm, 1 - theirs.p_norm), abs=1e-12
    )


def test_averaging_neighbours_instead_of_adding_them_changes_no_z():
    xy = np.random.default_rng(1).uniform(0, 100, (40, 2))
    x = np.random.default_rng(2).poisson(5, 40)
    w = knn(xy, 4)

    assert gi(x, row_standardised(w)).z == pytest.approx(gi(x, w).z)
    assert gi_star(x, row_standardised(w)).z == pytest.approx(gi_star(x, w).z)


def test_the_weight_for_itself_is_the_diagonal_or_what_is_asked_for():
    with_diagonal = LINE + np.eye(5)

    plain = gi_star(VALUES, LINE).z

    assert gi_star(VALUES, with_diagonal).z == pytest.approx(plain)
    assert gi(VALUES, with_diagonal).z == pytest.approx(gi(VALUES, LINE).z)
    for w in (LINE, with_diagonal):
        heavy = gi(VALUES, w, star=True, self_weight=2.0).z
        assert heavy == pytest.approx(by_definition(np.array(VALUES), LINE + 2 * np.eye(5), True))


def test_an_island_is_told_by_itself_alone():
    w = np.zeros((5, 5))
    w[0, 1] = w[1, 0] = 1

    assert gi_star(VALUES, w).z[4] == pytest.approx((6 - 2.8) / sqrt(4.96))
    assert gi(VALUES, w).z[4] == 0
    assert gi(VALUES, w).p[4] == 1


def test_who_neighbours_all_others_has_nothing_to_be_compared_with():
    everyone = np.ones((5, 5)) - np.eye(5)

    for star in (False, True):
        found = gi(VALUES, everyone, star=star)
        assert found.z.tolist() == [0.0] * 5
        assert found.p.tolist() == [1.0] * 5


def test_others_that_are_all_alike_say_nothing_however_far_off_the_place_is():
    x = [0.1, 0.1, 0.1, 0.1, 1e9]

    assert gi(x, LINE).z[4] == 0
    assert gi(x, LINE).z[3] > 0.9


@pytest.mark.parametrize("star", [False, True])
@pytest.mark.parametrize(
    ("x", "status"),
    [([], "not enough data"), ([3], "not enough data"), ([0.1] * 7, "constant"),
     ([1, 2, 4], "ok")],
)  # fmt: skip
def test_too_little_or_too_even_data_are_a_status(star, x, status):
    found = gi(x, np.zeros((len(x), len(x))), star=star)

    assert found.status == status
    if status != "ok":
        assert found.z.tolist() == [0.0] * len(x)
        assert found.p.tolist() == [1.0] * len(x)


@pytest.mark.parametrize(
    ("x", "w", "words"),
    [
        ([1, np.nan, 3], np.zeros((3, 3)), "Row 1 has no value"),
        ([[1, 2]], np.zeros((1, 1)), "one number for each place"),
        ([1, 2], np.zeros((3, 3)), "weights of 3 by 3"),
        ([1, 2], [[0, -1], [0, 0]], "below 0"),
        ([1, 2], [[0, np.inf], [0, 0]], "infinite"),
        ([1, 2], Grid(np.ones((2, 2), dtype=bool)), "2 values for 4 cells"),
    ],
)
def test_what_cannot_be_answered_is_refused_in_words(x, w, words):
    with pytest.raises(GeoInputError, match=words):
        gi(x, w)


def test_alternatives_have_names():
    up, down = (gi(VALUES, LINE, alternative=side).p for side in ("greater", "less"))

    assert up + down == pytest.approx(np.ones(5))
    assert gi(VALUES, LINE).p == pytest.approx(2 * np.minimum(up, down))
    with pytest.raises(GeoInputError, match="alternative"):
        gi(VALUES, LINE, alternative="hot")


@settings(max_examples=200, deadline=None)
@given(
    x=st.lists(st.integers(0, 9), min_size=24, max_size=24),
    inside=st.lists(st.booleans(), min_size=24, max_size=24),
    order=st.integers(1, 2),
)
def test_boxes_of_a_grid_equal_a_matrix_of_weights(x, inside, order):
    counts, mask = np.array(x).reshape(4, 6), np.array(inside).reshape(4, 6)
    cells = np.argwhere(mask)
    far = np.abs(cells[:, None] - cells[None, :]).max(axis=2)
    near = (far <= order).astype(float) - np.eye(len(cells))

    found = gi_grid(counts, mask, order=order)
    plain = gi(counts[mask], near, star=True, alternative="greater")

    assert found.status == plain.status
    assert found.z[mask] == pytest.approx(plain.z, abs=1e-12)
    assert found.q[mask] == pytest.approx(bh(plain.p), abs=1e-12)
    assert np.isnan(found.z[~mask]).all()
    assert found.around[mask].tolist() == ((near + np.eye(len(cells))) @ counts[mask]).tolist()


@settings(max_examples=100, deadline=None)
@given(x=st.lists(st.integers(0, 3), min_size=24, max_size=24), less=st.booleans())
def test_what_is_worked_out_for_kinds_of_cells_is_what_each_cell_gives(x, less):
    """Halves are no counts, so that each cell is worked out by itself."""
    counts, alternative = np.array(x).reshape(4, 6), "less" if less else "two-sided"
    each = gi_grid(counts / 2, alternative=alternative)
    kinds = gi_grid(counts, alternative=alternative)

    for name in ("z", "p", "q"):
        assert getattr(kinds, name) == pytest.approx(getattr(each, name), abs=1e-12)
    assert kinds.around.tolist() == (each.around * 2).round(6).tolist()
    assert kinds.expected == pytest.approx(each.expected * 2)


def test_cells_that_are_alike_have_the_same_z_to_the_last_bit():
    counts = np.random.default_rng(1).poisson(3, (40, 40))
    found = gi_grid(counts)
    whole = found.around[1:-1, 1:-1]

    for events in np.unique(whole):
        assert len(np.unique(found.z[1:-1, 1:-1][whole == events])) == 1


def test_large_counts_are_worked_out_for_each_cell():
    counts = np.random.default_rng(1).poisson(1e7, (20, 20))

    assert alike(counts.ravel().astype(float), Grid(np.ones((20, 20), dtype=bool))) is None
    assert gi_grid(counts).status == "ok"


def test_a_grid_is_whole_where_no_mask_is_given():
    counts = np.arange(12.0).reshape(3, 4)

    assert (gi_grid(counts).z == gi_grid(counts, np.ones((3, 4), dtype=bool)).z).all()
    assert gi_grid(np.zeros((0, 3))).status == "not enough data"
    assert gi_grid(counts).expected[1, 1] == pytest.approx(9 * 5.5)


def test_counts_outside_the_mask_are_never_looked_at():
    counts = np.arange(12.0).reshape(3, 4)
    mask = counts < 8

    changed = np.where(mask, counts, np.nan)

    assert np.array_equal(gi_grid(counts, mask).z, gi_grid(changed, mask).z, equal_nan=True)


def test_a_mask_of_another_shape_is_refused():
    with pytest.raises(GeoInputError, match="one shape"):
        gi_grid(np.zeros((2, 3)), np.ones((3, 2), dtype=bool))


@settings(max_examples=200)
@given(x=st.lists(st.integers(0, 50), min_size=8, max_size=8), shift=st.integers(-9, 9))
def test_neither_origin_nor_unit_nor_row_order_matters(x, shift):
    w = band(np.column_stack([np.arange(8) * 10, np.zeros(8)]), 20).toarray()
    by = np.array([3, 1, 7, 0, 2, 6, 5, 4])

    for star in (False, True):
        z = gi(x, w, star=star).z
        assert gi(np.array(x) * 2.5 + shift, w, star=star).z == pytest.approx(z, abs=1e-9)
        assert gi(np.array(x)[by], w[by][:, by], star=star).z == pytest.approx(z[by], abs=1e-9)


def test_chance_alone_rarely_makes_a_hot_spot():
    rng = np.random.default_rng(20)

    found = [(gi_grid(rng.poisson(5, (20, 20))).q <= 0.05).any() for _ in range(NULLS)]

    assert np.mean(found) <= 0.05 + 3 * sqrt(0.05 * 0.95 / NULLS)


def test_a_planted_hot_spot_is_found():
    rng = np.random.default_rng(21)
    hits = 0
    for _ in range(50):
        counts = rng.poisson(1, (20, 20))
        counts[8:11, 8:11] += rng.poisson(2, (3, 3))
        hits += gi_grid(counts).q[9, 9] <= 0.05

    assert hits >= 40
