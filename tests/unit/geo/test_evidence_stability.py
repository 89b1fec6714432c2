"""Other settings, without proactive policing, other possible days; rank and what stands out."""

import numpy as np
import pytest

from geo.crossborough import Params, run
from geo.evidence import stability
from geo.evidence.ranking import Contribution, Facts, bands, weights, why_here
from geo.evidence.stability import SETTINGS, aoristic, held, only
from tests.unit.geo.test_evidence_emerging import NOWHERE, events

CBC = Params()
AT = np.array([518_000.0, 169_000.0])


def spots_of(given, params=CBC):
    return run(given, NOWHERE, params, snapshot_day=100).hot_spots


def line(gap_m, n=8, gap_days=3):
    return events(
        AT + np.column_stack([gap_m * np.arange(n), np.zeros(n)]), gap_days * np.arange(n)
    )


def test_a_dense_pattern_is_found_in_all_nine_settings():
    given = line(0)

    (one,) = stability.stability(given, spots_of(given), CBC, lambda eps_m: None)

    assert one.settings == SETTINGS
    assert one.found == (True,) * 9


def test_a_thin_pattern_is_found_where_it_is_looked_for_widely():
    given = line(100, gap_days=10)

    (one,) = stability.stability(given, spots_of(given), CBC, lambda eps_m: None)

    assert one.found == tuple(eps_m >= 250 and days >= 28 for eps_m, days in SETTINGS)


def test_neighbours_are_asked_for_at_each_distance():
    asked = []
    given = line(0)

    stability.stability(given, spots_of(given), CBC, asked.append)

    assert asked == [150, 150, 150, 250, 250, 250, 400, 400, 400]


def test_what_is_not_reportable_there_does_not_count():
    given = events(np.tile(AT, (8, 1)), np.arange(8))

    assert held(given, spots_of(given), Params(min_dates=9), None).tolist() == [False]


@pytest.mark.parametrize(("left", "found"), [(7, True), (6, True), (5, True), (4, False)])
def test_without_proactive_policing_half_of_the_core_must_be_held(left, found):
    given = events(np.tile(AT, (10, 1)), np.arange(10))
    keep = np.arange(10) < left

    assert held(given, spots_of(given), CBC, None, keep=keep).tolist() == [found]


def test_nothing_left_holds_nothing():
    given = line(0)

    assert held(given, spots_of(given), CBC, None, keep=np.zeros(8, bool)).tolist() == [False]


def test_rows_left_out_take_their_children_and_agencies_with_them():
    from dataclasses import replace

    given = replace(line(0, n=3), agency=np.array([1, 2, 3]), children=[("a",), (), ("c",)])

    some = only(given, np.array([True, False, True]))

    assert (some.agency.tolist(), some.children) == ([1, 3], [("a",), ("c",)])
    assert only(line(0), np.ones(8, bool)).children is None


def test_days_that_are_known_need_one_draw():
    given = line(0)

    (one,) = aoristic(given, spots_of(given), CBC, None, first_day=given.day,
                      until_day=given.day, key="k")  # fmt: skip

    assert (one.share, one.draws, one.survives) == (1.0, 1, True)


def test_vague_days_are_drawn_from_their_intervals():
    """Ten within a month stay together; five with a quarter each drift apart."""
    sure, vague = line(0, n=10), line(0, n=5, gap_days=1)

    (close,) = aoristic(sure, spots_of(sure), CBC, None, first_day=sure.day - 3,
                        until_day=sure.day + 3, key="k")  # fmt: skip
    (loose,) = aoristic(vague, spots_of(vague), CBC, None, first_day=vague.day - 45,
                        until_day=vague.day + 45, key="k")  # fmt: skip

    assert (close.share, close.draws, close.survives) == (1.0, 99, True)
    assert loose.share < 0.8
    assert not loose.survives


# Rank


def facts(n=4, **change):
    given = {
        "severity": np.full(n, 3),
        "confidence": np.full(n, "REPORTED"),
        "discovered_by": np.full(n, "CASEWORK"),
        "agency": np.zeros(n, int),
        "after_dark": np.full(n, -1),
        "first_day": np.zeros(n, int),
        "until_day": np.zeros(n, int),
    }
    return Facts(**(given | change))


def test_weights_follow_severity_age_confidence_and_how_it_came_to_light():
    given = facts(
        severity=np.array([1, 5, 3, 3]),
        confidence=np.array(["CONFIRMED", "CONFIRMED", "CORROBORATED", "REPORTED"]),
        discovered_by=np.array(["CASEWORK", "CASEWORK", "STOP_SEARCH", "PROACTIVE_PATROL"]),
    )

    found = weights(given, np.array([180, 180, 180, 0]), snapshot_day=180, half_life_days=180)

    assert found.tolist() == pytest.approx([1, 16, 4 * 0.8 * 0.5, 4 * 0.5 * 0.5 * 0.5])


def test_an_incident_after_the_snapshot_is_as_new_as_can_be():
    assert weights(facts(1), np.array([500]), snapshot_day=100, half_life_days=180) == [2.0]


def test_bands_are_thirds_and_equal_weights_share_one():
    assert bands([]) == []
    assert bands([5.0]) == ["high"]
    assert bands([1, 1, 1]) == ["high"] * 3
    assert bands([6, 5, 4, 3, 2, 1]) == ["high", "high", "medium", "medium", "low", "low"]


def test_what_stands_out_comes_first_and_nothing_is_said_of_nothing():
    given = facts(
        4,
        severity=np.array([5, 4, 4, 1]),
        discovered_by=np.array(["PUBLIC_REPORT", "PARTNER_REPORT", "CASEWORK", "CASEWORK"]),
        agency=np.array([0, 1, 1, 2]),
        after_dark=np.array([1, 0, -1, 0]),
    )

    found = why_here(
        given, np.array([0, 0, 10, 0]), np.array([0, 1, 2]), snapshot_day=95, largest=6
    )

    assert found == [
        Contribution("severity", 3, 3, 1.0),
        Contribution("reports", 2, 3, 0.6667),
        Contribution("agencies", 2, 3, 0.6667),
        Contribution("incidents", 3, 6, 0.5),
        Contribution("after_dark", 1, 2, 0.5),
    ]
    assert "after_dark" not in [
        c.kind for c in why_here(facts(), np.zeros(4), np.arange(4), snapshot_day=0, largest=4)
    ]
