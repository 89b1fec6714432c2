"""Shares of answers before and again: the published intervals, and their edges."""

import pytest

from geo.errors import GeoInputError
from geo.evaluation import share_change


@pytest.mark.parametrize(
    ("before", "after", "interval"),
    [
        ((48, 80), (56, 70), (0.0524, 0.3339)),
        ((3, 10), (9, 10), (0.1705, 0.8090)),
        ((2, 7), (6, 7), (0.0582, 0.8062)),
        ((0, 29), (5, 56), (-0.0381, 0.1926)),
        ((0, 20), (0, 10), (-0.1611, 0.2775)),
    ],
)
def test_intervals_of_newcombe_1998(before, after, interval):
    found = share_change(before, after)

    assert found.est == pytest.approx(after[0] / after[1] - before[0] / before[1])
    assert found[1:] == pytest.approx(interval, abs=5e-5)


def test_the_other_way_round_is_the_mirror():
    one, other = share_change((3, 10), (9, 10)), share_change((9, 10), (3, 10))

    assert one == pytest.approx((-other.est, -other.high, -other.low))
    assert share_change((3, 10), (9, 10), level=0.8).low > one.low


@pytest.mark.parametrize("bad", [((0, 0), (1, 2)), ((1, 2), (3, 2)), ((-1, 2), (1, 2))])
def test_a_share_of_nobody_or_of_more_than_all_is_refused(bad):
    with pytest.raises(GeoInputError):
        share_change(*bad)
