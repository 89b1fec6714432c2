"""A backup: one snapshot, measured and dumped, encrypted on its way to the file."""

import os
import select
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import psycopg

from app.backups import box, programs
from app.backups.measuring import EXCLUDED, measured
from app.backups.rules import Manifest
from app.core.errors import InvalidError
from app.core.settings import Settings

Progress = Callable[[int, int, str], None]
OLD = (
    "The login cs_backup may not read the tables yet. Run `contextmap db migrate` once, with this "
    "version."
)


LOCK_WAIT_MS = 60_000
SILENT_S = 600
SILENT = "The database said nothing for ten minutes. The backup was broken off."
PIECE = 1 << 16


@dataclass(frozen=True, slots=True)
class Made:
    """A file that is whole and on the disk."""

    path: Path
    size_bytes: int
    manifest: Manifest


def create(settings: Settings, path: Path, progress: Progress = lambda *_: None) -> Made:
    """Nothing is written in plain text, and nothing under the name of the file before its end."""
    to = box.recipient(settings)
    dsn = settings.dsn("cs_backup")
    with box.new_file(path) as out, psycopg.connect(dsn) as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        snapshot, expected = _snapshot(connection)
        try:
            manifest = measured(connection, progress)
        except psycopg.errors.InsufficientPrivilege as refused:
            raise InvalidError(OLD) from refused
        arguments = ["--format=custom", f"--snapshot={snapshot}"]
        # Its login may not even lock the table of keys.
        arguments += [f"--exclude-table={EXCLUDED}", f"--lock-wait-timeout={LOCK_WAIT_MS}"]
        count = _Counter(expected, progress)
        with programs.running(settings, "pg_dump", dsn, arguments) as dump:
            source = box.Source(manifest.line(), _alive(dump), box.key(settings), count.add)
            box.seal(source, out, to)
        count.end()
    return Made(path, path.stat().st_size, manifest)


def _snapshot(connection: psycopg.Connection) -> tuple[str, int]:
    """What pg_dump reads too, and about how many bytes that will be."""
    row = connection.execute(
        "select pg_export_snapshot(), pg_database_size(current_database())"
    ).fetchone()
    return row or ("", 0)


def _alive(dump: IO[bytes]) -> Callable[[int], bytes]:
    """Reads what comes. A server that says nothing more would keep a job for ever."""

    def read(size: int) -> bytes:
        ready, _, _ = select.select([dump], [], [], SILENT_S)
        if not ready:
            raise InvalidError(SILENT)
        return os.read(dump.fileno(), size if size > 0 else PIECE)

    return read


class _Counter:
    def __init__(self, expected: int, progress: Progress) -> None:
        self._done, self._expected, self._progress = 0, max(expected, 1), progress

    def add(self, count: int) -> None:
        self._done += count
        self._progress(min(self._done, self._expected - 1), self._expected, "Writing the backup")

    def end(self) -> None:
        self._progress(self._expected, self._expected, "Writing the backup")
