"""Counts before and after: differences, their words, E-tests, accuracy of maps."""

import numpy as np
import pytest
from scipy.special import ndtri
from statsmodels.stats.rates import test_poisson_2indep as oracle

from geo.errors import GeoInputError
from geo.evaluation import (
    Verdict,
    accuracy,
    dispersion,
    displacement,
    e_test,
    planning_words,
    power,
    smallest_detectable_change,
    verdict,
    wdd,
    wdd_harm,
    wdq,
)


def test_paper_counts_by_hand():
    found = wdd((308, 318), (207, 110), (150, 140), (178, 157))

    assert (found.local.est, found.displacement.est, found.total.est) == (-107, -11, -118)
    assert found.total.se == pytest.approx(np.sqrt(1568))
    assert found.n == 1568
    assert found.smallest_detectable == pytest.approx(2.8 * np.sqrt(1568))


def test_windows_areas_and_dispersion_together():
    found = wdd((100, 50), (80, 20), time_weights=(2, 1), area_weights=(4, 1), phi=2.25)

    assert found.total.est == pytest.approx((20 - 40) - (50 - 50) / 4)
    variance = 2.25 * (20 + 80 / 4 + 50 / 16 + 100 / 64)
    assert found.total.se == pytest.approx(np.sqrt(variance))
    assert found.displacement is None


def test_a_larger_control_makes_less_noise():
    assert wdd((40, 40), (10, 10), area_weights=(4, 1)).total.se < wdd((10, 10), (10, 10)).total.se


def test_without_an_incident_nothing_is_compared():
    found = wdd((0, 0), (0, 0))

    assert found.constant
    assert found.total[:4] == (0, 0, 0, 1)
    assert power(found, 5) == 0
    assert verdict(found).verdict == Verdict.WITHHELD_FEW


def test_harm_is_weighted_once_in_the_estimate_and_squared_in_the_variance():
    found = wdd_harm([wdd((20, 20), (20, 10)), wdd((30, 30), (25, 20))], [10, 5])

    assert found.est == pytest.approx(10 * -10 + 5 * -5)
    assert found.se == pytest.approx(np.sqrt(100 * 70 + 25 * 105))


@pytest.mark.parametrize(
    "bad",
    [
        lambda: wdd((1, -1), (1, 1)),
        lambda: wdd((1, 1, 1), (1, 1)),
        lambda: wdd((1, float("nan")), (1, 1)),
        lambda: wdd((1, 1), (1, 1), (1, 1)),
        lambda: wdd((1, 1), (1, 1), disp_treated=(1, 1)),
        lambda: wdd((1, 1), (1, 1), time_weights=(0, 1)),
        lambda: wdd((1, 1), (1, 1), time_weights=(1, 1, 1)),
        lambda: wdd((1, 1), (1, 1), area_weights=(1, 1, 1)),
        lambda: wdd((1, 1), (1, 1), phi=0.5),
        lambda: wdd((1, 1), (1, 1), level=1),
        lambda: wdd_harm([], []),
        lambda: wdd_harm([wdd((1, 1), (1, 1))], [1, 2]),
        lambda: dispersion([1, -1]),
        lambda: dispersion([[1, 2], [1]]),
        lambda: dispersion(np.ones((2, 2, 2))),
        lambda: e_test(1, 2, 0),
        lambda: e_test(1, 2.5),
        lambda: accuracy([1], [1, 2]),
        lambda: accuracy([-1], [1]),
        lambda: accuracy([1], [1], [0]),
    ],
)
def test_what_cannot_be_counted_is_refused(bad):
    with pytest.raises(GeoInputError):
        bad()


@pytest.mark.parametrize(
    ("control", "treated", "ring", "quotient"),
    [
        ((100, 100), (50, 25), (40, 50), -0.4),  # 10 of the 25 moved next door
        ((100, 100), (50, 25), (40, 30), 0.4),  # the gain spread
        ((100, 200), (50, 50), (40, 80), 0.0),  # fell against a control that doubled
        ((100, 100), (50, 50), (40, 30), None),
        ((0, 100), (50, 25), (40, 30), None),
    ],
)
def test_quotient_only_where_the_treated_area_did_better(control, treated, ring, quotient):
    assert wdq(control, treated, ring) == (
        None if quotient is None else pytest.approx(quotient, abs=1e-12)
    )


def test_dispersion_is_pearson_over_degrees_of_freedom():
    two = [[4, 6] * 6, [0, 30] * 6]

    by_hand = (12 * 1 / 5 + 12 * 225 / 15) / 22
    assert dispersion(two) == pytest.approx(by_hand)
    assert dispersion([*two, [0] * 12]) == pytest.approx(by_hand)
    assert dispersion([5] * 12) == 1
    assert dispersion([1, 50] * 5) == 1
    assert dispersion([0] * 24) == 1


@pytest.mark.parametrize(
    ("baseline", "four", "two", "large"),
    [(10, 9, 14, 19), (20, 13, 23, 35), (40, 21, 39, 61), (60, 29, 55, 79), (235, 80, 99, 100)],
)
def test_power_of_noticing_a_halving_is_that_of_the_planning_table(baseline, four, two, large):
    same, halved = (baseline, baseline), (baseline, baseline / 2)

    shares = [
        power(wdd(same, halved, same, same), baseline / 2),
        power(wdd(same, halved), baseline / 2),
        power(wdd((4 * baseline,) * 2, halved, area_weights=(4, 1)), baseline / 2),
    ]

    assert [100 * s for s in shares] == pytest.approx([four, two, large], abs=1.5)


def test_interval_covers_the_truth_as_often_as_it_says():
    rng = np.random.default_rng(11)
    means = np.array([60, 66, 40, 22, 50, 55, 30, 33])  # c0 c1 t0 t1 cd0 cd1 d0 d1
    truth = (22 - 40) - (66 - 60) + (33 - 30) - (55 - 50)
    covered = 0
    for c0, c1, t0, t1, cd0, cd1, d0, d1 in rng.poisson(means, (2000, 8)):
        found = wdd((c0, c1), (t0, t1), (cd0, cd1), (d0, d1)).total
        covered += found.low <= truth <= found.high

    assert 0.93 <= covered / 2000 <= 0.97


def test_false_alarms_of_2000_null_sets():
    rng = np.random.default_rng(12)
    said = [verdict(wdd(row[:2], row[2:])).verdict for row in rng.poisson(30, (2000, 4)).tolist()]

    alarms = sum(v in {Verdict.FELL, Verdict.ROSE} for v in said)
    assert 0.03 <= alarms / 2000 <= 0.07


def edge(upper):
    """A difference of a thousand incidents whose interval ends at `upper`."""
    se = float(np.sqrt(1000))
    half = float(ndtri(0.975)) * se
    after = 500 - half + upper
    return wdd((0, 0), (500, after), phi=1000 / (500 + after))


@pytest.mark.parametrize(("upper", "code"), [(-0.01, "FELL"), (0.01, "UNCLEAR")])
def test_fell_means_that_the_whole_interval_is_below_zero(upper, code):
    assert edge(upper).total.high == pytest.approx(upper, abs=1e-9)
    assert verdict(edge(upper)).verdict == code


def test_an_interval_that_ends_at_zero_is_unclear():
    found = wdd((0, 0), (30, 10))
    at_zero = found.total._replace(high=0.0)

    assert verdict(type(found)(at_zero, at_zero, None, 40, 1, 0.95, constant=False)).verdict == (
        Verdict.UNCLEAR
    )


def test_fewer_than_twenty_incidents_say_nothing():
    assert verdict(wdd((0, 0), (19, 0))).words == "Too few incidents to say (fewer than 20 in all)."
    assert verdict(wdd((0, 0), (20, 0))).verdict == Verdict.FELL


def test_words_of_each_verdict():
    fell, rose = wdd((308, 318), (207, 110), (150, 140), (178, 157)), wdd((50, 50), (20, 80))

    assert verdict(fell).words == (
        "Fewer than expected: about 118 fewer (95% range 40 to 196), allowing for control area and "
        "nearby streets."
    )
    assert verdict(fell).plain == (
        "Fewer than expected, allowing for control area and nearby streets."
    )
    assert verdict(rose).words == (
        "More than expected: about 60 more (95% range 32 to 88). Check recording and trust first."
    )
    assert verdict(wdd((50, 50), (50, 45))).words == (
        "The change (-5; -32 to 22) could be chance. Changes smaller than about 39 could not have "
        "been seen."
    )
    assert verdict(fell, withheld="the boundary changed.").words == (
        "Not evaluated: the boundary changed."
    )


def test_plain_words_carry_no_number():
    for found in (
        wdd((0, 0), (9, 0)),
        wdd((50, 50), (20, 80)),
        wdd((5, 5), (99, 9), (9, 9), (9, 9)),
    ):
        assert not any(c.isdigit() for c in verdict(found).plain)


def test_nearby_streets_have_a_sentence_of_their_own():
    moved = wdd((50, 50), (50, 10), (50, 50), (20, 70))

    assert displacement(moved).words == (
        "Nearby streets: more than expected: about 50 more (95% range 23 to 77). "
        "Check recording and trust first."
    )
    assert displacement(wdd((50, 50), (50, 10))) is None


def test_streets_without_an_incident_are_not_said_to_have_changed_by_nothing():
    empty = wdd((50, 50), (50, 10), (0, 0), (0, 0))
    said = displacement(empty)

    assert said.verdict == "WITHHELD_FEW"
    assert said.words == "Nearby streets: no incident was recorded there, before or after."
    assert displacement(empty, withheld="seasons differ").words.startswith("Nearby streets: not ev")


def test_a_plan_is_told_what_counts_can_show():
    same = (235, 235)

    assert planning_words(235, wdd(same, same, same, same)) == (
        "With about 235 incidents a window, only a change of about 121 could be seen."
    )
    assert planning_words(10, wdd((10, 10), (10, 10))).startswith("Counts cannot show change here")
    assert smallest_detectable_change(10) == pytest.approx(28)


@pytest.mark.parametrize(("k1", "k2", "p"), [(0, 3, 0.0884), (3, 0, 0.0884), (6, 2, 0.1749)])
def test_e_test_of_the_literature(k1, k2, p):
    assert e_test(k1, k2) == pytest.approx(p, abs=5e-5)


@pytest.mark.parametrize(
    ("k1", "k2", "n1", "n2"), [(41, 15, 28010, 19017), (9, 20, 1, 3), (7, 7, 1, 1)]
)
def test_e_test_of_unequal_exposure_equals_the_oracle(k1, k2, n1, n2):
    theirs = oracle(k1, n1, k2, n2, value=0, compare="diff", method="etest-wald").pvalue

    assert e_test(k1, k2, n1, n2) == pytest.approx(float(theirs), rel=1e-6)


def test_e_test_has_no_answer_without_incidents():
    assert e_test(0, 0) is None
    assert e_test(-1, 3) is None
    assert e_test(5, 5) == pytest.approx(1)


def test_e_test_of_large_counts_agrees_with_the_normal_distribution():
    z = 500 / np.sqrt(20_500)
    from scipy.stats import norm

    assert e_test(10_500, 10_000) == pytest.approx(2 * norm.sf(z), rel=0.01)


def test_accuracy_of_cells_of_different_size_never_passes_the_best_map():
    rng = np.random.default_rng(5)
    hits, predicted, size = rng.poisson(3, 50), rng.random(50), rng.uniform(0.5, 3, 50)

    found = accuracy(hits, predicted, size)

    assert found.pei.max() <= 1 + 1e-12
    assert found.pai[-1] == pytest.approx(1)
    assert (np.diff(predicted[found.order] / size[found.order]) <= 0).all()


def test_ties_of_prediction_flatter_no_map():
    found = accuracy([0, 5, 2], [1, 1, 1])

    assert found.order.tolist() == [0, 2, 1]
    assert found.pai.tolist() == pytest.approx([0, 3 / 7, 1])
    assert found.pei.tolist() == pytest.approx([0, 2 / 7, 1])
    assert np.isnan(found.rri[0])


def test_a_map_of_nothing_has_no_accuracy():
    found = accuracy([0, 0], [1, 2])

    assert np.isnan([found.pai, found.pei, found.rri]).all()
