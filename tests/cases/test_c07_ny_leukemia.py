"""Leukaemia in upstate New York: clusters that SaTScan and FleXScan published."""

import json

import numpy as np
import pytest

from geo import scan

pytestmark = pytest.mark.shared

KEY = "c07"
B = 999


@pytest.fixture(scope="module")
def folder(shared):
    return shared / "cases/c07_ny_leukemia_satscan96"


@pytest.fixture(scope="module")
def expected(folder):
    return json.loads((folder / "expected.json").read_text())


@pytest.fixture(scope="module")
def tracts(folder):
    ids, cases = np.loadtxt(folder / "satscan_ny_cases.txt", usecols=(0, 1), dtype=int).T
    people = np.loadtxt(folder / "satscan_ny_pop.txt", usecols=2, dtype=int)
    lat, lon = np.loadtxt(folder / "satscan_ny_coords.txt", usecols=(1, 2)).T
    return ids, cases, people, lat, lon


def great_circle_km(lat, lon, radius_km):
    a, b = np.radians(lat), np.radians(lon)
    half = np.sin((a[:, None] - a) / 2) ** 2
    half += np.cos(a)[:, None] * np.cos(a) * np.sin((b[:, None] - b) / 2) ** 2
    return 2 * radius_km * np.arcsin(np.sqrt(half))


def agrees(p, p0, tail):
    """Within what two simulations may differ by; below their floor within a factor of three."""
    if p0 < 1 / (B + 1):
        return p0 / 3 <= tail <= p0 * 3
    pooled = (p + p0) / 2
    return abs(p - p0) <= 3.29 * np.sqrt(pooled * (1 - pooled) * 2 / B) + 1 / B


def check(found, expected, ids, *, llr_digits):
    for one, its in zip(found.clusters, expected, strict=False):
        names = ids[list(one.locations)].tolist()
        assert one.llr == pytest.approx(its["llr"], abs=0.5 * 10**-llr_digits)
        assert one.cases == its.get("cases", one.cases)
        assert one.expected == pytest.approx(its.get("expected", one.expected), abs=0.005)
        assert one.size == its.get("population", one.size)
        assert one.relative_risk == pytest.approx(its.get("rr", one.relative_risk), abs=0.005)
        assert len(names) == its.get("n", len(names))
        assert names[: len(its.get("first_ids", ()))] == its.get("first_ids", [])
        assert sorted(its.get("ids", names)) == sorted(names)
        assert agrees(one.p, its["p"], one.p_gumbel)


def test_totals(tracts, expected):
    ids, cases, people, _, _ = tracts

    assert (len(ids), cases.sum(), people.sum()) == tuple(expected["totals"].values())


@pytest.mark.parametrize(("name", "share"), [("ub50", 0.5), ("ub10", 0.1)])
def test_poisson_in_the_plane(tracts, expected, name, share):
    ids, cases, people, lat, lon = tracts
    plane = np.column_stack([lat, lon])  # what the reference did, not an example to follow

    found = scan.poisson(plane, cases, people, max_fraction=share, key=KEY, replicates=B)

    check(found, expected[name], ids, llr_digits=6)
    radius = expected[name][0].get("radius", 0.087)
    assert found.clusters[0].radius == pytest.approx(radius, abs=0.005)


def test_poisson_with_great_circles(tracts, expected):
    ids, cases, people, lat, lon = tracts
    apart = great_circle_km(lat, lon, 6367)

    found = scan.poisson(None, cases, people, distances=apart, key=KEY, replicates=B)

    check(found, expected["longlat_ub50"], ids, llr_digits=6)
    for one, its in zip(found.clusters, expected["longlat_ub50"], strict=False):
        assert one.radius == pytest.approx(its["radius_km"], abs=0.05)


def test_bernoulli_with_ten_nearest_areas(tracts, expected):
    ids, cases, people, lat, lon = tracts
    apart = great_circle_km(lat, lon, 6370)

    found = scan.bernoulli(
        None, cases, people - cases, distances=apart, max_k=10, key=KEY, replicates=B
    )

    check(found, expected["binomial_10nn_longlat"], ids, llr_digits=5)
    # The program's own critical values at 1 and 5 %.
    for level, critical in ((0.01, 9.30606), (0.05, 7.54519)):
        assert agrees((found.maxima >= critical).mean(), level, None)
