"""Darwin's finches on the islands of the Galapagos: R's cooccur, and draws with all sums kept."""

import csv
import json
from collections import Counter

import numpy as np
import pytest

from geo.bipartite import (
    checkerboards,
    curveball,
    fixed_row,
    from_table,
    mean_square_shared,
    same_margins,
    score_test,
    shared_of,
    words,
)
from geo.significance import stream

pytestmark = pytest.mark.shared


@pytest.fixture(scope="module")
def folder(shared):
    return shared / "cases/c16_cooccur"


@pytest.fixture(scope="module")
def case(folder):
    return json.loads((folder / "expected.json").read_text())


def read(path):
    with path.open(newline="") as lines:
        return from_table([[int(cell) for cell in row[1:]] for row in list(csv.reader(lines))[1:]])


@pytest.fixture(scope="module")
def finches(folder):
    return read(folder / "finches.csv")


def printed(path):
    with path.open(newline="") as lines:
        return list(csv.DictReader(lines))


def test_the_table_is_the_published_one(case, finches):
    tests = fixed_row(finches)

    assert (finches.rows, finches.cols, finches.links) == (case["rows"], case["cols"], case["ones"])
    assert len(tests.i) == case["pairs"]
    assert int((tests.n == 0).sum()) == case["checkerboard_pairs"]


@pytest.mark.parametrize("name", ["table", "table_thresh"])
def test_both_tails_of_every_pair(case, folder, finches, name):
    rows = printed(folder / case[name])
    column = {key: np.array([float(row[key]) for row in rows]) for key in list(rows[0])[:9]}
    i, j = column["sp1"].astype(int) - 1, column["sp2"].astype(int) - 1

    found = fixed_row(finches, (i, j))

    assert finches.row_degree[i].tolist() == column["sp1_inc"].tolist()
    assert found.n.tolist() == column["obs_cooccur"].tolist()
    assert found.expected == pytest.approx(column["exp_cooccur"], abs=0.0501)
    assert found.expected / finches.cols == pytest.approx(column["prob_cooccur"], abs=5.01e-4)
    assert found.p_lt == pytest.approx(column["p_lt"], abs=1e-5)
    assert found.p_gt == pytest.approx(column["p_gt"], abs=1e-5)


def test_words_of_all_pairs_and_of_those_with_something_to_expect(case, finches):
    tests = fixed_row(finches)
    every = Counter(words(tests, finches.cols))
    enough = tests.expected >= 1
    some = Counter(np.array(words(tests, finches.cols))[enough].tolist())

    wanted = case["thresh_expected_ge1"]
    assert int(enough.sum()) == wanted.pop("pairs")
    assert some == wanted
    assert {key: every[key] for key in ("positive", "negative")} == case["hypergeometric_alpha0.05"]


def test_shared_islands_beyond_all_row_and_column_sums(case, finches):
    found = score_test(finches, mean_square_shared, stream("c16", "S2bar", 0), 20_000, chains=100)

    low, high = case["curveball_p_S2bar"]
    assert found.observed == pytest.approx(case["S2bar"], rel=1e-6)
    assert low <= found.p_gt <= high
    assert checkerboards(finches) == case["checkerboard_pairs"]


@pytest.mark.parametrize("name", ["finches", "beetles", "rodents"])
@pytest.mark.parametrize("chains", [1, 7])
def test_row_and_column_sums_never_change(folder, name, chains):
    table = read(folder / f"{name}.csv")
    i, j = np.triu_indices(table.rows, k=1)

    drawn = list(curveball(table, stream("c16", name, 0), 100, chains=chains))

    assert len(drawn) == 100
    assert all(same_margins(one, table) for one in drawn)
    assert any(shared_of(one, i, j).tolist() != shared_of(table, i, j).tolist() for one in drawn)
