"""Context weighting: 100 points, and what several raters say together."""

import pytest

from app.assessments import weighting


@pytest.mark.parametrize(
    ("points", "words"),
    [
        ({"HOME": 60, "PEER": 30}, "The points add up to 90. Share out 10 more."),
        ({"HOME": 60, "PEER": 50}, "The points add up to 110. Take 10 away."),
        ({"HOME": 110, "PEER": -10}, "Points are whole numbers, 0 or more."),
        ({"GANG": 100}, "Share the points out over the seven contexts."),
        ({"HOME": 100}, None),
    ],
)
def test_points_add_up_to_a_hundred(points, words):
    assert weighting.points_problem(points) == words


def test_what_is_wrong_is_said_by_field():
    assert weighting.problems({"HOME": 100}, "HOME", "Because") == {}
    assert weighting.problems({}, "NOWHERE", " ").keys() == {
        *("points", "must_change_first", "rationale"),
    }


def test_raters_who_are_far_apart_are_asked_to_talk():
    raters = [
        ({"HOME": 100}, "HOME"),
        ({"HOME": 59, "PEER": 41}, "PEER"),
        ({"HOME": 80, "PEER": 20}, "HOME"),
    ]
    home, peer, *rest = weighting.spread(raters)

    assert (home.median, home.low, home.high, home.first) == (80, 59, 100, 2)
    assert home.words == weighting.DISAGREE
    assert (peer.points, peer.first) == ((0, 41, 20), 1)
    assert all((one.median, one.words) == (0, "") for one in rest)
    near = weighting.spread([({"HOME": 100}, "HOME"), ({"HOME": 60, "PEER": 40}, "HOME")])
    assert near[0].words == ""
    assert [one.median for one in weighting.spread([])] == [0] * 7
