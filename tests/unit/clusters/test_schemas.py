"""What a practitioner is shown of a cluster, and what an analyst is."""

from datetime import date
from uuid import UUID

import pytest

from app.clusters.models import Row
from app.clusters.schemas import ClusterOut, OwnSideOut

KINGSTON, RICHMOND = "E09000021", "E09000027"
PARAMS = {"eps_m": 250.0, "eps_days": 28, "min_points": 5}


def row(**change):
    given = {
        "content_id": "0123456789",
        "lineage": "CL-7K2-Q4MT",
        "lineage_since": date(2026, 1, 1),
        "name": "Around Kingston Bridge, KT1 4",
        "source": "partnership",
        "run_id": UUID(int=1),
        "n": 14,
        "n_core": 12,
        "n_places": 6,
        "first_on": date(2026, 10, 2),
        "last_on": date(2026, 10, 29),
        "boroughs": {KINGSTON: 9, RICHMOND: 5},
        "cross_borough": True,
        "r1_span": True,
        "r2_straddle": False,
        "r3_flow": None,
        "r4_link": None,
        "cbc": None,
        "rank_weight": None,
        "reportable": True,
        "active": True,
        "why_not": None,
        "p_emerging": None,
        "p_persistent": None,
        "stability": None,
        "state": "CANDIDATE",
        "evidence": {},
        "bbox": [1.0, 2.0, 3.0, 4.0],
        "hull": "{}",
        "id": UUID(int=2),
        "lineage_id": UUID(int=3),
        "lead_agency": None,
        "watch_until": None,
        "place_ref": None,
    }
    return Row(**(given | change))


def test_a_practitioner_is_told_of_the_other_side_only_that_there_is_one():
    told = OwnSideOut.of(row(), [KINGSTON]).model_dump()

    assert told["boroughs"] == {KINGSTON: 9}
    assert told["also_across_the_boundary"] is True
    assert not {"n", "n_core", "places", "bbox", "evidence"} & set(told)


def test_a_cluster_within_the_own_borough_is_told_whole():
    told = OwnSideOut.of(row(boroughs={KINGSTON: 9}, cross_borough=False), [KINGSTON])

    assert told.also_across_the_boundary is False


def test_an_analyst_gets_every_key_of_the_contract():
    told = ClusterOut.of(row(), PARAMS).model_dump(by_alias=True)

    assert {
        *("id", "lineage", "n", "n_core", "boroughs", "cross_borough", "r1_span", "r2_straddle"),
        *("r3_flow", "r4_link", "cbc", "reportable", "reason", "p_emerging", "p_persistent"),
        *("stability", "from", "to", "bbox"),
    } <= set(told)
    assert told["p_emerging"] is None
    assert told["significance"] == "Not tested. This run did not test it."


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({}, "R1: the incidents at its core lie in two boroughs or more."),
        ({"r1_span": False, "r2_straddle": True}, "R2: not R1"),
        ({"why_not": "Fewer than 5 incidents."}, "Not reported as a pattern: Fewer than 5"),
        ({"r1_span": False}, "At least 5 incidents within 250 metres and 28 days of each other"),
    ],
)
def test_the_reason_says_why_it_is_listed_or_why_it_is_no_pattern(change, reason):
    assert ClusterOut.of(row(**change), PARAMS).reason.startswith(reason)
