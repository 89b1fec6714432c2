"""Who was silent, objections, takedowns and clusters of the report: planted rows, known answers."""

from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from app.briefings import of_clusters, of_fairness, of_records
from app.briefings.asked import Asked, Known
from app.briefings.building import BUILD
from app.core.ids import new_id, new_reference, random_id
from app.releases.rules import window
from tests.databases import cloned
from tests.people import KINGSTON, RICHMOND
from tests.sql import world

BOROUGHS = {KINGSTON: "Kingston", RICHMOND: "Richmond"}
MERTON = "E09000024"
QUARTER = window("2026-Q1")
WITHIN, BEFORE = datetime(2026, 2, 10, 12, tzinfo=UTC), datetime(2025, 8, 4, tzinfo=UTC)
FEW = "fewer than 8, not shown"


def place(admin: Any, name: str, sensitivity: str, type_code: str = "PARK", **more: Any) -> Any:
    key = new_id()
    shaped = sensitivity not in {"ONLINE", "RESIDENTIAL"}
    point = "SRID=27700;POINT(518000 169300)" if shaped else None
    values = {"id": key, "ref": new_reference("PL"), "agency_code": "AFC", "tier": "H0",
              "borough_codes": [KINGSTON], "purpose_code": "PLAN", "created_by": key,
              "updated_by": key, "is_synthetic": True, "type_code": type_code, "name": name,
              "sensitivity": sensitivity, "geom_kind": "P" if shaped else "N", "geom": point,
              "state": "PLAN_ACTIVE", "label_expires_on": "2030-01-01",
              "created_at": BEFORE}  # fmt: skip
    world.insert(admin, "app.place", values | more)
    admin.execute(
        "insert into app.place_state_change (place_id, borough_codes, tier, to_state, at, by) "
        "values (%s, %s, 'H0', 'PLAN_ACTIVE', %s, %s)",
        (key, [KINGSTON], BEFORE, key),
    )
    return key


def report(admin: Any, agency: str, at: datetime, **more: Any) -> Any:
    key = random_id()
    values = {"id": key, "ref": new_reference("RP"), "agency_code": agency, "created_at": at,
              "created_by": key, "updated_by": key, "is_synthetic": True, "channel": "WEB",
              "danger_answer": "NO", "where_kind": "PLACE", "when_kind": "OFTEN",
              "borough_codes": [KINGSTON]}  # fmt: skip
    world.insert(admin, "app.report", values | more)
    return key


def step(admin: Any, key: Any, state: str, at: datetime) -> None:
    admin.execute(
        "insert into app.report_state_change (report_id, borough_codes, tier, to_state, at, by) "
        "values (%s, %s, 'H1', %s, %s, %s)",
        (key, [KINGSTON], state, at, key),
    )


def reports(admin: Any) -> None:
    """Ten of schools, decided the next day and answered late; one of the council a year ago."""
    for n in range(10):
        key = report(admin, "EDU", WITHIN, counted_in="R", tone="CARE" if n < 9 else "COMPLAINT")
        step(admin, key, "DECIDED", WITHIN + timedelta(days=1))
        step(admin, key, "FEEDBACK_SENT", WITHIN + timedelta(days=8 if n else 80))
    report(admin, "LA_KINGSTON", BEFORE)
    report(admin, "PUBLIC", WITHIN)


def objections(admin: Any, key: Any) -> None:
    """One is open; nine were answered, eight of them within twenty working days."""
    for n in range(10):
        days = 40 if n == 1 else 14
        asked = WITHIN - timedelta(days=days)
        answer = {} if n == 0 else {"decided_at": WITHIN, "decided_by": key, "decision": "x" * 30,
                                    "state": "UPHELD" if n < 3 else "NOT_UPHELD"}  # fmt: skip
        values = {"id": new_id(), "ref": new_reference("OB"), "place_id": key, "created_by": key,
                  "agency_code": "AFC", "raised_by": "RESIDENT", "body": "x" * 30,
                  "created_at": asked}  # fmt: skip
        world.insert(admin, "app.objection", values | answer)


def takedowns(admin: Any) -> None:
    """Nine were asked for and gone five days later, one of them is back."""
    for n in range(9):
        key = place(admin, f"Synthetic space {n}", "ONLINE", "ONLINE_SITE")
        values = {"place_id": key, "platform_code": "SITE", "host": "example.org",
                  "url_defanged": "hxxps://example[.]org", "tier": "H0",
                  "takedown_state": "RETURNED" if n == 0 else "REMOVED",
                  "takedown_requested_at": WITHIN - timedelta(days=5),
                  "removed_at": WITHIN}  # fmt: skip
        world.insert(admin, "app.online_space", values)


def clusters(admin: Any) -> None:
    run = random_id()
    world.insert(admin, "app.cluster_run", world.run_values(run) | {
        "state": "DONE", "finished_at": WITHIN})  # fmt: skip
    for name, codes, kind in (
        ("Around Synthetic school, KT1 4", [KINGSTON, RICHMOND], "both"),
        ("Around Synthetic park, SW19 3", [KINGSTON, MERTON], "chance"),
        ("Around Synthetic hall", [RICHMOND], "emerging"),
        ("Around Far away, SM1 1", [MERTON], "both"),
    ):
        lineage, key = random_id(), random_id()
        world.insert(admin, "app.cluster_lineage", world.lineage_values(lineage))
        flags = {"cross_borough": len(codes) > 1, "r1_span": len(codes) > 1, "reportable": True,
                 "active": True, "stability": 7}  # fmt: skip
        evidence = {"significance": kind, "rank": {"band": "high"},
                    "sources": {"agencies": {"AFC": 2, "EDU": 1},
                                "discovered_by": {"STOP_SEARCH": 2, "CASEWORK": 1}}}  # fmt: skip
        values = world.cluster_values(key, run, lineage, 0, sorted(codes))
        more = {"name": name, "content_id": str(key)[-10:], "evidence": evidence}
        world.insert(admin, "app.cluster", values | flags | more)


@pytest.fixture(scope="module")
def measured(cluster, template):
    with cloned(cluster, template, "gaps") as db:
        dsn = db.logins.cluster.dsn("postgres", db.logins.dbname)
        with psycopg.connect(dsn, autocommit=True) as admin:
            admin.execute("set session_replication_role = replica")
            park = place(admin, "Synthetic park", "PUBLIC_REALM")
            place(admin, "Synthetic school", "SENSITIVE", "SCHOOL")
            place(admin, "Synthetic hall", "RESIDENTIAL", "RESIDENTIAL", tier="H1")
            reports(admin)
            objections(admin, park)
            takedowns(admin)
            clusters(admin)
        names = {"EDU": "Schools", "LA_KINGSTON": "Kingston Council", "VCS": "Voluntary"}
        asked = Asked(QUARTER, tuple(BOROUGHS), BOROUGHS, "R", names, {MERTON: "Merton"},
                      Known(expected=("EDU", "VCS")))  # fmt: skip

        def of(measure: Any, *more: Any) -> Any:
            with db.read(BUILD) as session:
                return measure(session, asked, *more)

        yield of


def rows(block: Any) -> dict[str, list[str]]:
    return dict(block["rows"])


def test_v22_who_was_silent_is_named_and_who_spoke_is_not(measured):
    block, spoke, quiet = measured(of_records.silent)
    assert rows(block) == {"Kingston Council": [of_records.SILENT],
                           "Voluntary": [of_records.EXPECTED]}  # fmt: skip
    assert (spoke, quiet) == (["Schools"], ["Kingston Council", "Voluntary"])


def test_v08_and_v21_how_long_a_report_waited_and_what_became_of_it(measured):
    assert list(rows(measured(of_records.steps)).values()) == [
        ["1", "1", "100%"], ["6", "10", "100%"]
    ]  # fmt: skip
    assert list(rows(measured(of_records.answers)).values()) == [["100%"], [FEW], ["100%"]]


def test_v24_objections_and_what_was_answered_in_time(measured):
    told = rows(measured(of_fairness.labels))
    assert told["Labels taken back after an objection"] == ["2"]
    assert told["Objections open at the cut-off"] == ["1"]
    assert told["Objections answered"] == ["9"]
    assert told["of these, within 20 working days"] == ["89%"]


def test_v27_takedowns_are_printed_by_the_number_rule(measured):
    assert list(rows(measured(of_clusters.takedowns)).values()) == [
        ["10"], ["10"], ["1 to 7"], ["5"]
    ]  # fmt: skip


def test_v28_clusters_are_named_by_what_may_be_named_and_ours_alone(measured):
    found = measured(of_clusters.found)
    assert [one.label for one in found] == [
        "A: Around KT1 4", "B: Around several places", "C: Around Synthetic park, SW19 3"
    ]  # fmt: skip
    across = rows(measured(of_clusters.across, found))
    assert list(across) == ["A: Around KT1 4", "C: Around Synthetic park, SW19 3"]
    where, why, sure, again, known_to, _ = across["C: Around Synthetic park, SW19 3"]
    assert (where, sure, again) == ("Kingston and Merton", "May be chance", "7 of 9")
    assert why == "Incidents at its core lie in more than one borough"
    assert known_to == "A few organisations; mostly found by police work"
    assert list(rows(measured(of_clusters.of_neighbours, found))) == [
        "C: Around Synthetic park, SW19 3"
    ]
