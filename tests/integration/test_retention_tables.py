"""Each table of records has a rule of retention or a written reason why it stays."""

import csv
import re
from pathlib import Path

import psycopg
import pytest

from app.retention import rules

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "operator" / "retention.md").read_text()
LIST = ROOT / "data" / "lookups" / "lists" / "retention.csv"
RULES = list(csv.DictReader(LIST.read_text().splitlines()))
ROW = re.compile(r"^\| ((?:app|intake|release|audit|vault|queue)\.\w+) \| (.+) \|$", re.MULTILINE)
TABLES = """
    select table_schema || '.' || table_name from information_schema.tables
    where table_type = 'BASE TABLE'
      and table_schema in ('app', 'intake', 'release', 'audit', 'vault', 'queue')
"""


def unruled(tables, told, known):
    """Tables without a rule that there is, and without a reason of a sentence."""
    return {
        name
        for name in tables
        if name not in told
        or not (
            (told[name].startswith("stays: ") and len(told[name]) > 20)
            or set(told[name].split(", ")) <= known
        )
    }


def test_every_table_has_a_rule_or_a_reason_and_none_is_told_that_is_not_there(module_db):
    logins = module_db.logins
    with psycopg.connect(logins.cluster.dsn("postgres", logins.dbname)) as admin:
        there = {row[0] for row in admin.execute(TABLES).fetchall()}
    told, known = dict(ROW.findall(PAGE)), {row["record"] for row in RULES}

    assert unruled(there, told, known) == set()
    assert set(told) == there
    assert unruled({"app.new"}, told, known) == {"app.new"}
    assert unruled({"app.new"}, {"app.new": "stays: so"}, known) == {"app.new"}
    assert unruled({"app.new"}, {"app.new": "forever"}, known) == {"app.new"}


@pytest.mark.parametrize("row", RULES, ids=lambda row: row["code"])
def test_the_page_says_what_the_rules_say(row):
    who = {"AUDITOR": "Auditor", "NOBODY": "Nobody"}[row["approves"]]
    said = rf"^\| {re.escape(row['label'])} \| [^|]*{re.escape(rules.REGIMES[row['regime']])}[^|]* "
    said += rf"\| {re.escape(row['kept'])} \| {re.escape(row['then'])} \| {who} \|$"

    assert re.search(said, PAGE, re.MULTILINE)


def test_records_of_both_regimes_have_a_rule_for_each():
    by_record = {}
    for row in RULES:
        assert row["code"] == f"{row['record']}:{row['regime']}"
        by_record.setdefault(row["record"], set()).add(row["regime"])

    assert all(found in ({"ANY"}, {"UK_GDPR", "PART3"}) for found in by_record.values())
