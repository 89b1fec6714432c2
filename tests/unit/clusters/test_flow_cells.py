"""Tables of flows as they may be told."""

import numpy as np

from app.clusters import flow_cells
from geo import flows
from geo.disclosure import NOT_SHOWN
from geo.hotspots.cells import AS_EXPECTED, MORE, UNKNOWN

TABLE = np.array([[40, 9, 0], [6, 41, 0], [0, 0, 12], [0, 0, 0]])
TOTALS = [49, 47, 12, 0]


def words(told):
    return [[fact["word"] for fact in line] for line in told.facts]


def test_a_word_follows_from_the_numbers_shown_alone():
    as_shown = np.array([[40, 10, 0], [4, 40, 0], [0, 0, 0], [0, 0, 0]])

    told = flow_cells.banded(TABLE, TOTALS, 3)
    again = flow_cells.exact(as_shown, TOTALS, 3)

    assert words(told)[0] == words(again)[0] == [MORE, AS_EXPECTED, UNKNOWN]
    assert words(told)[1] == [UNKNOWN, MORE, UNKNOWN]
    assert words(again)[1] == [AS_EXPECTED, MORE, UNKNOWN]


def test_a_home_of_one_district_has_its_total_alone():
    told = flow_cells.banded(TABLE, TOTALS, 3)

    assert told.cells[2] == [NOT_SHOWN] * 3
    assert [total.text for total in told.totals] == ["50", "45", "10", "0"]
    assert told.unknown.text == "1 to 7"
    assert [cell.text for cell in told.cells[3]] == ["0", "0", "0"]


def test_every_small_table_is_told_within_its_bounds_and_small_numbers_stay_open():
    rng = np.random.default_rng(6)
    for _ in range(300):
        table = rng.poisson(rng.choice([1, 4, 9, 20]), (3, 3))
        told = flow_cells.banded(table, table.sum(1).tolist(), 0)
        for cells, total, row in zip(told.cells, told.totals, table, strict=True):
            assert all(c.low <= n <= (c.high or n) for c, n in zip(cells, row, strict=True))
            assert total.low <= row.sum() <= (total.high or row.sum())
        assert {fact["n"] for line in told.facts for fact in line} == {None}


def test_what_did_not_converge_says_so_and_has_no_words(monkeypatch):
    monkeypatch.setattr(flows, "ROUNDS", 0)

    told = flow_cells.exact(TABLE, TOTALS, 0)

    assert (told.status, told.reason) == ("did not converge", flows.NOT_CONVERGED)
    assert {word for line in words(told) for word in line} == {UNKNOWN}
    assert {fact["expected"] for line in told.facts for fact in line} == {None}
    assert told.facts[0][0]["n"] == 40
