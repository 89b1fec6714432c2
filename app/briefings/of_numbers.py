"""Measures V04 to V07, V20 and V21: from the cells of approved releases and nothing else. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from app.briefings import drawing, words
from app.briefings.models import Json
from app.releases import rules as releases
from app.releases import view
from geo.disclosure import Cell

TOO_FEW = "Too few for a chart."
LEGEND = "Lines: mean {mean}, limits {low} and {high}. A hatched bar stands for 1 to 7."
PARTS = (
    ("of these, in clusters across the border", "BOTH", "CROSS_BOROUGH"),
    ("Outside the partnership, in no total", "ELSEWHERE", "OUTSIDE"),
)


@dataclass(frozen=True, slots=True)
class Numbers:
    """The shown cells of a quarter, of the one before and of the year before, and their names."""

    period: str
    now: tuple[Cell, ...]
    last: tuple[Cell, ...]
    year_ago: tuple[Cell, ...]
    names: Mapping[str, str]
    series: tuple[tuple[str, tuple[Cell, ...]], ...]  # (period, cells), oldest first
    half: tuple[Cell, ...] = ()  # of the half-year that ends with this quarter
    left_out: Mapping[str, str] = field(default_factory=dict)  # tables it has not, and why

    def shown(self, cells: Sequence[Cell], table: str, geo: str, first: str = "ALL") -> str | None:
        """The printed text of one cell; None where the table or the release is not there."""
        found = (
            c.shown for c in cells if (c.table_code, c.geo_code, c.dim_1) == (table, geo, first)
        )
        return next(found, None)


def table(numbers: Numbers, code: str, block: str, title: str | None = None) -> Json:
    """A release table as it is printed, with what changed in words where it has a total."""
    grid = view.grid(code, numbers.now, numbers.names)
    return {
        "kind": "table",
        "id": block,
        "source": code,
        "title": title or grid.title,
        "columns": list(grid.columns),
        "rows": [[name, list(shown)] for name, shown in grid.rows],
        "note": grid.note,
    }


def named(numbers: Numbers, block: str, unnameable: frozenset[str]) -> Json:
    """RQ7, without places that may not be named any more: a row less tells nothing."""
    cells = [
        cell for cell in numbers.now if cell.table_code == "RQ7" and cell.geo_code not in unnameable
    ]
    grid = view.grid("RQ7", cells, numbers.names)
    made: Json = {"kind": "table", "id": block, "source": "RQ7", "title": grid.title}
    made["note"] = grid.note
    made["refs"] = sorted(cell.geo_code for cell in cells)
    return made | {"columns": list(grid.columns), "rows": [[n, list(s)] for n, s in grid.rows]}


def half_year(period: str) -> str | None:
    """The half-year that ends with a quarter; the first and third quarter end none.

    >>> half_year("2026-Q2"), half_year("2026-Q3")
    ('2026-H1', None)
    """
    year, quarter = period.split("-Q")
    return {"2": f"{year}-H1", "4": f"{year}-H2"}.get(quarter)


def of_half(numbers: Numbers, code: str, block: str) -> Json | None:
    """A table of the half-year that ends with this quarter; None where it was not released."""
    if not any(cell.table_code == code for cell in numbers.half):
        return None
    grid = view.grid(code, numbers.half, numbers.names)
    half = releases.window(half_year(numbers.period) or numbers.period)
    return {
        "kind": "table",
        "id": block,
        "source": code,
        "title": f"{half.words}: {grid.title}",
        "columns": list(grid.columns),
        "rows": [[name, list(shown)] for name, shown in grid.rows],
        "note": grid.note,
    }


def changes(numbers: Numbers, code: str, block: str, what: str) -> Json:
    """V06: each group of both boroughs, or each row of a table without margins, in words."""
    window = releases.window(numbers.period)
    mine = [cell for cell in numbers.now if cell.table_code == code and cell.geo_code == "BOTH"]
    mine.sort(key=lambda c: (c.dim_1 == "ALL", releases.ORDER.get(c.dim_1, 999)))
    rows = [
        [
            view.name_of(cell.dim_1, numbers.names),
            [
                words.change(cell.shown, numbers.shown(cells, code, "BOTH", cell.dim_1))
                for cells in (numbers.last, numbers.year_ago)
            ],
        ]
        for cell in mine
    ]
    return {
        "kind": "words",
        "id": block,
        "source": code,
        "title": f"{what} compared with earlier quarters, both boroughs",
        "columns": [f"{window.before.words}", f"{window.year_before.words}"],
        "rows": rows,
    }


def borough_changes(
    numbers: Numbers, boroughs: Sequence[str], residents: Mapping[str, int], source: str
) -> Json:
    """T5, V05 and V06: totals of each borough; no rank, no order by number."""
    window = releases.window(numbers.period)
    rows = []
    for code in (*boroughs, "BOTH"):
        now = numbers.shown(numbers.now, "RQ1", code)
        compared = [
            words.change(now, numbers.shown(cells, "RQ1", code))
            for cells in (numbers.last, numbers.year_ago)
        ]
        aged = sum(residents.values()) if code == "BOTH" else residents.get(code, 0)
        per = [words.rate(now, aged)] if aged else []
        rows.append([view.name_of(code, numbers.names), [now or "-", *per, *compared]])
    for label, geo, first in PARTS:
        now = numbers.shown(numbers.now, "RQ10", geo, first)
        if now is not None:
            compared = [
                words.change(now, numbers.shown(cells, "RQ10", geo, first))
                for cells in (numbers.last, numbers.year_ago)
            ]
            rows.append([label, [now, *(["no rate"] if residents else []), *compared]])
    rated = ["Per 1,000 aged 10 to 17"] if residents else []
    counted = "; ".join(f"{view.name_of(code, numbers.names)} {residents[code]:,}"
                        for code in boroughs if code in residents)  # fmt: skip
    told = {"verdict": f"Residents aged 10 to 17: {counted} ({source})."} if rated else {}
    return told | {
        "kind": "table",
        "id": "T5",
        "source": "RQ1",
        "title": "Incidents by borough, and compared with earlier quarters",
        "columns": [
            "Incidents",
            *rated,
            f"Against {window.before.words}",
            f"Against {window.year_before.words}",
        ],
        "rows": rows,
        "note": releases.NOTE,
    }


def run_chart(numbers: Numbers, geo: str, block: str) -> Json:
    """V07: up to eight quarters of one borough; a band is drawn from 1 to 7 and counted as 4."""
    points = [
        (period, shown)
        for period, cells in numbers.series
        if (shown := numbers.shown(cells, "RQ1", geo)) is not None
    ]
    found = words.run([shown for _, shown in points])
    rows = [[releases.window(period).words, [shown]] for period, shown in points]
    name = view.name_of(geo, numbers.names)
    chart: Json = {
        "kind": "chart",
        "id": block,
        "source": "RQ1",
        "title": f"Incidents in {name} by quarter",
        "columns": ["Incidents"],
        "rows": rows,
        "note": releases.NOTE,
        "verdict": TOO_FEW if found is None else f"The newest quarter is {found.verdict}.",
    }
    if found is not None:
        chart["title"] = f"Incidents in {name}: {found.verdict}"
        chart["alt"] = f"{chart['title']}. " + "; ".join(f"{p}: {s}" for p, s in points)
        chart["svg"] = drawing.run_chart(block, chart["alt"], points, found)
        chart["legend"] = LEGEND.format(mean=found.mean, low=found.low, high=found.high)
    return chart
