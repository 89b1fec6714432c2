"""A SQLite file of somebody else, in memory: tables only, and only looked at.

Not by GDAL: what can run in a database file (views, triggers, virtual tables, attached files) is
refused by SQLite itself here, and no path of the file is ever opened (docs/adr/0022).
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any

from app.reading.rules import RefusedError

DAMAGED = "This GeoPackage is damaged. Save it again."
FUNCTIONS = {"count"}
MAX_STEPS = 20_000  # of a thousand instructions each


@contextmanager
def opened(file: IO[bytes]) -> Iterator[sqlite3.Connection]:
    file.seek(0)
    body = bytearray(file.read())
    if len(body) < 512:
        raise RefusedError(DAMAGED)
    if body[18] == 2:
        body[18:20] = b"\x01\x01"  # a log beside the file is not here: what it holds is the file
    db = sqlite3.connect(":memory:")
    try:
        db.deserialize(bytes(body))
        db.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
        db.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, 4 << 20)
        db.setlimit(sqlite3.SQLITE_LIMIT_COLUMN, 500)
        db.execute("pragma trusted_schema = off")
        db.execute("pragma query_only = on")
        db.execute("pragma cell_size_check = on")
        db.text_factory = lambda raw: raw.decode("utf-8", "replace")
        db.set_authorizer(_may)
        steps = iter(range(MAX_STEPS))
        db.set_progress_handler(lambda: next(steps, None) is None, 1000)
        yield db
    except (sqlite3.Error, UnicodeDecodeError):  # names of its own may be no text
        raise RefusedError(DAMAGED) from None
    finally:
        db.close()


def _may(
    action: int, first: str | None, second: str | None, _db: str | None, via: str | None
) -> int:
    """Reading of tables by our own statements; nothing that a view or trigger asks for."""
    if via is not None:
        return sqlite3.SQLITE_DENY
    if action in {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ}:
        return sqlite3.SQLITE_OK
    if action == sqlite3.SQLITE_FUNCTION and second in FUNCTIONS:
        return sqlite3.SQLITE_OK
    if action == sqlite3.SQLITE_PRAGMA and first == "table_info":
        return sqlite3.SQLITE_OK
    return sqlite3.SQLITE_DENY


def quoted(name: str) -> str:
    """An identifier of somebody else's file."""
    return '"' + name.replace('"', '""') + '"'


def columns(db: sqlite3.Connection, table: str) -> list[tuple[Any, ...]]:
    """As SQLite describes those that are stored."""
    return db.execute(f"pragma table_info({quoted(table)})").fetchall()


def count(db: sqlite3.Connection, table: str) -> int:
    return int(db.execute(f"select count(*) from {quoted(table)}").fetchone()[0])


def rows(db: sqlite3.Connection, names: list[str | None], table: str) -> sqlite3.Cursor:
    """All rows with those columns; null for None."""
    wanted = ", ".join("null" if name is None else quoted(name) for name in names)
    return db.execute(f"select {wanted} from {quoted(table)}")


def make(db: sqlite3.Connection, table: str, key: str, names: list[str]) -> None:
    fields = ", ".join(quoted(name) for name in names)
    db.execute(f"create table {quoted(table)} ({quoted(key)} integer primary key, {fields})")


def fill(db: sqlite3.Connection, table: str, values: tuple[object, ...]) -> None:
    places = ", ".join("?" * len(values))
    db.execute(f"insert into {quoted(table)} values ({places})", values)
