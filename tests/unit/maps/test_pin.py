"""Where a click on the picture of the map leads."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.maps import pin
from app.maps.picture import Frame
from app.maps.pin import UNITS, View

KEY = bytes(range(32))
KINGSTON = View(517_950, 169_250, 15)
VIEWS = st.builds(
    View, st.integers(505_000, 535_000), st.integers(155_000, 185_000), st.integers(13, 17)
)


@given(VIEWS, st.integers(1, UNITS), st.integers(1, UNITS))
def test_what_was_clicked_is_the_new_middle_within_a_unit(view, x, y):
    there = pin.clicked(view, x, y)

    ((px, py),) = Frame.of_view(view).of_metres([there[:2]])
    assert (px / 2, py / 2) == (pytest.approx(x, abs=1), pytest.approx(y, abs=1))


@pytest.mark.parametrize("at", [(0, 0), (-1, 5), (5, -1), (UNITS + 1, 5), (5, UNITS + 1)])
def test_enter_on_the_picture_and_points_beyond_it_choose_nothing(at):
    assert pin.clicked(KINGSTON, *at) is None


@given(VIEWS)
def test_buttons_move_half_a_picture_and_back(view):
    there = pin.moved(pin.moved(pin.moved(pin.moved(view, "n"), "e"), "s"), "w")

    assert abs(there.easting_m - view.easting_m) <= 4
    assert abs(there.northing_m - view.northing_m) <= 4
    assert pin.moved(view, "n").northing_m > view.northing_m
    assert pin.moved(view, "e").easting_m > view.easting_m


def test_zoom_has_ends_and_unknown_words_do_nothing():
    view = KINGSTON
    for _ in range(20):
        view = pin.after(view, "in")
    assert view.zoom == pin.ZOOM_MAX
    for _ in range(20):
        view = pin.after(view, "out")
    assert view.zoom == pin.ZOOM_MIN
    assert pin.after(view, "use") == pin.after(view, "up") == view


@given(VIEWS)
def test_a_view_comes_back_from_its_token_and_the_token_does_not_tell_it(view):
    token = pin.signed_view(KEY, view, "a form")

    assert pin.read_view(KEY, token, "a form") == view
    assert set(token) <= set(string.ascii_letters + string.digits + "-_")
    assert pin.signed_view(KEY, view, "a form") != token, "the same place twice looks different"


@pytest.mark.parametrize("token", ["", "x", "é", "=", "A" * 50, "A" * 5000, "!" * 50])
def test_what_is_no_token_is_none(token):
    assert pin.read_view(KEY, token, "a form") is None


@pytest.mark.parametrize("place", range(0, 48, 3))
def test_a_changed_token_and_another_key_are_none(place):
    token = pin.signed_view(KEY, KINGSTON, "a form")
    other = "b" if token[place] == "a" else "a"

    assert pin.read_view(KEY, token[:place] + other + token[place + 1 :], "a form") is None
    assert pin.read_view(KEY[::-1], token, "a form") is None
    assert pin.read_view(KEY, token, "another form") is None


@pytest.mark.parametrize("at", [(0, 0), (180, 51), (-0.3, 89), (float("nan"), 51)])
def test_off_the_national_grid_there_is_no_view(at):
    assert pin.at_lonlat(*at) is None
