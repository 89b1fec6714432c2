"""Getis and Ord's 16 by 16 grid: Gi, Gi* and what is left of them after correction."""

import json

import numpy as np
import pytest

from geo.hotspots import general_g, gi, gi_star
from geo.significance import bh, bonferroni, by
from geo.weights import band, row_standardised

pytestmark = pytest.mark.shared


@pytest.fixture(scope="module")
def case(shared):
    folder = shared / "cases/c12_getis_ord"
    x, y, value = np.loadtxt(folder / "getisord_xyz.csv", delimiter=",", skiprows=1).T
    table = np.genfromtxt(folder / "expected_spdep_localG.csv", delimiter=",", names=True)
    return (
        json.loads((folder / "expected.json").read_text()),
        np.column_stack([x, y]),
        value,
        table,
    )


@pytest.mark.parametrize("r", [30, 60])
def test_gi_of_all_cells_equals_spdep(case, r):
    _, xy, value, table = case

    assert gi(value, band(xy, r)).z == pytest.approx(table[f"Gi_{r}"], rel=1e-6)


@pytest.mark.parametrize("r", [30, 60, 90, 120])
def test_gi_star_of_all_cells_equals_spdep(case, r):
    _, xy, value, table = case

    assert gi_star(value, band(xy, r)).z == pytest.approx(table[f"Gistar_{r}"], rel=1e-6)


def test_gi_of_the_published_cell_at_four_distances(case):
    expected, xy, value, _ = case
    at = expected["focal_index_1based"] - 1

    assert xy[at].tolist() == expected["focal_xy"]
    for r, z in expected["Gi"].items():
        assert gi(value, band(xy, float(r))).z[at] == pytest.approx(z, rel=1e-6)


def test_the_variance_divides_by_n(case):
    expected, xy, value, _ = case
    at = expected["focal_index_1based"] - 1

    z = gi_star(value, band(xy, 30)).z[at]

    assert z == pytest.approx(expected["Gistar_30_eq14_2"], rel=1e-6)
    assert z != pytest.approx(expected["Gistar_30_p267_n-1_variance"], rel=1e-4)


def test_what_is_left_after_correction(case):
    expected, xy, value, _ = case
    counts = expected["multiple_testing_Gistar_30"]

    p = gi_star(value, band(xy, 30)).p

    assert len(p) == counts["n"]
    assert int((p < 0.05).sum()) == counts["raw_p<0.05"]
    assert int((bh(p) <= 0.05).sum()) == counts["BH"]
    assert int((by(p) <= 0.05).sum()) == counts["BY"]
    assert int((bonferroni(p) <= 0.05).sum()) == counts["bonferroni"]


def test_the_toy_example_of_esda(case):
    toy = case[0]["esda_toy"]
    w = band(toy["points"], toy["threshold"])

    assert gi(toy["y"], w).z[0] == pytest.approx(toy["Gi_B_0"], rel=1e-6)
    assert gi(toy["y"], row_standardised(w)).z[0] == pytest.approx(toy["Gi_B_0"], rel=1e-6)
    assert gi_star(toy["y"], w).z[0] == pytest.approx(toy["Gistar_B_0"], rel=1e-6)
    assert general_g(toy["y"], w).value == pytest.approx(toy["G_global"], rel=1e-6)
