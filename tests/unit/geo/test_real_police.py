"""Real published incidents: the partition equals scikit-learn's, whatever the order of rows."""

import csv
import gzip

import numpy as np
import pytest
from sklearn.cluster import DBSCAN

from geo import crs
from geo.density import dbscan

pytestmark = pytest.mark.shared


@pytest.fixture(scope="module")
def xy_m(shared):
    folder = shared / "data/open/police"
    points = []
    with gzip.open(folder / "burglary_kingston_richmond_2010-12_2025-02.csv.gz", "rt") as lines:
        points += [(float(r["Longitude"]), float(r["Latitude"])) for r in csv.DictReader(lines)]
    for path in sorted((folder / "native_layout").glob("*.csv")):
        with path.open() as lines:
            rows = csv.DictReader(lines)
            points += [
                (float(r["Longitude"]), float(r["Latitude"])) for r in rows if r["Longitude"]
            ]
    return crs.to_bng(points)


@pytest.mark.parametrize("eps_m", [60, 150, 250])
@pytest.mark.parametrize("min_points", [5, 10, 25, 40])
def test_partition_equals_scikit_learn(xy_m, eps_m, min_points):
    places, at, n = np.unique(xy_m, axis=0, return_inverse=True, return_counts=True)
    oracle = DBSCAN(eps=eps_m + 0.0005, min_samples=min_points).fit(places, sample_weight=n)
    core = np.zeros(len(places), bool)
    core[oracle.core_sample_indices_] = True

    found = dbscan(xy_m, np.ones(len(xy_m), int), eps_m, min_points)

    theirs, core = oracle.labels_[at], core[at]
    assert (found.core == core).all()
    assert ((found.label < 0) == (theirs < 0)).all()
    pairs = set(zip(found.label[core].tolist(), theirs[core].tolist(), strict=True))
    assert len(pairs) == len({ours for ours, _ in pairs}) == len({other for _, other in pairs})


def test_twenty_orders_of_rows_give_one_partition(xy_m):
    weight = np.ones(len(xy_m), int)
    straight = dbscan(xy_m, weight, 150, 10)

    for seed in range(20):
        moved = np.random.default_rng(seed).permutation(len(xy_m))
        found = dbscan(xy_m[moved], weight, 150, 10, order=moved)
        assert (found.label == straight.label[moved]).all()
        assert (found.core == straight.core[moved]).all()
