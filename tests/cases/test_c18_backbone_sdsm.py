"""Null models of shared columns on the tables of R's backbone package."""

import json

import numpy as np
import pytest

from geo.bipartite import bicm, curveball, fdsm, fixed_row, from_table, sdsm, split_at
from geo.significance import band, poisson_binomial_sf, stream

pytestmark = pytest.mark.shared

EVERY = tuple(x.ravel() for x in np.indices((3, 3)))


@pytest.fixture(scope="module")
def case(shared):
    return json.loads((shared / "cases/c18_backbone_sdsm/expected.json").read_text())


@pytest.fixture(scope="module")
def table(case):
    return from_table(case["M"])


def square(p):
    return p.reshape(3, 3)


def test_fixed_rows(case, table):
    found = square(fixed_row(table, EVERY).p_gt)

    assert found == pytest.approx(np.array(case["fixedrow_upper"]), abs=5e-4)


def test_chances_of_links(case):
    found = bicm(from_table(case["bicm_M"]))

    assert found.converged
    assert found.table() == pytest.approx(np.array(case["bicm"]), abs=5e-4)


def test_stochastic_degree_sequences(case, table):
    found = square(sdsm(table, EVERY).p_gt)

    assert found == pytest.approx(np.array(case["sdsm_upper_exact_poisson_binomial"]), abs=5e-4)
    assert found == pytest.approx(np.array(case["sdsm_upper_backbone_RNA"]), abs=0.031)


def test_fixed_degree_sequences_lie_in_the_band_of_the_enumeration(case, table):
    draws = 4000
    found = fdsm(table, stream("c18", "fdsm", 0), draws, EVERY, chains=50)

    for p, exact in [
        (found.p_gt, case["fdsm_upper_exact_enumeration"]),
        (found.p_lt, case["fdsm_lower_exact"]),
    ]:
        for one, p0 in zip(p.tolist(), np.ravel(exact).tolist(), strict=True):
            low, high = band(p0, draws)
            assert low <= round(one * (draws + 1)) - 1 <= high


def test_the_eight_tables_with_these_margins_come_equally_often(table):
    draws = 8000
    seen = {}
    for drawn in curveball(table, stream("c18", "tables", 0), draws, chains=50):
        as_text = str(drawn.dense().tolist())
        seen[as_text] = seen.get(as_text, 0) + 1

    low, high = band(1 / 8, draws)
    assert len(seen) == 8
    assert all(low <= n <= high for n in seen.values())


def test_sums_of_unequal_chances(case):
    given = case["poisson_binomial"]
    p, each = np.array([given["p"]]), np.ones(len(given["p"]), int)

    reached = split_at(p, each, given["k"])[1]
    below = split_at(p, each, given["k"] + 1)[0]

    assert reached[0] == pytest.approx(given["exact_P(X>=k)"], rel=1e-9)
    assert below[0] == pytest.approx(given["exact_P(X<=k)"], rel=1e-9)
    assert poisson_binomial_sf(given["k"], given["p"]) == pytest.approx(reached[0], rel=1e-12)
