"""The generator: the same for a seed whatever the day, and no reference twice."""

import csv
from datetime import date, timedelta

import pytest

from app.core.ids import read_reference
from app.demo import models, service
from app.demo.rules import first_key

TODAY = date(2026, 11, 24)


@pytest.fixture(scope="module")
def plan():
    with (service.TABLES.parent / "lookups" / "place_type.csv").open(newline="") as lines:
        classes = {row["code"]: row["sensitivity"] for row in csv.DictReader(lines)}
    return service.read_plan(classes)


def made(plan, *, seed=1, copy=0, today=TODAY):
    return models.generate(plan, seed=seed, copy=copy, today=today, refs=set())


def test_the_same_seed_gives_the_same_records_on_another_day(plan):
    one, other = made(plan), made(plan, today=TODAY + timedelta(days=40))

    assert [row["id"] for row in one.incident] == [row["id"] for row in other.incident]
    assert [row["geom"] for row in one.place] == [row["geom"] for row in other.place]
    assert (
        one.incident[0]["occurred_from"] + timedelta(days=40) == other.incident[0]["occurred_from"]
    )


def test_another_seed_or_copy_gives_other_records(plan):
    keys = [
        {row["id"] for row in made(plan, seed=s, copy=c).incident}
        for s, c in ((1, 0), (2, 0), (1, 1))
    ]

    assert not keys[0] & keys[1]
    assert not keys[0] & keys[2]


def test_references_are_valid_and_never_given_twice(plan):
    refs = set()
    for copy in range(2):
        models.generate(plan, seed=1, copy=copy, today=TODAY, refs=refs)

    assert len(refs) == 2 * (122 + 2000 + 300)
    assert all(read_reference(ref, ref[:2]) == ref for ref in refs)


def test_a_load_is_known_by_its_first_child(plan):
    assert made(plan, seed=7, copy=3).child[0]["id"] == first_key(7, 3)


def test_no_child_is_behind_half_of_a_planted_cluster(plan):
    rows = made(plan)
    incidents = iter(rows.incident)
    for cluster in plan.planted:
        members = {next(incidents)["id"] for _ in range(cluster.n)}
        behind = [
            link["child_id"] for link in rows.child_incident_link if link["incident_id"] in members
        ]

        assert len(set(behind)) >= 3
        assert max(behind.count(child) for child in set(behind)) <= cluster.n / 2
