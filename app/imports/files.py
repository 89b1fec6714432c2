"""Open street files as they come: .csv, .csv.gz, or a .zip of months."""

import csv
import hashlib
import re
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv

from app.core import columns
from app.core.errors import InvalidError
from app.imports import layouts, rules
from app.imports.rules import Array, Street

ZIP_ENTRIES = 5_000
ZIP_RATIO = 200
ENTRY_BYTES = 2_000_000_000
BLOCK_BYTES = 8 << 20
HEADER_BYTES = 65_536
NUMBER = re.compile(r"[-+]?\d{1,15}(\.\d{0,30})?", re.ASCII)


class Refusal(NamedTuple):
    """A row that cannot be used: its number in the file (the header is 1), and why."""

    row: int
    reason: str


Rejected = list[tuple[Refusal, list[str]]]


class Source(NamedTuple):
    """One CSV: a file, or a member of an archive."""

    path: Path
    member: str | None

    @property
    def name(self) -> str:
        return Path(self.member).name if self.member else self.path.name


def sources(path: Path, kind: str = "street") -> list[Source]:
    """The files of that kind of a path; an archive's other files are left out."""
    if not path.is_file():
        raise InvalidError(f"There is no file {path.name} there.")
    if path.suffix.lower() != ".zip":
        return [Source(path, None)]
    try:
        with zipfile.ZipFile(path) as archive:
            _refuse_bomb(path, archive.infolist())
            members = sorted(m for m in archive.namelist() if _is_of(m, kind))
    except zipfile.BadZipFile as wrong:
        raise InvalidError(f"{path.name} is not a readable .zip archive.") from wrong
    if not members:
        raise InvalidError(f"{path.name} holds no file named like 2018-04-metropolitan-{kind}.csv.")
    return [Source(path, member) for member in members]


def _is_of(member: str, kind: str) -> bool:
    return member.lower().endswith(".csv") and kind in Path(member).name.lower()


def _refuse_bomb(path: Path, members: list[zipfile.ZipInfo]) -> None:
    packed = sum(m.compress_size for m in members)
    whole = sum(m.file_size for m in members)
    large = any(m.file_size > ENTRY_BYTES for m in members)
    if len(members) > ZIP_ENTRIES or whole > ZIP_RATIO * max(packed, 1) or large:
        raise InvalidError(f"{path.name} unpacks to more than the service takes.")


def read(
    source: Source, defaults: Mapping[str, str], this_month: date
) -> tuple[Street | None, Rejected]:
    """The rows of one file, and those refused with the reason and their original cells.

    The numbers of refused rows count the header as 1 and leave out empty lines.
    """
    names, has_rows = _header(source)
    odd: Rejected = []
    parts, rejected, seen = [], [], 0
    for block in _blocks(source, names, odd) if has_rows else ():
        part, reasons = rules.read(layouts.native(block), this_month)
        parts.append(part)
        rejected += _refused(block, reasons, seen)
        seen += len(block)
    skipped = [refusal.row for refusal, _ in odd]
    refused = [(Refusal(_moved(r.row, skipped), r.reason), cells) for r, cells in rejected]
    street = rules.whole(parts, _filled(source.name, defaults)) if parts else None
    _refuse_nul(street, source.name)
    return street, sorted(odd + refused)


def _filled(name: str, defaults: Mapping[str, str]) -> dict[str, str]:
    """What stands for the columns that a file does not have."""
    force = defaults.get("Reported by", rules.NOT_STATED)
    category = rules.category_in_name(name) or rules.NOT_STATED
    return {"Crime type": category, "Reported by": force, "Falls within": force} | dict(defaults)


@contextmanager
def _opened(source: Source) -> Iterator[Any]:
    """The bytes of the file, whatever it is packed in."""
    with _unpacking(source.name), ExitStack() as stack:
        if source.member is not None:
            archive = stack.enter_context(zipfile.ZipFile(source.path))
            yield stack.enter_context(archive.open(source.member))
        else:
            stream = stack.enter_context(pa.OSFile(str(source.path)))
            packed = source.path.suffix.lower() == ".gz"
            yield pa.CompressedInputStream(stream, "gzip") if packed else stream


def _header(source: Source) -> tuple[list[str], bool]:
    """Names of the columns, and whether anything follows them."""
    with _opened(source) as stream:
        head = stream.read(HEADER_BYTES)
    if b"\0" in head:
        raise InvalidError(f"{source.name} is not a text file in UTF-8.")
    first, _, rest = head.partition(b"\n")
    cells = next(csv.reader([first.decode("utf-8-sig", "replace")]), [])
    names = layouts.renamed([cell.strip() for cell in cells])
    absent = rules.missing_columns(names)
    if absent:
        raise InvalidError(
            f"{source.name} has no column {absent[0]}. Is it a street file of data.police.uk?"
        )
    if len(set(names)) < len(names):
        raise InvalidError(f"{source.name} has two columns of the same name.")
    return names, bool(rest.strip()) or len(head) == HEADER_BYTES


def _refuse_nul(street: Street | None, name: str) -> None:
    """PostgreSQL's text holds every character but this one."""
    labels = street.labels.values() if street else ()
    if any("\0" in value for each in labels for value in each.values):
        raise InvalidError(f"{name} is not a text file in UTF-8.")


def _blocks(source: Source, names: list[str], odd: Rejected) -> Iterator[pa.RecordBatch]:
    """Rows as text, a block at a time; rows with a wrong number of cells go to `odd`."""

    def note(row: pa_csv.InvalidRow) -> str:
        reason = f"It has {row.actual_columns} columns instead of {row.expected_columns}."
        odd.append((Refusal(row.number or 0, reason), [row.text]))
        return "skip"

    with _opened(source) as stream:
        yield from pa_csv.open_csv(
            stream,
            read_options=pa_csv.ReadOptions(
                use_threads=False, block_size=BLOCK_BYTES, column_names=names, skip_rows=1
            ),
            parse_options=pa_csv.ParseOptions(invalid_row_handler=note),
            convert_options=pa_csv.ConvertOptions(
                column_types={cell: pa.string() for cell in names},
                strings_can_be_null=True,
                null_values=[""],
            ),
        )


@contextmanager
def _unpacking(name: str) -> Iterator[None]:
    """Failures of reading, in words."""
    try:
        yield
    except (OSError, EOFError, zipfile.BadZipFile, zlib.error) as wrong:
        raise InvalidError(f"{name} cannot be unpacked: it is damaged or cut off.") from wrong
    except (pa.ArrowInvalid, UnicodeDecodeError) as wrong:
        raise InvalidError(f"{name} cannot be read as CSV in UTF-8.") from wrong


def _refused(block: pa.RecordBatch, reasons: Array, seen: int) -> Rejected:
    """Rows of a block with a reason, numbered as if none had been left out before."""
    bad = np.flatnonzero(reasons)
    cells = columns.taken(block, bad).to_pylist()
    return [
        (Refusal(int(i) + seen + 2, rules.REASONS[reasons[i]]), [v or "" for v in row.values()])
        for i, row in zip(bad, cells, strict=True)
    ]


def _moved(row: int, skipped: list[int]) -> int:
    """The number of a row in its file, when the reader has left `skipped` (ascending) out.

    Row k of those left in has k - 1 numbers below it that were read, and each gap at or below it
    moves it up by one: gap g (counted from 0) does so when skipped[g] - g <= row.
    """
    low, high = 0, len(skipped)
    while low < high:
        middle = (low + high) // 2
        if skipped[middle] - middle <= row:
            low = middle + 1
        else:
            high = middle
    return row + low


def digest(paths: Sequence[Path]) -> str:
    """SHA-256 of the file; of several, of their hashes one after the other."""
    hashes = []
    for path in paths:
        if not path.is_file():
            raise InvalidError(f"There is no file {path.name} there.")
        with path.open("rb") as stream:
            hashes.append(hashlib.file_digest(stream, "sha256"))
    if len(hashes) == 1:
        return hashes[0].hexdigest()
    return hashlib.sha256(b"".join(each.digest() for each in hashes)).hexdigest()


@dataclass(slots=True)
class Refusals:
    """Rows that were not imported, with the reason; safe to open in a spreadsheet.

    Written as they come, so that millions of them need no memory, and kept when the import fails.
    """

    path: Path | None
    n: int = 0
    first: Refusal | None = None
    kept: list[Refusal] | None = None  # for whoever shows them in another way

    def add(self, name: str, rejected: Rejected) -> None:
        if not rejected:
            return
        if self.path is not None:
            self._write(self.path, name, rejected)
        self.first = self.first or rejected[0][0]
        if self.kept is not None:
            self.kept += [refusal for refusal, _ in rejected]
        self.n += len(rejected)

    def _write(self, path: Path, name: str, rejected: Rejected) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a" if self.n else "w", encoding="utf-8", newline="") as out:
            writer = csv.writer(out)
            if not self.n:
                writer.writerow(["file", "row", "reason", "cells"])
            for refusal, cells in rejected:
                writer.writerow(map(_plain, (name, str(refusal.row), refusal.reason, *cells)))


def _plain(cell: str) -> str:
    """A spreadsheet runs what starts with one of these, unless it is a number."""
    runs = cell.startswith(("\t", "\r", "\n")) or cell.lstrip().startswith(("=", "+", "-", "@"))
    return f"'{cell}" if runs and not NUMBER.fullmatch(cell) else cell
