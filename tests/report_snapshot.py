"""A snapshot of a report with every kind of block, and the row it belongs to; no database."""

import hashlib
from datetime import UTC, datetime
from typing import Any

from shapely import box

from app.briefings import of_maps, of_numbers, pages, plotting
from app.briefings.models import Briefing
from app.briefings.of_numbers import Numbers
from app.briefings.plotting import Ground, Spot
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


def whole() -> dict[str, Any]:
    """With all pages of a report, and what is printed otherwise than in the files: maps, heat."""
    told = snapshot()
    (words, none), (table, chart) = (page["blocks"] for page in told["pages"][:2])
    blocks = {
        2: [wide(), listed(), pair()],
        3: [table, merged(), heat()],
        4: [chart],
        9: [none],
        10: [],
    }
    numbered = [*pages.PAGES, (pages.ANNEX, "Annex")]
    return told | {
        "pages": [{"number": n, "title": title, "blocks": blocks.get(n, [words])}
                  for n, title in numbered],
    }  # fmt: skip


def block(id_: str, source: str, title: str, columns: list[str], rows: list[Any]) -> dict[str, Any]:
    given = {"kind": "table", "id": id_, "source": source, "title": title, "note": periods.NOTE}
    return given | {"columns": columns, "rows": rows}


def wide() -> dict[str, Any]:
    columns = ["Kind", "Where", "Priority", "Level", "State", "Incidents", "Next review"]
    shown = ["Playground, cage, skate park, pitch", "Kingston upon Thames", "High", "3",
             "Being assessed", "none recorded (was 1 to 7)", "14 Jan 2027"]  # fmt: skip
    return block("T2a", "PROCESS", "Contexts by priority", columns, [["Synthetic park", shown]])


def listed() -> dict[str, Any]:
    """More places than are read aloud one by one."""
    bands = ("8 to 17", "1 to 7", "none recorded or too few sources")
    rows = [[f"Synthetic place {n + 1}", [bands[n // 10]]] for n in range(25)]
    return block("T2c", "RQ7", "Incidents at named places", ["Incidents"], rows)


def merged() -> dict[str, Any]:
    """Two groups that are counted together in one borough."""
    where = "counted in Parks and open space + Online"
    rows = [["Parks and open space", [f"& {where}", "10"]], ["Online", [f"& {where}", "15"]],
            ["Parks and open space + Online", ["20", "shown apart"]]]  # fmt: skip
    return block("T3b", "RQ2", "Incidents by kind of place", ["Kingston", "Richmond"], rows)


def heat() -> dict[str, Any]:
    rows = [[name, ["0", "1 to 7", "10", "20", "40", "not shown", "15"]] for name in "ABC"]
    told = block("T3d", "RH2", "Kinds of harm by kind of place", list("STUVWXY"), rows)
    return of_maps.pictured(told, Ground({}, {}, []))


def pair() -> dict[str, Any]:
    """A map of as many places as its table has rows."""
    ground = Ground({"Kingston": box(0, 0, 6000, 9000)}, {}, [(500, 500)])
    bands, titles = ("1 to 7", "8 to 17"), ("October to December 2025", "January to March 2026")
    spots = [Spot(n, "PG_OPEN", 230 * n, 350 * n, bands) for n in range(1, 25)]
    rows = [[f"{one.row} Synthetic spot", ["Congregation point", *bands]] for one in spots]
    told = block("M2", "RQ7", "Places then and now", ["Kind", *titles], rows) | {"kind": "map"}
    alt = "Places then and now. " + "; ".join(f"{name}: {bands[1]}" for name, _ in rows)
    return told | {"alt": alt, "legend": plotting.SHAPES,
                   "svg": plotting.place_maps(alt, ground, spots, [], titles)}  # fmt: skip


def briefing(made: dict[str, Any], **differs: Any) -> Briefing:
    told = canonical(made)
    values = {"ref": "BR-7K2-Q4MT", "period_code": "2026-Q1", "state": "FROZEN", "snapshot": told}
    values |= {"snapshot_sha256": hashlib.sha256(told.encode()).hexdigest()}
    values |= {"cut_at": datetime(2026, 4, 17, tzinfo=UTC), "method_version": "1"}
    values |= {"lead_at": datetime(2026, 4, 20, tzinfo=UTC), "template_version": "1"}
    values |= {"auditor_at": datetime(2026, 4, 21, tzinfo=UTC)}
    return Briefing(**(values | differs))
