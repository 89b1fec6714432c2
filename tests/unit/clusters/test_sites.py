"""Places within reach of each other, where some are areas or lines."""

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from geo import density, sites

EPS_M = 250.0


def pairs(shapes, eps_m=EPS_M):
    found = sites.neighbours(np.array(shapes, dtype=object), eps_m)
    return set(zip(found.i.tolist(), found.j.tolist(), strict=True))


def test_the_limit_is_closed():
    here, at, beyond = shapely.Point(0, 0), shapely.Point(250, 0), shapely.Point(-250.001, 0)

    assert pairs([here, at, beyond]) == {(0, 1)}


def test_inside_an_area_is_no_distance():
    park = shapely.box(0, 0, 300, 300)

    found = sites.neighbours(np.array([park, shapely.Point(150, 150)]), EPS_M)

    assert found.mm.tolist() == [0.0]


@pytest.mark.parametrize(
    "bridge", [shapely.box(0, 0, 1000, 20), shapely.LineString([(0, 0), (100, 0)])]
)
def test_a_large_park_or_a_route_joins_nothing(bridge):
    ends = [shapely.Point(-10, 0), shapely.Point(1010, 0)]

    assert pairs([*ends, bridge]) == set()


def test_events_of_a_large_place_still_cluster_with_each_other():
    shapes = np.array([shapely.box(0, 0, 5000, 5000), shapely.Point(10, 10)])
    site, day = np.array([0] * 5 + [1] * 4), np.arange(9)

    found = density.st_dbscan_sites(
        site, sites.neighbours(shapes, EPS_M), day, np.ones(9, dtype=int), 28, 5
    )

    assert found.label.tolist() == [0] * 5 + [-1] * 4


@given(
    st.lists(
        st.tuples(st.integers(0, 1500), st.integers(0, 1500)), min_size=1, max_size=40, unique=True
    )
)
def test_points_cluster_as_the_tree_clusters_them(places):
    xy_m = np.array(places, dtype=float)
    day, weight = np.zeros(len(xy_m), dtype=int), np.full(len(xy_m), 2)

    by_pairs = density.st_dbscan_sites(
        np.arange(len(xy_m)), sites.neighbours(shapely.points(xy_m), EPS_M), day, weight, 0, 5
    )
    by_tree = density.dbscan(xy_m, weight, EPS_M, 5)

    assert by_pairs.label.tolist() == by_tree.label.tolist()
    assert by_pairs.core.tolist() == by_tree.core.tolist()
