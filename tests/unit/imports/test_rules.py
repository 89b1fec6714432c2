"""Rows, refusals and keys of street files, without a database."""

from datetime import date

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.imports import rules

TODAY = date(2026, 11, 24)
ROW = {
    "Crime ID": "ab" * 32,
    "Month": "2024-03",
    "Reported by": "Metropolitan Police Service",
    "Falls within": "Metropolitan Police Service",
    "Longitude": "-0.305047",
    "Latitude": "51.427553",
    "Location": "On or near Lancaster Close",
    "LSOA code": "E01003006",
    "LSOA name": "Kingston upon Thames 001A",
    "Crime type": "Burglary",
    "Last outcome category": "Under investigation",
    "Context": "",
}


def block(*changes, names=rules.NATIVE):
    rows = [ROW | change for change in changes]
    return pa.RecordBatch.from_pydict(
        {n: pa.array([r[n] or None for r in rows], pa.string()) for n in names}
    )


def street(*blocks, defaults=None):
    parts = [rules.read(each, TODAY)[0] for each in blocks]
    return rules.whole(parts, defaults or {})


def reasons(*changes):
    return rules.read(block(*changes), TODAY)[1].tolist()


def keys(of):
    return [tuple(key) for key in of.key.tolist()]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({}, 0),
        ({"Month": "2010-12"}, 0),
        ({"Month": "2026-11"}, 0),
        ({"Month": "2026-12"}, 5),
        ({"Month": "1999-12"}, 1),
        ({"Month": "2024-13"}, 1),
        ({"Month": "2024-3"}, 1),
        ({"Month": "２０２４-03"}, 1),  # noqa: RUF001 - digits of another script
        ({"Month": ""}, 1),
        ({"Longitude": "", "Latitude": ""}, 0),
        ({"Longitude": " -0.3 "}, 0),
        ({"Longitude": "-3e-1"}, 0),
        ({"Longitude": ""}, 3),
        ({"Latitude": ""}, 3),
        ({"Longitude": "west"}, 2),
        ({"Longitude": "1_0"}, 2),
        ({"Longitude": "inf"}, 2),
        ({"Latitude": "nan"}, 2),
        ({"Longitude": "51.427553", "Latitude": "-0.305047"}, 4),
        ({"Longitude": "0", "Latitude": "0"}, 4),
        ({"Longitude": "-0.3", "Latitude": "951"}, 4),
        ({"Longitude": "-8.6", "Latitude": "54.0"}, 4),  # west of the grid
        ({"Longitude": "-5.7", "Latitude": "50.07"}, 0),  # Land's End
        ({"Longitude": "-7.56", "Latitude": "57.0"}, 0),  # the Uists
        ({"Longitude": "1.76", "Latitude": "52.48"}, 0),  # Lowestoft
        ({"Longitude": "-0.85", "Latitude": "60.8"}, 0),  # Unst
    ],
)
def test_a_row_is_used_or_has_its_reason(change, reason):
    assert reasons({}, change) == [0, reason]
    assert reason in {0, *rules.REASONS}


def test_the_key_leaves_out_outcome_and_lsoa_and_nothing_else():
    base = keys(street(block({})))[0]

    for name in ("Last outcome category", "LSOA code", "LSOA name"):
        assert keys(street(block({name: "other"}))) == [base], name
    for name, other in (
        ("Crime ID", "cd" * 32),
        ("Month", "2024-04"),
        ("Longitude", "-0.305048"),
        ("Latitude", "51.427554"),
    ):
        assert keys(street(block({name: other}))) != [base], name
    for name in ("Reported by", "Falls within", "Location", "Crime type", "Context"):
        assert keys(street(block({name: "other"}))) != [base], name


def test_a_text_moved_to_another_column_is_another_row():
    one = street(block({"Location": "Drugs", "Crime type": "Burglary"}))
    other = street(block({"Location": "Burglary", "Crime type": "Drugs"}))

    assert keys(one) != keys(other)


def test_an_absent_column_counts_as_its_default():
    short = tuple(n for n in rules.NATIVE if n not in {"Reported by", "Falls within", "Context"})
    force = {"Reported by": ROW["Reported by"], "Falls within": ROW["Falls within"]}

    assert keys(street(block({}, names=short), defaults=force)) == keys(street(block({})))


def test_a_blank_crime_type_is_not_stated():
    found = street(block({}, {"Crime type": ""}), defaults={"Crime type": rules.NOT_STATED})

    values, code = found.labels["Crime type"]
    assert [values[i] for i in code] == ["Burglary", rules.NOT_STATED]


CELLS = st.fixed_dictionaries(
    {
        "Crime ID": st.sampled_from(["", "ab" * 32, "CD" * 32, "not hexadecimal"]),
        "Month": st.sampled_from(["2024-03", "2023-02"]),
        "Location": st.sampled_from(["", "On or near A", "On or near B"]),
        "Crime type": st.sampled_from(["Burglary", "Drugs"]),
        "Longitude": st.sampled_from(["-0.3", "-0.31"]),
    }
)


@given(st.lists(CELLS, min_size=1, max_size=40), st.randoms(use_true_random=False), st.data())
def test_keys_are_unique_and_do_not_depend_on_order_or_blocks(rows, random, data):
    shuffled = random.sample(rows, len(rows))
    cut = data.draw(st.integers(0, len(rows)))

    whole = street(block(*rows))
    parted = street(block(*shuffled[:cut]), block(*shuffled[cut:]))

    assert len(set(keys(whole))) == len(rows)
    assert set(keys(whole)) == set(keys(parted))
    assert (np.diff(whole.key[whole.by_key][:, 0].astype(object)) >= 0).all()


def test_more_equal_rows_keep_the_keys_of_fewer():
    three, five = street(block(*[{}] * 3)), street(block(*[{}] * 5))

    assert set(keys(three)) < set(keys(five))
    assert len(set(keys(five))) == 5


def test_the_key_of_a_row_never_changes():
    """Stored keys would no longer be recognised, and every month come in twice."""
    found = street(block({}, {"Crime ID": "", "Crime type": "Anti-social behaviour"}))

    assert keys(found) == STORED


STORED = [
    (251369161062054233, 10870050950171092579),
    (10423267822607855648, 15198957780347449621),
]


@pytest.mark.parametrize(
    ("name", "category"),
    [
        ("burglary_kingston_richmond_2010-12_2025-02.csv.gz", "Burglary"),
        ("2018-anti_social-behaviour.csv", "Anti-social behaviour"),
        ("2018-04-metropolitan-street.csv", None),
    ],
)
def test_the_category_may_stand_in_the_name_of_the_file(name, category):
    assert rules.category_in_name(name) == category
