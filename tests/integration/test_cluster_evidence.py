"""What a run finds out beside its clusters: p values, rules, rank. On real PostGIS."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from sqlalchemy import text

from app.clusters import weighing
from app.clusters.evidence import Evidence
from app.core.ids import new_id, new_reference
from tests.integration.test_clusters import (
    BRIDGE,
    KINGSTON,
    RICHMOND,
    incident,
    pattern,
    place,
    points,
    run,
)

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


# Children: R3, R4


@pytest.fixture
def children(db, lead):
    """Make children of a borough: `children(n, home)` gives their ids."""
    with_purpose = replace(lead, purpose="PLAN", purpose_for="*")

    def made(n, home):
        ids = [new_id() for _ in range(n)]
        with db.begin(with_purpose) as session:
            for key in ids:
                session.execute(
                    text("""
                        insert into app.child (id, ref, agency_code, borough_codes, tier,
                            purpose_code, created_by, updated_by, home_lad_code, age_band,
                            age_band_as_of, is_synthetic)
                        values (:id, :ref, 'AFC', array[:home], 'H1', 'PLAN', sec.actor(),
                            sec.actor(), :home, 'A13_15', current_date, true)
                    """),
                    {"id": key, "ref": new_reference("CH"), "home": home},
                )
        return ids

    def link(child, incident_id=None, place_id=None, role="harmed_here"):
        table = "incident" if incident_id else "place"
        columns = {
            "incident": "(child_id, incident_id, role, created_by, is_synthetic) "
            "values (:child, :incident, :role, sec.actor(), true)",
            "place": "(id, child_id, place_id, role, from_on, source_agency, basis, created_by, "
            "is_synthetic) values (:id, :child, :place, :role, current_date - 20, 'AFC', "
            "'Demo: seen there', sec.actor(), true)",
        }
        with db.begin(with_purpose) as session:
            session.execute(
                text(f"insert into app.child_{table}_link {columns[table]}"),
                {"id": new_id(), "child": child, "incident": incident_id, "place": place_id,
                 "role": role},
            )  # fmt: skip

    return SimpleNamespace(made=made, link=link)


def test_more_children_from_over_the_border_than_expected_is_a_flow(db, run, lead, children):
    at_home = children.made(30, KINGSTON)
    rows = pattern(db, lead, x=518_500.0, y=168_000.0, n=30)
    for child, row in zip(at_home, rows, strict=True):
        children.link(child, row)
    visiting = children.made(6, RICHMOND)
    ids = pattern(db, lead, x=519_500.0, y=167_000.0, n=6)
    for child, row in zip(visiting, ids, strict=True):
        children.link(child, row)

    clusters = run(db, "--source", "partnership", "--replicates", "99")["clusters"]
    (flow,) = (Evidence.of(c["evidence"]).r3 for c in clusters if c["n"] == 6)
    (other,) = (Evidence.of(c["evidence"]).r3 for c in clusters if c["n"] == 30)

    assert (flow.status, flow.holds, flow.children, flow.elsewhere) == ("tested", True, 6, 6)
    assert flow.homes == {RICHMOND: 6}
    assert 0 < flow.p <= flow.q <= 0.05
    assert [c["r3_flow"] for c in clusters if c["n"] == 6] == [True]
    assert not other.holds
    assert str(visiting[0]) not in str(clusters)


def test_hot_spots_that_share_children_over_the_border_are_linked(db, run, lead, children):
    here = pattern(db, lead, x=518_500.0, y=168_000.0, n=8)
    there = pattern(db, lead, x=515_500.0, y=173_000.0, n=8)
    online = place(db, lead, "ONLINE_SOCIAL")
    for row, other, child in zip(here, there, children.made(8, KINGSTON), strict=True):
        children.link(child, row)
        children.link(child, other)
        children.link(child, place_id=online, role="frequents")
    for k in range(12):
        x = 512_000 + 500 * k
        square = f"POLYGON(({x} 176000,{x + 50} 176000,{x + 50} 176050,{x} 176050,{x} 176000))"
        park = place(db, lead, "PARK", shape=square)
        for child in children.made(4, RICHMOND):
            children.link(child, place_id=park, role="frequents")

    clusters = run(db, "--source", "partnership", "--replicates", "199")["clusters"]
    linked = [Evidence.of(c["evidence"]).r4 for c in clusters]

    assert [c["r4_link"] for c in clusters] == [True, True]
    component = linked[0].component
    assert component == linked[1].component
    assert sorted(component.clusters) == sorted(c["id"] for c in clusters)
    assert component.online == [str(online)]
    assert component.places == []
    assert component.boroughs == [KINGSTON, RICHMOND]
    assert {link.shared for link in component.links} == {8}
    assert [c["r3_flow"] for c in clusters] == [False, False]


def test_a_cross_borough_cluster_is_reportable_significant_and_spans(busy, run, lead):
    pattern(busy, lead, x=BRIDGE[0] - 60, n=4)
    pattern(busy, lead, x=BRIDGE[0] + 80, n=4)

    clusters = run(busy, "--source", "partnership", "--replicates", "199")["clusters"]
    across = [c for c in clusters if c["r1_span"]]
    with busy.read(lead) as session:
        told = session.execute(text("select n_cbc from app.cluster_run")).scalar()

    assert [(c["cbc"], c["reportable"]) for c in across] == [(True, True)]
    assert told == sum(c["cbc"] for c in clusters)
    evidence = Evidence.of(across[0]["evidence"])
    assert (evidence.r1.holds, evidence.r1.needed) == (True, 2)
    assert evidence.significance == "emerging"
    assert evidence.lineage.continues is False


def test_evidence_says_what_became_of_the_lineage(busy, run, lead):
    run(busy, "--source", "partnership", "--replicates", "99")

    again = found_at_the_bridge(run(busy, "--source", "partnership", "--replicates", "99"))
    lineage = Evidence.of(again["evidence"]).lineage

    assert (lineage.continues, lineage.split_from, lineage.merged) == (True, None, [])
    assert lineage.since is not None


def test_two_processes_tell_what_one_does(busy, run, monkeypatch):
    alone = run(busy, "--source", "partnership", "--replicates", "120")["clusters"]
    monkeypatch.setattr(weighing, "MANY", 1)

    both = run(busy, "--source", "partnership", "--replicates", "120")["clusters"]

    assert [c["evidence"]["emerging"] for c in both] == [c["evidence"]["emerging"] for c in alone]
