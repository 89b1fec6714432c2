"""D17: rates, percentages and changes can be made again from what is printed; none from a band."""

import pytest

from geo.disclosure import NOT_SHOWN, change, number, percentage, rate, show
from geo.errors import GeoInputError


def test_every_rate_is_made_of_the_printed_number_alone():
    for n in range(200):
        told = show(n)
        expected = None if " " in told.text else int(1000 * int(told.text) / 15_400 + 0.5)
        assert rate(told, 15_400) == expected
    assert rate(NOT_SHOWN, 15_400) is None
    with pytest.raises(GeoInputError, match="denominator above 0"):
        rate(show(9), 0)


def test_every_percentage_is_of_two_printed_numbers_of_eight_or_more():
    for part in range(60):
        for whole in range(part, 90, 7):
            a, b = show(part), show(whole)
            found = percentage(a, b)
            if part < 8 or whole < 8:
                assert found is None
            else:
                assert found == 5 * int(100 * int(a.text) / int(b.text) / 5 + 0.5)
    assert percentage(NOT_SHOWN, show(50)) is percentage(show(50), NOT_SHOWN) is None


@pytest.mark.parametrize(
    ("now", "before", "words"),
    [
        (41, 24, "more (40, was 25)"),
        (11, 24, "fewer (10, was 25)"),
        (21, 24, "about the same (20, was 25)"),
        (0, 0, "about the same (0, was 0)"),
        (3, 24, "too small to compare"),
        (24, 3, "too small to compare"),
    ],
)
def test_a_change_is_told_in_words(now, before, words):
    assert change(show(now), show(before)) == words


def test_a_number_is_what_is_printed():
    assert [number(show(n)) for n in (0, 7, 8)] == [0, None, 10]
