"""Rows that are known by a key of their content: searches, counts, lines, stops of routes."""

from collections.abc import Iterable
from typing import Any, LiteralString, NamedTuple
from uuid import UUID

from app.core.bulk import Cursor
from app.imports import claims


class Table(NamedTuple):
    """Where the rows go: columns as they come, and as they are stored."""

    name: LiteralString
    arrives: LiteralString
    columns: LiteralString
    values: LiteralString
    counts: bool = False  # a later file may give another number


class Stored(NamedTuple):
    imported: int
    already_known: int
    updated: int


def store(cursor: Cursor, table: Table, rows: Iterable[tuple[Any, ...]], batch: UUID) -> Stored:
    """Add what is new; equal rows of one file are stored once and count as known."""
    cursor.execute(f"create temporary table rows_in ({table.arrives}) on commit drop".encode())
    n = 0
    with cursor.copy("copy rows_in from stdin") as copy:
        for row in rows:
            copy.write_row(row)
            n += 1
    number = ("stored.n", "rows_in.n") if table.counts else ("null::int", "null::int")
    known = f"""
        create temporary table known on commit drop as
        select distinct on (key) key, stored.batch_id as owner, {number[0]} as was,
               {number[1]} as said, null::int as extra
        from rows_in join reference.{table.name} as stored using (key)
    """
    cursor.execute(known.encode())
    updated = 0
    if table.counts:
        news = f"""
            update reference.{table.name} as stored set n = known.said from known
            where known.key = stored.key and stored.n <> known.said
        """
        updated = cursor.execute(news.encode()).rowcount
    fresh = f"""
        insert into reference.{table.name} (key, {table.columns}, batch_id)
        select distinct on (key) key, {table.values}, %s from rows_in
        where not exists (select from reference.{table.name} as stored
                          where stored.key = rows_in.key)
    """
    imported = cursor.execute(fresh.encode(), (batch,)).rowcount
    claims.record(cursor, batch, table.name)
    cursor.execute("drop table rows_in")
    return Stored(imported, n - imported, updated)
