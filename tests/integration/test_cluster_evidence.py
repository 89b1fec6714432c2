"""What a run finds out beside its clusters: p values, rules, rank. On real PostGIS."""

import numpy as np
import pytest
from sqlalchemy import text

from app.clusters.evidence import Evidence
from tests.integration.test_clusters import BRIDGE, KINGSTON, incident, pattern, points, run

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


def test_a_pattern_with_its_sources_rank_months_and_what_stands_out(busy, run):
    found = found_at_the_bridge(run(busy, "--source", "partnership", "--replicates", "99"))
    evidence = Evidence.of(found["evidence"])

    assert found["stability"] == evidence.stability.found == 9
    assert len(evidence.stability.settings) == evidence.stability.of == 9
    assert (evidence.without_proactive.found, evidence.without_proactive.left_out) == (True, 0)
    assert (evidence.aoristic.share, evidence.aoristic.survives) == (1.0, True)
    assert evidence.sources.agencies == {"AFC": 5, "MPS": 4}
    assert evidence.sources.discovered_by == {"OTHER": 9}
    assert evidence.rank.weight > 0
    assert evidence.rank.band == "high"
    assert {"incidents", "agencies", "recency"} <= {one.kind for one in evidence.why_here}
    assert len(evidence.months) == 12
    assert sum(month.n for month in evidence.months) == 9
    assert evidence.persistent.status == "tested"
    assert evidence.persistent.quarters_with == 1
    assert found["p_persistent"] is None


def test_a_pattern_of_patrols_alone_is_not_found_without_them(busy, run, lead):
    pattern(busy, lead, x=BRIDGE[0] + 3000, n=8)
    with busy.begin(lead) as session:
        session.execute(
            text("""
                update app.incident set discovered_by = 'STOP_SEARCH'
                where ST_X(geom) = :x and occurred_from > now() - interval '20 days'
            """),
            {"x": BRIDGE[0] + 3000},
        )

    clusters = run(busy, "--source", "partnership", "--replicates", "99")["clusters"]
    (found,) = (c for c in clusters if c["bbox"][0] == BRIDGE[0] + 3000)
    without = Evidence.of(found["evidence"]).without_proactive

    assert (without.found, without.left_out) == (False, 7)


def test_police_months_say_what_they_cannot(db, run):
    points(db, (*BRIDGE, KINGSTON, dict.fromkeys(range(240, 252), 9)))

    result = run(db, "--source", "police", "--eps-days", "31", "--replicates", "99")
    evidence = Evidence.of(result["clusters"][0]["evidence"])

    assert evidence.aoristic.why == "The publisher gives the month only."
    assert evidence.without_proactive.status == "not tested"
    assert evidence.emerging.p == 1.0
    assert (evidence.persistent.quarters_with, evidence.significance) == (4, "persistent")
    assert result["clusters"][0]["p_persistent"] <= 0.05
