"""The words of a cluster page: each as it ships, and nothing that was not found out."""

from datetime import date
from uuid import UUID

import pytest

from app.clusters import telling
from app.clusters.evidence import Evidence
from app.clusters.models import Row

KINGSTON, RICHMOND = "E09000021", "E09000027"
NAMES = {KINGSTON: "Kingston upon Thames", RICHMOND: "Richmond upon Thames"}
PARAMS = {"eps_m": 250.0, "eps_days": 28, "min_points": 5}
TODAY = date(2026, 11, 22)


def row(**change):
    given = dict.fromkeys(Row._fields)
    given |= {
        "content_id": "0123456789",
        "lineage": "CL-7K2-Q4MT",
        "name": "Around Kingston Bridge, KT1 4",
        "source": "partnership",
        "run_id": UUID(int=1),
        "n": 14,
        "n_places": 6,
        "first_on": date(2026, 10, 2),
        "last_on": date(2026, 10, 29),
        "boroughs": {KINGSTON: 9, RICHMOND: 5},
        "r1_span": True,
        "r2_straddle": False,
        "reportable": True,
    }
    return Row(**(given | change))


def evidence(**found):
    return Evidence.of(found)


TESTED = {"status": "tested", "why": None}


def test_what_it_is_counts_places_days_and_distance():
    assert telling.what_it_is(row(), PARAMS, own=None, today=TODAY) == (
        "14 incidents at 6 places between 2 and 29 October, "
        "within 250 metres and 28 days of each other."
    )


def test_the_own_side_is_said_without_the_places_of_both():
    assert telling.what_it_is(row(), PARAMS | {"eps_days": None}, own=9, today=TODAY) == (
        "9 incidents on your side of the boundary between 2 and 29 October, "
        "within 250 metres of each other."
    )


@pytest.mark.parametrize(
    ("first", "last", "words"),
    [
        (date(2026, 10, 2), date(2026, 10, 2), "on 2 October"),
        (date(2026, 9, 30), date(2026, 10, 2), "between 30 September and 2 October"),
        (date(2025, 12, 30), date(2026, 1, 2), "between 30 December 2025 and 2 January"),
        (date(2025, 3, 1), date(2025, 4, 2), "between 1 March and 2 April 2025"),
    ],
)
def test_a_year_is_said_where_it_is_not_this_one(first, last, words):
    assert telling.between(first, last, TODAY) == words


def test_emerging_says_how_often_chance_would_do_the_same():
    said = telling.verdict(row(p_emerging=0.003), evidence(significance="emerging"))

    assert said.sentences == [
        "A grouping this strong would appear by chance in about 1 of 333 runs."
    ]
    assert said.sure


def test_persistent_says_in_how_many_quarters():
    found = {"significance": "persistent", "persistent": TESTED | {"quarters_with": 3}}

    said = telling.verdict(row(p_persistent=0.02), evidence(**found))

    assert said.sentences == ["Higher than expected in 3 of 4 quarters, corrected for many places."]


def test_neither_says_not_to_act_on_it_alone():
    said = telling.verdict(row(p_emerging=0.3), evidence(significance="chance"))

    assert said.sentences == ["A pattern that may be chance. Do not act on this alone."]
    assert not said.sure


def test_what_was_not_tested_says_so_with_the_reason():
    found = {"emerging": {"status": "not enough data", "why": "Fewer than 30 incidents."}}

    said = telling.verdict(row(), evidence(**found))

    assert said.sentences == ["Not tested. Fewer than 30 incidents."]
    assert telling.verdict(row(), evidence()).sentences == ["Not tested. This run did not test it."]


def test_a_reader_without_the_right_gets_words_and_no_chance():
    said = telling.verdict(row(p_emerging=0.003), evidence(significance="emerging"), exact=False)

    assert not any(character.isdigit() for line in said.sentences for character in line)


def test_the_numbers_behind_it_are_said_in_plain_words():
    emerging = TESTED | {"observed": 5, "expected": 1.2, "p": 0.003}
    emerging |= {"from": "2026-10-02", "to": "2026-10-29"}

    said = telling.tests(evidence(significance="emerging", emerging=emerging), TODAY)

    assert said[0] == (
        "Five incidents between 2 and 29 October at these places, "
        "where about one would be expected."
    )
    assert said[1] == "The chance of a grouping this strong anywhere in the area is 3 in 1,000."
    assert said[2] == "Is it high all year? Not tested. This run did not test it."


def test_stability_and_policing_and_days_are_sentences():
    found = evidence(
        stability=TESTED | {"found": 7, "of": 9},
        without_proactive=TESTED | {"found": False, "left_out": 4},
        aoristic=TESTED | {"share": 0.87, "draws": 99, "survives": True},
    )

    assert telling.stability(found.stability) == "Found in 7 of 9 settings."
    assert telling.without_proactive(found.without_proactive) == (
        "Not found without the 4 incidents that proactive police work found. "
        "It may show where police looked."
    )
    assert "in 86 of 99 tries" in telling.aoristic(found.aoristic)


def test_each_rule_has_its_sentence():
    homes = {RICHMOND: 4, KINGSTON: 2}
    flow = TESTED | {"holds": True, "children": 6, "elsewhere": 4, "expected": 1.1, "homes": homes}
    component = {"id": "c", "kind": "cluster", "clusters": ["a"], "places": ["p", "q"]}
    component |= {"boroughs": [KINGSTON, RICHMOND]}
    found = evidence(
        r2={"holds": True, "share": {KINGSTON: 0.9, RICHMOND: 0.1}},
        r3=flow,
        r4=TESTED | {"holds": True, "component": component},
    )

    said = telling.rules(row(r3_flow=True, r4_link=True), found, NAMES, KINGSTON)

    first, second, third, fourth = (rule.sentence for rule in said)
    assert first == "Incidents in Kingston (9) and Richmond (5)."
    assert second == "Reaches over the Richmond boundary."
    assert third == (
        "More children from Richmond are harmed here than expected. "
        "4 of 6 children harmed here live elsewhere; about one would be expected."
    )
    assert fourth == "Linked to 2 places in Richmond through shared children."


def test_a_rule_that_was_not_tested_is_not_said_to_fail():
    said = telling.rules(row(r1_span=False), evidence(), NAMES, KINGSTON)

    assert [rule.holds for rule in said] == [False, False, None, None]
    assert said[2].sentence == "Not tested. This run did not test it."
