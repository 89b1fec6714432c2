"""A snapshot of a report with every kind of block, and the row it belongs to; no database."""

import hashlib
from datetime import UTC, datetime
from typing import Any

from app.briefings import of_numbers
from app.briefings.models import Briefing
from app.briefings.of_numbers import Numbers
from app.core.json import canonical
from app.releases import rules as periods
from geo.disclosure import Cell, Rule

QUARTERS = ("2024-Q4", "2025-Q1", "2025-Q2", "2025-Q3", "2025-Q4", "2026-Q1")
KINGSTON = "E09000021"
VALUES = (40, 35, 45, 30, None, 55)  # None: 1 to 7


def cell(period: str, n: int | None, table: str = "RQ1", first: str = "ALL") -> Cell:
    shown, low, high = ("1 to 7", 1, 7) if n is None else (str(n), n - 2, n + 2)
    rule = Rule.BAND if n is None else Rule.ROUND5
    return Cell(table, period, "BOROUGH", KINGSTON, first, "ALL", shown, low, high, rule)


def numbers() -> Numbers:
    series = tuple((q, (cell(q, n),)) for q, n in zip(QUARTERS, VALUES, strict=True))
    now = (cell("2026-Q1", 55),)
    return Numbers("2026-Q1", now, series[-2][1], (), {KINGSTON: "Kingston"}, series)


def snapshot() -> dict[str, Any]:
    """As app.briefings.building makes it, with two pages."""
    words = {"kind": "text", "title": "What changed", "lines": ["There is light & more <here>."]}
    table = {
        "kind": "table",
        "id": "T3a",
        "source": "RQ1",
        "title": "Incidents by harm",
        "columns": ["Kingston", "In words"],
        "note": periods.NOTE,
        "rows": [
            ["Violence", ["1 to 7", "about the same (20, was 25)"]],
            ["=Café, \u201cRiver\u201d", ["not shown", "-5"]],
            ["All", ["60", "-"]],
        ],
    }
    none = {
        "kind": "table",
        "id": "T9b",
        "source": "PROCESS",
        "title": "Who was silent",
        "columns": ["Reports"],
        "rows": [],
        "note": "",
        "empty": "Nobody was silent.",
    }
    chart = of_numbers.run_chart(numbers(), KINGSTON, "C4-1")
    pages = [("Summary", [words | {"empty": ""}, none]), ("When", [table, chart]),
             ("Decisions", [])]  # fmt: skip
    return {
        "kind": "QUARTERLY",
        "title": "Quarterly context report, January to March 2026",
        "words": "January to March 2026",
        "known_on": "16 April 2026",
        "marking": "OFFICIAL-SENSITIVE",
        "boroughs": ["Kingston", "Richmond"],
        "release": "2026-Q1",
        "pages": [{"number": n, "title": title, "blocks": blocks}
                  for n, (title, blocks) in enumerate(pages, 1)],
    }  # fmt: skip


def briefing(made: dict[str, Any], **differs: Any) -> Briefing:
    told = canonical(made)
    values = {"ref": "BR-7K2-Q4MT", "period_code": "2026-Q1", "state": "FROZEN", "snapshot": told}
    values |= {"snapshot_sha256": hashlib.sha256(told.encode()).hexdigest()}
    values |= {"cut_at": datetime(2026, 4, 17, tzinfo=UTC), "method_version": "1"}
    values |= {"lead_at": datetime(2026, 4, 20, tzinfo=UTC), "template_version": "1"}
    values |= {"auditor_at": datetime(2026, 4, 21, tzinfo=UTC)}
    return Briefing(**(values | differs))
