"""Neighbours of polygons, points and cells, against another library and by hand."""

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.errors import GeoInputError
from geo.hotspots.links import linked, matrix_of
from geo.weights import Grid, band, islands, knn, queen, rook, row_standardised, within

MASKS = st.integers(1, 6).flatmap(
    lambda rows: st.lists(
        st.lists(st.booleans(), min_size=5, max_size=5), min_size=rows, max_size=rows
    )
)


def squares(rows, columns):
    return [shapely.box(c, r, c + 1, r + 1) for r in range(rows) for c in range(columns)]


@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::FutureWarning")
@pytest.mark.parametrize(("ours", "name"), [(queen, "Queen"), (rook, "Rook")])
def test_contiguity_of_a_lattice_equals_libpysal(ours, name):
    import libpysal

    w = libpysal.weights.lat2W(5, 7, rook=name == "Rook")

    assert (ours(squares(5, 7)).toarray() == w.full()[0]).all()


def test_a_corner_makes_queens_and_no_rooks():
    shapes = [shapely.box(0, 0, 1, 1), shapely.box(1, 1, 2, 2)]

    assert queen(shapes).nnz == 2
    assert rook(shapes).nnz == 0


def test_a_border_cut_at_different_points_is_still_a_border():
    west = shapely.Polygon([(0, 0), (10, 0), (10, 10), (0, 10)])
    east = shapely.Polygon([(10, 2), (20, 2), (20, 8), (10, 8)])

    assert rook([west, east]).toarray().tolist() == [[0, 1], [1, 0]]


def test_places_without_a_shape_or_a_neighbour_are_listed_as_islands():
    shapes = [shapely.box(0, 0, 1, 1), None, shapely.Polygon(), shapely.box(1, 0, 2, 1)]
    shapes.append(shapely.box(9, 9, 10, 10))

    assert islands(queen(shapes)).tolist() == [1, 2, 4]
    assert islands(rook(shapes)).tolist() == [1, 2, 4]
    assert row_standardised(queen(shapes)).sum(axis=1).tolist() == [1, 0, 0, 1, 0]


def test_contiguity_wants_shapes():
    with pytest.raises(GeoInputError, match="polygons"):
        queen(["E09000021"])


def test_limits_are_closed_to_the_millimetre():
    xy = np.array([(0, 0), (250.0004, 0), (0, 250.0006), (0, 0)])

    assert band(xy, 250).toarray()[0].tolist() == [0, 1, 0, 1]


def test_a_table_of_distances_gives_the_band_of_its_points():
    xy = np.random.default_rng(2).uniform(0, 100, (40, 2))
    table = np.hypot(*(xy[:, None] - xy[None, :]).transpose(2, 0, 1))

    assert (within(table, 20).toarray() == band(xy, 20).toarray()).all()


@pytest.mark.parametrize(
    ("table", "words"),
    [([[0, 1]], "as many rows"), ([0, 1], "as many rows"), ([[0, -1], [1, 0]], "below 0"),
     ([[0, np.nan], [1, 0]], "missing")],
)  # fmt: skip
def test_a_table_that_is_none_is_refused(table, words):
    with pytest.raises(GeoInputError, match=words):
        within(table, 1)


def test_what_is_no_point_or_no_distance_is_refused():
    with pytest.raises(GeoInputError, match="Row 1 has no coordinates"):
        band([(0, 0), (np.nan, 1)], 5)
    with pytest.raises(GeoInputError, match="0 or more"):
        band([(0, 0)], -1)
    with pytest.raises(GeoInputError, match="0 or more"):
        within([[0]], np.nan)
    with pytest.raises(GeoInputError, match="at least one"):
        knn([(0, 0)], 0)


@settings(max_examples=200)
@given(
    xy=st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), max_size=25),
    k=st.integers(1, 6),
)
def test_the_nearest_are_those_of_a_full_sort(xy, k):
    w = knn(xy, k)

    points = np.array(xy, float).reshape(-1, 2)
    for i in range(len(points)):
        mm = np.rint(np.hypot(*(points - points[i]).T) * 1000)
        order = [j for j in sorted(range(len(points)), key=lambda j: (mm[j], j)) if j != i]
        assert np.flatnonzero(w.toarray()[i]).tolist() == sorted(order[:k])


@settings(max_examples=200)
@given(rows=MASKS, order=st.integers(1, 3), is_rook=st.booleans())
def test_boxes_sum_what_a_matrix_would(rows, order, is_rook):
    mask = np.array(rows)
    grid, n = Grid(mask, order, is_rook), int(mask.sum())
    x = np.arange(2.0 * n).reshape(n, 2) ** 2

    w = matrix_of(grid, n)

    assert (grid.sums(x) == w @ x).all()
    assert (grid.sums(x[:, 0]) == w @ x[:, 0]).all()
    links = linked(grid, n)
    assert (links.total == w.sum(axis=1)).all()
    assert (links.square == links.total).all()


def test_first_order_boxes_are_queens_and_rooks():
    mask = np.ones((4, 3), dtype=bool)

    assert (matrix_of(Grid(mask), 12) != queen(squares(4, 3))).nnz == 0
    assert (matrix_of(Grid(mask, rook=True), 12) != rook(squares(4, 3))).nnz == 0


def test_a_matrix_keeps_all_but_its_diagonal():
    w = [[2.0, 0.5, 0.0], [0.0, 3.0, 1.0], [0.0, 0.0, 0.0]]

    assert matrix_of(w, 3).toarray().tolist() == [[0, 0.5, 0], [0, 0, 1], [0, 0, 0]]


@pytest.mark.parametrize("mask", [np.ones(3, dtype=bool), np.ones((2, 2))])
def test_a_mask_is_a_table_of_yes_and_no(mask):
    with pytest.raises(GeoInputError, match="mask"):
        Grid(mask)


def test_a_box_has_at_least_the_cells_beside_it():
    with pytest.raises(GeoInputError, match="next to it"):
        Grid(np.ones((2, 2), dtype=bool), 0)
