"""Only what changed is clustered again, and the answer is that of a whole run."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.crossborough import Params, labelled
from geo.crossborough.again import labelled_again
from geo.neighbourhood import Pairs
from geo.sitepairs import site_pairs
from tests.unit.geo.test_evidence_emerging import events

PARAMS = Params(min_points=3)
TOWN = st.lists(
    st.tuples(st.integers(0, 30), st.integers(0, 30), st.integers(0, 90)), min_size=0, max_size=60
)


def study(rows):
    table = np.array(rows, dtype=float).reshape(-1, 3)
    return events(510_000 + 100 * table[:, :2], table[:, 2].astype(int))


def same(found, whole):
    assert found.labels.label.tolist() == whole.label.tolist()
    assert found.labels.core.tolist() == whole.core.tolist()


@settings(max_examples=200, deadline=None)
@given(TOWN, TOWN)
def test_what_is_remembered_changes_no_answer(before, after):
    memory = labelled_again(study(before), PARAMS, None, {}).memory
    now = study(before[: len(before) // 2] + after)

    same(labelled_again(now, PARAMS, None, memory), labelled(now, PARAMS, None))


def test_a_new_incident_touches_its_surroundings_only():
    rows = [(40 * k, 0, day) for k in range(10) for day in range(5)]
    first = labelled_again(study(rows), PARAMS, None, {})

    again = labelled_again(study([*rows, (80, 1, 3)]), PARAMS, None, first.memory)

    assert (first.rows, again.rows) == (50, 6)
    assert len(again.memory) == 10
    same(again, labelled(study([*rows, (80, 1, 3)]), PARAMS, None))


def test_a_site_that_joins_two_components_touches_both():
    rows = [(k, 0, day) for k in (0, 4) for day in range(5)]
    first = labelled_again(study(rows), PARAMS, None, {})
    now = study([*rows, (2, 0, 2)])

    again = labelled_again(now, PARAMS, None, first.memory)

    assert again.rows == 11
    same(again, labelled(now, PARAMS, None))


@pytest.mark.parametrize("column", ["weight", "may_be_core", "day"])
def test_any_change_of_an_incident_is_one(column):
    given_ = study([(0, 0, day) for day in range(5)])
    memory = labelled_again(given_, PARAMS, None, {}).memory
    changed = getattr(given_, column).copy()
    changed[2] = 9 if column != "may_be_core" else False

    now = replace(given_, **{column: changed})

    again = labelled_again(now, PARAMS, None, memory)
    assert again.rows == 5
    same(again, labelled(now, PARAMS, None))


def test_distances_that_are_given_are_part_of_what_is_remembered():
    given_ = study([(0, 0, 1), (0, 0, 2), (9, 9, 1), (9, 9, 2)])
    near = Pairs(np.array([0]), np.array([1]), np.array([200_000.0]))
    memory = labelled_again(given_, PARAMS, near, {}).memory

    nearer = labelled_again(given_, PARAMS, near._replace(mm=np.array([100_000.0])), memory)
    apart = labelled_again(given_, PARAMS, Pairs(*[np.zeros(0, int)] * 3), memory)

    assert labelled_again(given_, PARAMS, near, memory).rows == 0
    assert (nearer.rows, apart.rows) == (4, 4)
    same(apart, labelled(given_, PARAMS, Pairs(*[np.zeros(0, int)] * 3)))


def test_sites_without_incidents_are_passed_over():
    pairs = Pairs(np.array([7, 3, 7]), np.array([9, 9, 20]))

    found = site_pairs(np.array([9, 7]), np.zeros((2, 2)), 250, pairs)

    assert (found.near.i.tolist(), found.near.j.tolist()) == ([0], [1])
    assert found.near.mm.tolist() == [0.0]
