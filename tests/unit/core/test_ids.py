import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core import ids

SYMBOLS = st.text(alphabet=ids.ALPHABET, min_size=6, max_size=6)


@given(SYMBOLS, st.integers(0, 6), st.sampled_from(ids.ALPHABET))
def test_every_single_wrong_character_is_refused(symbols, position, other):
    right = symbols + ids.check_symbol(symbols)
    wrong = right[:position] + other + right[position + 1 :]

    read = ids.read_reference(f"PL-{wrong[:3]}-{wrong[3:]}", "PL")

    assert (read is None) == (wrong != right)


@given(SYMBOLS, st.integers(0, 5))
def test_every_swap_of_neighbours_is_refused(symbols, position):
    right = symbols + ids.check_symbol(symbols)
    swapped = list(right)
    swapped[position], swapped[position + 1] = swapped[position + 1], swapped[position]
    wrong = "".join(swapped)

    read = ids.read_reference(f"PL-{wrong[:3]}-{wrong[3:]}", "PL")

    assert (read is None) == (wrong != right)


def test_a_reference_is_read_however_it_is_typed():
    reference = ids.new_reference("PL")

    typed = reference.lower().replace("-", " ")

    assert ids.read_reference(typed, "PL") == reference


def test_letters_that_look_like_digits_are_read_as_digits():
    symbols = "01A01A"
    reference = f"PL-01A-01A{ids.check_symbol(symbols)}"

    assert ids.read_reference(f"PL-OIA-OLA{ids.check_symbol(symbols)}", "PL") == reference


@pytest.mark.parametrize(
    "text", ["", "PL", "IC-7K2-Q4MT", "PL-7K2-Q4M", "PL-7K2-Q4MTT", "PL-7U2-Q4MT"]
)
def test_nonsense_is_no_reference(text):
    assert ids.read_reference(text, "PL") is None


def test_ids_of_records_sort_by_creation():
    made = [ids.new_id() for _ in range(50)]

    assert made == sorted(made)


def test_many_references_are_drawn_again_until_none_is_taken_and_none_twice(monkeypatch):
    few = itertools.cycle([f"CL-{n}" for n in range(7)])
    monkeypatch.setattr(ids, "new_reference", lambda prefix: next(few))
    asked = []

    def taken(drawn):
        asked.append(len(drawn))
        return {"CL-1", "CL-4"} & set(drawn)

    found = ids.new_references("CL", 5, taken)

    assert sorted(found) == ["CL-0", "CL-2", "CL-3", "CL-5", "CL-6"]
    assert len(asked) > 1


def test_no_reference_is_drawn_where_none_is_needed():
    assert ids.new_references("CL", 0, lambda drawn: []) == []
