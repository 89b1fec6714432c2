"""Metres are metres: what is not is refused in words."""

import numpy as np
import pytest

from geo import crs
from geo.errors import GeoInputError

HERE = [500_000.0, 170_000.0]


@pytest.mark.parametrize(
    ("points", "words"),
    [
        (
            [(-0.3, 51.4), (180, -90)],
            "These coordinates look like degrees. Convert them with geo.crs.to_bng.",
        ),
        (
            [HERE, (-1, 0), (0, 1_300_001), (700_001, 5)],
            (
                "3 of 4 points lie outside the British National Grid (0-700000, 0-1300000); "
                "first at row 1."
            ),
        ),
        ([HERE, (np.nan, 5)], "Row 1 has no coordinates."),
        ([(np.inf, 5)], "Row 0 has no coordinates."),
    ],
)
def test_what_is_not_the_national_grid_is_refused(points, words):
    with pytest.raises(GeoInputError) as refused:
        crs.require_bng(points)

    assert str(refused.value) == words


@pytest.mark.parametrize("points", [[], [HERE], [(0, 0), (700_000, 1_300_000)]])
def test_the_grid_is_closed(points):
    assert crs.require_bng(points).shape == (len(points), 2)


def test_there_and_back_is_a_centimetre():
    xy = np.random.default_rng(1).uniform((500_000, 150_000), (560_000, 200_000), (100, 2))

    assert np.abs(crs.to_bng(crs.to_wgs84(xy)) - xy).max() < 0.01


def test_longitude_comes_first():
    (east, north), = crs.to_bng([(-0.3064, 51.4104)])  # fmt: skip

    assert (round(east, -2), round(north, -2)) == (517_900, 169_300)
