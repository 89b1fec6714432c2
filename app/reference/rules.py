"""What a boundary or postcode file must look like, without a database."""

import csv
import gzip
import io
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple


class PostcodeRow(NamedTuple):
    postcode: str
    quality: int
    easting_m: float
    northing_m: float
    lad_code: str | None
    ward_code: str | None


# Header names of the published files, in the order of PostcodeRow. Code-Point Open has no header.
LAYOUTS = (
    ("postcode", "quality", "easting", "northing", "lad_code", "wd_code"),
    ("pcds", "osgrdind", "oseast1m", "osnrth1m", "oslaua", "osward"),
    ("pcds", "gridind", "east1m", "north1m", "lad25cd", "wd25cd"),
)
CODE_POINT_OPEN = (0, 1, 2, 3, 8, 9)  # columns of the headerless publication
NO_GRID_REFERENCE = {"9", "90"}


def text_of(path: Path) -> io.TextIOBase:
    """A text file, compressed or not, with or without a byte order mark."""
    if path.suffix == ".gz":
        return io.TextIOWrapper(gzip.open(path, "rb"), "utf-8-sig", newline="")
    return path.open(encoding="utf-8-sig", newline="")


def postcode_rows(lines: Iterator[list[str]]) -> Iterator[PostcodeRow | str]:
    """Rows of any known layout; a string says why a row cannot be used."""
    first = next(lines, None)
    if first is None:
        return
    columns = _columns(first)
    if columns is None:
        columns = CODE_POINT_OPEN
        yield _postcode(first, columns)
    for cells in lines:
        yield _postcode(cells, columns)


def _columns(header: list[str]) -> tuple[int, ...] | None:
    names = [name.strip().lower() for name in header]
    for layout in LAYOUTS:
        if all(name in names for name in layout):
            return tuple(names.index(name) for name in layout)
    return None


def _postcode(cells: list[str], columns: tuple[int, ...]) -> PostcodeRow | str:
    try:
        code, quality, east, north, lad, ward = (cells[i].strip() for i in columns)
        if quality in NO_GRID_REFERENCE or not float(east):
            return f"{code} has no grid reference"
        return PostcodeRow(
            _spaced(code), int(quality), float(east), float(north), lad or None, ward or None
        )
    except (IndexError, ValueError):
        return "columns are missing or not numbers"


def _spaced(code: str) -> str:
    """`KT1 1AA`: the inward part always has three characters."""
    compact = code.replace(" ", "").upper()
    return f"{compact[:-3]} {compact[-3:]}"


def csv_lines(path: Path) -> Iterator[list[str]]:
    with text_of(path) as lines:
        yield from csv.reader(lines)
