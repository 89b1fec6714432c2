"""The token of a page: of one form, for two hours."""

import pytest

from app.intake import tokens

KEY, FORM, NOW = b"key of the tests", b"one form", 1_800_000_000.5


def test_it_is_good_for_two_hours_and_not_before_it_was_made():
    made = tokens.issue(KEY, FORM, NOW)

    assert tokens.is_good(KEY, FORM, made, NOW)
    assert tokens.is_good(KEY, FORM, made, NOW + 7199)
    assert not tokens.is_good(KEY, FORM, made, NOW + 7201)
    assert not tokens.is_good(KEY, FORM, made, NOW - 10)


def test_it_is_of_one_form_and_one_key():
    made = tokens.issue(KEY, FORM, NOW)

    assert not tokens.is_good(KEY, b"another form", made, NOW)
    assert not tokens.is_good(b"another key", FORM, made, NOW)


@pytest.mark.parametrize(
    "said",
    ["", ".", "1800000000", "1800000000.", "1800000001.{mark}", "x.{mark}", "9" * 30 + ".{mark}"],
)
def test_what_we_did_not_make_is_refused(said):
    mark = tokens.issue(KEY, FORM, NOW).partition(".")[2]

    assert not tokens.is_good(KEY, FORM, said.format(mark=mark), NOW)
    assert not tokens.is_good(KEY, FORM, "1800000000.é", NOW)
    assert not tokens.is_good(KEY, FORM, "¹.é", NOW)
