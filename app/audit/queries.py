"""SQL of the seals: plain cursors, because a million events pass through them."""

from collections.abc import Iterator
from typing import Any, LiteralString

import psycopg

from app.audit.rules import START, Seal

Cursor = psycopg.Cursor[Any]
CHUNK = 20_000
LOCK = 72_110_420  # any number; audit.add_seal takes the same

# Microseconds since 1970 from those since 2000, and numbers that may be larger than a bigint.
EVENTS: LiteralString = """
    select action, actor::text, agency, timestamptz_send(at), era, id, object_ref, object_type,
           outcome, purpose, regime, role, rows, xid8send(xid), salt, detail::text
    from audit.event
"""
IN_WINDOW = EVENTS + (
    "where era = %s and xid >= %s::text::xid8 and xid < %s::text::xid8 order by era, xid, id"
)
IN_ORDER = EVENTS + "order by era, xid, id"
SEALS = """
    select n, era, xid8send(lo_xid), xid8send(hi_xid), count, root, previous, hash
    from audit.seal order by n
"""
LAST_SEAL = """
    select n, era, xid8send(lo_xid), xid8send(hi_xid), count, root, previous, hash
    from audit.seal order by n desc limit 1
"""
# What a backup brought without a seal is sealed after the restore, with the era before.
LAST_SEAL_BEFORE = """
    select n, era, xid8send(lo_xid), xid8send(hi_xid), count, root, previous, hash
    from audit.seal
    where era < audit.current_era() and at < coalesce(
        (select min(at) from audit.event where era = audit.current_era()), 'infinity')
    order by n desc limit 1
"""
# Of an earlier era everything is finished; of this one all that began before the oldest
# transaction still running. Numbers of a transaction, never ids: an id can commit late.
WINDOWS = """
    select era, (max(xid)::text::numeric + 1)::text
    from audit.event where (era, xid) >= (%(era)s, %(hi)s::text::xid8) and era < %(now)s
    group by era
    union all
    select %(now)s, pg_snapshot_xmin(pg_current_snapshot())::text
    order by 1
"""
WAITING = """
    select coalesce(extract(epoch from clock_timestamp() - min(at)), 0)::float8
    from audit.event where (era, xid) >= (%s, %s::text::xid8) and at > '-infinity'
"""
LAST_OUTCOME = "select outcome from audit.event where action = %s order by id desc limit 1"
MICROSECONDS_1970_TO_2000 = 946_684_800_000_000


def take_turn(cursor: Cursor) -> None:
    """One sealer at a time, until the end of the transaction."""
    cursor.execute("select pg_advisory_xact_lock(%s)", (LOCK,))


def current_era(cursor: Cursor) -> int:
    cursor.execute("select audit.current_era()")
    return int(_only(cursor))


def next_xid(cursor: Cursor) -> int:
    """No transaction of this database has had this number yet."""
    cursor.execute("select pg_snapshot_xmax(pg_current_snapshot())::text")
    return int(_only(cursor))


def last_seal(cursor: Cursor) -> Seal | None:
    row = cursor.execute(LAST_SEAL, binary=True).fetchone()
    return None if row is None else _seal(row)


def last_seal_of_life_before(cursor: Cursor) -> Seal:
    """Of the era before this one; where it had none, the start of the chain."""
    row = cursor.execute(LAST_SEAL_BEFORE, binary=True).fetchone()
    return Seal(0, 1, 0, 0, 0, START, START, START) if row is None else _seal(row)


def waiting_s(cursor: Cursor, last: Seal | None) -> float:
    """How long the oldest event without a seal has waited."""
    era, hi = (1, 0) if last is None else (last.era, last.hi)
    cursor.execute(WAITING, (era, str(hi)))
    return max(0.0, float(_only(cursor)))


def windows(cursor: Cursor, last: Seal | None) -> list[tuple[int, int]]:
    """(era, hi) of each window that could be sealed now, oldest first."""
    now = current_era(cursor)
    era, hi = (1, 0) if last is None else (last.era, last.hi)
    cursor.execute(WINDOWS, {"era": era, "hi": str(hi), "now": now})
    return [(int(era), int(hi)) for era, hi in cursor.fetchall()]


def add_seal(cursor: Cursor, *, era: int, hi: int, count: int, root: bytes) -> int:
    cursor.execute(
        "select audit.add_seal(%s::int, %s::text::xid8, %s::bigint, %s::bytea)",
        (era, str(hi), count, root),
    )
    return int(_only(cursor))


def add_anchor(cursor: Cursor, *, n: int, key_id: str) -> None:
    cursor.execute("select audit.add_anchor(%s::bigint, %s::text)", (n, key_id))


def events_in(cursor: Cursor, *, era: int, lo: int, hi: int) -> Iterator[tuple[Any, ...]]:
    return _stream(cursor, "window_events", IN_WINDOW, (era, str(lo), str(hi)))


def every_event(cursor: Cursor) -> Iterator[tuple[Any, ...]]:
    """All events in the order of their leaves, as tuples of the shape of `rules.Event`."""
    return _stream(cursor, "all_events", IN_ORDER, ())


def every_seal(cursor: Cursor) -> Iterator[Seal]:
    with cursor.connection.cursor(name="all_seals") as server:
        server.itersize = CHUNK
        server.execute(SEALS, binary=True)
        yield from map(_seal, server)


def last_outcome(cursor: Cursor, action: str) -> str | None:
    row = cursor.execute(LAST_OUTCOME, (action,)).fetchone()
    return None if row is None else str(row[0])


def broken_documents(cursor: Cursor) -> list[str]:
    """Releases and briefings that are not what was signed."""
    return [str(row[0]) for row in cursor.execute("select app.broken_documents()").fetchall()]


def pruned(cursor: Cursor) -> int:
    """The newest seal whose events are gone because they were kept long enough; 0 for none."""
    cursor.execute("select audit.pruned()")
    return int(_only(cursor))


def sealed_events(cursor: Cursor) -> int:
    cursor.execute("select coalesce(sum(count), 0)::bigint from audit.seal")
    return int(_only(cursor))


def _stream(
    cursor: Cursor, name: str, query: LiteralString, given: tuple[Any, ...]
) -> Iterator[tuple[Any, ...]]:
    with cursor.connection.cursor(name=name) as server:
        server.itersize = CHUNK
        server.execute(query, given, binary=True)
        for row in server:
            at = int.from_bytes(row[3], "big", signed=True) + MICROSECONDS_1970_TO_2000
            xid = int.from_bytes(row[13], "big")
            yield (*row[:3], at, *row[4:13], xid, row[14], row[15])


def _seal(row: tuple[Any, ...]) -> Seal:
    n, era, lo, hi, count, *hashes = row
    return Seal(n, era, int.from_bytes(lo, "big"), int.from_bytes(hi, "big"), count, *hashes)


def _only(cursor: Cursor) -> Any:  # noqa: ANN401 - whatever was asked for
    row = cursor.fetchone()
    if row is None:
        raise LookupError("no row")
    return row[0]
