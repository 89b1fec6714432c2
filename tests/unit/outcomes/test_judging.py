"""What became of a measure, a goal and a place, in words that claim no more than is known."""

from datetime import date

import pytest

from app.outcomes.judging import (
    Facts,
    Measured,
    Seen,
    goal_result,
    interval,
    verdict,
    withheld,
)
from app.outcomes.rules import Result

DAY = date(2026, 6, 1)


def share(now=None, n=20, **more):
    known = {"baseline": 40.0, "target": 70.0, "baseline_n": 20} | more
    seen = None if now is None else Seen(DAY, now, n)
    return Measured("SURVEY_SHARE", is_change=True, direction="UP", unit="%", now=seen, **known)


def rating(now, target=1.0):
    return Measured(
        "INDICATOR",
        is_change=True,
        direction="DOWN",
        unit="",
        baseline=4.0,
        target=target,
        now=Seen(DAY, now),
    )


def other(kind, now=0.0):
    change = kind != "EFFORT"
    return Measured(kind, change, "DOWN", "", baseline=9.0, target=1.0, now=Seen(DAY, now))


@pytest.mark.parametrize(
    ("measures", "result"),
    [
        ([share(70.0), rating(1.0)], Result.MET),
        ([share(70.0), rating(4.0)], Result.PARTLY),
        ([share(70.0), share()], Result.PARTLY),  # one was not measured again
        ([share(55.0)], Result.PARTLY),  # half way
        ([rating(2.5)], Result.PARTLY),
        ([share(54.0)], Result.NOT_MET),
        ([share(20.0)], Result.NOT_MET),
        ([share()], Result.NOT_MEASURED),
        ([], Result.NOT_MEASURED),
        ([other("EFFORT")], Result.NOT_MEASURED),
        ([other("INCIDENT_WDD")], Result.NOT_MEASURED),  # counts alone reach no goal
        ([share(70.0), other("INCIDENT_WDD", 9.0), other("EFFORT", 9.0)], Result.MET),
        ([share(40.0, baseline=40.0, target=40.0)], Result.MET),
    ],
)
def test_a_goal_is_met_when_all_its_measures_of_change_reach_the_target(measures, result):
    assert goal_result(measures) == result


def test_shares_have_wilsons_interval_and_small_groups_none():
    low, high = interval("SURVEY_SHARE", Seen(DAY, 50.0, 10))

    assert (round(low, 1), round(high, 1)) == (23.7, 76.3)
    assert interval("SURVEY_SHARE", Seen(DAY, 50.0, 7)) is None
    assert interval("OBSERVATION", Seen(DAY, 50.0, 70)) is None


def test_a_measure_is_told_with_its_start_its_range_and_its_target():
    assert verdict(share(75.0, 80, baseline_n=80)) == (
        "Better than at the start: 75% of 80 asked (95% range 65% to 83%); 40% at the start. "
        "The target is reached (70%)."
    )
    assert verdict(share(60.0)) == (
        "Better than at the start: 60% of 20 asked (95% range 39% to 78%); 40% at the start. "
        "The target is not reached yet (70%). So few answers could differ by that much by chance; "
        "a change may be there unseen."
    )
    assert verdict(rating(4.0)).startswith("No different from the start: 4;")
    assert verdict(share(20.0, 80, baseline_n=None)).startswith("Worse than at the start: 20%")
    assert verdict(share()) == "Not measured again yet."


def test_a_scale_says_of_how_many_and_a_count_its_unit():
    scale = Measured(
        "SAFETY_SCALE",
        is_change=True,
        direction="UP",
        unit="",
        baseline=3.0,
        target=7.0,
        now=Seen(DAY, 6.0, 4),
    )
    lights = Measured("OBSERVATION", True, "DOWN", "lamps out", 9.0, 1.0, now=Seen(DAY, 2.0))

    assert "6 of 10, 4 asked; 3 of 10 at the start" in verdict(scale)
    assert "2 lamps out; 9 lamps out at the start" in verdict(lights)


def test_no_number_of_fewer_than_eight_people_is_told():
    said = verdict(share(83.3, 6))

    assert said == ("Better than at the start. Fewer than 8 were asked, so no number is shown.")


@pytest.mark.parametrize("now", [0.0, 20.0, 40.0, 60.0, 100.0])
@pytest.mark.parametrize("n", [5, 20, 200])
def test_no_sentence_claims_a_cause_or_that_nothing_happened(now, n):
    said = verdict(share(now, n)).lower()

    assert not any(word in said for word in ("no effect", "worked", "failed", "because", "*"))


@pytest.mark.parametrize(
    ("facts", "clause"),
    [
        ({"design_changed": True}, "the design was changed after it was agreed"),
        ({"boundary_changed": True}, "the boundary of the place was changed"),
        ({"recording_changed": True}, "incidents were recorded in another way"),
        ({"control_has_plan": True}, "the control area got a response of its own"),
        ({"actions": 3, "actions_done": 1}, "fewer than half of the actions are done"),
        ({"paired": False}, "the seasons of the two windows differ"),
        (
            {"items": 10, "items_without_place": 3},
            "more than 20% of the incidents have no place",
        ),
        (
            {"cells": ((1,), (3, 1, 1))},
            "more than half of the incidents of one area are of one day",
        ),
    ],
)
def test_each_weakness_of_a_design_withholds_the_comparison(facts, clause):
    assert withheld(Facts(**facts)) == clause


def test_a_sound_design_is_not_withheld():
    sound = Facts(
        actions=4,
        actions_done=2,
        items=10,
        items_without_place=2,
        cells=((1,), (4,), (), (3, 3)),
    )

    assert withheld(sound) is None
    assert withheld(Facts(paired=False, boundary_changed=True)) == (
        "the boundary of the place was changed; the seasons of the two windows differ"
    )
