"""Burkitt's lymphoma, West Nile district: the published numbers of space-time interaction."""

import json

import numpy as np
import pyogrio
import pytest

from geo.nearrepeat import Transform, jacquez, knox, local_knox, mantel, modified_knox, near_repeat
from geo.significance import band

pytestmark = pytest.mark.shared

EXACT = 1e-6
P_OTHERS = 0.21  # of 99 permutations; ours must not be far


@pytest.fixture(scope="module")
def folder(shared):
    return shared / "cases/c09_knox_burkitt"


@pytest.fixture(scope="module")
def case(folder):
    return json.loads((folder / "expected.json").read_text())


@pytest.fixture(scope="module")
def cases(folder):
    found = pyogrio.raw.read(folder / "burkitt.dbf", read_geometry=False)
    column = dict(zip(found[0]["fields"], found[3], strict=True))
    return np.column_stack([column["X"], column["Y"]]).astype(float), column["T"]


def test_knox(cases, case):
    found = knox(*cases, case["delta"], case["tau"])

    assert found.n == case["knox"]
    assert found.observed_table.tolist() == case["observed"]
    expected = np.array(case["expected"])
    expected[1, 0] = found.time_pairs - expected[0, 0]  # one of its printed digits is lost there
    assert found.expected_table == pytest.approx(expected, rel=EXACT)
    assert found.expected_table[1, 0] == pytest.approx(case["expected"][1][0], rel=2 * EXACT)
    assert found.p_poisson == pytest.approx(case["p_poisson_correct_P(X>=13)"], rel=EXACT)
    assert found.p == pytest.approx(P_OTHERS, abs=0.14)


def test_modified_knox(cases, case):
    found = modified_knox(*cases, case["delta"], case["tau"], permutations=99)

    assert found.statistic == pytest.approx(case["modified_knox"], abs=5e-6)


def test_local_knox(cases, case):
    found = local_knox(*cases, case["delta"], case["tau"])

    some = np.flatnonzero(found.nst)
    assert some.tolist() == case["local_knox_nonzero_ids"]
    assert found.p[some] == pytest.approx(case["local_p_hypergeom"], abs=5e-9)
    assert found.nst.sum() == 2 * case["knox"]
    for simulated, exact in zip(found.p_permutation[some], found.p_conditional[some], strict=True):
        low, high = band(exact, 999, level=0.9999)
        assert low <= round(simulated * 1000) - 1 <= high


def test_mantel(cases, case):
    plain = mantel(*cases, permutations=99)

    assert plain.r == pytest.approx(case["mantel_scon0_spow1"], abs=5e-7)
    near = mantel(*cases, space=Transform(1, -1), time=Transform(1, -1), permutations=99)
    assert near.r == pytest.approx(0.048368, abs=5e-7)
    assert near.p == 0.01


def test_jacquez(cases, case):
    assert jacquez(*cases, 3, permutations=99).n == case["jacquez_k3"]


def test_a_table_of_one_cell_is_knox(cases, case):
    limits = [0, case["delta"]], [0, case["tau"]]
    whole = near_repeat(*cases, *limits, same_site=False)
    apart = near_repeat(*cases, *limits)

    assert whole.observed.tolist() == [[case["knox"]]]
    assert whole.expected[0, 0] == pytest.approx(case["expected"][0][0], rel=EXACT)
    assert apart.observed.sum() == case["knox"]
