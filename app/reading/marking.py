"""A file as it was, with what is wrong in two more columns. No cell begins as a formula."""

import csv
import io
from collections.abc import Iterator, Mapping
from typing import IO

from app.core.cells import safe
from app.reading.coordinates import PLAIN
from app.reading.schemas import Choices, Problem
from app.reading.tables import Table

PROBLEM, HOW = "problem", "how_to_fix"
NOTHING: Problem = ("", "")
ENCODINGS = {
    "UTF-8": ("utf-8", b""),
    "UTF-8-SIG": ("utf-8", b"\xef\xbb\xbf"),
    "UTF-16LE": ("utf-16-le", b"\xff\xfe"),
    "UTF-16BE": ("utf-16-be", b"\xfe\xff"),
    "Windows-1252": ("cp1252", b""),
}


def marked(
    kind: str, table: Table, file: IO[bytes], choices: Choices, problems: Mapping[int, Problem]
) -> Iterator[bytes]:
    """The bytes of the file, in parts."""
    if kind == "CSV":
        return _csv(table, problems)
    if kind == "GEOJSON":
        return _geojson(file, problems)
    if kind == "XLSX":
        from app.reading import marked_workbook

        return marked_workbook.parts(table.layer or "Sheet1", _lines(table, problems))
    from app.reading import marked_shapes

    if kind == "GPKG":
        return marked_shapes.geopackage(file, choices, problems)
    return marked_shapes.kml(file, kind, problems)


def _kept(table: Table) -> tuple[list[str], list[int]]:
    """The columns of the person's own: those of an earlier round are written anew."""
    at = [i for i, name in enumerate(table.header) if name not in {PROBLEM, HOW}]
    return [table.header[i] for i in at], at


def _lines(table: Table, problems: Mapping[int, Problem]) -> Iterator[list[str]]:
    header, at = _kept(table)
    yield [*header, PROBLEM, HOW]
    for row in table.rows:
        problem = problems.get(row.number, NOTHING)
        yield [*(row.cells[i] or "" for i in at), *problem]


def _csv(table: Table, problems: Mapping[int, Problem]) -> Iterator[bytes]:
    codec, mark = ENCODINGS[table.encoding or "UTF-8"]
    yield mark
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=table.delimiter or ",", lineterminator="\r\n")
    for line in _lines(table, problems):
        writer.writerow([harmless(cell) for cell in line])
        if text.tell() > 1 << 20:
            yield _emptied(text, codec)
    yield _emptied(text, codec)


def harmless(cell: str) -> str:
    """Text that a spreadsheet would run gets an apostrophe; numbers stay numbers."""
    return cell if PLAIN.fullmatch(cell) else str(safe(cell))


def _geojson(file: IO[bytes], problems: Mapping[int, Problem]) -> Iterator[bytes]:
    import orjson

    from app.reading import geojson

    whole, features = geojson.features_of(file)
    for number, feature in enumerate(features, start=1):
        properties = feature.get("properties")
        held = properties if isinstance(properties, dict) else {}
        problem, how = problems.get(number, NOTHING)
        feature["properties"] = {**held, PROBLEM: problem, HOW: how}
    yield orjson.dumps(whole)


def _emptied(text: io.StringIO, codec: str) -> bytes:
    said = text.getvalue().encode(codec, "replace")
    text.seek(0)
    text.truncate()
    return said
