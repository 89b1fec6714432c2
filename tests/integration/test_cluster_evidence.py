"""What a run finds out beside its clusters: p values, rules, rank. On real PostGIS."""

import numpy as np
import pytest

from app.clusters.evidence import Evidence
from tests.integration.test_clusters import BRIDGE, incident, pattern, run

__all__ = ["run"]


@pytest.fixture
def busy(db, lead):
    """A pattern of ten days at the bridge among 30 incidents of two years elsewhere."""
    pattern(db, lead, n=9)
    rng = np.random.default_rng(1)
    for k in range(30):
        x, y = 515_000 + 400 * (k % 6), 166_000 + 400 * (k // 6)
        incident(db, lead, x, y, int(rng.integers(60, 720)))
    return db


def found_at_the_bridge(result):
    (found,) = (c for c in result["clusters"] if c["bbox"] == [*BRIDGE, *BRIDGE])
    return found


def test_a_new_pattern_is_emerging_and_the_numbers_are_stored(busy, run):
    found = found_at_the_bridge(run(busy, "--source", "partnership", "--replicates", "199"))
    evidence = Evidence.of(found["evidence"])

    assert found["p_emerging"] == evidence.emerging.p == 1 / 200
    assert evidence.emerging.observed == 9
    assert evidence.emerging.expected < 3
    assert evidence.emerging.replicates == 199
    assert str(evidence.emerging.first_on) == found["from"]
    assert str(evidence.emerging.last_on) == found["to"]


def test_without_replicates_nothing_is_tested(busy, run):
    found = found_at_the_bridge(run(busy, "--source", "partnership", "--replicates", "0"))

    assert (found["p_emerging"], found["cbc"]) == (None, None)
    assert Evidence.of(found["evidence"]).significance == "not tested"


def test_too_little_data_is_said_and_is_no_finding(db, run, lead):
    pattern(db, lead)

    (found,) = run(db, "--source", "partnership", "--replicates", "99")["clusters"]
    emerging = Evidence.of(found["evidence"]).emerging

    assert (emerging.status, emerging.p) == ("not enough data", None)
    assert emerging.why == "Fewer than 30 incidents in all: too few to tell a pattern from chance."


def test_the_seed_changes_the_shuffles_and_nothing_else(busy, run):
    runs = [
        run(busy, "--source", "partnership", "--replicates", "99", "--seed", seed)["clusters"]
        for seed in ("1", "1", "2")
    ]
    first, again, other = (
        [(c["id"], c["evidence"]["emerging"]["gumbel"]) for c in clusters] for clusters in runs
    )

    assert first == again != other
    assert [key for key, _ in first] == [key for key, _ in other]
