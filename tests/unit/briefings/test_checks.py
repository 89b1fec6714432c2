"""What checks K1 and K3 take for a number and for an address."""

from types import SimpleNamespace

from app.briefings import checks
from geo.disclosure import Count, protect

CELLS = protect([Count("RQ3", "2026-Q3", "BOTH", "BOTH", "SV_KNIFE", n=9)])


def subject(**block):
    made = {"kind": "table", "id": "T3c", "source": "RQ3", "rows": []} | block
    snapshot = {"pages": [{"number": 3, "blocks": [made]}]}
    return SimpleNamespace(cells=CELLS, snapshot=snapshot, stray=())


def test_a_group_that_is_counted_in_another_says_so_in_words():
    rows = [["Knife crime", ["10"]], ["Robbery", ["& counted in Knife crime + Robbery"]],
            ["Other", ["shown apart"]]]  # fmt: skip

    assert list(checks._numbers(subject(rows=rows))) == []
    assert list(checks._numbers(subject(rows=[["Knife crime", ["15"]]]))) != []


def test_a_drawing_names_its_language_and_nobody_is_found_by_it():
    drawn = '<svg xmlns="http://www.w3.org/2000/svg"></svg>'

    assert list(checks._personal(subject(svg=drawn))) == []
    assert list(checks._personal(subject(alt=drawn))) != []
