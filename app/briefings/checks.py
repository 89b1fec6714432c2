"""Checks K1 to K12 of a quarterly report. Each has one sentence; what stops is mended first."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.briefings import caveats, of_numbers, rules
from app.briefings.models import Json
from app.briefings.rules import Line, Section
from app.briefings.strays import text_of_html
from app.core.personal import PERSONAL
from app.places.rules import LanguageRule, lint
from app.releases.models import Release
from geo.disclosure import Cell

K1 = "A number on page {page} is not in a released table."
K1_PRODUCT = "A number in {product} is not in a released table."
K2 = "The numbers of {release} could be solved from earlier releases."
K3 = "Page {page} may identify someone: {field}."
K4 = "A sentence or name on page {page} fails the language check."
K5 = "{ref} may not be named."
K6 = "Table {table} covers another window."
K6_TOTAL = "Table {table} does not add up."
K7 = "Say what became of: {decision}."
K7_CHANGES = "Write three things that changed."
K8 = "Children's voice is missing."
K9 = "Say who was silent this quarter."
K10 = "A conditional item has no recipients."
K11 = "An address could be found from page {page}."
NO_RELEASE = "Approve the numbers of {words} first."
SAID = re.compile(r"\d|not shown|none")  # how a released cell begins; a sign tells of no cell
ITEM = re.compile(r"\bIN-[0-9A-Z]{3}-[0-9A-Z]{4}\b")
HOME = re.compile(r"\bAddress PL-")
STREETS = "Road|Street|Avenue|Close|Lane|Drive|Way|Gardens|Court|Grove|Crescent|Terrace|Mews"
ADDRESS = re.compile(rf"\b(?:[Ff]lat )?\d{{1,4}}[A-Za-z]? (?:[A-Z][a-z]+ ){{1,3}}(?:{STREETS})\b")
DERIVED = frozenset({"T5", "T9c"})  # shares, rates and changes: made of printed numbers
LEAST_VALUES = 4
MARGINS = frozenset({"RQ1", "RQ2", "RQ6"})
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
    stray: Sequence[str] = ()  # products with a number that does not belong


def not_released(quarter: str) -> dict[str, str]:
    return _problem("K2", NO_RELEASE.format(words=quarter))


def unnameable(session: Session, made: Json, day: date) -> list[str]:
    """References of places in the report that may not be named any more."""
    refs = {ref for page in made["pages"] for b in page["blocks"] for ref in b.get("refs", ())}
    return over(session, refs, day)


def over(session: Session, refs: Iterable[str], day: date) -> list[str]:
    """Those of the places that are not named any more: expired, closed, objected to."""
    return list(session.scalars(UNNAMEABLE, {"refs": sorted(refs), "day": day}))


def problems(of: Subject) -> list[dict[str, str]]:
    """In the order of their numbers; empty when the report may be signed."""
    found: list[dict[str, str]] = []
    for each in (
        _numbers,
        _gate,
        _personal,
        _language,
        _places,
        _windows,
        _sentences,
        _hidden,
        _caveats,
    ):
        found += each(of)
    return found


def strings(made: object) -> Iterator[str]:
    """Every text and number in a snapshot; of a picture what is read in it."""
    if isinstance(made, dict):
        for name, value in made.items():
            yield from strings(text_of_html(value) if name == "svg" else value)
    elif isinstance(made, list):
        for value in made:
            yield from strings(value)
    else:
        yield str(made)


def _problem(code: str, sentence: str, *, stops: bool = True) -> dict[str, str]:
    return {"code": code, "words": sentence, "stops": "yes" if stops else "no"}


def _numbers(of: Subject) -> Iterator[dict[str, str]]:
    """K1: every cell of a released table is printed as it was released, in every product."""
    shown: dict[str, Counter[str]] = {}
    for cell in of.cells:
        shown.setdefault(cell.table_code, Counter())[cell.shown] += 1
    for page in of.snapshot["pages"]:
        for block in page["blocks"]:
            if block["kind"] != "table" or block["source"] not in shown:
                continue
            if block["id"] in DERIVED:
                continue
            told = Counter(one for _, row in block["rows"] for one in row if SAID.match(one))
            if not told <= shown[block["source"]]:
                yield _problem("K1", K1.format(page=page["number"]))
    for product in of.stray:
        yield _problem("K1", K1_PRODUCT.format(product=product))


def _gate(of: Subject) -> Iterator[dict[str, str]]:
    """K2: its release was attacked, and nothing could be worked out."""
    certificate = of.release.certificate
    smallest = None if certificate is None else certificate["smallest"]
    weak = smallest is not None and smallest < LEAST_VALUES
    if certificate is None or certificate["exact"] or weak:
        yield _problem("K2", K2.format(release=of.release.code))


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
    """K6: one window, and totals that their parts can make."""
    period = of.snapshot["period"]
    half = of_numbers.half_year(period)
    for table in sorted(
        {cell.table_code for cell in of.cells if cell.period not in {period, half}}
    ):
        yield _problem("K6", K6.format(table=table))
    for table in sorted({cell.table_code for cell in of.cells}):
        if not _adds_up([cell for cell in of.cells if cell.table_code == table]):
            yield _problem("K6", K6_TOTAL.format(table=table))


def _adds_up(cells: Sequence[Cell]) -> bool:
    """Whether each printed total lies between what its parts are at least and at most."""
    for total in (cell for cell in cells if cell.dim_1 == "ALL" and cell.high is not None):
        parts = [c for c in cells if c.geo_code == total.geo_code and c.dim_1 != "ALL"]
        if not parts or total.table_code not in MARGINS:
            continue
        most = sum(c.high for c in parts if c.high is not None)
        every = all(c.high is not None for c in parts)
        if sum(c.low for c in parts) > total.high or (every and most < total.low):  # type: ignore[operator]
            return False
    return True


def _sentences(of: Subject) -> Iterator[dict[str, str]]:
    """K7 to K9: what only a person can say."""
    if len(rules.said(of.lines, Section.CHANGE)) < 3:
        yield _problem("K7", K7_CHANGES)
    became = {line.position for line in of.lines if line.section == Section.BECAME}
    for n, decision in enumerate(of.decided, 1):
        if n not in became:
            yield _problem("K7", K7.format(decision=decision.rstrip(".")))
    if not rules.said(of.lines, Section.VOICE):
        yield _problem("K8", K8)
    if of.silent and not rules.said(of.lines, Section.SILENT):
        yield _problem("K9", K9)


def _hidden(of: Subject) -> Iterator[dict[str, str]]:
    """K10 and K11: no item of intelligence, and nothing that leads to a home."""
    for page in of.snapshot["pages"]:
        printed = " \n".join(strings(page["blocks"]))
        typed = [line for b in page["blocks"] if b["kind"] == "text" for line in b["lines"]]
        if ITEM.search(printed):
            yield _problem("K10", K10)
        if HOME.search(printed) or ADDRESS.search(" \n".join(typed)):
            yield _problem("K11", K11.format(page=page["number"]))


def _caveats(of: Subject) -> Iterator[dict[str, str]]:
    """K12 warns; the report prints it, too."""
    for said in caveats.of([cell for cell in of.cells if cell.period == of.snapshot["period"]]):
        yield _problem("K12", said, stops=False)
