"""Simplified copies of adjoining shapes."""

import numpy as np
import shapely

from geo.coverage import simplified

WAVY = shapely.Polygon([(0, 0), (10, 0), (10, 5), (10.1, 5.5), (10, 6), (10, 10), (0, 10)])
BESIDE = shapely.Polygon([(10, 0), (20, 0), (20, 10), (10, 10), (10, 6), (10.1, 5.5), (10, 5)])


def test_no_tolerance_leaves_shapes_as_they_are():
    found = simplified(np.array([WAVY]), 0)

    assert found[0].equals(WAVY)
    assert found[0].geom_type == "MultiPolygon"


def test_neighbours_are_simplified_together():
    found = simplified(np.array([WAVY, BESIDE]), 5)

    before, after = (
        shapely.get_num_coordinates(shapes).sum() for shapes in ([WAVY, BESIDE], found)
    )
    assert after < before
    assert shapely.intersection(found[0], found[1]).area == 0
    assert shapely.area(found).sum() == 200


def test_shapes_that_overlap_are_simplified_alone():
    over = shapely.box(5, 0, 15, 10)

    found = simplified(np.array([WAVY, over]), 5)

    assert shapely.is_valid(found).all()
    assert shapely.intersection(found[0], found[1]).area > 0
    assert shapely.get_num_coordinates(found[0]) < shapely.get_num_coordinates(WAVY)
