"""Cluster runs on real PostGIS: command or HTTP in, database truth out."""

import asyncio
import gzip
import random
from argparse import ArgumentParser
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import numpy as np
import pytest
from sqlalchemy import text

from app.clusters import commands, service
from app.clusters.schemas import RunIn
from app.core.actor import Actor, job_actor
from app.core.errors import InvalidError, RuleBrokenError
from app.core.ids import new_id, new_reference
from app.core.progress import Progress
from app.imports import service as imports
from app.places.queries import partner_codes
from app.worker import create_worker
from tests.conftest import cloned
from tests.people import csrf

KINGSTON, RICHMOND = "E09000021", "E09000027"
BURGLARY = "data/open/police/burglary_kingston_richmond_2010-12_2025-02.csv.gz"
DEFAULTS = {"Crime type": "Burglary", "Reported by": "Metropolitan Police Service"}
BRIDGE = (517700.0, 169400.0)  # Kingston Bridge: a border between its two ends
POLICE_JOB = job_actor("imports:police_street")
PRACTITIONER = Actor(
    id=new_id(),
    role="practitioner",
    label="a practitioner of Kingston",
    boroughs=(KINGSTON,),
    tiers=("H0", "H1"),
)


@pytest.fixture
def run(settings):
    """`contextmap clusters run`, in this process; tests of chance only where they are asked for."""

    def command(db, *arguments):
        parser = ArgumentParser()
        commands.register(parser.add_subparsers())
        untested = () if "--replicates" in arguments else ("--replicates", "0")
        given = parser.parse_args(["clusters", "run", *arguments, *untested])
        context = SimpleNamespace(db=db, settings=settings, progress=Progress(enabled=False))
        return given.func(given, context)

    return command


@pytest.fixture(scope="module")
def police_db(cluster, template, shared):
    """A clone with the real burglaries of Kingston and Richmond."""
    with cloned(cluster, template, "clusters_police") as database:
        load_police(database, shared / BURGLARY)
        yield database


def load_police(db, path):
    options = imports.Options(defaults=DEFAULTS)
    imports.police_street(db, [path], options, Progress(enabled=False))


def shuffled_copy(source, target):
    with gzip.open(source, "rt") as file:
        head, *rows = file.read().splitlines()
    random.Random(7).shuffle(rows)
    with gzip.open(target, "wt") as file:
        file.write("\n".join([head, *rows]))
    return target


def points(db, *rows):
    """Police points without the importer: (easting, northing, lad, {month since 2000: n})."""
    with db.begin(POLICE_JOB) as session:
        for number, (x, y, lad, months) in enumerate(rows, start=1):
            session.execute(
                text("""
                    insert into reference.place_point
                        (id, lon_e6, lat_e6, easting_m, northing_m, mx, my, qk, lad_code,
                         n_events, months)
                    select :id, ST_X(at) * 1e6, ST_Y(at) * 1e6, :x, :y, 0, 0, 0, :lad, :n, :months
                    from ST_Transform(ST_SetSRID(ST_MakePoint(:x, :y), 27700), 4326) as at
                """),
                {
                    "id": number,
                    "x": x,
                    "y": y,
                    "lad": lad,
                    "n": sum(months.values()),
                    "months": [month << 16 | n for month, n in sorted(months.items())],
                },
            )


def incident(db, lead, x, y, days_ago, **change):
    """One incident at a point, as a practitioner's record; returns its id."""
    at = datetime.now(UTC).replace(hour=12) - timedelta(days=days_ago)  # noqa: TID251
    given = {
        "id": new_id(),
        "ref": new_reference("IC"),
        "agency": "AFC",
        "tier": "H1",
        "x": x,
        "y": y,
        "place": None,
        "state": "RECORDED",
        "uncertainty": 0,
        "from": at,
        "to": at,
    } | change
    with db.begin(lead) as session:
        session.execute(
            text("""
                insert into app.incident
                    (id, ref, agency_code, tier, purpose_code, created_by, updated_by,
                     occurred_from, occurred_to, time_precision, geom, place_id, harm_code,
                     source_agency, state, uncertainty_m, is_synthetic)
                select :id, :ref, :agency, :tier, 'PLAN', sec.actor(), sec.actor(),
                       :from, :to, 'DAY',
                       case when cast(:place as uuid) is null
                            then ST_SetSRID(ST_MakePoint(:x, :y), 27700) end,
                       :place, (select min(code) from reference.harm), :agency, :state,
                       :uncertainty, true
            """),
            given,
        )
    return given["id"]


def pattern(db, lead, x=BRIDGE[0], y=BRIDGE[1], n=6, **change):
    """Incidents enough for a reportable cluster: several dates, two agencies."""
    return [
        incident(db, lead, x, y, 3 * i + 1, agency=("AFC", "MPS")[i % 2], **change)
        for i in range(n)
    ]


def scalars(db, actor, sql, **given):
    with db.read(actor) as session:
        return list(session.scalars(text(sql), given))


# Real police data


def test_the_partition_is_that_of_scikit_learn_on_the_raw_rows(police_db, run):
    sklearn = pytest.importorskip("sklearn.cluster")
    job = service.JOB
    with police_db.read(job) as session:
        events = session.execute(
            text("""
                select id, easting_m, northing_m from reference.police_event
                join reference.place_point as point on point.id = place_point_id
            """)
        ).all()
    ids, xy_m = np.array([e[0] for e in events]), np.array([e[1:] for e in events], dtype=float)

    result = run(
        police_db,
        *("--source", "police", "--eps-days", "none", "--eps-m", "150", "--min-points", "25"),
    )

    theirs = sklearn.DBSCAN(eps=150, min_samples=25).fit(xy_m)
    is_core = np.zeros(len(ids), dtype=bool)
    is_core[theirs.core_sample_indices_] = True
    with police_db.read(job) as session:
        ours = session.execute(
            text("""
                select place_point_id, cluster_id, is_core, n from app.cluster_member
                where run_id = :run
            """),
            {"run": result["run"]},
        ).all()
    assert sum(c["n"] for c in result["clusters"]) == int((theirs.labels_ >= 0).sum())
    assert sum(row.n for row in ours) == int((theirs.labels_ >= 0).sum())
    assert {row.place_point_id for row in ours if row.is_core} == set(ids[is_core])
    assert {row.place_point_id for row in ours} == set(ids[theirs.labels_ >= 0])
    label = dict(zip(ids[is_core].tolist(), theirs.labels_[is_core].tolist(), strict=True))
    pairs = {(row.cluster_id, label[row.place_point_id]) for row in ours if row.is_core}
    assert len(pairs) == len(result["clusters"]) == len(set(theirs.labels_) - {-1})


@pytest.mark.parametrize("eps_m", ["150", "250"])
def test_real_incidents_cluster_across_the_border(police_db, run, eps_m):
    result = run(police_db, "--source", "police", "--eps-days", "none", "--eps-m", eps_m)

    across = [c for c in result["clusters"] if {KINGSTON, RICHMOND} <= set(c["boroughs"])]
    assert across
    assert all(c["cross_borough"] for c in across)
    assert all(sum(c["boroughs"].values()) == c["n"] for c in result["clusters"])
    assert any(c["r1_span"] for c in across)


def test_real_incidents_of_one_month_cluster_across_the_border(police_db, run):
    result = run(police_db, "--source", "police")

    assert any({KINGSTON, RICHMOND} <= set(c["boroughs"]) for c in result["clusters"])


def test_rows_in_another_order_give_the_same_clusters(
    police_db, run, cluster, template, shared, tmp_path
):
    copy = shuffled_copy(shared / BURGLARY, tmp_path / "shuffled.csv.gz")
    with cloned(cluster, template, "clusters_shuffled") as other:
        load_police(other, copy)

        there = run(other, "--source", "police")
        here = run(police_db, "--source", "police")

    for result in (here, there):
        for found in result["clusters"]:
            found.pop("lineage")
            found.pop("run")
            found["evidence"].pop("lineage")  # what earlier runs of that database found
    assert there["clusters"] == here["clusters"]
    assert there["coverage"] == here["coverage"]


def test_a_second_run_gives_the_same_ids_and_keeps_every_lineage(police_db, run):
    first = run(police_db, "--source", "police", "--eps-m", "200")
    second = run(police_db, "--source", "police", "--eps-m", "200")

    def kept(result):
        return [(c["id"], c["lineage"]) for c in result["clusters"]]

    assert second["run"] != first["run"]
    assert kept(second) == kept(first)


def test_a_period_that_joins_the_town_is_said_so(police_db, run):
    result = run(
        police_db,
        *("--source", "police", "--eps-days", "none", "--eps-m", "150", "--min-points", "10"),
    )

    assert "Shorten the period or raise the minimum" in result["coverage"]["warning"]


# Police months


@pytest.mark.parametrize(("eps_days", "n"), [("28", []), ("31", [12])])
def test_months_join_at_31_days_and_not_at_28(db, run, eps_days, n):
    points(db, (*BRIDGE, KINGSTON, dict.fromkeys(range(240, 246), 2)))

    result = run(db, "--source", "police", "--eps-days", eps_days)

    assert [c["n"] for c in result["clusters"]] == n


def test_a_single_month_is_not_a_pattern_and_says_why(db, run):
    points(db, (*BRIDGE, KINGSTON, {240: 9}))

    (found,) = run(db, "--source", "police", "--eps-days", "none")["clusters"]

    assert found["reportable"] is False
    assert found["why_not"] == "Incidents on 1 of at least 3 dates: not yet a pattern."


def test_without_a_limit_in_time_dates_are_those_of_all_its_months(db, run):
    months = {240: 1, 250: 2, 260: 3}
    points(db, (*BRIDGE, KINGSTON, months), (BRIDGE[0] + 5, BRIDGE[1], RICHMOND, {255: 2}))

    (found,) = run(db, "--source", "police", "--eps-days", "none")["clusters"]

    assert (found["from"], found["to"]) == ("2020-01-16", "2021-09-16")
    assert (found["n"], found["reportable"], found["r1_span"]) == (8, True, True)


def test_without_a_limit_in_time_each_month_counts_when_it_was(db, run):
    """Two years of one point: of its last twelve months each is told, and it lasts."""
    points(db, (*BRIDGE, KINGSTON, dict.fromkeys(range(240, 264), 3)))

    asked = run(db, "--source", "police", "--eps-days", "none", "--replicates", "99")
    with db.begin(service.JOB) as session:
        (evidence,) = session.execute(
            text("select evidence from app.cluster where run_id = :run"), {"run": asked["run"]}
        ).scalars()

    assert [one["n"] for one in evidence["months"]] == [3] * 12
    assert evidence["persistent"]["quarters_with"] == 4
    assert evidence["significance"] == "persistent"


def test_a_window_counts_the_months_whose_middle_it_holds(db, run):
    points(db, (*BRIDGE, KINGSTON, {240: 5, 241: 7, 242: 9}))

    result = run(
        db, "--source", "police", "--eps-days", "none", "--from", "2020-02-01", "--to", "2020-02-29"
    )

    assert [c["n"] for c in result["clusters"]] == [7]
    assert result["coverage"]["events"] == 7


def test_police_without_any_incident_is_refused_in_words(db, run):
    with pytest.raises(InvalidError) as refused:
        run(db, "--source", "police")

    assert "Import police street files first" in refused.value.fields["source"]


def test_parameters_outside_their_bounds_are_refused_before_a_run_is_made(db, run, lead):
    with pytest.raises(InvalidError) as refused:
        run(db, "--eps-m", "20", "--min-points", "x")

    assert refused.value.fields == {
        "--eps-m": "Enter a distance from 50 to 2,000 metres.",
        "--min-points": "Enter a number.",
    }
    assert scalars(db, lead, "select id from app.cluster_run") == []


# Partnership incidents


def test_incidents_on_both_sides_of_the_river_are_one_cluster(db, run, lead):
    pattern(db, lead, x=BRIDGE[0] - 60, n=4)
    pattern(db, lead, x=BRIDGE[0] + 80, n=4)

    (found,) = run(db, "--source", "partnership")["clusters"]

    assert found["boroughs"] == {KINGSTON: 4, RICHMOND: 4}
    assert found["cross_borough"]
    assert found["r1_span"]
    assert found["reportable"]
    assert found["p_emerging"] is None
    assert found["significance"]


def test_one_side_near_the_border_straddles_only(db, run, lead):
    pattern(db, lead, x=BRIDGE[0] + 30)

    (found,) = run(db, "--source", "partnership")["clusters"]

    assert found["boroughs"] == {KINGSTON: 6}
    assert (found["r1_span"], found["r2_straddle"], found["cross_borough"]) == (False, True, False)


def test_police_and_partnership_are_never_one_cluster(db, run, lead):
    points(db, (*BRIDGE, KINGSTON, {240: 3}))
    pattern(db, lead, n=4)

    result = run(db, "--source", "all", "--eps-days", "none")

    assert result["clusters"] == []
    assert {r["source"]: r["n_events"] for r in result["runs"]} == {"police": 3, "partnership": 4}


def test_all_lists_the_runs_and_says_the_source_of_each_cluster(db, run, lead):
    points(db, (*BRIDGE, KINGSTON, dict.fromkeys(range(240, 245), 2)))
    pattern(db, lead)

    result = run(db, "--eps-days", "31")

    assert [(c["source"], c["n"]) for c in result["clusters"]] == [
        ("police", 10),
        ("partnership", 6),
    ]
    assert result["run"] == result["runs"][0]["id"]
    assert set(result["coverage"]) == {"police", "partnership"}


def test_withdrawn_and_online_and_homes_without_a_safe_point_stay_out(db, run, lead):
    pattern(db, lead)
    move(db, lead, [incident(db, lead, *BRIDGE, 2)], state="WITHDRAWN")
    home, online = place(db, lead, "CUCKOOED"), place(db, lead, "ONLINE_SOCIAL")
    incident(db, lead, *BRIDGE, 2, place=home)
    incident(db, lead, *BRIDGE, 2, place=online)

    result = run(db, "--source", "partnership")

    assert [c["n"] for c in result["clusters"]] == [6]
    assert result["coverage"]["left_out"] == {"residential": 1, "online": 1}


def test_a_home_enters_at_its_snap_point_only(db, run, lead):
    home = place(db, lead, "CUCKOOED", exact=(500000, 150000), snap=BRIDGE)
    pattern(db, lead, n=4)
    incident(db, lead, 0, 0, 2, place=home)

    (found,) = run(db, "--source", "partnership")["clusters"]

    assert found["n"] == 5
    assert found["bbox"] == [*BRIDGE, *BRIDGE]


def place(db, lead, type_code, *, shape=None, exact=None, snap=None):
    """A place of concern of any kind; homes get their exact and their snap point."""
    given = {"id": new_id(), "ref": new_reference("PL"), "type": type_code, "shape": shape}
    with db.begin(lead) as session:
        session.execute(
            text("""
                insert into app.place
                    (id, ref, agency_code, borough_codes, tier, purpose_code, created_by,
                     updated_by, type_code, name, sensitivity, geom, geom_kind, label_expires_on,
                     is_synthetic)
                select :id, :ref, 'AFC', '{E09000021}', 'H1', 'PLAN', sec.actor(), sec.actor(),
                       code, 'Test place',
                       sensitivity, ST_GeomFromText(:shape, 27700),
                       case sensitivity when 'ONLINE' then 'N' when 'RESIDENTIAL' then 'P'
                            else 'A' end,
                       current_date + 60, true
                from reference.place_type where code = :type
            """),
            given,
        )
    if exact is not None:
        keep_exact(db, lead, given["id"], exact, snap)
    return given["id"]


def keep_exact(db, lead, place_id, exact, snap):
    from dataclasses import replace

    with db.begin(replace(lead, purpose="PLAN", purpose_for="*")) as session:
        session.execute(
            text("""
                insert into app.place_exact (place_id, geom, snap_geom, snap_catchment)
                values (:id, ST_SetSRID(ST_MakePoint(:x, :y), 27700),
                        ST_SetSRID(ST_MakePoint(:sx, :sy), 27700), 9)
            """),
            {"id": place_id, "x": exact[0], "y": exact[1], "sx": snap[0], "sy": snap[1]},
        )


def test_a_large_park_does_not_join_its_far_ends(db, run, lead):
    west, south = BRIDGE
    park = place(
        db, lead, "PARK", shape=f"POLYGON(({west} {south},{west + 3000} {south},{west + 3000} "
        f"{south + 500},{west} {south + 500},{west} {south}))",
    )  # fmt: skip
    pattern(db, lead, x=west - 10, n=5)
    pattern(db, lead, x=west + 3010, n=5)
    pattern(db, lead, place=park, n=5)

    result = run(db, "--source", "partnership")

    assert [c["n"] for c in result["clusters"]] == [5, 5, 5]


def test_an_incident_too_vague_in_place_is_never_a_core(db, run, lead):
    pattern(db, lead, n=5, uncertainty=126)

    result = run(db, "--source", "partnership")

    assert result["clusters"] == []
    assert result["coverage"]["never_core"] == 5


def test_one_reporter_and_few_children_are_not_a_pattern(db, run, lead):
    for days_ago in range(6):
        incident(db, lead, *BRIDGE, 2 * days_ago + 1)

    (found,) = run(db, "--source", "partnership")["clusters"]

    assert found["reportable"] is False
    assert "reporting agencies" in found["why_not"]


def test_planted_clusters_of_the_demonstration_are_found(demo_db, run):
    result = run(demo_db, "--source", "partnership")

    across = [c for c in result["clusters"] if c["cross_borough"] and c["reportable"]]
    assert len(across) >= 3
    assert all(c["name"].startswith("Around ") and len(c["name"]) <= 80 for c in across)


# Lineage and the life of a run


def test_a_pattern_that_ends_is_gone_and_comes_back_under_its_old_reference(db, run, lead):
    ids = pattern(db, lead)
    before = run(db, "--source", "partnership")["clusters"][0]["lineage"]
    move(db, lead, ids, state="WITHDRAWN")
    empty = run(db, "--source", "partnership")["clusters"]
    gone = scalars(db, lead, "select state from app.cluster_lineage")
    pattern(db, lead)  # what is withdrawn stays so: it begins anew

    after = run(db, "--source", "partnership")["clusters"][0]["lineage"]

    assert empty == []
    assert gone == ["GONE"]
    assert after == before
    assert scalars(db, lead, "select state from app.cluster_lineage") == ["OPEN"]


def move(db, lead, ids, *, state):
    with db.begin(lead) as session:
        session.execute(
            text("update app.incident set state = :state where id = any(:ids)"),
            {"state": state, "ids": ids},
        )


def test_a_pattern_that_splits_and_merges_again_says_so(db, run, lead):
    west, north = BRIDGE
    for i in range(6):
        incident(db, lead, west + 10 * i, north, 2 * i + 1)
    for i in range(5):
        incident(db, lead, west + 400 + 10 * i, north, 2 * i + 1)
    bridge = [incident(db, lead, west + 210, north, 5)]
    (whole,) = run(db, "--source", "partnership")["clusters"]

    move(db, lead, bridge, state="WITHDRAWN")
    parts = run(db, "--source", "partnership")["clusters"]
    incident(db, lead, west + 210, north, 5)
    (again,) = run(db, "--source", "partnership")["clusters"]

    assert [part["n"] for part in parts] == [6, 5]
    assert parts[0]["lineage"] == again["lineage"] == whole["lineage"]
    with db.read(lead) as session:
        other = session.execute(
            text("""
                select one.ref, one.state, split.ref as split_from, merged.ref as merged_into
                from app.cluster_lineage as one
                join app.cluster_lineage as split on split.id = one.split_from_id
                join app.cluster_lineage as merged on merged.id = one.merged_into_id
            """)
        ).one()
    assert other == (parts[1]["lineage"], "CLOSED", whole["lineage"], whole["lineage"])


def test_a_pattern_gone_for_more_than_a_year_is_closed(db, run, lead):
    ids = pattern(db, lead)
    run(db, "--source", "partnership")
    move(db, lead, ids, state="WITHDRAWN")
    run(db, "--source", "partnership")
    with db.begin(service.JOB) as session:
        session.execute(text("update app.cluster_lineage set last_seen_on = last_seen_on - 366"))

    run(db, "--source", "partnership")

    assert scalars(db, lead, "select state from app.cluster_lineage") == ["CLOSED"]


def test_an_experiment_with_other_settings_leaves_standing_lineages_alone(db, run, lead):
    pattern(db, lead)
    run(db, "--source", "partnership")

    run(db, "--source", "partnership", "--min-points", "50")

    assert scalars(db, lead, "select state from app.cluster_lineage") == ["OPEN"]


def test_carrying_out_a_run_twice_changes_nothing(db, run, lead):
    pattern(db, lead)
    run_id = run(db, "--source", "partnership")["run"]
    before = scalars(db, lead, "select finished_at from app.cluster_run")

    service.recompute(db, run_id)

    assert scalars(db, lead, "select finished_at from app.cluster_run") == before
    assert scalars(db, lead, "select count(*) from app.cluster") == [1]


def test_a_run_whose_worker_was_killed_starts_again(db, lead, settings):
    pattern(db, lead)
    (run_id,) = asked(db, settings)
    service._begun(db, run_id)

    service.recompute(db, run_id)

    assert scalars(db, lead, "select state from app.cluster_run") == ["DONE"]


def test_a_run_that_cannot_be_computed_says_why_and_stores_nothing(db, run, lead):
    points(db, (BRIDGE[0], 1_350_000.0, KINGSTON, {240: 9}))

    with pytest.raises(RuleBrokenError) as failed:
        run(db, "--source", "police")

    assert "outside the British National Grid" in failed.value.detail
    assert scalars(db, lead, "select failure from app.cluster_run") == [failed.value.detail]
    assert scalars(db, lead, "select state from app.cluster_run") == ["FAILED"]
    assert scalars(db, lead, "select count(*) from app.cluster") == [0]


def test_a_run_that_was_overtaken_says_so_and_stores_nothing(db, lead, settings, run):
    pattern(db, lead)
    (older,) = asked(db, settings)
    run(db, "--source", "partnership")

    service.recompute(db, older)

    states = "select state || coalesce(': ' || failure, '') from app.cluster_run order by id"
    assert scalars(db, lead, states)[0].startswith("FAILED: A later calculation")
    assert scalars(db, lead, "select count(*) from app.cluster") == [1]


def asked(db, settings, source="partnership"):
    with db.begin(service.JOB) as session:
        wanted = RunIn(source=source, replicates=0)
        runs = service.ask(session, service.JOB, wanted, partner_codes(settings.partnership))
        return [each.id for each in runs]


def test_the_run_keeps_what_it_was_made_from(db, run, lead):
    pattern(db, lead)

    result = run(db, "--source", "partnership", "--seed", "7", "--replicates", "199")

    with db.read(lead) as session:
        kept = session.execute(text("select * from app.cluster_run")).mappings().one()
    assert str(kept["id"]) == result["run"]
    assert (kept["state"], kept["seed"], kept["params"]["replicates"]) == ("DONE", 7, 199)
    assert kept["params"]["partners"] == [KINGSTON, RICHMOND]
    assert len(kept["snapshot_hash"]) == len(kept["params_hash"]) == 64
    assert "numpy" in kept["code_version"]
    assert (kept["n_events"], kept["n_clusters"]) == (6, 1)


def test_members_go_with_their_run(db, run, lead):
    pattern(db, lead)
    run(db, "--source", "partnership")
    kept = run(db, "--source", "partnership")["run"]

    with db.begin(service.JOB) as session:
        session.execute(text("delete from app.cluster_run where id <> :kept"), {"kept": kept})

    runs = scalars(db, lead, "select distinct run_id from app.cluster_member")
    assert [str(run_id) for run_id in runs] == [kept]


# Who may see what


@pytest.fixture
def two_clusters(db, run, lead):
    """One across the river, one in the middle of Richmond."""
    pattern(db, lead, x=BRIDGE[0] - 60, n=4)
    pattern(db, lead, x=BRIDGE[0] + 80, n=4)
    pattern(db, lead, x=515500.0, y=173000.0)
    return run(db, "--source", "partnership")


def test_a_practitioner_sees_clusters_that_touch_the_borough_and_no_member(db, two_clusters):
    seen = scalars(db, PRACTITIONER, "select borough_codes from app.cluster")

    assert len(two_clusters["clusters"]) == 2
    assert [set(codes) for codes in seen] == [{KINGSTON, RICHMOND}]
    assert scalars(db, PRACTITIONER, "select site_id from app.cluster_member") == []


def test_an_analyst_sees_members_of_both_boroughs(db, two_clusters, lead):
    assert len(scalars(db, lead, "select site_id from app.cluster_member")) == 14


def test_a_practitioner_may_not_write_clusters(db, two_clusters):
    import sqlalchemy.exc

    with pytest.raises(sqlalchemy.exc.ProgrammingError), db.begin(PRACTITIONER) as session:
        session.execute(text("update app.cluster set name = 'x'"))


def test_a_hull_shows_no_point(db, two_clusters, lead):
    corners = scalars(
        db,
        lead,
        "select distinct mod(ST_X(p.geom)::int, 250) + mod(ST_Y(p.geom)::int, 250) "
        "from app.cluster, ST_DumpPoints(hull) as p",
    )

    assert corners == [0]


# Over HTTP


def test_a_run_is_accepted_done_by_the_worker_and_read_back(client, db, lead):
    pattern(db, lead)

    answer = client.post("/api/v1/clusters/runs", json={"source": "partnership"})
    href = answer.json()["runs"][0]["href"]
    waiting = client.get(href).json()["state"]
    work(db)
    done = client.get(href).json()

    assert answer.status_code == 202
    assert (waiting, done["state"], done["n_clusters"]) == ("QUEUED", "DONE", 1)


def work(db):
    """The real worker, until the queue is empty."""
    worker = create_worker(db.logins.dsn("cs_job"))

    async def until_empty():
        async with worker.open_async():
            await worker.run_worker_async(
                wait=False,
                install_signal_handlers=False,
                listen_notify=False,
                additional_context={"db": db},
            )

    # In a thread of its own: browser tests leave a running loop in this one.
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, until_empty()).result()


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"eps_m": 1}, "eps_m"),
        ({"eps_days": 0}, "eps_days"),
        ({"min_points": 99}, "min_points"),
        ({"source": "police"}, "source"),
        ({"colour": "red"}, "body"),
    ],
)
def test_a_run_that_cannot_be_is_refused_by_field(client, body, field):
    answer = client.post("/api/v1/clusters/runs", json=body)

    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == [field]


def test_clusters_are_geojson_within_the_box_that_was_asked(client, two_clusters):
    everything = client.get("/api/v1/clusters").json()
    near = client.get("/api/v1/clusters?bbox=-0.32,51.40,-0.30,51.42").json()
    nowhere = client.get("/api/v1/clusters?bbox=0.5,52.0,0.6,52.1").json()

    assert everything["numberReturned"] == 2
    assert [f["properties"]["cross_borough"] for f in near["features"]] == [True]
    assert nowhere["features"] == []
    (ring,) = near["features"][0]["geometry"]["coordinates"]
    assert all(-0.4 < lon < -0.2 and 51.3 < lat < 51.5 for lon, lat in ring)


def test_clusters_can_be_asked_by_run_source_and_date(client, two_clusters):
    def count(query):
        return client.get(f"/api/v1/clusters?{query}").json()["numberReturned"]

    assert count(f"run={two_clusters['run']}") == 2
    assert count(f"run={new_id()}") == 0
    assert count("source=police") == 0
    assert count("datetime=../2020-01-01") == 0
    assert count("limit=1") == 1


def test_the_largest_of_both_sources_come_first(client, db, run, lead):
    pattern(db, lead)
    run(db, "--source", "partnership")
    points(db, (*BRIDGE, KINGSTON, dict.fromkeys(range(240, 246), 2)))
    run(db, "--source", "police", "--eps-days", "31")

    found = client.get("/api/v1/clusters").json()["features"]

    assert [(f["properties"]["source"], f["properties"]["n"]) for f in found] == [
        ("police", 12),
        ("partnership", 6),
    ]


def test_a_cluster_is_found_by_its_id_and_by_its_lineage(client, two_clusters):
    found = two_clusters["clusters"][0]

    by_id = client.get(f"/api/v1/clusters/{found['id']}")
    by_lineage = client.get(f"/api/v1/clusters/{found['lineage']}")
    unknown = client.get("/api/v1/clusters/0000000000")

    assert by_id.json() == by_lineage.json()
    assert by_id.json()["properties"]["id"] == found["id"]
    assert unknown.status_code == 404


def test_the_page_of_a_cluster_says_in_words_what_it_is(client, two_clusters, db, lead):
    found = next(c for c in two_clusters["clusters"] if c["cross_borough"])

    page = client.get(f"/clusters/{found['id']}", headers={"accept": "text/html"})

    assert page.status_code == 200
    for words in (
        "8 incidents at 2 places between",
        "within 250 metres and 28 days of each other.",
        "Incidents in Kingston (4) and Richmond (4).",
        "14 incidents counted",
    ):
        assert words in page.text
    assert scalars(
        db, lead, "select object_ref || rows from audit.event where action = 'cluster.members'"
    ) == [f"{found['id']}2"]


def test_the_list_says_while_a_run_is_under_way(client, db, lead):
    pattern(db, lead)
    form = {"csrf": csrf(client), "source": "partnership", "eps_days": "none"}

    sent = client.post("/clusters", data=form)
    waiting = client.get("/clusters")
    work(db)
    done = client.get("/clusters")
    runs = client.get("/clusters/runs")

    assert (sent.status_code, sent.headers["location"]) == (303, "/clusters/runs")
    assert "A new calculation was asked for at" in waiting.text
    assert "There are no results yet." in waiting.text
    assert "A new calculation" not in done.text
    assert "Around " in done.text
    assert "Done in " in runs.text


def test_a_form_with_a_wrong_distance_is_shown_again_with_the_reason(client):
    form = {"csrf": csrf(client), "source": "partnership", "eps_m": "7"}

    answer = client.post("/clusters", data=form)

    assert answer.status_code == 422
    assert "Enter a distance from 50 to 2,000 metres." in answer.text
    assert 'value="7"' in answer.text


def test_a_seed_may_be_as_long_as_the_document_says(client):
    answer = client.post("/api/v1/clusters/runs", json={"source": "partnership", "seed": 2**63 - 1})

    assert answer.status_code == 202, answer.text
    assert answer.json()["runs"][0]["seed"] == 2**63 - 1


@pytest.mark.parametrize("wrong", [{"eps_days": {}}, {"from": 0}, {"from": "86400"}])
def test_what_is_neither_days_nor_a_date_is_refused(client, wrong):
    answer = client.post("/api/v1/clusters/runs", json={"source": "partnership"} | wrong)

    assert answer.status_code == 422
