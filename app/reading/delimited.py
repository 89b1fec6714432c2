"""CSV: encoding and delimiter found out, rows one at a time."""

import csv
from collections.abc import Iterator
from itertools import chain, islice
from typing import IO

from app.reading import letters
from app.reading.rules import (
    CONTROL,
    CONTROL_PROBLEM,
    MAX_CELL,
    MAX_COLUMNS,
    MAX_ROWS,
    RefusedError,
    column_names,
    counted,
)
from app.reading.schemas import Choices, Problem
from app.reading.tables import Row, Table

DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
SAMPLE_LINES = 100
TOO_MANY = f"This file has more than {MAX_ROWS:,} rows. Split it."


def table(file: IO[bytes], choices: Choices) -> Table:
    if letters.line_ends(file) > 2 * MAX_ROWS:
        raise RefusedError(TOO_MANY)
    encoding = letters.encoding_of(file, choices.encoding)
    lines = letters.lines(file, encoding)
    sample = list(islice(lines, SAMPLE_LINES))
    before, said = _said_by_first_line(sample)
    delimiter = _chosen(choices.delimiter) or said or _likely(sample)
    records = _records(chain(sample[before:], lines), delimiter, before)
    _, header = next(records, (0, []))
    if not any(cell.strip() for cell in header):
        raise RefusedError("This file is empty. The first row must hold the names of the columns.")
    found = Table("CSV", [], iter(()), encoding=encoding, delimiter=delimiter)
    found.header = column_names(list(header), found.remarks)
    if all(_is_number(cell) for cell in header):
        found.remarks.append(
            "The first row looks like data. It must hold the names of the columns."
        )
    found.rows = _rows(records, found)
    return found


def _chosen(delimiter: str | None) -> str | None:
    if delimiter is not None and delimiter not in DELIMITERS:
        raise RefusedError(f"Choose one of these delimiters: {', '.join(DELIMITERS.values())}.")
    return delimiter


def _said_by_first_line(sample: list[str]) -> tuple[int, str | None]:
    """Spreadsheets may write `sep=;` above the header."""
    first = sample[0].rstrip("\r\n") if sample else ""
    if first[:4].lower() == "sep=" and first[4:] in DELIMITERS:
        return 1, first[4:]
    return 0, None


def _likely(sample: list[str]) -> str:
    """The delimiter that cuts the first lines into equally many cells, the more the better."""
    best, best_score = ",", 0.0
    for delimiter in DELIMITERS:
        widths = _widths(sample, delimiter)
        if not widths or widths[0] < 2:
            continue
        same = sum(width == widths[0] for width in widths) / len(widths)
        score = same * 1000 + min(widths[0], 999)
        if score > best_score:
            best, best_score = delimiter, score
    return best


def _widths(sample: list[str], delimiter: str) -> list[int]:
    try:
        # The last record of a sample may be cut inside quotation marks.
        found = [len(row) for row in csv.reader(sample, delimiter=delimiter) if row]
    except csv.Error:
        return []
    return found[:-1] if len(found) > 2 else found


def _records(lines: Iterator[str], delimiter: str, before: int) -> Iterator[tuple[int, list[str]]]:
    """Records with their number, blank ones too: as a spreadsheet counts its rows."""
    csv.field_size_limit(MAX_CELL)
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    number = before
    try:
        for number, record in enumerate(reader, start=before + 1):
            if len(record) > MAX_COLUMNS:
                raise RefusedError(
                    f"Row {number:,} has {len(record):,} columns; at most {MAX_COLUMNS} can be "
                    "read. Check the delimiter."
                )
            if number > MAX_ROWS:
                raise RefusedError(TOO_MANY)
            yield number, record
    except csv.Error as wrong:
        raise RefusedError(_words(str(wrong), number + 1)) from None


def _words(wrong: str, number: int) -> str:
    if "field limit" in wrong:
        return f"A cell of row {number:,} is longer than 32 KB. Is a quotation mark left open?"
    if "unexpected end" in wrong:
        return f"A quotation mark of row {number:,} is never closed."
    return (
        f"Row {number:,} has a quotation mark inside a cell. Write it twice, and put the cell "
        "between quotation marks."
    )


def _rows(records: Iterator[tuple[int, list[str]]], found: Table) -> Iterator[Row]:
    width, delimiter, blank, short = len(found.header), found.delimiter or ",", 0, 0
    for number, record in records:
        if not any(record) or not any(cell.strip() for cell in record):
            blank += 1
            continue
        short += len(record) < width
        cells, problem = _fitted(record, width, delimiter)
        if problem is None and CONTROL.search("".join(cells)):
            problem = CONTROL_PROBLEM
            cells = [CONTROL.sub("\ufffd", cell) for cell in cells]
        yield Row(number, [cell or None for cell in cells], None, problem)
    if blank:
        found.remarks.append(f"{counted(blank, 'blank row is', 'blank rows are')} left out.")
    if short:
        found.remarks.append(f"{counted(short, 'row is', 'rows are')} shorter than the header.")


def _fitted(record: list[str], width: int, delimiter: str) -> tuple[list[str], Problem | None]:
    """As many cells as the header has; what is too many stays in the last."""
    if len(record) <= width:
        return record + [""] * (width - len(record)), None
    if not any(cell.strip() for cell in record[width:]):
        return record[:width], None
    problem = (
        f"This row has {len(record)} cells where the header has {width}.",
        "Put a text that holds the delimiter between quotation marks.",
    )
    return [*record[: width - 1], delimiter.join(record[width - 1 :])], problem


def _is_number(cell: str) -> bool:
    try:
        float(cell.replace(",", "."))
    except ValueError:
        return False
    return True
