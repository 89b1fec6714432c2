"""Rules of PostGIS's own clustering suite, and its program as an oracle over the same points."""

import json

import numpy as np
import psycopg
import pytest

from geo.density import dbscan

pytestmark = pytest.mark.shared


@pytest.fixture(scope="module")
def case(shared):
    return json.loads((shared / "cases/c01_postgis_cluster/expected.json").read_text())


def partition(label):
    groups = {}
    for i, x in enumerate(label):
        if x is not None and x >= 0:
            groups.setdefault(x, set()).add(i)
    return sorted(map(sorted, groups.values()))


def expected(case, name):
    return partition([case[name][key] for key in case["dbscan_inputs"]])


@pytest.mark.parametrize(
    ("name", "eps", "min_points"),
    [("t101_eps0.8_min1", 0.8, 1), ("t102_eps0.8_min4", 0.8, 4), ("t103_eps0.6_min3", 0.6, 3)],
)
def test_partitions_of_the_suite(case, name, eps, min_points):
    points = np.array(list(case["dbscan_inputs"].values()), float)

    found = dbscan(points, np.ones(len(points), int), eps, min_points)

    assert partition(found.label) == expected(case, name)


def test_border_points_within_reach_of_each_other_join_nothing(case):
    ticket = case["cunit_3572"]
    points = np.array(ticket["points"], float)

    found = dbscan(points, np.ones(len(points), int), ticket["eps"], ticket["min_points"])

    assert partition(found.label) == partition(ticket["ids"])


def test_single_points():
    one = np.zeros((1, 2))

    assert dbscan(one, np.ones(1, int), 1, 5).label.tolist() == [-1]
    assert dbscan(one, np.ones(1, int), 0, 1).label.tolist() == [0]


def test_core_and_noise_equal_the_program_itself(cluster):
    points = np.random.default_rng(3).uniform(0, 2000, (400, 2)).round(1)
    found = dbscan(points, np.ones(400, int), 120, 5)

    with psycopg.connect(cluster.dsn("postgres", "postgres")) as connection:
        connection.execute("create extension if not exists postgis")
        theirs = connection.execute(
            "select ST_ClusterDBSCAN(ST_MakePoint(x, y), 120, 5) over () "
            "from unnest(%s::float8[], %s::float8[]) with ordinality as p(x, y, i) order by i",
            (points[:, 0].tolist(), points[:, 1].tolist()),
        ).fetchall()
        connection.rollback()

    label = [x for (x,) in theirs]
    assert [x is None for x in label] == (found.label < 0).tolist()
    core = np.flatnonzero(found.core)
    assert partition([found.label[i] for i in core]) == partition([label[i] for i in core])
