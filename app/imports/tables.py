"""Rows of a CSV as people publish it: .csv, .csv.gz, or the members of a .zip."""

import csv
import gzip
import io
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import IO, NamedTuple, cast

from app.core.errors import InvalidError
from app.imports.files import ENTRY_BYTES, Refusal, Source


class Line(NamedTuple):
    """A row by its number in the file (the header is 1) and the cells by the names of columns."""

    number: int
    cells: dict[str, str]

    def refused(self, reason: str) -> tuple[Refusal, list[str]]:
        return Refusal(self.number, reason), list(self.cells.values())


def header(source: Source) -> list[str]:
    with _opened(source) as text:
        return next(csv.reader(text), [])


def lines(source: Source, needed: Sequence[str]) -> Iterator[Line | tuple[Refusal, list[str]]]:
    """Each row that is not empty; one with another number of cells is refused."""
    with _opened(source) as text:
        rows = csv.reader(text)
        names = [name.strip() for name in next(rows, [])]
        if absent := [name for name in needed if name not in names]:
            raise InvalidError(f"{source.name} has no column {absent[0]}.")
        number = 1
        for row in rows:
            if not row:
                continue
            number += 1
            if len(row) != len(names):
                reason = f"It has {len(row)} columns instead of {len(names)}."
                yield Refusal(number, reason), row
            else:
                yield Line(number, dict(zip(names, map(str.strip, row), strict=True)))


@contextmanager
def _opened(source: Source) -> Iterator[Iterator[str]]:
    """Lines of text, whatever they are packed in; what cannot be read is told in words."""
    try:
        with ExitStack() as stack:
            raw: IO[bytes]
            if source.member is not None:
                archive = stack.enter_context(zipfile.ZipFile(source.path))
                raw = stack.enter_context(archive.open(source.member))
            elif source.path.suffix.lower() == ".gz":
                raw = cast("IO[bytes]", stack.enter_context(gzip.open(source.path, "rb")))
            else:
                raw = stack.enter_context(source.path.open("rb"))
            text = io.TextIOWrapper(raw, "utf-8-sig", newline="")
            yield _plain(stack.enter_context(text), source.name)
    except (OSError, EOFError, zipfile.BadZipFile, zlib.error) as wrong:
        raise InvalidError(
            f"{source.name} cannot be unpacked: it is damaged or cut off."
        ) from wrong
    except (UnicodeDecodeError, csv.Error) as wrong:
        raise InvalidError(f"{source.name} cannot be read as CSV in UTF-8.") from wrong


def _plain(text: io.TextIOBase, name: str) -> Iterator[str]:
    size = 0
    for line in text:
        size += len(line)
        if "\0" in line:
            raise InvalidError(f"{name} is not a text file in UTF-8.")
        if size > ENTRY_BYTES:
            raise InvalidError(f"{name} unpacks to more than the service takes.")
        yield line
