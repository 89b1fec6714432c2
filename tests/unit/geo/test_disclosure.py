"""The number rule on 0 to 200, and totals from which a small number could be worked out."""

import pytest

from geo.disclosure import NOT_SHOWN, gives_away, show
from geo.errors import GeoInputError


def test_every_count_lies_in_what_is_shown_and_small_ones_are_a_band():
    for n in range(201):
        told = show(n)
        assert told.low <= n <= told.high
        assert (told.text == "1 to 7") == (1 <= n <= 7)
        assert told.text != "5"
    assert [show(n).text for n in (0, 7, 8, 12, 13, 17, 18)] == [
        "0", "1 to 7", "10", "10", "15", "15", "20",
    ]  # fmt: skip
    assert (show(8).low, show(12).high) == (8, 12)


def test_a_negative_count_is_refused():
    with pytest.raises(GeoInputError, match="0 or more"):
        show(-1)


@pytest.mark.parametrize(
    ("total", "parts", "overlapping", "tells"),
    [
        (13, [6, 7, 0], False, True),  # both must be 6 or 7
        (13, [6, 7], True, True),
        (9, [4, 5], False, False),
        (30, [27, 3], False, False),
        (10, [8, 2], False, False),  # 8..12 less 8..12
        (18, [7, 11], False, True),  # at least 18 less 12: 6 or 7
        (22, [12, 9], False, False),
        (5, [2, 3], False, False),
        (5, [1, 1, 1, 1, 1], False, True),  # at most 7, four others hold one each
        (5, [5, 5, 5, 5, 5], True, False),  # the same five children in each
        (20, [12, 5], True, True),  # at least 18 less 12
        (0, [0, 0], False, False),
    ],
)
def test_a_total_that_leaves_a_small_part_fewer_than_four_numbers(total, parts, overlapping, tells):
    told = [show(part) for part in parts]

    assert gives_away(show(total), told, overlapping=overlapping) is tells


def test_beside_what_is_not_shown_nothing_is_worked_out():
    assert not gives_away(show(40), [NOT_SHOWN, show(3)])
    assert not gives_away(NOT_SHOWN, [show(3), show(40)])
