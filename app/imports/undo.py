"""Undo of an import within 30 days: the rows go, the batch and its audit stay."""

import json
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from app.core import clock
from app.core.actor import Actor
from app.core.bulk import Cursor
from app.core.errors import InvalidError, NotFoundError
from app.imports import queries, undo_reference
from app.imports.undo_reference import Undone

OPEN_DATA = frozenset({*undo_reference.TARGETS, "streets", "places"})


class Applied(NamedTuple):
    """A batch that is to be undone."""

    id: UUID
    ref: str
    kind: str
    state: str
    seq: int | None
    undo_until: datetime | None


def undo(cursor: Cursor, ref: str, by: Actor) -> Undone:
    """Take back an import of open data; `cursor` is of the job that writes such data.

    Raises
    ------
    InvalidError
        When the batch is of another kind, undone already, or older than 30 days.
    """
    queries.lock_imports(cursor)
    batch = _batch(cursor, ref)
    _refuse(batch)
    done, more = undo_reference.undo(cursor, batch.kind, batch.id, batch.seq or 0)
    cursor.execute(
        "update app.import_batch set state = 'UNDONE', work = null, undone_at = %s, "
        "undone_by = %s, undone = %s where id = %s",
        (clock.now(), by.id, json.dumps(done._asdict() | more), batch.id),
    )
    undo_reference.forget(cursor)
    cursor.execute(
        "select audit.log('import.undo', 'import_batch', %s, 'done', %s, %s)",
        (batch.ref, done.removed, json.dumps(done._asdict() | {"by": by.label})),
    )
    return done


def _batch(cursor: Cursor, ref: str) -> Applied:
    found = cursor.execute(
        "select id, ref, kind, state, seq, undo_until from app.import_batch where ref = %s "
        "for update",
        (ref,),
    ).fetchone()
    if found is None:
        raise NotFoundError(f"There is no import {ref}.")
    return Applied._make(found)


def _refuse(batch: Applied) -> None:
    if batch.kind not in OPEN_DATA:
        raise InvalidError(
            f"An import of {batch.kind.replace('-', ' ')} cannot be undone here. "
            "Import the file of before again."
        )
    if batch.state != "APPLIED":
        raise InvalidError(f"{batch.ref} is undone already.")
    if batch.seq is None or batch.undo_until is None or batch.undo_until < clock.now():
        raise InvalidError(f"{batch.ref} can no longer be undone: that is open for 30 days.")
