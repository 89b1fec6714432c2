"""Scan statistics: numbers worked out by hand, and planted clusters."""

import numpy as np
import pytest

from geo import scan
from geo.scan.model import permutation_model
from geo.scan.periods import windows

ROW = np.column_stack([np.arange(6.0), np.zeros(6)])
KEY = "snapshot|params"
FEW = {"key": KEY, "replicates": 99}


def test_poisson_by_hand():
    found = scan.poisson(ROW, [9, 8, 1, 0, 1, 1], [10] * 6, **FEW)

    one = found.clusters[0]
    assert one.locations == (0, 1)
    assert (one.cases, one.size, one.radius) == (17, 20.0, 1.0)
    assert one.expected == pytest.approx(20 / 3)
    # 17 ln(17 / 6.667) + 3 ln(3 / 13.333)
    assert one.llr == pytest.approx(11.4386, abs=1e-4)
    assert one.relative_risk == pytest.approx((17 / (20 / 3)) / (3 / (40 / 3)))
    assert one.p == 0.01
    assert 0 < one.p_gumbel < 0.01
    assert one.recurrence is None
    assert found.p == 0.01


def test_poisson_in_space_and_time_by_hand():
    cases = [[1, 1, 1, 6], [1, 1, 1, 1], [1, 1, 1, 1], [1, 1, 1, 1]]

    found = scan.poisson(ROW[:4], cases, [10] * 4, **FEW)

    one = found.clusters[0]
    assert (one.locations, one.start, one.stop) == ((0,), 3, 4)
    assert (one.cases, one.expected) == (6, pytest.approx(21 / 16))
    # 6 ln(6 / 1.3125) + 15 ln(15 / 19.6875)
    assert one.llr == pytest.approx(5.0399, abs=1e-4)
    assert one.recurrence == 1 / one.p


def test_population_that_grows_explains_more_cases():
    cases = [[1, 1, 1, 6], [1, 1, 1, 1], [1, 1, 1, 1], [1, 1, 1, 1]]
    people = [[10, 10, 10, 60], [10] * 4, [10] * 4, [10] * 4]

    found = scan.poisson(ROW[:4], cases, people, **FEW)

    assert found.clusters == ()
    assert found.status == "ok"
    assert (found.p, found.replicates) == (1.0, 0)


def test_bernoulli_by_hand():
    found = scan.bernoulli(ROW, [9, 8, 1, 0, 1, 1], [1, 2, 9, 10, 9, 9], **FEW)

    one = found.clusters[0]
    assert one.locations == (0, 1)
    assert (one.cases, one.expected, one.size) == (17, pytest.approx(20 / 3), 20.0)
    # 17 ln .85 + 3 ln .15 + 3 ln .075 + 37 ln .925 - 20 ln (1/3) - 40 ln (2/3)
    assert one.llr == pytest.approx(19.0813, abs=1e-4)


def test_space_time_permutation_by_hand():
    cases = [[1, 0, 1, 5], [1, 1, 1, 0], [2, 1, 2, 0], [1, 2, 1, 1]]

    found = scan.space_time_permutation(ROW[:4], cases, **FEW)

    one = found.clusters[0]
    assert (one.locations, one.start, one.stop) == ((0,), 3, 4)
    assert one.expected == pytest.approx(7 * 6 / 20)
    # 5 ln(5 / 2.1) + 15 ln(15 / 17.9)
    assert one.llr == pytest.approx(1.6862, abs=1e-4)


def test_expectation_based_poisson_by_hand():
    found = scan.expectation_poisson(ROW[:4], [9, 2, 2, 1], [2.0] * 4, **FEW)

    one = found.clusters[0]
    assert one.locations == (0,)
    # 9 ln(9 / 2) - 7
    assert one.llr == pytest.approx(6.5367, abs=1e-4)


def test_more_everywhere_is_a_cluster_only_against_a_baseline():
    cases = [6, 6, 6, 6]

    known = scan.expectation_poisson(ROW[:4], cases, [2.0] * 4, max_fraction=1, **FEW)
    shared = scan.poisson(ROW[:4], cases, [2.0] * 4, max_fraction=1, **FEW)

    assert set(known.clusters[0].locations) == {0, 1, 2, 3}
    assert known.clusters[0].relative_risk == np.inf
    assert shared.clusters == ()


@pytest.mark.parametrize(
    ("window", "start", "stop"), [("prospective", 8, 10), ("retrospective", 3, 5)]
)
def test_windows_end_now_or_at_any_time(window, start, stop):
    cases = np.ones((4, 10), int)
    cases[1, 3:5] = 9
    cases[1, 8:] = 6

    found = scan.poisson(ROW[:4], cases, [10] * 4, window=window, **FEW)

    one = found.clusters[0]
    assert (one.locations, one.start, one.stop) == ((1,), start, stop)
    assert (one.recurrence is None) == (window == "retrospective")


def test_the_whole_period_as_one_window():
    cases = np.ones((4, 10), int)
    cases[2] = 4

    found = scan.poisson(ROW[:4], cases, [10] * 4, window="spatial", **FEW)

    assert found.clusters[0].locations == (2,)
    assert (found.clusters[0].start, found.clusters[0].stop) == (0, 10)


def test_a_scan_in_time_alone():
    cases = np.ones((4, 10), int)
    cases[:, 6:8] = 5

    found = scan.poisson(ROW[:4], cases, [10] * 4, everywhere=True, window="retrospective", **FEW)

    (one,) = found.clusters
    assert (one.start, one.stop, one.cases) == (6, 8, 40)
    assert set(one.locations) == {0, 1, 2, 3}


def test_a_second_cluster_shares_no_location_with_the_first():
    cases = [20, 20, 1, 1, 1, 1, 1, 1, 12, 1]
    row = np.column_stack([np.arange(10.0), np.zeros(10)])

    found = scan.poisson(row, cases, [10] * 10, **FEW)

    first, second = found.clusters[:2]
    assert (first.locations, second.locations) == ((0, 1), (8,))
    held = [x for one in found.clusters for x in one.locations]
    assert len(held) == len(set(held))
    assert first.llr > second.llr
    assert first.p <= second.p


def test_equal_clusters_are_told_by_their_order():
    found = scan.poisson(ROW, [9, 1, 1, 1, 1, 9], [10] * 6, **FEW)

    assert [one.locations for one in found.clusters] == [(0,), (5,)]
    assert found.clusters[0].llr == found.clusters[1].llr


def test_fewer_cases_than_asked_for_are_no_cluster():
    cases = [3, 0, 0, 1, 1, 1]

    assert scan.poisson(ROW, cases, [10] * 6, min_cases=3, **FEW).clusters
    assert scan.poisson(ROW, cases, [10] * 6, min_cases=4, **FEW).clusters == ()


def test_without_replicates_there_is_no_p():
    found = scan.poisson(ROW, [9, 8, 1, 0, 1, 1], [10] * 6, replicates=0)

    one = found.clusters[0]
    assert (one.p, one.p_gumbel, one.recurrence) == (None, None, None)
    assert (found.replicates, found.p) == (0, 1.0)


def test_one_replicate_has_no_tail():
    found = scan.poisson(ROW, [9, 8, 1, 0, 1, 1], [10] * 6, replicates=1, key=KEY)

    assert (found.clusters[0].p, found.clusters[0].p_gumbel) == (0.5, None)


def test_it_stops_early_where_nothing_is_remarkable():
    cases = [3, 2, 1, 2, 1, 1]

    full = scan.poisson(ROW, cases, [10] * 6, key=KEY, replicates=999)
    early = scan.poisson(ROW, cases, [10] * 6, key=KEY, replicates=999, stop_at=20)

    assert early.stopped
    assert not full.stopped
    assert early.replicates < 100
    assert early.p == 20 / early.replicates
    assert early.clusters[0].p_gumbel is None
    assert np.array_equal(early.maxima, full.maxima[: early.replicates])
    assert early.maxima[-1] >= early.clusters[0].llr - 1e-9


def test_it_does_not_stop_where_something_is():
    found = scan.poisson(ROW, [9, 8, 1, 0, 1, 1], [10] * 6, stop_at=20, **FEW)

    assert (found.stopped, found.replicates, found.p) == (False, 99, 0.01)


@pytest.mark.parametrize("workers", [2, 3])
def test_threads_change_no_number(workers, monkeypatch):
    monkeypatch.setattr("geo.scan.replicates.CELLS", 50)
    rng = np.random.default_rng(4)
    cases = rng.poisson(1, (12, 8))
    xy = rng.uniform(0, 10, (12, 2))

    alone = scan.space_time_permutation(xy, cases, key=KEY)
    together = scan.space_time_permutation(xy, cases, key=KEY, workers=workers)

    assert np.array_equal(alone.maxima, together.maxima)
    assert alone.clusters == together.clusters


@pytest.mark.parametrize("times", [1, 40])
def test_dates_are_dealt_without_favour(times):
    """One by one or by columns: mean and spread of a cell are those of the hypergeometric law."""
    cases = np.array([[1, 2, 3], [4, 2, 1], [0, 3, 2]]) * times
    chance = permutation_model(cases, windows(3, "retrospective"))
    n, place, unit = cases.sum(), cases.sum(axis=1), cases.sum(axis=0)
    expected = np.outer(place, unit) / n
    spread = expected * np.outer(n - place, n - unit) / (n * (n - 1))

    rng = np.random.default_rng(6)
    drawn = np.array([chance.draw(rng) for _ in range(2_000)])

    assert (np.abs(drawn.mean(axis=0) - expected) < 4.5 * np.sqrt(spread / 2_000)).all()
    assert drawn.var(axis=0) == pytest.approx(spread, rel=0.2)


def test_a_planted_outbreak_is_found():
    rng = np.random.default_rng(8)
    xy = rng.uniform(0, 5_000, (80, 2))
    near = np.argsort(np.hypot(*(xy - xy[10]).T))[:6]
    times = 0
    for _ in range(20):
        cases = rng.poisson(0.5, (80, 26))
        cases[near[:, None], [23, 24, 25]] += rng.poisson(1.5, (6, 3))
        found = scan.space_time_permutation(xy, cases, max_radius=1_500, key=KEY, replicates=199)
        one = found.clusters[0]
        times += one.p <= 0.05 and len(set(one.locations) & set(near.tolist())) >= 3
    assert times >= 16
