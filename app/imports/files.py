"""Open street files as they come: .csv, .csv.gz, or a .zip of months."""

import csv
import gzip
import io
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, NamedTuple

import pyarrow as pa
import pyarrow.csv as pa_csv

from app.core.errors import InvalidError
from app.imports import rules
from app.imports.rules import Refusal, Street

ZIP_ENTRIES = 5_000
ZIP_RATIO = 200
ENTRY_BYTES = 2_000_000_000
Rejected = list[tuple[Refusal, list[str]]]


class Source(NamedTuple):
    """One CSV: a file, or a member of an archive."""

    path: Path
    member: str | None

    @property
    def name(self) -> str:
        return Path(self.member).name if self.member else self.path.name


def sources(path: Path) -> list[Source]:
    """The street files of a path; an archive's other files are left out."""
    if not path.is_file():
        raise InvalidError(f"There is no file {path.name} there.")
    if path.suffix.lower() != ".zip":
        return [Source(path, None)]
    try:
        with zipfile.ZipFile(path) as archive:
            _refuse_bomb(path, archive.infolist())
            members = sorted(m for m in archive.namelist() if _is_street(m))
    except zipfile.BadZipFile as wrong:
        raise InvalidError(f"{path.name} is not a readable .zip archive.") from wrong
    if not members:
        raise InvalidError(f"{path.name} holds no file named like 2018-04-metropolitan-street.csv.")
    return [Source(path, member) for member in members]


def _is_street(member: str) -> bool:
    return member.lower().endswith(".csv") and "street" in Path(member).name.lower()


def _refuse_bomb(path: Path, members: list[zipfile.ZipInfo]) -> None:
    packed = sum(m.compress_size for m in members)
    whole = sum(m.file_size for m in members)
    large = any(m.file_size > ENTRY_BYTES for m in members)
    if len(members) > ZIP_ENTRIES or whole > ZIP_RATIO * max(packed, 1) or large:
        raise InvalidError(f"{path.name} unpacks to more than the service takes.")


@contextmanager
def tables(
    source: Source, defaults: Mapping[str, str]
) -> Iterator[Iterator[tuple[Street, Rejected]]]:
    """The rows of one file, with those refused and the reason."""
    with _opened(source) as stream:
        yield _read(stream, source.name, defaults)


@contextmanager
def _opened(source: Source) -> Iterator[IO[bytes]]:
    if source.member is not None:
        with zipfile.ZipFile(source.path) as archive, archive.open(source.member) as stream:
            yield stream
    elif source.path.suffix == ".gz":
        with gzip.open(source.path, "rb") as stream:
            yield stream  # type: ignore[misc]  # a GzipFile reads like any binary file
    else:
        with source.path.open("rb") as stream:
            yield stream


def _read(
    stream: IO[bytes], name: str, defaults: Mapping[str, str]
) -> Iterator[tuple[Street, Rejected]]:
    odd: Rejected = []
    body = _body(stream, name)
    header = next(csv.reader([body[:65_536].split(b"\n", 1)[0].decode("utf-8-sig", "replace")]), [])
    absent = rules.missing_columns([cell.strip() for cell in header])
    if absent:
        raise InvalidError(
            f"{name} has no column {absent[0]}. Is it a street file of data.police.uk?"
        )
    table = _table(body, name, odd)
    filled = {
        "Crime type": rules.category_in_name(name) or rules.NOT_STATED,
        "Reported by": rules.NOT_STATED,
        "Falls within": rules.NOT_STATED,
    } | dict(defaults)
    street, refused = rules.read(table, filled)
    # Rows with a wrong number of cells are not in the table: the numbers after them move up.
    moved = _renumbered(refused, [refusal.row for refusal, _ in odd])
    cells = [
        [str(v or "") for v in table.slice(r.row - 2, 1).to_pylist()[0].values()] for r in refused
    ]
    yield street, [*odd, *zip(moved, cells, strict=True)]


def _body(stream: IO[bytes], name: str) -> bytes:
    try:
        body = stream.read()
    except (OSError, EOFError, zipfile.BadZipFile) as wrong:
        raise InvalidError(f"{name} cannot be unpacked: it is damaged or cut off.") from wrong
    if b"\0" in body[:4096]:
        raise InvalidError(f"{name} is not a text file in UTF-8.")
    return body


def _table(body: bytes, name: str, odd: Rejected) -> pa.Table:
    def note(row: pa_csv.InvalidRow) -> str:
        reason = f"It has {row.actual_columns} columns instead of {row.expected_columns}."
        odd.append((Refusal(row.number or 0, reason), [row.text]))
        return "skip"

    header = next(csv.reader([body.split(b"\n", 1)[0].decode("utf-8-sig", "replace")]), [])
    try:
        return pa_csv.read_csv(
            io.BytesIO(body),
            read_options=pa_csv.ReadOptions(use_threads=False, block_size=16 << 20),
            parse_options=pa_csv.ParseOptions(invalid_row_handler=note),
            convert_options=pa_csv.ConvertOptions(
                column_types={cell: pa.string() for cell in header},
                strings_can_be_null=True,
                null_values=[""],
            ),
        )
    except (pa.ArrowInvalid, UnicodeDecodeError) as wrong:
        raise InvalidError(f"{name} cannot be read as CSV in UTF-8.") from wrong


def _renumbered(refused: list[Refusal], skipped: list[int]) -> list[Refusal]:
    moved = []
    for refusal in refused:
        row = refusal.row
        for gap in sorted(skipped):
            row += gap <= row
        moved.append(Refusal(row, refusal.reason))
    return moved


def write_refusals(path: Path, refusals: Any) -> None:  # noqa: ANN401 - the tally's list
    """Rows that were not imported, with the reason; safe to open in a spreadsheet."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(["file", "row", "reason", "cells"])
        for name, refusal, cells in refusals:
            writer.writerow([_plain(str(c)) for c in (name, refusal.row, refusal.reason, *cells)])


def _plain(cell: str) -> str:
    """A spreadsheet runs what starts with one of these, unless it is a number."""
    try:
        float(cell)
    except ValueError:
        return f"'{cell}" if cell.lstrip().startswith(("=", "+", "-", "@", "\t", "\r")) else cell
    return cell
