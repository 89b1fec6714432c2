"""What was erased, as hashes in a file apart from the database, for the day of a restore.

A line is written before a transaction ends (`begun:HASH`) and after it (`HASH`). One that stayed
begun is looked up later: what is still there was not erased (`kept:HASH`).
"""

import os
import re
from collections.abc import Iterable
from pathlib import Path

from app.core import disk

BEGUN, KEPT = "begun:", "kept:"
LINE = re.compile(rf"({BEGUN}|{KEPT}|)([0-9a-f]{{64}})")


class ErasedList:
    """Read once; lines are added at the end, and on the disk when a call returns."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.is_there = path.exists()
        self.done: set[str] = set()
        self.begun: set[str] = set()
        for line in path.read_text(errors="replace").splitlines() if self.is_there else ():
            self._take(line)

    def begin(self, marks: Iterable[str]) -> None:
        self._add(BEGUN, [mark for mark in marks if mark not in self.done | self.begun])

    def end(self, marks: Iterable[str]) -> None:
        self._add("", [mark for mark in marks if mark not in self.done])

    def keep(self, marks: Iterable[str]) -> None:
        self._add(KEPT, list(marks))

    def _add(self, word: str, marks: list[str]) -> None:
        if marks:
            lines = [f"{word}{mark}" for mark in marks]
            _append(self._path, lines)
            for line in lines:
                self._take(line)

    def _take(self, line: str) -> None:
        """A line that was broken off says nothing."""
        found = LINE.fullmatch(line)
        if found is None:
            return
        word, mark = found.groups()
        if word == BEGUN:
            self.begun.add(mark)
        else:
            self.begun.discard(mark)
        if not word:
            self.done.add(mark)


def _append(path: Path, lines: list[str]) -> None:
    """After a line that was broken off, on a line of its own."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
    with os.fdopen(handle, "ab") as file:
        size = os.fstat(handle).st_size
        is_broken_off = size > 0 and os.pread(handle, 1, size - 1) != b"\n"
        file.write(b"\n" * is_broken_off + "".join(f"{line}\n" for line in lines).encode())
        file.flush()
        os.fsync(handle)
    if size == 0:
        disk.sync_folder(path.parent)
