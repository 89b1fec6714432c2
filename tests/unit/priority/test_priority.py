"""The priority of a place: the worked example, and what may never change it."""

import json
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.places import ranking
from app.priority import rules
from app.priority.rules import Item, Known

PUBLIC = [
    Item(f"report {n}", age_d=10, weight=0.5, severity=5, public=True, band="B3_7") for n in (1, 2)
]
GRADED = Item("MPS_SWBCU", age_d=45, weight=0.6, severity=4)
PATROL = Item("BTP", age_d=5, weight=1.0, severity=3, proactive=True)
EXAMPLE = Known(items=[*PUBLIC, GRADED, PATROL], d2=60, d3=40)


def test_the_worked_example():
    found = rules.priority(EXAMPLE)

    assert rules.weighed(EXAMPLE.items) == pytest.approx(1.8313, abs=5e-5)
    assert found.terms["recency"] == 0.3663
    assert (found.p, found.band) == (64.8, "HIGH")
    assert rules.weighed(EXAMPLE.items[:3]) == pytest.approx(1.3502, abs=1e-4)
    assert found.p_without_proactive == 62.9
    assert rules.priority(replace(EXAMPLE, d2=None, d3=None)).p == 71.2


def test_nothing_known_is_low_and_nothing_is_sure():
    found = rules.priority(Known())

    assert (found.p, found.band, found.confidence) == (0.0, "LOW", "L")


def test_what_counts_nothing_changes_nothing():
    worthless = Item("MPS_SWBCU", age_d=1, weight=0, severity=5, band="B20_PLUS")
    old = Item("AFC", age_d=366, weight=1, severity=5)

    assert rules.priority(replace(EXAMPLE, items=[worthless, *EXAMPLE.items, old])) == (
        rules.priority(EXAMPLE)
    )


def test_one_source_counts_once_a_week():
    said = [Item("AFC", age_d=day, weight=0.8, severity=3) for day in (0, 3, 6)]

    assert rules.weighed(said) == pytest.approx(0.8 + 0.2 * 0.5 ** (3 / 90))
    apart = [Item("AFC", age_d=day, weight=0.8, severity=3) for day in (6, 7)]
    assert rules.weighed(apart) == pytest.approx(0.8 * (0.5 ** (6 / 90) + 0.5 ** (7 / 90)))


@pytest.mark.parametrize(
    ("linked", "share"), [(1, 0.25), (2, 0.25), (3, 0.5), (7, 0.5), (8, 0.75), (19, 0.75), (20, 1)]
)
def test_how_many_children(linked, share):
    assert rules.reach(linked, []) == share


def test_estimates_count_half_at_most():
    many = Item("AFC", 1, 0.5, 1, band="B20_PLUS")
    few = Item("AFC", 1, 0.5, 1, band="B1_2")
    assert rules.reach(0, [many, few]) == 0.5
    assert rules.reach(0, [few]) == 0.25
    assert rules.reach(0, [replace(few, band="NOT_KNOWN")]) == 0


def test_urgent_is_urgent_whatever_the_number():
    assert rules.priority(replace(EXAMPLE, is_urgent=True)).band == "URGENT"


def test_how_sure_it_is():
    agencies = [Item(name, 5, 0.5, 3) for name in ("AFC", "TFL", "VCS")]

    assert rules.priority(Known(agencies, 1, d2=1, d3=1)).confidence == "H"
    assert rules.priority(Known(agencies[:2], 1, d2=1, d3=1)).confidence == "M"
    assert rules.priority(Known(agencies, 1, d2=1)).confidence == "M"
    assert rules.priority(Known(agencies, 1)).confidence == "L"


def test_what_police_went_looking_for_is_said():
    looked = Known([replace(PATROL, severity=5, age_d=day * 8) for day in range(6)], d2=60, d3=40)
    found = rules.priority(looked)

    assert ranking.looked_for(found.p, found.p_without_proactive) == ranking.MAINLY_LOOKED_FOR
    assert ranking.looked_for(64.8, 62.9) == ""


ITEMS = st.lists(
    st.builds(
        Item,
        source=st.sampled_from(["AFC", "TFL", "VCS", "BTP"]),
        age_d=st.integers(0, 400),
        weight=st.sampled_from([0.0, 0.25, 0.3, 0.5, 0.8, 1.0]),
        severity=st.integers(0, 5),
        proactive=st.booleans(),
        band=st.sampled_from([*rules.REACH_OF_BAND, "NOT_KNOWN"]),
        by_child=st.booleans(),
    ),
    max_size=12,
)
SCORES = st.one_of(st.none(), st.integers(0, 100))
KNOWN = st.builds(Known, ITEMS, st.integers(0, 30), SCORES, SCORES, st.booleans())


@given(KNOWN, st.randoms(use_true_random=False))
def test_any_input_gives_0_to_100_and_the_same_bytes_in_any_order(known, dice):
    found = rules.priority(known)
    again = rules.priority(replace(known, items=dice.sample(known.items, len(known.items))))

    assert 0 <= found.p_without_proactive <= found.p <= 100
    assert json.dumps(found.terms) == json.dumps(again.terms)
    assert found == again


@given(KNOWN)
def test_leaving_a_proactive_item_out_never_raises_it(known):
    rest = [one for one in known.items if not one.proactive]

    assert rules.priority(replace(known, items=rest)).p <= rules.priority(known).p


def test_what_is_wrong_with_another_band_is_said_by_field():
    today = date(2026, 11, 26)
    good = ("LOW", "Two of three reports are of another place.", today + timedelta(days=90))

    assert rules.override_problems(*good, today) == {}
    assert rules.override_problems("X", "short", None, today).keys() == {
        *("band", "reason", "ends_on"),
    }
    late = (*good[:2], today + timedelta(days=91))
    assert rules.override_problems(*late, today) == {"ends_on": "Enter a day within 90 days."}
    assert "ends_on" in rules.override_problems(*good[:2], today, today)
