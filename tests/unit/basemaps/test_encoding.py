"""Our tiles, read by another library."""

import mapbox_vector_tile
import numpy as np
import shapely
from hypothesis import given
from hypothesis import strategies as st

from app.basemaps import encoding
from app.basemaps.encoding import LINE, POINT, POLYGON, Layer

whole = st.integers(-64, 4160)
places = st.lists(st.tuples(whole, whole), min_size=2, max_size=9)


def read(*layers):
    return mapbox_vector_tile.decode(encoding.tile(layers), default_options={"y_coord_down": True})


def layer(name, kind, *features):
    """Each feature is its tags and its parts."""
    parts = [part for _, some in features for part in some]
    codes = [i for i, (_, some) in enumerate(features) for _ in some]
    tags = [said for said, _ in features]
    return Layer(name, kind, np.array(parts, dtype=object), np.array(codes), tags)


def test_points_lines_and_areas_come_back_with_their_tags():
    hole = shapely.Polygon(
        [(0, 0), (100, 0), (100, 100), (0, 100)], [[(20, 20), (20, 60), (60, 60), (60, 20)]]
    )
    bend, green = shapely.LineString([(1, 1), (5, 8), (5, 300)]), {"kind": "park", "name": "Ham"}
    found = read(
        layer("place", POINT, ({"name": "Ham"}, [shapely.Point(7, 9)])),
        layer("road", LINE, ({"kind": "minor"}, [bend])),
        layer("park", POLYGON, (green, [hole]), ({"kind": "wood"}, [hole])),
    )

    place, road, park = (found[name]["features"] for name in ("place", "road", "park"))
    assert place[0]["properties"] == {"name": "Ham"}
    assert place[0]["geometry"] == {"type": "Point", "coordinates": [7, 9]}
    assert road[0]["geometry"]["coordinates"] == [[1, 1], [5, 8], [5, 300]]
    assert [each["properties"] for each in park] == [
        {"kind": "park", "name": "Ham"},
        {"kind": "wood"},
    ]
    assert shapely.equals(shapely.geometry.shape(park[1]["geometry"]), hole)
    assert found["park"]["extent"] == 4096


def test_parts_of_one_feature_lie_in_one():
    lines = [shapely.LineString([(0, 0), (9, 9)]), shapely.LineString([(50, 60), (40, 30)])]
    found = read(layer("rail", LINE, ({}, lines)))

    (feature,) = found["rail"]["features"]
    assert feature["geometry"]["coordinates"] == [[[0, 0], [9, 9]], [[50, 60], [40, 30]]]


def test_what_rounding_leaves_nothing_of_is_left_out():
    speck = shapely.Polygon([(5, 5), (5.2, 5), (5.2, 5.2), (5, 5.2)])
    dot = shapely.LineString([(3, 3), (3.1, 3.2)])

    assert encoding.tile([layer("water", POLYGON, ({}, [speck]))]) == b""
    assert encoding.tile([layer("road", LINE, ({}, [dot]))]) == b""


def test_a_hole_goes_with_its_outline():
    speck = shapely.Polygon(
        [(5, 5), (5.3, 5), (5.3, 5.3), (5, 5.3)], [[(5, 5), (5, 5.1), (5.1, 5.1), (5.1, 5)]]
    )
    square = shapely.box(0, 0, 50, 50, ccw=True)
    found = read(layer("water", POLYGON, ({}, [speck, square])))

    (feature,) = found["water"]["features"]
    assert shapely.geometry.shape(feature["geometry"]).area == 2500


@given(st.lists(places, min_size=1, max_size=6))
def test_any_lines_come_back(some):
    lines = [shapely.LineString(points) for points in some]
    wanted = []
    for points in some:
        kept = [p for i, p in enumerate(points) if i == 0 or p != points[i - 1]]
        wanted += [[list(p) for p in kept]] if len(kept) > 1 else []
    body = encoding.tile([layer("road", LINE, *(({}, [line]) for line in lines))])
    found = mapbox_vector_tile.decode(body, default_options={"y_coord_down": True})

    features = found["road"]["features"] if wanted else []
    assert [each["geometry"]["coordinates"] for each in features] == wanted
