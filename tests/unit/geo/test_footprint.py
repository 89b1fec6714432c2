"""The ground that clusters cover."""

import numpy as np
import pytest
import shapely

from geo import footprint, grids
from geo.boundaries import Lads

TWO = Lads(
    ("E1", "E2"),
    np.array([shapely.box(0, 0, 5000, 5000), shapely.box(5000, 0, 9000, 5000)], dtype=object),
)


def exact(xy_m, radius_m):
    """By its definition, one cluster and one district at a time."""
    circles = shapely.buffer(shapely.points(np.unique(xy_m, axis=0)), radius_m, quad_segs=16)
    ground = shapely.union_all(circles)
    found = {}
    for code, shape in zip(TWO.codes, TWO.shapes, strict=True):
        area = shapely.intersection(shape, ground).area
        if area >= 100 and area / ground.area >= 0.01:
            found[code] = pytest.approx(area / ground.area, abs=1e-4)
    return found


def test_small_and_large_clusters_follow_the_definition():
    rng = np.random.default_rng(3)
    small = rng.uniform((4900, 100), (5100, 300), (7, 2))
    large = rng.uniform((4000, 1000), (5200, 2200), (90, 2))
    repeated = np.concatenate([small, small[:3], large])
    of = np.repeat([0, 1], [10, 90])

    found = footprint.shares(repeated, of, 125, TWO)

    assert found == [exact(small, 125), exact(large, 125)]


def test_less_than_a_hundredth_of_the_ground_is_not_reaching_over():
    touching = np.array([[4877.0, 2500.0]])

    assert footprint.shares(touching, np.array([0]), 125, TWO) == [
        {"E1": pytest.approx(1, abs=0.01)}
    ]
    assert footprint.near_border(touching, 125, TWO).tolist() == [True]
    assert footprint.near_border(touching - 10, 125, TWO).tolist() == [False]


def test_nothing_covers_nothing():
    nothing = np.empty((0, 2))

    assert footprint.shares(nothing, np.empty(0, dtype=int), 125, TWO) == []
    assert footprint.near_border(nothing, 125, TWO).tolist() == []


def test_outlines_of_many_clusters_are_those_of_each():
    rng = np.random.default_rng(4)
    group = np.repeat(np.arange(4), [1, 2, 30, 3])
    xy_m = rng.uniform(510_000, 513_000, (36, 2))
    xy_m[1:3] = [[510_100, 510_100], [510_900, 510_100]]  # two cells in a line

    found = grids.hulls(xy_m, group)

    assert all(outline.equals(grids.hull(xy_m[group == k])) for k, outline in enumerate(found))
    assert found[1].bounds == (510_000.0, 510_000.0, 511_000.0, 510_500.0)
    assert len(grids.hulls(xy_m[:0], group[:0])) == 0


@pytest.mark.parametrize("seed", range(200))
def test_an_outline_is_of_centres_of_squares_and_touches_no_member(seed):
    """Of 200 clusters: each corner is the middle of a square of 500 m, or a corner of one."""
    chance = np.random.default_rng(seed)
    xy_m = chance.normal((518_000, 171_000), chance.uniform(100, 1500), (chance.integers(5, 60), 2))
    corners = shapely.get_coordinates(grids.hull(xy_m))
    halves = corners / (grids.HULL_CELL_M / 2)
    assert np.array_equal(halves, np.round(halves))
    squares = np.unique(grids.square(xy_m, grids.HULL_CELL_M), axis=0)
    if len(squares) > 2 and np.linalg.matrix_rank(squares - squares[0]) == 2:
        assert (np.round(halves).astype(int) % 2 == 1).all(), "centres, not corners"
    away = np.hypot(*(corners[:, None, :] - xy_m[None, :, :]).T)
    assert away.min() >= 1
