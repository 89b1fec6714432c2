"""The pages of a quarterly context report, put together from measures. Everything is text."""

from collections.abc import Sequence
from typing import Any

from app.briefings import of_numbers, rules
from app.briefings.models import Json
from app.briefings.of_numbers import Numbers
from app.briefings.rules import Line, Section

EMPTY = "No reports were received. This does not mean there was no harm."
NO_RATE = "Rates are not given: the number of residents aged 10 to 17 is not loaded."
DECISIONS = "Decisions"
PAGES = (
    (1, "Summary"),
    (2, "Contexts"),
    (3, "Harm and place"),
    (4, "When"),
    (5, "Boroughs"),
    (6, "Responses"),
    (7, "Outcomes"),
    (8, "MARVE and missing"),
    (9, "Who reported"),
    (10, DECISIONS),
)
ANNEX = len(PAGES) + 1
COUNTED = (
    "An incident is counted once, by its main harm, in the borough of its place. Incidents that "
    "were withdrawn, and intelligence with conditions, are not counted."
)
NUMBER_RULE = (
    "Numbers from 1 to 7 are printed as one band. Others are rounded to the nearest 5. Totals are "
    "rounded on their own. Where more could be worked out, a cell is not shown."
)
CHANGES = (
    "A change is told in words, from printed numbers: 5 or fewer apart is about the same; nothing "
    "is compared with a band."
)
LATE = (
    "What was recorded after the cut-off is not added later: it is one figure of the next release."
)
DEFINITIONS = (COUNTED, NUMBER_RULE, CHANGES, LATE)


def summary(lines: Sequence[Line], became: Sequence[tuple[str, str]]) -> list[Json]:
    """Page 1: what a lead wrote."""
    blocks = [
        _text("What changed in contexts", rules.said(lines, Section.CHANGE), "Not written yet."),
        _text("Decisions asked", rules.said(lines, Section.ASK), "No decision is asked."),
        _text("What became of the last decisions", [f"{d} {what}" for d, what in became],
              "No decision was recorded in the quarter before."),
        _text("What children said", rules.said(lines, Section.VOICE), "Not written yet."),
    ]  # fmt: skip
    caveats = rules.said(lines, Section.CAVEAT)
    return [*blocks, _text("Please note", caveats, "")] if caveats else blocks


def harm(numbers: Numbers) -> list[Json]:
    """Page 3."""
    return [
        of_numbers.table(numbers, "RQ1", "T3a"),
        of_numbers.changes(numbers, "RQ1", "T3a-change"),
        of_numbers.table(numbers, "RQ2", "T3b"),
        of_numbers.changes(numbers, "RQ2", "T3b-change"),
        of_numbers.table(numbers, "RQ3", "T3c"),
    ]


def when(numbers: Numbers, boroughs: Sequence[str]) -> list[Json]:
    """Page 4."""
    return [of_numbers.run_chart(numbers, code, f"C4-{n}") for n, code in enumerate(boroughs, 1)]


def boroughs(numbers: Numbers, codes: Sequence[str]) -> list[Json]:
    """Page 5."""
    return [
        of_numbers.borough_changes(numbers, codes),
        of_numbers.table(numbers, "RQ10", "T5-across"),
        of_numbers.table(numbers, "RQ8", "T5-proactive"),
        _text("Rates", [], NO_RATE),
    ]


def reported(numbers: Numbers, silent: Json, lines: Sequence[Line]) -> list[Json]:
    """Page 9."""
    received = {cell.shown for cell in numbers.now if cell.table_code == "RQ4"}
    empty = [_text("No reports", [EMPTY], "")] if received <= {"0"} else []
    return [
        *empty,
        of_numbers.table(numbers, "RQ4", "T9a"),
        silent,
        _text("About who was silent", rules.said(lines, Section.SILENT), "Nothing to add."),
        of_numbers.table(numbers, "RQ9", "T9d"),
    ]


def annex(certificate: dict[str, Any], sha256: str) -> list[Json]:
    """What numbers mean, and how they were checked."""
    facts = [
        ["Lattice of tables, version", [str(certificate["lattice_version"])]],
        ["Releases in the check", [", ".join(certificate["releases"])]],
        ["Cells", [str(certificate["cells"])]],
        ["In the band 1 to 7", [str(certificate["banded"])]],
        ["Not shown", [str(certificate["not_shown"])]],
        ["Numbers that could be worked out", [str(certificate["exact"])]],
        ["Fewest possible values behind a band", [_or_none(certificate["smallest"])]],
        ["Solver", [certificate["solver"]]],
        ["Hash of the numbers", [sha256[:12]]],
        ["Method and template, versions", [f"{rules.METHOD_VERSION} and {rules.TEMPLATE_VERSION}"]],
    ]
    table = {"kind": "table", "id": "A1", "source": "CERTIFICATE", "title": "Certificate",
             "columns": ["Value"], "rows": facts, "note": ""}  # fmt: skip
    return [_text("What the numbers mean", list(DEFINITIONS), ""), table]


def _or_none(value: int | None) -> str:
    return "No band" if value is None else str(value)


def _text(title: str, lines: Sequence[str], empty: str) -> Json:
    return {"kind": "text", "title": title, "lines": list(lines), "empty": empty}
