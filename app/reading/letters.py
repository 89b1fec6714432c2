"""Which encoding a text file is in, and its lines: never more than 64 KB of one at a time."""

import codecs
import io
from collections.abc import Iterator
from typing import IO

from app.reading.rules import MAX_LINE, RefusedError

UTF8, UTF8_BOM, UTF16_LE, UTF16_BE, ANSI = (
    "UTF-8",
    "UTF-8-SIG",
    "UTF-16LE",
    "UTF-16BE",
    "Windows-1252",
)
CODECS = {
    UTF8: "utf-8",
    UTF8_BOM: "utf-8-sig",
    UTF16_LE: "utf-16-le",
    UTF16_BE: "utf-16-be",
    ANSI: "cp1252",
}
BLOCK = 1 << 20


def encoding_of(file: IO[bytes], chosen: str | None) -> str:
    """The encoding a person chose, or the one the bytes show."""
    if chosen is not None:
        name = next((n for n in CODECS if n.lower() == chosen.lower()), None)
        if name is None:
            raise RefusedError(f"Choose one of these encodings: {', '.join(CODECS)}.")
        return name
    file.seek(0)
    head = file.read(4096)
    if head.startswith(codecs.BOM_UTF8):
        return UTF8_BOM
    if head.startswith(codecs.BOM_UTF16_LE):
        return UTF16_LE
    if head.startswith(codecs.BOM_UTF16_BE):
        return UTF16_BE
    return _wide(head) or _narrow(file)


def _wide(head: bytes) -> str | None:
    """UTF-16 without its mark: every other byte of Latin text is zero."""
    pairs = len(head) // 2
    if pairs < 2:
        return None
    zeros_first, zeros_second = head[0::2].count(0), head[1::2].count(0)
    if zeros_second > 0.8 * pairs and zeros_first == 0:
        return UTF16_LE
    if zeros_first > 0.8 * pairs and zeros_second == 0:
        return UTF16_BE
    return None


def _narrow(file: IO[bytes]) -> str:
    decoder = codecs.getincrementaldecoder("utf-8")()
    file.seek(0)
    seen_utf8, lines = False, 1
    while True:
        block = file.read(BLOCK)
        try:
            text = decoder.decode(block, final=not block)
        except UnicodeDecodeError as wrong:
            before = wrong.object[: wrong.start]
            if seen_utf8 or not before.isascii():
                at = lines + before.count(b"\n")
                raise RefusedError(
                    f"This file mixes encodings: line {at:,} is not UTF-8 as the lines before. "
                    "Save it as UTF-8."
                ) from None
            return ANSI
        if not block:
            return UTF8
        seen_utf8 = seen_utf8 or not text.isascii()
        lines += text.count("\n")


def line_ends(file: IO[bytes]) -> int:
    """About as many as there are lines; cheap, before any is looked at."""
    file.seek(0)
    feeds = returns = 0
    while block := file.read(BLOCK):
        feeds += block.count(b"\n")
        returns += block.count(b"\r")
    return max(feeds, returns)


def lines(file: IO[bytes], encoding: str) -> Iterator[str]:
    """Lines with their ends, refused at a NUL, a wrong byte, or 64 KB."""
    file.seek(0)
    text = io.TextIOWrapper(file, encoding=CODECS[encoding], newline="")
    number = 0
    try:
        while line := text.readline(MAX_LINE + 1):
            number += 1
            if number == 1:
                line = line.removeprefix("\ufeff")
            if len(line) > MAX_LINE:
                raise RefusedError(
                    f"Line {number:,} is longer than 64 KB. Check that this is a table."
                )
            if "\0" in line:
                raise RefusedError(
                    f"Line {number:,} holds a NUL byte: this is not a text file. Save it as CSV."
                )
            yield line
    except UnicodeError:
        raise RefusedError(
            f"This file is not {encoding} throughout. Save it as UTF-8, or choose its encoding."
        ) from None
    finally:
        text.detach()
