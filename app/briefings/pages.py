"""The pages of a quarterly context report, put together from measures. Everything is text."""

from collections.abc import Sequence
from typing import Any

from app.briefings import of_numbers, rules
from app.briefings.asked import Known
from app.briefings.models import Json
from app.briefings.of_numbers import Numbers
from app.briefings.rules import Line, Section
from app.releases import rules as releases

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
LATER = (
    "These numbers are of half a year. They come with the reports of April to June and of October "
    "to December."
)
NOT_APPROVED = "The half-year numbers of {words} are not approved yet."
NO_WARDS = "There is no table by ward, so nobody can say in which of them nothing was recorded."
NO_QUIET_WARD = "Something was recorded in each ward. Where little is recorded, harm may be missed."
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


def summary(
    lines: Sequence[Line], became: Sequence[tuple[str, str]], caveats: Sequence[str]
) -> list[Json]:
    """Page 1: what a lead wrote, and what the numbers themselves ask to bear in mind."""
    blocks = [
        text("What changed in contexts", rules.said(lines, Section.CHANGE), "Not written yet."),
        text("Decisions asked", rules.said(lines, Section.ASK), "No decision is asked."),
        text("What became of the last decisions", [f"{d} \u2013 {what}" for d, what in became],
              "No decision was recorded in the quarter before."),
        text("What children said", rules.said(lines, Section.VOICE), "Not written yet."),
    ]  # fmt: skip
    notes = [*rules.said(lines, Section.CAVEAT), *caveats]
    return [*blocks, text("Please note", notes, "")] if notes else blocks


def harm(numbers: Numbers) -> list[Json]:
    """Page 3."""
    return [
        of_numbers.table(numbers, "RQ1", "T3a"),
        of_numbers.changes(numbers, "RQ1", "T3a-change", "Kinds of harm"),
        of_numbers.table(numbers, "RQ2", "T3b"),
        of_numbers.changes(numbers, "RQ2", "T3b-change", "Kinds of place"),
        of_numbers.table(numbers, "RQ3", "T3c"),
        _half(numbers, "RH2", "T3d", "Kinds of harm by kind of place"),
    ]


def when(numbers: Numbers, boroughs: Sequence[str]) -> list[Json]:
    """Page 4."""
    charts = [of_numbers.run_chart(numbers, code, f"C4-{n}") for n, code in enumerate(boroughs, 1)]
    return [*charts, _half(numbers, "RH3", "T4a", "Part of the day and type of day")]


def boroughs(numbers: Numbers, codes: Sequence[str], known: Known) -> list[Json]:
    """Page 5."""
    rates = [] if known.residents else [text("Rates", [], NO_RATE)]
    return [
        of_numbers.borough_changes(numbers, codes, known.residents, known.residents_source),
        of_numbers.table(numbers, "RQ8", "T5-proactive"),
        *rates,
        _half(numbers, "RH1", "T5-wards", "Incidents by ward"),
    ]


def reported(
    numbers: Numbers, silent: Sequence[Json], quiet_wards: Sequence[str], lines: Sequence[Line]
) -> list[Json]:
    """The first half of page 9: who reported, who did not, and why."""
    received = {cell.shown for cell in numbers.now if cell.table_code == "RQ4"}
    empty = [text("No reports", [EMPTY], "")] if received <= {"0"} else []
    said = [f"{name}: nothing was recorded in half a year." for name in quiet_wards]
    known = any(c.table_code == "RH1" and not c.geo_code.startswith("?") for c in numbers.half)
    none = (NO_QUIET_WARD if known else NO_WARDS) if numbers.half else _later(numbers)
    return [
        *empty,
        of_numbers.table(numbers, "RQ4", "T9a"),
        *silent,
        text("About who was silent", rules.said(lines, Section.SILENT), "Nothing to add."),
        text("Wards where nothing was recorded", said, none),
    ]


def _half(numbers: Numbers, code: str, block: str, title: str) -> Json:
    """A half-year table, or in words when it comes, or why it is not there."""
    why = numbers.left_out.get(code) or _later(numbers)
    return of_numbers.of_half(numbers, code, block) or text(title, [], why)


def _later(numbers: Numbers) -> str:
    half = of_numbers.half_year(numbers.period)
    return LATER if half is None else NOT_APPROVED.format(words=releases.window(half).words)


def annex(certificate: dict[str, Any], sha256: str, corrected: Sequence[str]) -> list[Json]:
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
    corrections = text("Corrections", corrected, "No release in this report replaces another.")
    return [text("What the numbers mean", list(DEFINITIONS), ""), table, corrections]


def _or_none(value: int | None) -> str:
    return "No band" if value is None else str(value)


def text(title: str, lines: Sequence[str], empty: str) -> Json:
    return {"kind": "text", "title": title, "lines": list(lines), "empty": empty}
