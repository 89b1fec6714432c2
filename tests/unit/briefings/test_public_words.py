"""The page for everybody says less than the release, cell by cell and all together."""

import re
from itertools import product

import pytest

from app.briefings.public_words import rows, text_of
from geo.disclosure import ALL, Cell, Count, Rule, protect

NAMES = {"K": "Kingston", "R": "Richmond"}


def shown(n, place=("BOROUGH", "K")):
    return protect([Count("RQ1", "2026-Q3", *place, n=n)])[0]


def interval(words: str) -> tuple[int, int]:
    """What a reader may think who knows the rules of the page, and not those of the release."""
    number = int(re.search(r"\d+", words).group())
    return (number - 2, number + 2) if words.startswith("about") else (0, number - 1)


@pytest.mark.parametrize("n", range(401))
def test_no_interval_is_narrower_than_that_of_the_release(n):
    cell = shown(n)
    low, high = interval(text_of(cell))
    assert low <= cell.low
    assert high >= cell.high


def test_under_ten_is_never_told_as_a_number():
    told = {text_of(shown(n)) for n in range(10)}
    assert told == {"fewer than 10", "fewer than 15"}
    assert {text_of(shown(n)) for n in range(8, 13)} == {"fewer than 15"}, "a shown 10 is 8 to 12"


def test_who_has_both_the_page_and_the_release_knows_what_the_release_says():
    """All pairs of boroughs with their sum: whatever looks alike there looks alike here."""
    seen: dict = {}
    for pair in product(range(41), repeat=2):
        cells = [shown(pair[0]), shown(pair[1], ("BOROUGH", "R"))]
        cells.append(shown(sum(pair), ("BOTH", "BOTH")))
        told = tuple(text for _, text in rows(cells, NAMES))
        seen.setdefault(tuple(cell.shown for cell in cells), set()).add(told)
    assert all(len(told) == 1 for told in seen.values())
    assert len(seen) > len(set().union(*seen.values())), "and it says less"


def test_what_is_not_shown_stays_so_and_other_cells_are_left_out():
    dropped = Cell("RQ1", "2026-Q3", "BOROUGH", "K", ALL, ALL, "not shown", 0, None, Rule.DROPPED)
    group = Cell("RQ1", "2026-Q3", "BOROUGH", "R", "HG_SEXUAL", ALL, "15", 13, 17, Rule.ROUND5)
    other = Cell("RQ2", "2026-Q3", "BOROUGH", "R", ALL, ALL, "15", 13, 17, Rule.ROUND5)
    assert rows([dropped, group, other], NAMES) == [["Kingston", "not shown"]]
