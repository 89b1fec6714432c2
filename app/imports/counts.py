"""Published counts by area and month: kept as counts, never turned into single events."""

import hashlib
import re
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

from app.core import clock
from app.core.db import Database
from app.core.errors import InvalidError
from app.imports import claims, files, keyed, queries, tables
from app.imports.files import Refusals, Rejected, Source
from app.imports.service import (
    JOB,
    Options,
    Progress,
    Tally,
    arrival_of,
    refuse_nothing,
)
from app.imports.tables import Line

COUNTS = keyed.Table(
    "area_count",
    "key uuid, series text, area_kind text, area_code text, area_name text, month date, "
    "code text, label text, n int",
    "series, area_kind, area_code, area_name, month, code, label, n",
    "series, area_kind, area_code, area_name, month, code, label, n",
    counts=True,
)


class Layout(NamedTuple):
    """Columns of one publication. `what` says what was counted, first the code's, then the rest."""

    series: str
    title: str
    kind: str
    area: tuple[str, ...]
    name: str | None
    month: str
    what: tuple[str, ...]
    n: str


LAYOUTS = (
    Layout(
        "met_lsoa",
        "Recorded crime by LSOA, Metropolitan Police",
        "lsoa",
        ("lsoa_code",),
        None,
        "month",
        ("major_category", "minor_category"),
        "count",
    ),
    Layout(
        "met_ward",
        "Recorded crime by ward, Metropolitan Police",
        "ward",
        ("wardcode",),
        "wardname",
        "month",
        ("majortext", "minortext"),
        "count",
    ),
    Layout(
        "met_knife",
        "Knife crime, Metropolitan Police",
        "area_type",
        ("area_code",),
        "area_name",
        "month_year",
        ("crime_subtype", "measure"),
        "count",
    ),
    Layout(
        "met_vawg",
        "Violence against women and girls by ward, Metropolitan Police",
        "ward",
        ("borough_name", "ward_name_clean_2"),
        "ward_name_clean_2",
        "recorded_date_months",
        ("sheet", "date_committed_from_date_months"),
        "count",
    ),
    Layout(
        "fixmystreet",
        "Residents' reports to FixMyStreet by LSOA",
        "lsoa",
        ("lsoa11cd",),
        None,
        "month",
        ("code", "category"),
        "reports",
    ),
)
KINDS = {"Borough": "borough", "Safer Neighbourhood Teams": "neighbourhood"}
# Of a named ward there is no code.
AREA = {
    "lsoa": re.compile(r"[EW]01\d{6}"),
    "ward": re.compile(r"[EW]05\d{6}"),
    "borough": re.compile(r"[EW]0[6-9]\d{6}"),
    "neighbourhood": re.compile(r"[EW]05\d{6}"),
}
MONTH = re.compile(r"([2-9]\d{3}-(?:0[1-9]|1[0-2]))(-01)?", re.ASCII)
NUMBER = re.compile(r"\d{1,9}", re.ASCII)
LONG = 200


class UnusableError(Exception):
    """A row cannot be used; the words say why."""


def bring_in(
    db: Database, paths: Sequence[Path], options: Options, progress: Progress
) -> tuple[str, Tally]:
    """Import the files in one transaction; a later file may correct a number."""
    tally, refusals, arrival = Tally(), Refusals(options.errors), arrival_of("counts", paths)
    sources = [Source(path, None) for path in paths]
    files.digest(paths)
    with db.cursor(JOB, keep=not options.dry_run) as cursor:
        queries.lock_imports(cursor)
        claims.prune(cursor, clock.now())
        for number, source in enumerate(sources):
            progress(number, len(sources), f"Storing {source.name}")
            refused: Rejected = []
            rows = _rows(source, layout_of(source), refused)
            stored = keyed.store(cursor, COUNTS, rows, arrival.id)
            refusals.add(source.name, refused)
            tally.rows += stored.imported + stored.already_known + len(refused)
            tally.imported += stored.imported
            tally.already_known += stored.already_known
            tally.updated += stored.updated
            tally.rejected += len(refused)
        refuse_nothing(tally, refusals, paths)
        queries.insert_batch(cursor, arrival, tally.numbers(), dry_run=options.dry_run)
    progress(1, 1, "Done")
    return arrival.ref, tally


def layout_of(source: Source) -> Layout:
    names = set(tables.header(source))
    for layout in LAYOUTS:
        if {*layout.area, layout.month, *layout.what, layout.n} <= names:
            return layout
    raise InvalidError(
        f"{source.name} is in no layout of counts that is known. "
        "docs/operator/imports.md lists them."
    )


def _rows(source: Source, layout: Layout, refused: Rejected) -> Iterator[tuple[Any, ...]]:
    this_month, seen = f"{clock.today():%Y-%m}", set()
    for line in tables.lines(source, ()):
        if not isinstance(line, Line):
            refused.append(line)
            continue
        try:
            row = _row(layout, line.cells, this_month)
            if row[0] in seen:
                raise UnusableError("The same count stands twice in the file.")
            seen.add(row[0])
            yield row
        except UnusableError as wrong:
            refused.append(line.refused(str(wrong)))


def _row(layout: Layout, cells: dict[str, str], this_month: str) -> tuple[Any, ...]:
    kind, area = _area(layout, cells)
    month = _month(cells[layout.month], this_month)
    if not NUMBER.fullmatch(cells[layout.n]):
        raise UnusableError("The count is not a whole number.")
    what = [cells[name] for name in layout.what]
    if not what[0]:
        raise UnusableError("It does not say what was counted.")
    code, label = what[0], ", ".join(filter(None, what))
    if layout.series != "fixmystreet":
        code = label
    if max(len(code), len(label), len(area)) > LONG:
        raise UnusableError(f"A cell has more than {LONG} letters.")
    content = "\x1f".join((layout.series, kind, area, month, code))
    key = hashlib.blake2b(content.encode(), digest_size=16).hexdigest()
    name = cells[layout.name] if layout.name else None
    day = date.fromisoformat(f"{month}-01")
    return key, layout.series, kind, area, name, day, code, label, int(cells[layout.n])


def _area(layout: Layout, cells: dict[str, str]) -> tuple[str, str]:
    kind = KINDS.get(cells.get(layout.kind, ""), layout.kind)
    if kind not in AREA:
        raise UnusableError("The kind of area is not known.")
    parts = [cells[name] for name in layout.area]
    if not all(parts):
        raise UnusableError("It does not say which area.")
    if len(parts) == 1 and not AREA[kind].fullmatch(parts[0]):
        raise UnusableError("The code of the area is not written as one.")
    return kind, ", ".join(parts)


def _month(text: str, this_month: str) -> str:
    found = MONTH.fullmatch(text)
    if not found:
        raise UnusableError("The month is not written as YYYY-MM.")
    if found[1] > this_month:
        raise UnusableError("The month lies in the future.")
    return found[1]
