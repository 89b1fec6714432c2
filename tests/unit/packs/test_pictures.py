"""Where shapes and names go in the picture of a place."""

import pytest

from app.packs import pictures
from app.packs.pictures import HEIGHT, WIDTH, Name

SQUARE = "POLYGON((518000 169000,518200 169000,518200 169200,518000 169200,518000 169000))"


def numbers(path):
    return [int(n) for n in path.replace("M", " ").replace("L", " ").replace("Z", "").split()]


@pytest.mark.parametrize(
    "shape",
    [
        SQUARE,
        "LINESTRING(518000 169000,521000 169000)",
        "LINESTRING(518000 169000,518000 175000)",
        "MULTIPOLYGON(((0 0,9000 0,9000 9,0 9,0 0)),((0 50,9 50,9 99,0 50)))",
    ],
)
def test_a_shape_is_whole_in_the_picture(shape):
    made = pictures.shape(shape, [])

    for path in made["paths"]:
        found = numbers(path)
        assert all(0 <= x <= WIDTH for x in found[::2])
        assert all(0 <= y <= HEIGHT for y in found[1::2])
    assert made["paths"]


def test_a_spot_is_a_point_in_the_middle_with_a_scale():
    made = pictures.shape("POINT(518000 169000)", [])

    assert made["points"] == [[WIDTH // 2, HEIGHT // 2]]
    assert made["scale_m"] == 200
    assert made["scale"] == 120


def test_north_is_up_and_both_directions_have_one_scale():
    west, south, east, north = pictures.box(SQUARE)

    assert (east - west) / WIDTH == pytest.approx((north - south) / HEIGHT)
    first, second, third = (numbers(pictures.shape(SQUARE, [])["paths"][0])[n] for n in (1, 3, 5))
    assert first == second > third


def test_names_stand_apart_and_inside():
    near = [
        Name("STREET", "High Street", 518000, 169000),
        Name("STREET", "Market Street", 518010, 169005),
        Name("STATION", "Station", 518000, 169100),
        Name("STREET", "Far Street", 519000, 169000),
        Name("POSTCODE", "KT1 1AA", 518000, 168900),
    ]

    made = pictures.shape("POINT(518000 169000)", near)

    assert [name["label"] for name in made["names"]] == ["Station", "High Street"]
