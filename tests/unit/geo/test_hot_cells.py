"""Counts by cell, hot cells in words, and surfaces."""

from itertools import product

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo import grids
from geo.errors import GeoInputError
from geo.hotspots import gi_grid, on_grid, tails
from geo.hotspots.cells import AS_EXPECTED, FEWER, MORE, UNKNOWN, words
from geo.significance import bh
from geo.surface import kernel_density

ORIGIN = np.array([510_000.0, 165_000.0])
WINDOW = shapely.box(510_000, 165_000, 515_000, 170_000)
L_SHAPE = WINDOW.difference(shapely.box(512_500, 167_500, 515_000, 170_000))


def scattered(n, seed=1):
    rng = np.random.default_rng(seed)
    return ORIGIN + rng.uniform(0, 5_000, (n, 2)), rng.integers(1, 4, n)


def test_every_event_is_in_one_cell_or_outside():
    xy, n = scattered(500)

    found = grids.counts(xy, n, 250, L_SHAPE)

    assert found.n.sum() + found.outside == n.sum()
    assert (found.n[~found.mask] == 0).all()
    assert found.mask.sum() == 300
    east, north = grids.square(xy[:1], 250)[0] - found.corner
    alone = grids.counts(xy[:1], n[:1], 250, WINDOW)
    assert alone.n[north, east] == n[0]


def test_cells_are_half_open_and_count_by_their_centre():
    edge = np.array([[510_250.0, 165_250.0], [510_249.99, 165_249.99]])
    window = shapely.box(510_100, 165_100, 510_500, 165_500)

    found = grids.counts(edge, np.array([1, 2]), 250, window)

    assert found.corner == (2040, 660)
    assert found.n.tolist() == [[2, 0], [0, 1]]


def test_a_halo_adds_the_cells_around():
    xy, n = np.array([[515_100.0, 167_000.0]]), np.array([4])

    near, far = (grids.counts(xy, n, 250, WINDOW, halo_m=halo) for halo in (0, 500))

    assert (near.outside, far.outside) == (4, 0)
    assert far.mask.sum() > near.mask.sum() == 400


@pytest.mark.parametrize(
    ("xy", "cell_m", "window", "words"),
    [
        ([[-0.3, 51.4]], 250, WINDOW, "degrees"),
        ([[510_000, 165_000]], 0, WINDOW, "study area"),
        ([[510_000, 165_000]], 250, shapely.Polygon(), "study area"),
    ],
)
def test_what_cannot_be_counted_is_refused(xy, cell_m, window, words):
    with pytest.raises(GeoInputError, match=words):
        grids.counts(np.array(xy), np.array([1]), cell_m, window)


def test_a_window_smaller_than_a_cell_has_no_cell():
    sliver = shapely.box(510_000, 165_000, 510_010, 165_010)

    found = on_grid(ORIGIN[None], np.array([1]), 250, sliver)

    assert found.status == "not enough data"
    assert len(found.n) == 0
    assert found.outside == 1


def test_a_planted_hot_spot_is_more_than_expected_and_an_empty_corner_fewer():
    xy = scattered(3_000)[0]
    xy = xy[~((xy - ORIGIN) < 1_250).all(axis=1)]
    busy = ORIGIN + 3_000 + np.random.default_rng(2).uniform(0, 250, (60, 2))
    xy = np.vstack([xy, busy])

    found = on_grid(xy, np.ones(len(xy), int), 250, WINDOW)

    table = gi_grid(grids.counts(xy, np.ones(len(xy), int), 250, WINDOW).n)
    assert found.z == pytest.approx(table.z.ravel())
    word = {(c, r): w for c, r, w in zip(found.column, found.row, found.word, strict=True)}
    assert word[2052, 672] == MORE
    assert word[2042, 662] == FEWER
    assert AS_EXPECTED in word.values()
    assert found.n.sum() == len(xy)
    assert found.q == pytest.approx(bh(found.p))
    own = list(word).index((2052, 672))
    assert found.around[own] >= 60 + found.expected[own] / 2


def test_where_little_is_expected_nothing_is_said():
    z, q = np.array([5.0, 5.0, -5.0, 0.0]), np.array([0.001, 0.001, 0.001, 0.9])

    found = words(z, q, np.array([2.99, 3.0, 3.0, 3.0]))

    assert found.tolist() == [UNKNOWN, MORE, FEWER, AS_EXPECTED]


def test_the_tail_of_counts_is_that_of_every_way_to_scatter_the_events():
    x = np.array([0.0, 1, 3])
    every = np.array([sum(cell < 2 for cell in fell) for fell in product(range(3), repeat=4)])
    around = np.array([1.0, 3.0, 4.0])

    for side, share in (
        ("greater", [(every >= a).mean() for a in around]),
        ("less", [(every <= a).mean() for a in around]),
    ):
        assert tails.scattered(x, around, np.full(3, 2), side) == pytest.approx(share)
    both = tails.scattered(x, around, np.full(3, 2), "two-sided")
    assert both == pytest.approx([2 * 9 / 81, 1.0, 2 * 16 / 81])


@pytest.mark.parametrize("x", [[0.5, 1.0], [-1.0, 2.0]])
def test_the_tail_of_counts_is_of_whole_numbers(x):
    with pytest.raises(GeoInputError, match="whole numbers"):
        tails.scattered(np.array(x), np.array([1.0, 1.0]), np.array([1, 2]), "greater")


def test_cells_that_all_adjoin_and_maps_without_a_difference_say_nothing():
    all_in_all = gi_grid(np.array([[0, 1], [2, 9]]), tail="counts", alternative="two-sided")

    assert (all_in_all.p == 1).all()
    assert (gi_grid(np.ones((5, 5)), tail="counts", alternative="two-sided").p == 1).all()
    assert len(gi_grid(np.zeros((0, 3)), tail="counts").p) == 0


def test_with_many_events_the_tail_of_counts_is_near_the_normal_one():
    counts = np.random.default_rng(6).poisson(200, (30, 30))

    exact, normal = gi_grid(counts, tail="counts"), gi_grid(counts)

    assert (exact.z == normal.z).all()
    assert (exact.p >= normal.p).all()
    assert np.median(exact.p - normal.p) < 0.02


@pytest.mark.parametrize("mean", [0.1, 0.3, 1.0, 5.0])
@pytest.mark.parametrize("side", ["greater", "two-sided"])
def test_chance_alone_rarely_makes_a_hot_cell_however_few_the_events(mean, side):
    rng = np.random.default_rng(17)

    found = [
        (gi_grid(rng.poisson(mean, (25, 25)), alternative=side, tail="counts").q <= 0.05).any()
        for _ in range(200)
    ]

    assert np.mean(found) <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 200)


def test_few_events_in_one_place_are_still_found():
    rng = np.random.default_rng(18)
    hits = 0
    for _ in range(50):
        counts = rng.poisson(0.3, (40, 40))
        counts[20:22, 20:22] += rng.poisson(3.5, (2, 2))  # 14 events
        hits += gi_grid(counts, tail="counts").q[20, 20] <= 0.05

    assert hits >= 40


def test_moving_everything_by_whole_cells_changes_no_word():
    xy, n = scattered(800)

    here = on_grid(xy, n, 250, L_SHAPE)
    there = on_grid(xy + 2_500, n, 250, shapely.transform(L_SHAPE, lambda at: at + 2_500))

    assert (there.z == here.z).all()
    assert (there.word == here.word).all()
    assert (there.column == here.column + 10).all()


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000), bandwidth_m=st.sampled_from([50.0, 200.0, 700.0]))
def test_a_surface_keeps_every_event_however_near_the_edge(seed, bandwidth_m):
    xy, n = scattered(40, seed)

    found = kernel_density(xy, n, L_SHAPE, bandwidth_m=bandwidth_m)

    mass = np.nansum(found.density) * 0.05**2
    assert mass == pytest.approx(n.sum() - found.outside, rel=1e-9)
    assert np.nanmin(found.density) >= 0


def test_far_from_the_edge_a_surface_is_the_normal_density():
    middle = ORIGIN + 2_525

    found = kernel_density(middle[None], np.array([10]), WINDOW, bandwidth_m=200)

    east, north = grids.square(middle[None], 50)[0] - found.corner
    peak = 10 / (2 * np.pi * 0.2**2)  # per square kilometre
    assert found.density[north, east] == pytest.approx(peak, rel=0.01)
    assert found.density[north, east + 4] == pytest.approx(peak * np.exp(-0.5), rel=0.01)
    assert found.density[north + 8, east] == pytest.approx(peak * np.exp(-2), rel=0.01)


def test_evenly_spread_events_make_an_even_surface_inside():
    cells = np.argwhere(np.ones((100, 100))) * 50.0 + 25
    found = kernel_density(ORIGIN + cells, np.ones(10_000, int), WINDOW)

    assert found.density[50, 50] == pytest.approx(400, rel=1e-6)
    assert np.isfinite(found.density).all()


def test_a_kernel_is_not_narrower_than_a_cell():
    with pytest.raises(GeoInputError, match="bandwidth"):
        kernel_density(ORIGIN[None], np.array([1]), WINDOW, bandwidth_m=49)
