"""Grading, moves and dates of intelligence, without a database."""

from datetime import date
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.errors import RuleBrokenError
from app.core.states import moved
from app.intelligence import rules
from app.intelligence.rules import MOVES, Assessment, Grading, Handling, Source, State
from app.intelligence.schemas import IntelIn
from geo.errors import GeoInputError
from geo.gridref import from_grid_reference


def test_doubtful_content_of_an_unreliable_source_stays_with_the_police_and_nothing_else():
    staying = {
        grading.code
        for grading in (Grading(*each) for each in product(Source, Assessment, Handling))
        if rules.stays_with_police(grading)
    }

    assert staying == {"3DP", "3EP", "3DC", "3EC"}


def test_with_conditions_a_release_needs_conditions_and_a_recipient():
    grading = Grading(Source.UNTESTED, Assessment.CORROBORATED, Handling.WITH_CONDITIONS)

    barriers = rules.barriers_to_release(grading, conditions=" ", recipients=0, unconfirmed=1)

    assert barriers == [
        "Confirm that the words marked in the text identify nobody.",
        "Enter the conditions for sharing.",
        "Choose who may see it.",
    ]
    assert rules.barriers_to_release(grading, conditions="Yes.", recipients=1, unconfirmed=0) == []


def test_what_may_be_shared_has_no_barrier():
    grading = Grading(Source.RELIABLE, Assessment.KNOWN_DIRECTLY, Handling.SHARED)

    assert rules.barriers_to_release(grading, conditions="", recipients=0, unconfirmed=0) == []


def test_neither_who_began_it_nor_who_wrote_it_last_checks_it():
    assert rules.barrier_to_check(by=1, created_by=1, written_by=2)
    assert rules.barrier_to_check(by=2, created_by=1, written_by=2)
    assert rules.barrier_to_check(by=3, created_by=1, written_by=2) is None


def test_every_state_but_the_last_can_be_left_and_every_state_has_its_word():
    assert set(rules.STATES) == set(State)
    assert set(State) - set(MOVES) == {State.REJECTED, State.DELETED}
    assert set().union(*MOVES.values()) == set(State) - {State.SUBMITTED}


@pytest.mark.parametrize(("state", "to"), list(product(State, State)))
def test_a_move_that_is_not_listed_is_refused_in_words(state, to):
    if to in MOVES.get(state, ()):
        assert moved("piece of intelligence", state, to, MOVES) == to
    else:
        with pytest.raises(RuleBrokenError, match=r"^A piece of intelligence that is"):
            moved("piece of intelligence", state, to, MOVES)


def test_it_expires_twelve_months_after_it_ceased_to_hold():
    assert rules.expires_on(date(2026, 1, 5), date(2026, 3, 1)) == date(2027, 3, 1)
    assert rules.expires_on(date(2024, 2, 29), None) == date(2025, 2, 28)


@given(st.dates(date(2020, 1, 1), date(2030, 1, 1)), st.dates(date(2020, 1, 1), date(2030, 1, 1)))
def test_a_review_is_never_after_it_expires(today, expires):
    assert rules.review_due(today, expires) <= expires


@given(st.integers(0, 699_999), st.integers(0, 1_299_999))
def test_a_grid_reference_says_the_metres_it_was_made_of(east, north):
    letters = "ABCDEFGHJKLMNOPQRSTUVWXYZ"
    column, row = east // 100_000, north // 100_000
    first = letters[(19 - row) - (19 - row) % 5 + (column + 10) // 5]
    second = letters[((19 - row) * 5) % 25 + column % 5]

    text = f"{first}{second} {east % 100_000:05} {north % 100_000:05}"

    assert from_grid_reference(text) == (east, north, 1)


@pytest.mark.parametrize("text", ["", "TQ 18 6", "IQ 18 69", "TQ 123456 123456", "AA 10 10", "ZZ"])
def test_what_is_no_grid_reference_is_refused(text):
    with pytest.raises(GeoInputError):
        from_grid_reference(text)


@pytest.mark.parametrize("typed", ["27 3 2026", "27/03/2026", "2026-03-27", "27.3.2026"])
def test_a_day_is_read_as_people_type_it(typed):
    assert IntelIn.model_validate({"from_on": typed}).from_on == date(2026, 3, 27)


@pytest.mark.parametrize("typed", ["31 2 2026", "tomorrow", "3 2026", "2026", "1 1 1 1"])
def test_what_is_no_day_is_refused(typed):
    with pytest.raises(ValueError, match="Enter a real date, for example 27 3 2026"):
        IntelIn.model_validate({"from_on": typed})
