"""Published results beyond the shared cases; the data are those that the oracle libraries carry."""

from typing import Any

import libpysal
import numpy as np
import pytest
from libpysal.examples import get_path
from numpy.typing import NDArray

from geo import evaluation, hotspots, significance, trends

Array = NDArray[Any]

# Benjamini and Hochberg (1995), section 4: fifteen tests of a trial of two drugs.
THROMBOLYSIS = [
    0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240,
    0.4262, 0.5719, 0.6528, 0.7590, 1.0000,
]  # fmt: skip


def test_fifteen_tests_of_a_trial_leave_four_and_by_bonferroni_three() -> None:
    assert (significance.bh(THROMBOLYSIS) <= 0.05).sum() == 4
    assert (significance.bonferroni(THROMBOLYSIS) <= 0.05).sum() == 3


@pytest.mark.parametrize(
    ("k", "n", "low", "high"),
    [
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_wilson_intervals_are_those_of_newcombe_1998(
    k: int, n: int, low: float, high: float
) -> None:
    assert significance.wilson(k, n) == pytest.approx((low, high), abs=5e-5)


def test_moran_of_homicides_around_st_louis_is_that_of_esda() -> None:
    around = weights_of("stl.gal")
    rate = column_of("stl_hom.txt", "HR8893")
    found = hotspots.moran(rate, around)
    assert found.value == pytest.approx(0.24365582621771659)
    assert found.expected == pytest.approx(-0.012987012987012988)
    assert found.p_normal == pytest.approx(0.00027147862770937614)


def test_joins_of_half_a_lattice_are_those_of_esda() -> None:
    around = libpysal.weights.lat2W(4, 4).full()[0]
    found = hotspots.join_counts(np.repeat([0, 1], 8), around)
    assert [found[kind].count for kind in ("BB", "BW", "WW")] == [10, 4, 10]


def test_moran_of_crime_in_columbus_is_that_of_geoda() -> None:
    around, crime = weights_of("columbus.gal"), column_of("columbus.dbf", "CRIME")
    assert hotspots.moran(crime, around).value == pytest.approx(0.500189, abs=5e-7)


def test_the_nile_falls_as_other_programs_say() -> None:
    import pymannkendall
    import statsmodels.api as sm

    flow = sm.datasets.nile.load_pandas().data["volume"].to_numpy()
    told, found = pymannkendall.original_test(flow), trends.mann_kendall(flow)
    assert (found.s, found.z, found.p) == pytest.approx((told.s, told.z, told.p))
    assert trends.theil_sen(flow).slope == pytest.approx(told.slope)


def test_two_counts_of_different_exposure_are_compared_by_their_rates() -> None:
    # The statistic is 0 for equal rates, so every pair is as far apart.
    assert evaluation.e_test(10, 20, 1, 2) == pytest.approx(1.0)
    assert evaluation.e_test(3, 9, 1, 2) == pytest.approx(evaluation.e_test(9, 3, 2, 1))


def weights_of(name: str) -> Array:
    file = libpysal.io.open(get_path(name))
    found: Array = file.read().full()[0]
    file.close()
    return found


def column_of(name: str, column: str) -> Array:
    file = libpysal.io.open(get_path(name))
    found = np.array(file.by_col[column], dtype=float)
    file.close()
    return found
