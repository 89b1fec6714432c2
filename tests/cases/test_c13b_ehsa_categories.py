"""Twelve histories of hot and cold bins, and the category another program's tests give them."""

import csv

import pytest

from geo.hotspots import classify

pytestmark = pytest.mark.shared


@pytest.fixture(scope="module")
def vectors(shared):
    with (shared / "cases/c13b_ehsa_categories/category_vectors.csv").open() as file:
        return list(csv.DictReader(file))


def test_every_history_has_its_category_and_its_mirror_the_mirror(vectors):
    assert len(vectors) == 12
    for row in vectors:
        bins = [int(row[f"bin{i}"]) for i in range(10)]
        z, p, expected = float(row["mk_z"]), float(row["mk_p"]), int(row["expected_code"])

        assert classify(bins, z, p, alpha=0.05, min_level=90) == expected, row["name"]
        mirror = classify([-b for b in bins], -z, p, alpha=0.05, min_level=90)
        assert mirror == -expected, row["name"]
