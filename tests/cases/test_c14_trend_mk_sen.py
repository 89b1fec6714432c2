"""Published trends: Mann-Kendall, seasonal and partial, slopes of Sen."""

import json

import numpy as np
import pytest

from geo.trends import (
    mann_kendall,
    partial_mann_kendall,
    seasonal_mann_kendall,
    seasonal_sen,
    theil_sen,
)

pytestmark = pytest.mark.shared


@pytest.fixture(scope="module")
def folder(shared):
    return shared / "cases/c14_trend_mk_sen"


@pytest.fixture(scope="module")
def expected(folder):
    return json.loads((folder / "expected.json").read_text())


def column(folder, name, of):
    table = np.genfromtxt(folder / f"{name}.csv", delimiter=",", names=True, missing_values="NA")
    return table[of]


def test_maxau_discharge(folder, expected):
    want = expected["maxau_Q"]

    found = mann_kendall(column(folder, "maxau", "Q"))

    assert (found.s, found.var) == (want["S"], pytest.approx(want["varS"], rel=1e-6))
    assert found.z == pytest.approx(want["z"], abs=5e-5)
    assert found.p == pytest.approx(want["p"], abs=5e-5)
    assert found.tau_a == pytest.approx(want["tau"], rel=1e-6)


def test_maxau_sediment_has_the_slope_and_interval_of_sen(folder, expected):
    want, series = expected["maxau_s_sen"], column(folder, "maxau", "s")

    slope, trend = theil_sen(series), mann_kendall(series)

    assert slope.slope == pytest.approx(want["slope"], abs=5e-8)
    assert (slope.low, slope.high) == pytest.approx(want["ci95"], abs=5e-8)
    assert trend.z == pytest.approx(want["z"], abs=5e-5)
    assert trend.p == pytest.approx(want["p"], abs=5e-8)


def test_maxau_sediment_given_discharge(folder, expected):
    want = expected["maxau_partial_s_given_Q"]

    found = partial_mann_kendall(column(folder, "maxau", "s"), column(folder, "maxau", "Q"))

    assert found.s == pytest.approx(want["S"], rel=1e-6)
    assert found.var == pytest.approx(want["varS"], rel=1e-6)
    assert found.z == pytest.approx(want["z"], abs=5e-4)
    assert found.p == pytest.approx(want["p"], abs=5e-8)


def test_nottingham_by_months(folder, expected):
    want, series = expected["nottem_seasonal"], column(folder, "nottem", "temp")

    found = seasonal_mann_kendall(series)

    assert (found.s, found.var) == (want["S"], pytest.approx(want["varS"], rel=1e-6))
    assert found.z == pytest.approx(want["z"], abs=5e-5)
    assert found.p == pytest.approx(want["p"], abs=5e-6)
    assert seasonal_sen(series).slope == pytest.approx(want["sen"], rel=1e-6)


def test_precipitation_of_the_great_lakes(folder, expected):
    want = expected["PrecipGL"]

    found = mann_kendall(column(folder, "PrecipGL", "precip"))

    assert found.s == want["S"]
    assert found.tau_b == pytest.approx(want["tau_b"], abs=5e-4)
    assert found.p == pytest.approx(want["p"], rel=1e-3)


def test_the_nile(folder, expected):
    want = expected["Nile"]

    found = mann_kendall(column(folder, "Nile", "flow"))

    assert (found.s, found.var) == (want["S"], pytest.approx(want["varS"], rel=1e-6))
    assert found.z == pytest.approx(want["z"], abs=5e-5)


def test_missing_months_of_guelph_drop_only_their_own_pairs(folder):
    series = column(folder, "GuelphP", "P")
    months = [series[m::12] for m in range(12)]

    found = seasonal_mann_kendall(series)

    assert np.isnan(series).sum() == 4
    each = [mann_kendall(month[~np.isnan(month)]) for month in months]
    assert found.s == sum(month.s for month in each)
    assert found.var == pytest.approx(sum(month.var for month in each))
    assert found.n == 68
