"""Exports in words, for pages."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from app.exports import rules
from app.exports.models import Export
from app.exports.rules import FORMATS, STATES, Format, State
from app.exports.source import Around
from app.exports.sources import SOURCES
from app.reference import queries as reference


@dataclass(frozen=True, slots=True)
class Line:
    """One export as its owner sees it."""

    export: Export
    what: str
    rows: int
    format: str
    state: str
    recipient_agency: str
    purpose: str
    ready: bool
    over: bool


def line(session: Session, export: Export, now: datetime) -> Line:
    (found,) = lines(session, [export], now)
    return found


def lines(session: Session, exports: list[Export], now: datetime) -> list[Line]:
    agencies, purposes = (dict(reference.codes(session, name)) for name in ("agency", "purpose"))
    return [_line(export, agencies, purposes, now) for export in exports]


def _line(
    export: Export, agencies: Mapping[str, str], purposes: Mapping[str, str], now: datetime
) -> Line:
    over = rules.is_over(export.state, export.expires_at, now)
    return Line(
        export=export,
        what=title(export.dataset),
        rows=export.rows_made if export.rows_made is not None else export.rows_asked,
        format=FORMATS[Format(export.format)].label,
        state=STATES[State.EXPIRED if over else State(export.state)],
        recipient_agency=agencies.get(export.recipient_agency, export.recipient_agency),
        purpose=purposes.get(export.purpose, export.purpose),
        ready=export.state == State.READY and not over,
        over=over,
    )


def title(dataset: str) -> str:
    found = next((kept for name, kept in SOURCES.items() if name == dataset), None)
    return found.title if found else dataset


def filters(
    session: Session, dataset: str, query: Mapping[str, str], around: Around
) -> list[tuple[str, str]]:
    """What was asked, in words; nothing once the file and its filters are forgotten."""
    found = next((kept for name, kept in SOURCES.items() if name == dataset), None)
    return found.words(session, found.read(query, around)) if found else []


def formats(rows: int) -> list[tuple[str, str, str]]:
    """To choose from: code, name, what it is good for."""
    return [
        (code.value, kind.label, kind.hint)
        for code, kind in FORMATS.items()
        if code != Format.MAP or rows <= rules.MOST_ON_MAP
    ]
