"""The code lists that ship: unique, complete, in the words of the domain."""

import csv
import re
from pathlib import Path

import pytest

LOOKUPS = Path(__file__).resolve().parents[3] / "data" / "lookups"
LISTS = sorted((LOOKUPS / "lists").glob("*.csv"))


def rows(path):
    with path.open(newline="") as lines:
        return list(csv.DictReader(lines))


@pytest.mark.parametrize(
    "path", [*LISTS, LOOKUPS / "place_type.csv", LOOKUPS / "harm.csv"], ids=lambda p: p.stem
)
def test_codes_are_unique_and_have_labels(path):
    found = rows(path)

    codes = [row["code"] for row in found]
    assert codes
    assert len(set(codes)) == len(codes)
    # Of a rule of retention: the record and the regime.
    assert all(re.fullmatch(r"[A-Z0-9_]+|[a-z_]+(:[A-Z0-9_]+)?", code) for code in codes)
    assert all(row["label"].strip() for row in found)
    assert [int(row["sort"]) for row in found] == list(range(1, len(found) + 1))


def test_every_type_has_a_class_a_geometry_and_a_group_where_it_may_be_released():
    groups = {row["code"] for row in rows(LOOKUPS / "lists" / "place_group.csv")}
    for row in rows(LOOKUPS / "place_type.csv"):
        unreleased = row["sensitivity"] in {"DERIVED", "RESTRICTED"} or row["code"] == "OTHER"

        assert row["geom_kinds"]
        assert (row["group_code"] == "") == unreleased, row["code"]
        assert unreleased or row["group_code"] in groups, row["code"]


def test_every_harm_is_in_exactly_one_reporting_group():
    groups = {row["code"] for row in rows(LOOKUPS / "lists" / "harm_group.csv")}

    assert {row["group_code"] for row in rows(LOOKUPS / "harm.csv")} == groups


def test_no_role_describes_a_child_as_anything_but_harmed_or_safe():
    roles = {row["code"] for row in rows(LOOKUPS / "lists" / "link_role.csv")}

    assert roles == {
        "harmed_here", "at_risk_here", "frequents", "avoids", "feels_safe", "found_here_missing",
        "travels_through",
    }  # fmt: skip


def test_language_rules_are_patterns_with_a_suggestion():
    for row in rows(LOOKUPS / "language.csv"):
        assert re.compile(row["pattern"])
        assert row["severity"] in {"warn", "stop"}
        assert row["suggestion"]
