"""Rows of an import that an earlier one had stored: with them that one can be undone alone.

A row belongs to the batch that stored it first. A later batch that holds it too claims it: what
the row said before, and what the later file says. Kept while one of the batches can be undone.
"""

from datetime import datetime, timedelta
from typing import LiteralString
from uuid import UUID

from app.core.bulk import Cursor

UNDO_DAYS = 30
PART_ROWS = 100_000

RECORD: LiteralString = """
    insert into reference.import_claim (batch_id, target, part, keys, was, said, extra)
    select %(batch)s, %(target)s, first.part + (n - 1) / %(rows)s, array_agg(key),
           case when count(was) > 0 then array_agg(was) end,
           case when count(said) > 0 then array_agg(said) end,
           case when count(extra) > 0 then array_agg(extra) end
    from (select *, row_number() over () as n from known
          where owner <> %(batch)s) as claimed,
         (select coalesce(max(part) + 1, 0) as part from reference.import_claim
          where batch_id = %(batch)s and target = %(target)s) as first
    group by first.part, (n - 1) / %(rows)s
"""
# The one before an undone batch can be asked for until all that came between have settled.
PRUNE: LiteralString = """
    delete from reference.import_claim as claim using app.import_batch as batch
    where batch.id = claim.batch_id
      and batch.undo_until + case batch.state when 'UNDONE' then %s else interval '0' end < %s
"""


def record(cursor: Cursor, batch: UUID, target: str) -> None:
    """From `known` (key, owner, was, said, extra), which is dropped."""
    cursor.execute(RECORD, {"batch": batch, "target": target, "rows": PART_ROWS})
    cursor.execute("drop table known")


def prune(cursor: Cursor, now: datetime) -> None:
    cursor.execute(PRUNE, (timedelta(days=UNDO_DAYS), now))
