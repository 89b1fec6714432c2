"""Months before and after a change, against statsmodels and against simulated truth."""

import numpy as np
import pytest
import statsmodels.api as sm
from statsmodels.tsa.stattools import acf

from geo.errors import GeoInputError
from geo.evaluation import difference_in_differences, interrupted
from geo.evaluation.poisson import fit, lag_one

MONTHS, FIRST = 60, 36


def months(seed, *, spread=3.0, echo=0.0):
    """Counts with seasons, a trend and a fall by 30%; `echo` carries one month over to the next."""
    rng = np.random.default_rng(seed)
    t = np.arange(MONTHS)
    mean = 40 * np.exp(0.3 * np.sin(2 * np.pi * t / 12) - 0.004 * t) * np.where(t >= FIRST, 0.7, 1)
    noise = rng.normal(0, 0.25, MONTHS)
    for i in range(1, MONTHS):
        noise[i] += echo * noise[i - 1]
    return rng.negative_binomial(mean * np.exp(noise) / (spread - 1), 1 / spread)


# Bernal, Cummins and Gasparrini 2017: acute coronary events in Sicily from January 2002 on, before
# and after the ban on smoking in January 2005 (month 36).
ADMISSIONS = """
728 659 791 734 757 726 760 740 720 814 795 858 887 766 851 769 781 756 766 752 765 831
879 928 914 808 937 840 916 828 845 818 860 839 887 886 831 796 833 820 877 758 767 738
781 843 850 908 1021 859 976 888 962 838 810 876 843 936 912
"""
# Thousands, standardised for age.
PEOPLE = """
379.8753 376.4955 377.0408 377.1164 377.3834 374.1131 379.5133 376.2955 374.6532
378.4856 375.9555 378.3497 376.7624 379.0323 379.3604 376.162 377.9724 381.8307 379.8886
380.8722 380.9669 381.2404 382.1049 381.8027 381.6563 383.68 383.5042 386.4629 383.7831
380.8368 383.483 380.9062 382.9268 384.0524 384.4496 383.4284 388.1532 388.3732 386.4701
386.0332 383.6864 385.5093 385.9019 386.5166 388.4365 383.2552 390.1487 385.8749
391.6136 391.7504 394.0056 391.3649 391.6646 389.0223 391.8785 388.5753 392.989 390.0188
390.7123
"""


def design(*, slope=False, harmonics=0):
    t = np.arange(MONTHS)
    columns = [np.ones(MONTHS), t, t >= FIRST]
    if slope:
        columns.append(np.maximum(t - FIRST, 0))
    for k in range(1, harmonics + 1):
        columns += [np.sin(2 * np.pi * k * t / 12), np.cos(2 * np.pi * k * t / 12)]
    return np.column_stack(columns).astype(float)


def theirs(y, x, offset=None, **how):
    return sm.GLM(y, x, family=sm.families.Poisson(), offset=offset).fit(tol=1e-12, **how)


@pytest.mark.parametrize(("slope", "harmonics"), [(False, 0), (True, 0), (False, 2), (True, 3)])
def test_ratio_interval_p_and_dispersion_are_those_of_quasi_poisson(slope, harmonics):
    y, days = months(3), np.tile([31, 28, 31], 20)

    found = interrupted(y, FIRST, exposure=days, slope_change=slope, harmonics=harmonics)

    oracle = theirs(y, design(slope=slope, harmonics=harmonics), np.log(days), scale="X2")
    low, high = np.exp(oracle.conf_int()[2])
    expected = [np.exp(oracle.params[2]), low, high, oracle.pvalues[2]]
    assert list(found.change) == pytest.approx(expected, rel=1e-6)
    assert found.phi == pytest.approx(oracle.scale, rel=1e-6)
    assert found.phi > 1
    assert found.fitted == pytest.approx(oracle.mu, rel=1e-6)
    if slope:
        assert found.slope.ratio == pytest.approx(np.exp(oracle.params[3]), rel=1e-6)
        assert [found.slope.low, found.slope.high] == pytest.approx(
            np.exp(oracle.conf_int()[3]), rel=1e-6
        )
    else:
        assert found.slope is None


@pytest.mark.parametrize(
    ("harmonics", "ratio", "low", "high"),
    [(0, 0.894, 0.839, 0.953), (2, 0.885, 0.839, 0.933)],
)
def test_the_published_tutorial(harmonics, ratio, low, high):
    counts, people = (np.array(text.split(), float) for text in (ADMISSIONS, PEOPLE))

    found = interrupted(counts, 36, exposure=people, harmonics=harmonics)

    assert list(found.change[:3]) == pytest.approx([ratio, low, high], abs=5e-4)


def test_counts_that_vary_less_than_chance_keep_the_errors_of_poisson_counts():
    y = np.round(20 + np.sin(np.arange(30)))

    found = interrupted(y, 20)

    x = np.column_stack([np.ones(30), np.arange(30), np.arange(30) >= 20]).astype(float)
    low, high = np.exp(theirs(y, x).conf_int()[2])
    assert found.phi == 1
    assert [found.change.low, found.change.high] == pytest.approx([low, high], rel=1e-6)


@pytest.mark.parametrize(("lags", "theirs_lags"), [(None, 3), (6, 6), (0, 0)])
def test_newey_west_stands_beside_where_neighbours_correlate(lags, theirs_lags):
    y = months(5, echo=0.8)

    found = interrupted(y, FIRST, lags=lags)

    oracle = theirs(
        y, design(), cov_type="HAC", cov_kwds={"maxlags": theirs_lags, "use_correction": False}
    )
    low, high = np.exp(oracle.conf_int()[2])
    assert found.lag1 > 0.2
    assert found.lag1 == pytest.approx(acf(oracle.resid_pearson, nlags=1)[1], rel=1e-6)
    assert [found.newey_west.low, found.newey_west.high] == pytest.approx([low, high], rel=1e-6)
    assert found.newey_west.ratio == found.change.ratio


def test_newey_west_is_left_out_where_they_do_not():
    found = interrupted(months(3), FIRST, harmonics=1)

    assert found.lag1 <= 0.2
    assert found.newey_west is None


def test_what_would_have_been_is_drawn_without_the_change():
    found = interrupted(months(3), FIRST, slope_change=True)

    after = np.arange(MONTHS) >= FIRST
    assert found.without[~after].tolist() == found.fitted[~after].tolist()
    ratio = found.fitted[after] / found.without[after]
    assert ratio[0] == pytest.approx(found.change.ratio)
    assert ratio[1] == pytest.approx(found.change.ratio * found.slope.ratio)


def test_difference_in_differences_is_the_interaction():
    one, other = months(3), np.random.default_rng(9).poisson(50, MONTHS)
    people = (np.full(MONTHS, 900.0), np.linspace(1000, 1200, MONTHS))

    found = difference_in_differences(
        one, other, FIRST, exposure=people, trend=True, harmonics=1, level=0.9
    )

    t = np.tile(np.arange(MONTHS), 2)
    here, after = np.repeat([1, 0], MONTHS), t >= FIRST
    waves = [np.sin(2 * np.pi * t / 12), np.cos(2 * np.pi * t / 12)]
    x = np.column_stack([np.ones(2 * MONTHS), here, after, here * after, t, *waves]).astype(float)
    oracle = theirs(np.concatenate([one, other]), x, np.log(np.concatenate(people)), scale="X2")
    low, high = np.exp(oracle.conf_int(0.1)[3])
    assert list(found.change[:3]) == pytest.approx([np.exp(oracle.params[3]), low, high], rel=1e-6)
    assert found.phi == pytest.approx(oracle.scale, rel=1e-6)
    assert found.fitted.shape == found.without.shape == (2, MONTHS)
    assert (found.without[1] == found.fitted[1]).all()


def test_two_series_are_not_neighbours_of_each_other():
    one, other = months(5, echo=0.8), months(6, echo=0.8)

    found = difference_in_differences(one, other, FIRST, lags=4)

    t = np.tile(np.arange(MONTHS), 2)
    here, after = np.repeat([1, 0], MONTHS), t >= FIRST
    x = np.column_stack([np.ones(2 * MONTHS), here, after, here * after]).astype(float)
    oracle = theirs(
        np.concatenate([one, other]),
        x,
        cov_type="hac-panel",
        cov_kwds={
            "groups": 1 - here,
            "maxlags": 4,
            "use_correction": False,
            "df_correction": False,
        },
    )
    low, high = np.exp(oracle.conf_int()[3])
    assert [found.newey_west.low, found.newey_west.high] == pytest.approx([low, high], rel=1e-6)


def test_difference_in_differences_of_totals_by_hand():
    found = difference_in_differences([20] * 10 + [10] * 10, [30] * 10 + [45] * 10, 10)

    assert found.change.ratio == pytest.approx((100 / 200) / (450 / 300))
    log_se = np.sqrt(1 / 100 + 1 / 200 + 1 / 450 + 1 / 300)
    assert found.change.high / found.change.ratio == pytest.approx(np.exp(1.959964 * log_se))
    assert found.lag1 == 0


@pytest.mark.parametrize(
    ("before", "after", "spread", "harmonics", "slope"),
    [(24, 12, 1, 0, False), (24, 12, 2.5, 0, False), (36, 12, 2, 2, False), (30, 12, 2, 0, True)],
)
def test_interval_covers_the_truth_as_often_as_it_says(before, after, spread, harmonics, slope):
    rng = np.random.default_rng(17)
    t = np.arange(before + after)
    mean = 20 * np.exp(-0.005 * t) * np.where(t >= before, 0.7, 1)
    covered = 0
    for _ in range(2000):
        y = (
            rng.poisson(mean)
            if spread == 1
            else rng.negative_binomial(mean / (spread - 1), 1 / spread)
        )
        change = interrupted(y, before, harmonics=harmonics, slope_change=slope).change
        covered += change.low <= 0.7 <= change.high

    assert 0.93 <= covered / 2000 <= 0.97


def test_coverage_of_difference_in_differences():
    rng = np.random.default_rng(18)
    covered = 0
    for one, other in rng.poisson(15, (2000, 2, 24)):
        change = difference_in_differences(one, other, 16).change
        covered += change.low <= 1 <= change.high

    assert 0.93 <= covered / 2000 <= 0.97


@pytest.mark.parametrize(
    ("counts", "first", "more", "reason"),
    [
        ([5] * 7 + [3] * 3, 7, {}, "7 points before and 3 after the change: 8 and 3 are needed."),
        ([5] * 8 + [3] * 2, 8, {}, "8 points before and 2 after the change: 8 and 3 are needed."),
        ([], 0, {}, "0 points before and 0 after the change: 8 and 3 are needed."),
        ([5] * 9 + [0] * 5, 9, {}, "No incident before or after the change: there is no ratio."),
        ([0] * 9 + [5] * 5, 9, {}, "No incident before or after the change: there is no ratio."),
        (
            [5] * 8 + [3] * 3,
            8,
            {"harmonics": 3},
            "11 points are too few to tell 9 terms apart.",
        ),
        (
            [5] * 24 + [3] * 3,
            24,
            {"harmonics": 1, "period": 1e9},
            "27 points are too few to tell 5 terms apart.",
        ),
        (
            [5] * 9 + [0, 0, 4],
            9,
            {"slope_change": True},
            "Too few incidents in part of the period.",
        ),
    ],
)
def test_too_little_is_said_and_never_called_no_change(counts, first, more, reason):
    found = interrupted(counts, first, **more)

    assert (found.status, found.reason, found.change) == ("not enough data", reason, None)


def test_two_areas_need_incidents_too():
    empty = difference_in_differences([5] * 9 + [3] * 3, [1] * 9 + [0] * 3, 9)
    short = difference_in_differences([5] * 5, [1] * 5, 3)

    assert empty.reason == "No incident before or after the change: there is no ratio."
    assert short.status == "not enough data"


def test_a_wave_of_two_months_has_no_sine():
    assert interrupted(np.tile([9, 12], 15), 20, harmonics=1, period=2).status == "ok"


def test_a_fit_that_does_not_settle_is_none():
    y = months(3).astype(float)

    assert not fit(design(), y, np.zeros(MONTHS), rounds=1).ok
    assert fit(design(), y, np.zeros(MONTHS)).ok


def test_residuals_that_do_not_vary_do_not_correlate():
    assert lag_one(np.zeros(5), np.zeros(5, int)) == 0


@pytest.mark.parametrize(
    "bad",
    [
        lambda: interrupted([1, -1], 1),
        lambda: interrupted([1, np.nan], 1),
        lambda: interrupted([[1, 2]], 1),
        lambda: interrupted([1] * 20, 10, exposure=[1] * 19),
        lambda: interrupted([1] * 20, 10, exposure=[0] * 20),
        lambda: interrupted([1] * 20, 10, harmonics=-1),
        lambda: interrupted([1] * 20, 10, harmonics=7),
        lambda: interrupted([1] * 20, 10, period=0),
        lambda: difference_in_differences([1] * 20, [1] * 19, 10),
    ],
)
def test_what_is_no_series_is_refused(bad):
    with pytest.raises(GeoInputError):
        bad()
