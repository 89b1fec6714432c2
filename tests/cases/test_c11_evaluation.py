"""Published weighted displacement differences, map accuracies and E-tests."""

import json

import pytest

from geo.evaluation import accuracy, e_test, wdd, wdd_harm

pytestmark = pytest.mark.shared


@pytest.fixture(scope="module")
def case(shared):
    return json.loads((shared / "cases/c11_wdd_pai_etest/expected.json").read_text())


def test_the_published_difference(case):
    paper = case["wdd_paper"]

    found = wdd(
        paper["control"],
        paper["treated"],
        paper["disp_control"],
        paper["disp_treated"],
        level=1 - paper["alpha"],
    ).total

    assert found.est == paper["est"]
    assert found.se == pytest.approx(paper["se"], rel=1e-6)
    assert round(found.z, 2) == paper["z"]
    assert [round(found.low), round(found.high)] == paper["ci"]


def test_windows_of_different_length(case):
    times = case["wdd_time_weights"]

    found = wdd(times["control"], times["treated"], time_weights=times["time_weights"]).total

    assert found.est == times["est"]
    assert found.se == pytest.approx(times["se"], rel=1e-6)


def test_areas_of_different_size(case):
    paper, areas = case["wdd_paper"], case["wdd_area_weights"]

    found = wdd(
        paper["control"],
        paper["treated"],
        paper["disp_control"],
        paper["disp_treated"],
        area_weights=areas["area_weights"],
    ).total

    figures = [found.est, found.se, found.z, found.low, found.high]
    assert figures == pytest.approx([*(areas[k] for k in ("est", "se", "z")), *areas["ci"]], 1e-6)


def test_kinds_of_harm_together(case):
    harm = case["wdd_harm"]

    found = wdd_harm([wdd(c, t) for c, t in harm["pairs"]], harm["weights"])

    figures = [found.est, found.se, found.z, found.low, found.high]
    assert figures == pytest.approx([*(harm[k] for k in ("est", "se", "z")), *harm["ci"]], rel=1e-6)


@pytest.mark.parametrize("part", ["local", "displacement", "total"])
def test_parts_of_the_difference(case, part):
    counts = dict(case["wdd_simple"][part])
    expected = counts.pop("est")

    assert getattr(wdd(**counts), part).est == expected


def test_accuracy_of_a_map(case):
    pai = case["pai"]

    found = accuracy(pai["obs"], pai["pred"], pai["area"])

    assert found.pai.tolist() == pytest.approx(pai["PAI"], rel=1e-6)
    assert found.pei.tolist() == pytest.approx(pai["PEI"], rel=1e-6)
    assert found.rri.tolist() == pytest.approx(pai["RRI"], rel=1e-6)


def test_e_tests(case):
    for k1, k2, p in case["e_test"]:
        assert e_test(k1, k2) == pytest.approx(p, abs=5e-5)
    assert len({e_test(*pair) for pair in case["e_test_symmetric"]}) == 1
