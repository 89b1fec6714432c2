"""Checks K1 to K12 of a quarterly report. Each has one sentence; what stops is mended first.

K10 and K11 are about packs: no item with conditions and no home can come into this report, since
neither is counted by name.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.briefings import rules, words
from app.briefings.models import Json
from app.briefings.rules import Line, Section
from app.places.rules import LanguageRule, lint
from app.releases.models import Release
from geo.disclosure import Cell

K1 = "A number on page {page} is not in a released table."
K2 = "The numbers of {release} have not passed the disclosure check."
K3 = "Page {page} may identify someone: {field}."
K4 = "A sentence or name on page {page} fails the language check."
K5 = "{ref} may not be named."
K6 = "Table {table} covers another window."
K7 = "Say what became of: {decision}."
K7_CHANGES = "Write three things that changed."
K8 = "Children's voice is missing."
K9 = "Say who was silent this quarter."
K12_PLACE = "{share} of the incidents have no place recorded."
K12_BANDED = "More than half of table {table} is in the band 1 to 7."
NO_RELEASE = "Approve the numbers of {words} first."
PERSONAL = (
    ("an e-mail address", re.compile(r"[\w.+-]+@[\w-]+\.\w+")),
    ("a telephone number", re.compile(r"(?<!\w)(?:\+44|0)(?:[ -]?\d){9,10}(?!\d)")),
    ("a postcode", re.compile(r"\b[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}\b")),
    ("the reference of a child", re.compile(r"\bCH-[0-9A-Z]{3}-[0-9A-Z]{4}\b")),
    ("a receipt", re.compile(r"\bRP-[0-9A-Z]{3}-[0-9A-Z]{4}\b")),
    ("an online address", re.compile(r"\bhttps?://|hxxps?://|\bwww\.", re.IGNORECASE)),
)
UNNAMEABLE = text("""
    select p.ref from app.place as p
    where p.ref = any (:refs) and (
        p.deleted_at is not null or p.tier <> 'H0' or p.label_expires_on <= :day
        or not (p.sensitivity = 'PUBLIC_REALM' or (p.sensitivity = 'MANAGED' and p.may_name))
        or p.state in ('DORMANT', 'CLOSED', 'PROPOSED')
        or exists (select from app.objection as said
                   where said.place_id = p.id and said.decision is null))
    order by p.ref
""")


@dataclass(frozen=True, slots=True)
class Subject:
    """What is checked."""

    snapshot: Json
    lines: Sequence[Line]
    decided: Sequence[str]
    silent: Sequence[str]
    release: Release
    cells: Sequence[Cell]
    language: Sequence[LanguageRule]
    unnameable: Sequence[str]


def not_released(quarter: str) -> dict[str, str]:
    return _problem("K2", NO_RELEASE.format(words=quarter))


def unnameable(session: Session, made: Json, day: date) -> list[str]:
    """References of places in the report that may not be named any more."""
    refs = [ref for page in made["pages"] for b in page["blocks"] for ref in b.get("refs", ())]
    return list(session.scalars(UNNAMEABLE, {"refs": refs, "day": day}))


def problems(of: Subject) -> list[dict[str, str]]:
    """In the order of their numbers; empty when the report may be signed."""
    found: list[dict[str, str]] = []
    for each in (_numbers, _gate, _personal, _language, _places, _windows, _sentences, _caveats):
        found += each(of)
    return found


def strays(printed: str, made: Json) -> list[str]:
    """K1 for a finished page: numbers that stand in it and not in what it was made from."""
    allowed = set(NUMBER.findall(" ".join(strings(made))))
    return [one for one in NUMBER.findall(printed) if one not in allowed]


NUMBER = re.compile(r"\d+(?:\.\d+)?")


def strings(made: object) -> Iterator[str]:
    """Every text and number in a snapshot."""
    if isinstance(made, dict):
        for value in made.values():
            yield from strings(value)
    elif isinstance(made, list):
        for value in made:
            yield from strings(value)
    else:
        yield str(made)


def _problem(code: str, sentence: str, *, stops: bool = True) -> dict[str, str]:
    return {"code": code, "words": sentence, "stops": "yes" if stops else "no"}


def _numbers(of: Subject) -> Iterator[dict[str, str]]:
    """K1: every cell of a released table is printed as it was released."""
    shown: dict[str, set[str]] = {}
    for cell in of.cells:
        shown.setdefault(cell.table_code, set()).add(cell.shown)
    for page in of.snapshot["pages"]:
        for block in page["blocks"]:
            if block["kind"] != "table" or block["source"] not in shown or block["id"] == "T5":
                continue
            told = {one for _, row in block["rows"] for one in row}
            if not told <= shown[block["source"]] | {"-", ""}:
                yield _problem("K1", K1.format(page=page["number"]))


def _gate(of: Subject) -> Iterator[dict[str, str]]:
    """K2: its release was attacked, and nothing could be worked out."""
    certificate = of.release.certificate
    if of.release.problem or certificate is None or certificate["exact"]:
        yield _problem("K2", of.release.problem or K2.format(release=of.release.code))


def _personal(of: Subject) -> Iterator[dict[str, str]]:
    """K3."""
    for page in of.snapshot["pages"]:
        printed = " \n".join(strings(page["blocks"]))
        for field, pattern in PERSONAL:
            if pattern.search(printed):
                yield _problem("K3", K3.format(page=page["number"], field=field))


def _language(of: Subject) -> Iterator[dict[str, str]]:
    """K4: what the word list stops, in any sentence or name that people typed."""
    typed = [(1, line.body) for line in of.lines]
    for page in of.snapshot["pages"]:
        for block in page["blocks"]:
            if block.get("source") in {"PROCESS", "RQ7"}:
                typed += [(page["number"], str(row[0])) for row in block["rows"]]
    pages = {
        page
        for page, words_ in typed
        if any(remark.severity == "stop" for remark in lint(words_, of.language))
    }
    for page in sorted(pages):
        yield _problem("K4", K4.format(page=page))


def _places(of: Subject) -> Iterator[dict[str, str]]:
    """K5."""
    for ref in of.unnameable:
        yield _problem("K5", K5.format(ref=ref))


def _windows(of: Subject) -> Iterator[dict[str, str]]:
    """K6."""
    period = of.snapshot["period"]
    for table in sorted({cell.table_code for cell in of.cells if cell.period != period}):
        yield _problem("K6", K6.format(table=table))


def _sentences(of: Subject) -> Iterator[dict[str, str]]:
    """K7 to K9: what only a person can say."""
    if len(rules.said(of.lines, Section.CHANGE)) < 3:
        yield _problem("K7", K7_CHANGES)
    became = len(rules.said(of.lines, Section.BECAME))
    for decision in of.decided[became:]:
        yield _problem("K7", K7.format(decision=decision))
    if not rules.said(of.lines, Section.VOICE):
        yield _problem("K8", K8)
    if of.silent and not rules.said(of.lines, Section.SILENT):
        yield _problem("K9", K9)


def _caveats(of: Subject) -> Iterator[dict[str, str]]:
    """K12 warns: printed numbers only, as everybody reads them."""
    nowhere = _shown(of, "RQ2", "PG_NONE")
    every = _shown(of, "RQ2", "ALL")
    if nowhere and every:
        share = words.share(nowhere, every)
        if share != words.FEW and int(share[:-1]) > 10:
            yield _problem("K12", K12_PLACE.format(share=share), stops=False)
    for table in sorted({cell.table_code for cell in of.cells}):
        mine = [cell for cell in of.cells if cell.table_code == table]
        if sum(cell.banded for cell in mine) * 2 > len(mine):
            yield _problem("K12", K12_BANDED.format(table=table), stops=False)


def _shown(of: Subject, table: str, first: str) -> str | None:
    found = (
        cell.shown
        for cell in of.cells
        if (cell.table_code, cell.geo_code, cell.dim_1) == (table, "BOTH", first)
    )
    return next(found, None)
