"""XLSX: one sheet of a workbook, row by row, as the text that stands in its cells."""

import warnings
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from itertools import islice
from typing import IO, Any

from app.reading import archives
from app.reading.rules import (
    CONTROL,
    CONTROL_PROBLEM,
    MAX_CELL,
    MAX_COLUMNS,
    MAX_LAYERS,
    MAX_ROWS,
    RefusedError,
    column_names,
    counted,
)
from app.reading.schemas import Choices, Layer
from app.reading.tables import Row, Table

DAMAGED = "This workbook is damaged. Save it again as .xlsx."
MAX_BLANK_ROWS = 10_000


def table(file: IO[bytes], choices: Choices) -> Table:
    with archives.opened(file) as archive:
        archives.refuse_entities(archive)
    book = _opened(file)
    names = [sheet.title for sheet in book.worksheets if sheet.sheet_state == "visible"]
    if not names:
        raise RefusedError("This workbook has no sheet that can be seen.")
    if len(names) > MAX_LAYERS:
        raise RefusedError(f"This workbook has more than {MAX_LAYERS} sheets. Save one of them.")
    if choices.layer is not None and choices.layer not in names:
        raise RefusedError("This workbook has no sheet of that name. Choose one of its sheets.")
    name = choices.layer or names[0]
    numbered = _numbered(book[name])
    number, header = next(numbered, (0, []))
    while header and header[-1] is None:
        header.pop()
    if not header:
        raise RefusedError("This sheet is empty. Its first row must hold the names of the columns.")
    found = Table("XLSX", [], iter(()), layer=name)
    found.layers = [Layer(each, None, "none") for each in names]
    if number > 1:
        found.remarks.append(f"The names of the columns were found in row {number}.")
    hidden = len(book.sheetnames) - len(names)
    if hidden:
        found.remarks.append(f"{counted(hidden, 'hidden sheet is', 'hidden sheets are')} left out.")
    found.header = column_names(header, found.remarks)
    found.rows = _rows(numbered, found)
    return found


def _opened(file: IO[bytes]) -> Any:  # noqa: ANN401 - openpyxl's own
    import mimetypes

    mimetypes.knownfiles.clear()  # openpyxl would have the lists of the machine read
    import openpyxl

    warnings.simplefilter("ignore")
    file.seek(0)
    try:
        book = openpyxl.load_workbook(file, read_only=True, data_only=True, keep_links=False)
        # What a workbook says of its own size is a claim; the rows tell.
        for sheet in book.worksheets:
            sheet.reset_dimensions()
    except (MemoryError, RefusedError):
        raise
    except Exception:
        raise RefusedError(DAMAGED) from None
    return book


def _numbered(sheet: Any) -> Iterator[tuple[int, list[str | None]]]:  # noqa: ANN401 - openpyxl's own
    """Rows that are not blank, with the number a spreadsheet shows beside them."""
    blank = 0
    try:
        for number, cells in enumerate(sheet.iter_rows(values_only=True), start=1):
            if number > MAX_ROWS:
                raise RefusedError(f"This sheet has more than {MAX_ROWS:,} rows. Split it.")
            texts = [text_of(cell) for cell in islice(cells, MAX_COLUMNS + 1)]
            blank += not any(texts)
            if blank > MAX_BLANK_ROWS:
                raise RefusedError("This sheet has thousands of blank rows. Delete them.")
            if any(texts):
                yield number, _bounded(number, texts)
    except (MemoryError, RefusedError):
        raise
    except Exception:
        raise RefusedError(DAMAGED) from None


def _bounded(number: int, texts: list[str | None]) -> list[str | None]:
    if any(texts[MAX_COLUMNS:]):
        raise RefusedError(
            f"Row {number:,} has more than {MAX_COLUMNS} columns. Remove those you do not need."
        )
    if any(text is not None and len(text) > MAX_CELL for text in texts):
        raise RefusedError(f"A cell of row {number:,} is longer than 32 KB.")
    return texts


def _rows(numbered: Iterator[tuple[int, list[str | None]]], found: Table) -> Iterator[Row]:
    width = len(found.header)
    for number, texts in numbered:
        cells = (texts + [None] * width)[:width]
        problem = None
        if any(texts[width:]):
            problem = (
                "This row has cells to the right of the last column's name.",
                "Give every column a name, or clear those cells.",
            )
        if CONTROL.search("".join(filter(None, cells))):
            problem = problem or CONTROL_PROBLEM
            cells = [CONTROL.sub("\ufffd", cell) if cell else cell for cell in cells]
        yield Row(number, cells, None, problem)


def text_of(value: object) -> str | None:
    """As a person would type it: whole numbers without a point, dates as 2026-03-31."""
    if value is None or value == "":
        return None
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if isinstance(value, datetime):
        return str(value.date()) if value.time() == time() else value.isoformat(sep=" ")
    if isinstance(value, date | time | timedelta):
        return str(value)
    return str(value)
