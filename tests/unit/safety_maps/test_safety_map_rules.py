"""Squares of drawings, and what may be shown of ten and more of them."""

import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from app.core.errors import InvalidError
from app.safety_maps.draw_routes import together
from app.safety_maps.grid import NAMES, Grid, cells_of, shape
from app.safety_maps.releasing import LEAST, Counts, green_share, shown
from app.safety_maps.rules import coloured

CELLS = st.tuples(st.integers(0, 2), st.integers(0, 1))
DRAWING = st.dictionaries(CELLS, st.sampled_from(["RED", "AMBER", "GREEN"]), min_size=1)
BATCHES = st.lists(st.lists(DRAWING, max_size=23), max_size=5)


@given(BATCHES)
def test_no_square_is_ever_shown_from_fewer_than_ten_drawings(released):
    said = shown(released)

    assert all(counts.n >= LEAST for counts in said.cells.values())
    assert all(share.n >= LEAST for share in said.shares)
    assert said.n == 0 or said.n >= LEAST


@given(BATCHES)
def test_between_two_releases_a_square_changes_by_ten_drawings_or_not_at_all(released):
    each = [shown(released[:number]) for number in range(len(released) + 1)]

    for first, earlier in enumerate(each):
        for later in each[first:]:
            assert later.n - earlier.n == 0 or later.n - earlier.n >= LEAST
            for cell, counts in later.cells.items():
                more = counts.n - earlier.cells.get(cell, Counts()).n
                assert more == 0 or more >= LEAST
                assert more or counts == earlier.cells[cell]


@given(BATCHES)
def test_what_is_shown_was_drawn_and_shares_of_a_square_are_of_all_who_marked_it(released):
    said = shown(released)
    drawn = [drawing for batch in released for drawing in batch]

    for cell, counts in said.cells.items():
        for colour in ("RED", "AMBER", "GREEN"):
            assert counts.of(colour) <= sum(one.get(cell) == colour for one in drawn)
            assert counts.percent(colour) % 5 == 0
        assert counts.red + counts.amber + counts.green == counts.n


def test_nine_drawings_show_nothing_and_ten_do():
    one = {(0, 0): "RED"}

    assert shown([[one] * 9]).n == 0
    assert shown([[one] * 10]).cells == {(0, 0): Counts(red=10)}
    assert shown([[one] * 9, [one]]).n == 10


def test_a_square_that_one_of_ten_marked_is_not_shown():
    assert shown([[{(0, 0): "RED"}, *[{(1, 0): "GREEN"}] * 10]]).cells == {(1, 0): Counts(green=10)}


def test_each_drawing_counts_once_in_the_green_share():
    much = {(number, 0): "GREEN" for number in range(50)}

    assert green_share([much, {(0, 0): "RED"}]).percent == 50
    assert green_share([{}]).n == 0


@given(st.sets(st.sampled_from(NAMES)))
def test_squares_become_a_shape_that_the_database_takes_and_come_back(names):
    grid = Grid.around(518000, 169000, 50)
    cells = {grid.cell(name) for name in names}

    drawn = shape(cells, 50)

    assert drawn.is_valid
    assert shapely.get_num_coordinates(drawn) <= 500
    assert cells_of(drawn, 50) == cells


def test_a_grid_stands_on_the_same_lines_when_a_place_moves_a_little():
    assert Grid.around(518010, 169040, 50).column == Grid.around(517990, 169040, 50).column
    assert Grid.around(518000, 169000, 50).box() == (517800, 168800, 518200, 169200)


@pytest.mark.parametrize(
    ("typed", "wrong"),
    [
        ({"RED": "Z9"}, {"red": "Z9 is no square. They go from A1 in the corner to H8."}),
        ({"RED": "A1", "GREEN": "a1"}, {"green": "A1 has two colours. Choose one."}),
        ({}, {"red": "Mark at least one square."}),
    ],
)
def test_what_is_wrong_with_typed_squares_is_said_beside_their_colour(typed, wrong):
    with pytest.raises(InvalidError) as refused:
        coloured(typed, frozenset(NAMES))

    assert refused.value.fields == wrong


def test_ticked_and_written_squares_are_one_drawing():
    assert together({"green_H8": "yes", "pen": "RED"}) == {"green": "H8"}
