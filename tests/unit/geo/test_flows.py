"""Flows from home districts: fitted tables by hand, structural zeros, what is too little."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import poisson

from geo import flows
from geo.errors import GeoInputError
from geo.significance import bh


def test_each_child_counts_once_in_a_cell_and_unknown_ones_are_told():
    found = flows.flow_table(
        child=[1, 1, 1, 2, 3, 4, 4],
        home=["E2", "E2", "E1", "E1", "", "", "E3"],
        place=["E1", "E1", "E1", "E9", "E1", "E1", ""],
    )

    assert found.homes == ("E1", "E2")
    assert found.places == ("E1", "E9")
    assert found.observed.tolist() == [[1, 1], [1, 0]]
    assert found.unknown == 2


def test_lists_of_different_lengths_are_refused():
    with pytest.raises(GeoInputError, match="home district"):
        flows.flow_table([1], ["E1", "E2"], ["E1"])


def test_homes_outside_are_told_in_two_groups():
    homes = ["E09000021", "E09000033", "E07000207", "W06000015", "E07000210", ""]

    found = flows.grouped_homes(homes, partners=["E09000021", "E07000210"])

    assert found.tolist() == [
        "E09000021", "other London", "outside London", "outside London", "E07000210", "",
    ]  # fmt: skip
    assert flows.grouped_homes([], []).tolist() == []


def test_without_structural_zeros_the_margins_multiply():
    table = np.array([[10, 5, 1], [2, 8, 4]])

    found = flows.expected(table)

    assert found.converged
    assert found.counts == pytest.approx(np.outer(table.sum(1), table.sum(0)) / table.sum())


def test_quasi_independence_off_the_diagonal():
    # Every row sends the same to both others: what independence off the diagonal gives.
    table = np.array([[0, 10, 10], [10, 0, 10], [10, 10, 0]])

    found = flows.flow_test(table, possible=~np.eye(3, dtype=bool))

    assert found.status == "tested"
    assert found.expected == pytest.approx(table)
    assert np.isnan(found.q.diagonal()).all()
    assert (found.q[~np.eye(3, dtype=bool)] > 0.5).all()


def test_a_flow_beyond_both_margins_is_found():
    table = np.full((8, 8), 4)
    table[1, 3] = 40

    found = flows.flow_test(table)

    by_hand = np.outer(table.sum(1), table.sum(0)) / table.sum()
    assert found.residual == pytest.approx((table - by_hand) / np.sqrt(by_hand))
    assert found.p == pytest.approx(poisson.sf(table - 1, by_hand))
    assert found.q.ravel() == pytest.approx(bh(found.p.ravel()))
    assert np.argwhere(found.q <= 0.05).tolist() == [[1, 3]]


def test_rows_and_columns_of_nobody_expect_nobody():
    found = flows.flow_test([[3, 0], [0, 0]])

    assert found.expected.tolist() == [[3.0, 0.0], [0.0, 0.0]]
    assert found.residual.tolist() == [[0.0, 0.0], [0.0, 0.0]]
    assert found.p[1].tolist() == [1.0, 1.0]


@pytest.mark.parametrize("shape", [(0, 0), (2, 3)])
def test_nobody_is_not_enough(shape):
    found = flows.flow_test(np.zeros(shape))

    assert found.status == "not enough data"
    assert found.why == "No child has a known home district and a known district of harm."
    assert found.p.shape == shape
    assert np.isnan(found.q).all()


def test_what_does_not_settle_says_so():
    # The margins leave nobody for the first cell, which the fit only creeps towards.
    creeping = flows.flow_test([[0, 5], [5, 0]], possible=[[True, True], [True, False]])

    assert creeping.status == "did not converge"
    assert creeping.why == "The expected counts did not settle in 1,000 rounds."
    assert np.isnan(creeping.p).all()


@pytest.mark.parametrize(
    ("table", "possible", "words"),
    [
        ([1, 2], None, "rows and columns"),
        ([[-1]], None, "0 or more"),
        ([[np.nan]], None, "0 or more"),
        ([[1]], [[True, False]], "rows and columns"),
        ([[1]], [[False]], "said to hold nobody"),
    ],
)
def test_what_is_no_table_of_flows_is_refused(table, possible, words):
    with pytest.raises(GeoInputError, match=words):
        flows.expected(table, possible)


@settings(max_examples=200, deadline=None)
@given(st.integers(1, 6), st.integers(1, 6), st.integers(0, 9999))
def test_both_margins_are_kept_whatever_the_order(rows, cols, seed):
    rng = np.random.default_rng(seed)
    table = rng.integers(0, 9, (rows, cols))
    row, col = rng.permutation(rows), rng.permutation(cols)

    found, mixed = flows.expected(table), flows.expected(table[row][:, col])

    assert found.converged
    assert found.counts.sum(1) == pytest.approx(table.sum(1), abs=1e-9)
    assert found.counts.sum(0) == pytest.approx(table.sum(0), abs=1e-9)
    assert mixed.counts == pytest.approx(found.counts[row][:, col])
