"""What it costs to ask many times, and exact tails, against other people's arithmetic."""

from itertools import product
from math import exp, log, pi, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom, false_discovery_control

from geo.errors import GeoInputError
from geo.significance import (
    band,
    bh,
    bonferroni,
    by,
    gumbel,
    holm,
    poisson_binomial_sf,
    poisson_sf,
    sequential,
    wilson,
)

CHANCES = st.lists(st.floats(0, 1), max_size=8)


@pytest.mark.parametrize("correct", [bh, by, bonferroni])
@given(p=st.lists(st.floats(0, 1), max_size=30))
def test_a_q_is_never_below_its_p_and_keeps_the_order(correct, p):
    q = correct(p)

    assert (q >= np.array(p)).all()
    assert (q <= 1).all()
    by_p = np.argsort(p, kind="stable")
    assert (np.diff(q[by_p]) >= -1e-15).all()


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(1, 4)), min_size=1, max_size=30))
def test_bh_of_a_p_that_came_often_is_that_of_each(given_often):
    p = np.array([each / 9 for each, _ in given_often])
    times = np.array([often for _, often in given_often])

    assert np.repeat(bh(p, times=times), times).tolist() == bh(np.repeat(p, times)).tolist()


@pytest.mark.parametrize("times", [[1], [1, 0], [1.0, 2.0]])
def test_how_often_a_p_came_is_a_count_of_each(times):
    with pytest.raises(GeoInputError, match="one test or more"):
        bh([0.1, 0.2], times=times)


def test_bh_is_the_published_step_up():
    p = [0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240,
         0.4262, 0.5719, 0.6528, 0.7590, 1.0000]  # fmt: skip

    # Benjamini and Hochberg (1995), section 3.2: four hypotheses rejected at 5 %.
    assert int((bh(p) <= 0.05).sum()) == 4
    assert int((bonferroni(p) <= 0.05).sum()) == 3
    assert by(p)[0] == pytest.approx(0.0015 * sum(1 / i for i in range(1, 16)))


@pytest.mark.parametrize(("correct", "method"), [(bh, "bh"), (by, "by")])
@pytest.mark.parametrize("m", [0, 1, 1999, 2000, 5000])
def test_many_p_equal_scipy_whatever_their_size(correct, method, m):
    rng = np.random.default_rng(m)
    p = np.minimum(10.0 ** -rng.uniform(0, 320, m), rng.random(m)).round(300)
    p[::7] = np.resize([0.0, -0.0, 1.0, 0.5], len(p[::7]))

    expected = false_discovery_control(np.abs(p), method=method) if m else p

    assert correct(p) == pytest.approx(np.maximum(expected, p), rel=1e-12, abs=0)


@pytest.mark.parametrize("correct", [bh, by, bonferroni])
@pytest.mark.parametrize("p", [[np.nan], [-0.1], [1.1]])
def test_what_is_no_chance_is_refused(correct, p):
    with pytest.raises(GeoInputError):
        correct(p)


@given(p=CHANCES, s=st.integers(-1, 9))
def test_the_exact_tail_is_the_sum_over_all_outcomes(p, s):
    total = 0.0
    for outcome in product((0, 1), repeat=len(p)):
        if sum(outcome) >= s:
            total += float(
                np.prod([c if hit else 1 - c for hit, c in zip(outcome, p, strict=True)])
            )

    assert poisson_binomial_sf(s, p) == pytest.approx(total, abs=1e-12)


def test_equal_chances_are_a_binomial_far_out_too():
    assert poisson_binomial_sf(40, [0.01] * 200) == pytest.approx(binom.sf(39, 200, 0.01), rel=1e-9)


def test_the_tail_of_a_count_holds_the_count():
    assert poisson_sf(3, 2.0) == pytest.approx(1 - exp(-2) * (1 + 2 + 2))


def test_the_gumbel_tail_is_the_written_formula():
    maxima = [2.0, 3.0, 5.0, 4.0]
    scale = np.std(maxima, ddof=1) * sqrt(6) / pi
    mode = np.mean(maxima) - 0.577216 * scale

    assert gumbel(9.0, maxima) == pytest.approx(1 - exp(-exp(-(9.0 - mode) / scale)), rel=1e-5)
    assert gumbel(1e6, maxima) > 0
    assert -log(gumbel(60.0, maxima)) == pytest.approx((60.0 - mode) / scale, rel=1e-5)


def test_a_sequential_p_stops_at_enough_or_at_the_end():
    assert sequential(lambda rep: float(rep % 2), 1.0, exceedances=3) == (0.5, 6)
    assert sequential(lambda _rep: 0.0, 1.0, replicates=99) == (0.01, 99)
    with pytest.raises(GeoInputError):
        sequential(lambda _rep: np.nan, 1.0)


@pytest.mark.parametrize(("k", "n"), [(0, 10), (10, 10), (3, 7), (0, 0)])
def test_an_interval_holds_its_share(k, n):
    low, high = wilson(k, n)

    assert 0 <= low <= (k / n if n else 0.5) <= high <= 1


def test_the_interval_is_wilsons():
    # Agresti and Coull (1998): 9 of 10 gives 0.596 to 0.982.
    assert wilson(9, 10) == pytest.approx((0.596, 0.982), abs=5e-4)
    with pytest.raises(GeoInputError):
        wilson(3, 2)


def test_the_band_holds_what_chance_gives():
    low, high = band(0.05, 999)

    assert binom.cdf(high, 999, 0.05) - binom.cdf(low - 1, 999, 0.05) >= 0.999


def test_holm_is_that_of_statsmodels():
    from statsmodels.stats.multitest import multipletests

    p = np.array([0.01, 0.04, 0.03, 0.005, 0.04, 1.0])

    assert holm(p) == pytest.approx(multipletests(p, method="holm")[1])
    assert holm([]).tolist() == []


def test_tests_left_out_of_a_family_have_p_1():
    p = np.array([0.001, 0.5, 0.01])

    assert bh(p, tests=50) == pytest.approx(bh(np.append(p, np.ones(47)))[:3])
    with pytest.raises(GeoInputError, match="holds every test"):
        bh(p, tests=2)
