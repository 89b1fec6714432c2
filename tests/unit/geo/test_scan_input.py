"""Too little data says so; wrong data is refused in words."""

import numpy as np
import pytest

from geo import scan
from geo.errors import GeoInputError

ROW = np.column_stack([np.arange(4.0), np.zeros(4)])
HOLE = np.where(ROW == 1, np.nan, ROW)
WEEKS = np.ones((4, 6), int)
NONE = np.empty((0, 2))

TOO_LITTLE = {
    "no places": lambda: scan.poisson(NONE, [], []),
    "no places over time": lambda: scan.space_time_permutation(NONE, np.empty((0, 5))),
    "no places, no distances": lambda: scan.bernoulli(None, [], [], distances=np.empty((0, 0))),
    "no cases": lambda: scan.poisson(ROW, [0] * 4, [5] * 4),
    "no people": lambda: scan.poisson(ROW, [0] * 4, [0] * 4),
    "no baseline": lambda: scan.expectation_poisson(ROW, [0] * 4, [0] * 4),
    "one case": lambda: scan.poisson(ROW, [0, 1, 0, 0], [5] * 4),
    "one place": lambda: scan.poisson(ROW[:1], [9], [5]),
    "nobody else": lambda: scan.bernoulli(ROW, [2] * 4, [0] * 4),
    "one day": lambda: scan.space_time_permutation(
        ROW, np.eye(4, 6, dtype=int) * 0 + [9, 0, 0, 0, 0, 0]
    ),
    "one busy place": lambda: scan.space_time_permutation(
        ROW, WEEKS * [[1], [0], [0], [0]], max_fraction=None
    ),
    "one unit": lambda: scan.poisson(ROW, WEEKS[:, :1], [5] * 4),
    "no small zone": lambda: scan.poisson(ROW, [4] * 4, [5] * 4, max_fraction=0.1),
}


@pytest.mark.parametrize("name", sorted(TOO_LITTLE))
def test_too_little_is_a_status_with_a_reason(name):
    found = TOO_LITTLE[name]()

    assert found.status == "not enough data"
    assert found.reason.endswith(".")
    assert (found.clusters, found.p, found.replicates, found.stopped) == ((), 1.0, 0, False)
    assert found.maxima.shape == (0,)


def refused(words, call):
    return pytest.param(words, call, id=words)


@pytest.mark.parametrize(
    ("words", "call"),
    [
        refused("Row 1 has cases, but nobody", lambda: scan.poisson(ROW, [1] * 4, [5, 0, 5, 5])),
        refused(
            "Row 2 has cases, but its baseline",
            lambda: scan.expectation_poisson(ROW, [1] * 4, [5, 5, 0, 5]),
        ),
        refused("Row 0: cases is missing", lambda: scan.poisson(ROW, [np.nan, 1, 1, 1], [5] * 4)),
        refused("Row 3: cases is missing", lambda: scan.poisson(ROW, [1, 1, 1, -1], [5] * 4)),
        refused("Row 2: cases are counted", lambda: scan.poisson(ROW, [1, 1, 1.5, 1], [5] * 4)),
        refused("Row 1: population", lambda: scan.poisson(ROW, [1] * 4, [5, np.inf, 5, 5])),
        refused("Row 1: controls", lambda: scan.bernoulli(ROW, [1] * 4, [5, -5, 5, 5])),
        refused("Row 1 has no coordinates", lambda: scan.poisson(HOLE, [1] * 4, [5] * 4)),
        refused("one row for each location", lambda: scan.poisson(ROW[:3], [1] * 4, [5] * 4)),
        refused("Every table has a row", lambda: scan.poisson(ROW, [1] * 4, [5] * 3)),
        refused("a column for each unit", lambda: scan.poisson(ROW, WEEKS, WEEKS[:, :3])),
        refused("Cases: a row", lambda: scan.poisson(ROW, np.ones((4, 2, 2)), [5] * 4)),
        refused("Cases: a row for each", lambda: scan.poisson(ROW, np.ones((4, 0)), [5] * 4)),
        refused(
            "needs cases in units",
            lambda: scan.space_time_permutation(ROW, [2] * 4, window="retrospective"),
        ),
        refused("A billion cases or more", lambda: scan.poisson(ROW, [10**9] * 4, [5] * 4)),
        refused("A billion cases and controls", lambda: scan.bernoulli(ROW, [3] * 4, [10**9] * 4)),
        refused(
            "A baseline of a billion", lambda: scan.expectation_poisson(ROW, [3] * 4, [1e9] * 4)
        ),
        refused("An order is a rank", lambda: scan.poisson(ROW, [3] * 4, [5] * 4, order=[0, 1])),
        refused(
            "Distances are a table",
            lambda: scan.poisson(None, [3] * 4, [5] * 4, distances=[[1, 2]]),
        ),
        refused('as "group" or', lambda: scan.Settings(tie="both")),
        refused("A window is", lambda: scan.Settings(window="all")),
        refused("A zone holds", lambda: scan.Settings(max_fraction=0)),
        refused("A zone holds more", lambda: scan.Settings(max_fraction=np.nan)),
        refused("at most all", lambda: scan.Settings(max_window_fraction=1.1)),
        refused("A size is a number", lambda: scan.poisson(ROW, [3] * 4, [5] * 4, size=[1, 2])),
        refused("Row 0: size", lambda: scan.poisson(ROW, [3] * 4, [5] * 4, size=[-1, 2, 3, 4])),
        refused("A radius", lambda: scan.Settings(max_radius=-1)),
        refused("A radius is", lambda: scan.Settings(max_radius=np.nan)),
        refused("max_k is 1", lambda: scan.Settings(max_k=0)),
        refused("min_cases is 1", lambda: scan.Settings(min_cases=0)),
        refused("stop_at is 1", lambda: scan.Settings(stop_at=0)),
        refused("The longest window", lambda: scan.Settings(max_window=2, min_window=3)),
        refused("The number of replicates", lambda: scan.Settings(replicates=-1)),
    ],
)
def test_wrong_input_is_refused_in_words(words, call):
    with pytest.raises(GeoInputError, match=words):
        call()


def test_more_than_memory_holds_is_refused_with_the_way_out(monkeypatch):
    monkeypatch.setattr("geo.scan.circles.MOST_ENTRIES", 5)
    monkeypatch.setattr("geo.scan.study.MOST_SUMS", 20)

    with pytest.raises(GeoInputError, match="more than 5 locations in all"):
        scan.poisson(ROW, [3] * 4, [5] * 4)
    with pytest.raises(GeoInputError, match="4 locations by 15 windows are too many"):
        scan.poisson(ROW, WEEKS, [5] * 4, window="retrospective", max_k=1)


def test_a_permutation_over_the_whole_period_finds_nothing_to_compare():
    found = scan.space_time_permutation(ROW, WEEKS, window="spatial", replicates=9)

    assert found.clusters == ()


def test_nobody_lives_in_an_empty_place_and_that_is_no_matter():
    found = scan.poisson(ROW, [9, 0, 1, 1], [5, 0, 5, 5], replicates=99, key="a")

    assert found.clusters[0].locations[0] == 0
    assert np.isfinite(found.maxima).all()


def test_all_cases_at_one_place():
    found = scan.poisson(ROW, [9, 0, 0, 0], [5] * 4, replicates=99, key="a")

    one = found.clusters[0]
    assert (one.locations, one.relative_risk) == ((0,), np.inf)
    assert one.llr == pytest.approx(9 * np.log(4))


def test_arguments_are_left_as_they_were():
    cases, people, xy = WEEKS.copy(), WEEKS.astype(float) * 3, ROW.copy()

    scan.poisson(xy, cases, people, replicates=9, max_radius=1)

    assert np.array_equal(cases, WEEKS)
    assert np.array_equal(people, WEEKS * 3.0)
    assert np.array_equal(xy, ROW)
