"""Zip archives of other people: looked at as a whole before any part is unpacked."""

import re
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

from app.reading.rules import MB, RefusedError

MAX_PARTS = 50
MAX_RATIO = 100
# Small parts of one letter repeated are no danger, and workbooks have them.
FREE_BYTES = 64 * 1024
MAX_UNPACKED = 150 * MB
END_OF_LIST = b"PK\x05\x06"

ENCODING = re.compile(rb"""[^<]{0,4}<\?xml[^>]*?encoding\s*=\s*["']([^"']*)""")
DEFINITIONS = tuple(
    word.encode(encoding)
    for word in ("<!DOCTYPE", "<!ENTITY")
    for encoding in ("utf-8", "utf-16-le", "utf-16-be")
)

DAMAGED = "This archive is damaged or cut short. Save the file again."
KNOWN = {
    "mimetype": "This is an OpenDocument file. Save it as XLSX or CSV.",
    "word/document.xml": "This is a text document (DOCX), not a table. Save it as CSV or XLSX.",
    "ppt/presentation.xml": "This is a presentation, not a table. Save it as CSV or XLSX.",
    "xl/workbook.bin": "This is a binary workbook (XLSB). Save it as .xlsx.",
}


def kind_of(file: IO[bytes]) -> str:
    """XLSX or KMZ, by the parts; everything else is refused by name."""
    with opened(file) as archive:
        names = [part.filename for part in archive.infolist()]
    for name, words in KNOWN.items():
        if name in names:
            raise RefusedError(words)
    if any(name.lower().endswith(("vbaproject.bin", "macrosheets/sheet1.xml")) for name in names):
        raise RefusedError("This workbook holds macros. Save it as .xlsx.")
    if "xl/workbook.xml" in names:
        return "XLSX"
    if any(name.lower().endswith(".kml") for name in names):
        return "KMZ"
    raise RefusedError("This is a zip archive. Unpack it, and hand in one of its files.")


def refuse_entities(archive: zipfile.ZipFile) -> None:
    """No part defines entities: looked for in every part, in each encoding that a part may have.

    Others are refused, since some have a second way to write `<` and `!`.
    """
    for part in archive.infolist():
        body = archive.read(part)
        said = ENCODING.match(body[:200].replace(b"\0", b""))
        if said is not None and said[1].lower() not in {b"utf-8", b"utf-16", b"us-ascii"}:
            raise RefusedError("This workbook is written in an unusual way. Save it again.")
        if any(mark in body for mark in DEFINITIONS):
            raise RefusedError(
                "This workbook defines entities of its own, which are never read. "
                "Save it again as .xlsx."
            )


@contextmanager
def opened(file: IO[bytes]) -> Iterator[zipfile.ZipFile]:
    """The archive, when nothing in it is dangerous to unpack."""
    size = file.seek(0, 2)
    _refuse_many(file, size)
    file.seek(0)
    try:
        with zipfile.ZipFile(file) as archive:
            _look_at(archive, size)
            yield archive
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError, OSError):
        raise RefusedError(DAMAGED) from None


def _refuse_many(file: IO[bytes], size: int) -> None:
    """The number of parts by the archive's own count, before its list is read."""
    file.seek(max(0, size - 66_000))
    tail = file.read()
    at = tail.rfind(END_OF_LIST)
    if at < 0 or len(tail) < at + 22:
        raise RefusedError(DAMAGED)
    if int.from_bytes(tail[at + 10 : at + 12], "little") > MAX_PARTS:
        raise RefusedError(
            f"This file has more than {MAX_PARTS} parts inside. Copy the table into a new file."
        )


def _look_at(archive: zipfile.ZipFile, size: int) -> None:
    parts = archive.infolist()
    if len(parts) > MAX_PARTS:
        raise RefusedError(
            f"This file has more than {MAX_PARTS} parts inside. Copy the table into a new file."
        )
    if len({part.filename for part in parts}) != len(parts):
        raise RefusedError("Two parts inside this file have one name. Save the file again.")
    for part in parts:
        _refuse_part(part)
    unpacked = sum(part.file_size for part in parts)
    if unpacked > MAX_UNPACKED or unpacked > MAX_RATIO * size + FREE_BYTES:
        raise RefusedError("This file unpacks to far more than it seems. It is not opened.")


def _refuse_part(part: zipfile.ZipInfo) -> None:
    name = part.filename.replace("\\", "/")
    if name.startswith("/") or ".." in name.split("/") or ":" in name or "\0" in part.orig_filename:
        raise RefusedError("A part of this file names a place outside it. It is not opened.")
    if part.flag_bits & 0x1:
        raise RefusedError("This file is protected by a password. Save it without one.")
    if part.external_attr >> 28 == 0xA:
        raise RefusedError("A part of this file points outside it. It is not opened.")
    if part.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
        raise RefusedError("This file is packed in an unusual way. Save it again.")
    if part.file_size > MAX_RATIO * part.compress_size + FREE_BYTES:
        raise RefusedError("This file unpacks to far more than it seems. It is not opened.")
