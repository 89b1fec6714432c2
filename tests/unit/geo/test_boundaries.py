"""Districts of points and shapes."""

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from geo.boundaries import Lads, lad_of, shares

# The middle one is listed first and has the highest code; E1 and E2 meet at easting 100.
LADS = Lads(
    ("E3", "E1", "E2"),
    np.array(
        [shapely.box(90, 0, 110, 50), shapely.box(0, 0, 100, 100), shapely.box(100, 0, 200, 100)]
    ),
)


@pytest.mark.parametrize(
    ("point", "code"),
    [
        ((50, 50), "E1"),
        ((100, 80), "E1"),
        ((100, 20), "E1"),
        ((105, 20), "E2"),
        ((200, 100), "E2"),
        ((450, 50), "E2"),
        ((450.001, 50), None),
        ((np.nan, 50), None),
    ],
)
def test_of_several_the_lowest_code_and_of_none_the_nearest(point, code):
    index = int(lad_of(np.array([point], float), LADS)[0])

    assert (LADS.codes[index] if index >= 0 else None) == code


def test_without_a_distance_a_point_in_none_stays_in_none():
    found = lad_of(np.array([[200.0, 50.0], [200.001, 50.0]]), LADS, nearest_m=0)

    assert found.tolist() == [2, -1]


def test_nothing_is_in_no_district():
    nowhere = Lads((), np.array([], dtype=object))

    assert lad_of(np.zeros((0, 2)), LADS).tolist() == []
    assert lad_of(np.array([[5.0, 5.0]]), nowhere).tolist() == [-1]


@given(st.lists(st.tuples(st.integers(-50, 260), st.integers(-50, 160)), max_size=30))
def test_inside_or_on_the_edge_is_what_counts(points):
    xy = np.array(points, float).reshape(-1, 2)

    found = lad_of(xy, LADS, nearest_m=0)

    covering = [
        [code for code, shape in zip(LADS.codes, LADS.shapes, strict=True)
         if shape.intersects(shapely.Point(p))]
        for p in points
    ]  # fmt: skip
    assert [LADS.codes[i] if i >= 0 else None for i in found] == [
        min(codes, default=None) for codes in covering
    ]


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        (shapely.box(60, 60, 160, 80), [("E2", 0.6), ("E1", 0.4)]),
        (shapely.LineString([(90, 60), (130, 60)]), [("E2", 0.75), ("E1", 0.25)]),
        (
            shapely.MultiPoint([(50, 90), (150, 90), (151, 90), (9e5, 0)]),
            [("E2", 2 / 3), ("E1", 1 / 3)],
        ),
        (shapely.Point(50, 90), [("E1", 1.0)]),
        (shapely.LineString([(100, 60), (100, 90)]), [("E1", 0.5), ("E2", 0.5)]),
        (shapely.box(300, 0, 310, 10), [("E2", 1.0)]),
        (shapely.box(451, 0, 460, 10), []),
        (shapely.box(0, 60, 100.00000001, 70), [("E1", pytest.approx(1.0))]),
        (shapely.Point(), []),
        (shapely.Polygon(), []),
    ],
)
def test_shares_of_area_length_or_points(shape, expected):
    found = shares(shape, LADS)

    assert [code for code, _ in found] == [code for code, _ in expected]
    assert [share for _, share in found] == pytest.approx([share for _, share in expected])
