"""The same numbers as pointpats, where it is right."""

import warnings

import numpy as np
import pytest

from geo.nearrepeat import Transform, jacquez, knox, local_knox, mantel, modified_knox


@pytest.fixture(scope="module")
def pointpats():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pointpats

        return pointpats


@pytest.fixture(autouse=True)
def _what_it_warns_of_is_no_matter():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def study(seed, n=120):
    rng = np.random.default_rng(seed)
    return rng.uniform(0, 1000, (n, 2)).round(1), rng.uniform(0, 200, n).round(2)


@pytest.mark.parametrize(("seed", "delta", "tau"), [(1, 100, 10), (2, 250, 30), (3, 60, 90)])
def test_knox_and_local_knox(pointpats, seed, delta, tau):
    xy, day = study(seed)

    ours, local = (method(xy, day, delta, tau) for method in (knox, local_knox))
    theirs = pointpats.Knox(xy, day[:, None], delta, tau, permutations=0)
    theirs_local = pointpats.KnoxLocal(xy, day[:, None], delta, tau, permutations=99)

    assert ours.n == theirs.nst > 0
    assert ours.observed_table.tolist() == theirs.observed.tolist()
    assert ours.expected_table == pytest.approx(theirs.expected, rel=1e-6)
    assert local.nst.tolist() == theirs_local.nsti.tolist()
    assert local.p == pytest.approx(theirs_local.p_hypergeom, abs=1e-9)
    # Four standard errors of both simulations, over 120 events: none may be further off.
    q = local.p_conditional
    off = np.abs(local.p_permutation - theirs_local.p_sims)
    assert (off <= 4.5 * np.sqrt(q * (1 - q) * (1 / 999 + 1 / 99)) + 0.02).all()


def test_their_poisson_p_is_that_of_one_more(pointpats):
    xy, day = study(4)

    ours = knox(xy, day, 100, 10)
    theirs = pointpats.Knox(xy, day[:, None], 100, 10, permutations=0)

    from scipy.stats import poisson

    assert ours.p_poisson - theirs.p_poisson == pytest.approx(poisson.pmf(ours.n, ours.expected))


def test_modified_knox_mantel_and_jacquez(pointpats):
    xy, day = study(5)
    time = day[:, None]

    assert modified_knox(xy, day, 100, 10).statistic == pytest.approx(
        pointpats.modified_knox(xy, time, 100, 10, permutations=0), rel=1e-6
    )
    for constant, power in ((0.0, 1.0), (1.0, -1.0), (5.0, -2.0), (0.0, 0.5)):
        ours = mantel(xy, day, space=Transform(constant, power), permutations=0).r
        theirs = pointpats.mantel(xy, time, 0, scon=constant, spow=power, tcon=0, tpow=1)
        assert ours == pytest.approx(theirs, rel=1e-6)
    for k in (1, 3, 7):
        assert jacquez(xy, day, k, permutations=0).n == pointpats.jacquez(xy, time, k, 0)


def test_p_of_many_permutations_is_the_same(pointpats):
    xy, day = study(6, 80)
    day[:20] = 50 + np.arange(20) / 4
    xy[:20] = xy[:20] / 4

    ours = knox(xy, day, 100, 10, permutations=999)
    theirs = pointpats.Knox(xy, day[:, None], 100, 10, permutations=499)

    p = (ours.p + theirs.p_sim) / 2
    assert abs(ours.p - theirs.p_sim) <= 4 * np.sqrt(p * (1 - p) * (1 / 999 + 1 / 499)) + 1 / 499
