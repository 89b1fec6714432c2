"""One hostile file: how it is made, and what becomes of it."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

SECRET = "canary-of-another-file-7f3a"  # what a file must never bring in
URL = "http://127.0.0.1:{port}/stolen"


class Place(NamedTuple):
    """Where a hostile file would reach: a folder of its own, somebody's file, a listening port."""

    folder: Path
    canary: Path
    port: int

    @property
    def url(self):
        return URL.format(port=self.port)


class Case(NamedTuple):
    """`refused` is found in the sentence; `harmless` holds for an inspected, read file instead."""

    name: str
    make: Callable[[Place], bytes | Path]
    refused: str | None = None
    harmless: Callable | None = None


def fixed(body):
    return lambda place: body


def problem(words, row=1):
    """The row is read with that problem, and has no shape."""

    def holds(found, sheet):
        said = {number: about for number, (about, _) in sheet.problems.items()}
        assert words in said.get(row, ""), said
        assert not any(sheet.shapes)

    return holds


def remarked(words):
    def holds(found, sheet):
        assert any(words in remark for remark in found.remarks), found.remarks

    return holds


def reads(*rows):
    """Exactly these cells."""

    def holds(found, sheet):
        assert sheet.rows == [tuple(row) for row in rows]

    return holds
