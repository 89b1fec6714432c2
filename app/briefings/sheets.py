"""Tables of a report as files, each from the snapshot alone: CSV, and one workbook of all."""

import csv
import io
import re
import zipfile
from collections.abc import Sequence

from app.briefings.document import tables
from app.briefings.models import Briefing, Json
from app.core.cells import safe
from app.releases import rules as releases

NOT_SHOWN = "-"
SIGNS = {"1 to 7": "*", "not shown": NOT_SHOWN}
KEY = "Here * stands for 1 to 7, and - for not shown."
ZIPPED_AT = (1980, 1, 1, 0, 0, 0)  # the least that a zip can say: no clock is in the file
CORE = "docProps/core.xml"
CREATED = re.compile(rb"<dcterms:created[^>]*>([^<]*)")
MODIFIED = re.compile(rb"(<dcterms:modified[^>]*>)[^<]*")
LONGEST_NAME = 31  # of a sheet
METADATA = ("table", "title", "source", "period", "known_on", "release", "note", "sha256")


def as_csv(found: Json, made: Json, briefing: Briefing) -> bytes:
    """The table, and below it what it is of."""
    return _written(lines(found, made, briefing))


def as_xlsx(made: Json, briefing: Briefing) -> bytes:
    """A sheet for each table, with the same cells as its CSV. Words are typed as text."""
    from openpyxl import Workbook
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Font

    book = Workbook(write_only=True)
    book.properties.creator = "Contextmap"
    book.properties.title = f"{made['title']}: {made['marking']}"
    book.properties.created = briefing.cut_at.replace(tzinfo=None)
    bold = Font(bold=True)
    for found in tables(made):
        page = book.create_sheet(found["id"][:LONGEST_NAME])
        page.freeze_panes = "B2"
        page.column_dimensions["A"].width = 44
        page.oddHeader.center.text = made["marking"].replace("&", "&&")
        for number, row in enumerate(lines(found, made, briefing)):
            cells = [WriteOnlyCell(page, value=_typed(words)) for words in row]
            for cell in cells:
                cell.data_type = "n" if isinstance(cell.value, int) else "s"
                if number == 0:
                    cell.font = bold
            page.append(cells)
    written = io.BytesIO()
    book.save(written)
    return _without_clock(written.getvalue())


def as_zip(made: Json, briefing: Briefing) -> bytes:
    """Each table as CSV, and a list of them."""
    name = f"vca-{briefing.period_code}"
    found = tables(made)
    listed = [
        (one["id"], one["title"], one["source"], made["words"], made["known_on"], made["release"],
         one.get("note") or releases.NOTE, briefing.snapshot_sha256 or "")
        for one in found
    ]  # fmt: skip
    files = {f"{name}-{one['id']}.csv": as_csv(one, made, briefing) for one in found}
    return _zipped(files | {"metadata.csv": _written([METADATA, *listed])})


def lines(found: Json, made: Json, briefing: Briefing) -> list[list[str]]:
    """The cells of a table with signs for what is not exact, and what it is of."""
    rows = [["", *found["columns"]]]
    rows += [[name, *(SIGNS.get(one, one) for one in shown)] for name, shown in found["rows"]]
    return [*rows, [], *(list(row) for row in _about(found, made, briefing))]


def _about(found: Json, made: Json, briefing: Briefing) -> Sequence[Sequence[str]]:
    return (
        ("Marking", made["marking"]),
        ("Table", f"{found['id']}: {found['title']}"),
        ("Period", made["words"]),
        ("Known on", made["known_on"]),
        ("Release", made["release"]),
        ("Note", found.get("note") or releases.NOTE),
        ("Signs", KEY),
        ("Briefing", f"{briefing.ref} {(briefing.snapshot_sha256 or '')[:12]}"),
    )


def _typed(words: str) -> str | int:
    return int(words) if re.fullmatch(r"0|[1-9]\d{0,8}", words) else _safe(words)


def _safe(words: str) -> str:
    """As in any CSV of ours; the sign for a gap alone runs nothing and stays."""
    return words if words == NOT_SHOWN else str(safe(words))


def _written(rows: Sequence[Sequence[str]]) -> bytes:
    written = io.StringIO()
    csv.writer(written, lineterminator="\r\n").writerows(
        [_safe(words) for words in row] for row in rows
    )
    return written.getvalue().encode("utf-8-sig")


def _without_clock(body: bytes) -> bytes:
    """The writer notes the time of saving, in the zip and in one of its parts."""
    with zipfile.ZipFile(io.BytesIO(body)) as book:
        parts = {one.filename: book.read(one) for one in book.infolist()}
    created = CREATED.search(parts[CORE])
    if created is not None:
        parts[CORE] = MODIFIED.sub(rb"\g<1>" + created[1], parts[CORE])
    return _zipped(parts)


def _zipped(files: dict[str, bytes]) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as out:
        for name, body in files.items():
            entry = zipfile.ZipInfo(name, ZIPPED_AT)
            entry.compress_type = zipfile.ZIP_DEFLATED
            out.writestr(entry, body)
    return written.getvalue()
