"""Rows become records: made, changed, linked, and marked so that an undo knows them again."""

from collections.abc import Callable, Sequence
from functools import partial
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.audit import service as audit
from app.core import clock
from app.core.actor import Actor
from app.core.errors import RuleBrokenError
from app.imports import staging
from app.imports.mapping import Mapping as Columns
from app.imports.models import Batch
from app.imports.sorts import KEEP, MERGE, NEW, SKIP, UPDATE, Made, Origin, Sort
from app.imports.steps import NOTHING, UNDO_FOR
from app.imports.trial import Trial

CHUNK = 1000
TRIES = 5


def sorted_out(rows: Sequence[Made]) -> tuple[list[Made], list[tuple[UUID, Made]]]:
    created = [m for m in rows if m.verdict == NEW or m.decision == KEEP]
    changed = [
        (m.record_id, m)
        for m in rows
        if m.record_id is not None and (m.verdict == UPDATE or m.decision == MERGE)
    ]
    return created, changed


def write(
    session: Session,
    actor: Actor,
    batch: Batch,
    sort: Sort,
    rows: tuple[Sequence[Made], Sequence[tuple[UUID, Made]]],
) -> None:
    created, changed = rows
    columns = Columns.model_validate(batch.mapping)
    origin = Origin(columns.system, batch.ref)
    session.execute(
        text("select set_config('cs.reason', :why, true)"), {"why": f"Import {batch.ref}"}
    )
    _mark(session, batch, [(key, made.number) for key, made in changed], "CHANGED")
    session.execute(text("select app.import_noted(:batch, 'before')"), {"batch": batch.id})
    keys: list[UUID] = []
    for at in range(0, len(created), CHUNK):
        chunk = created[at : at + CHUNK]
        made = _create(session, partial(sort.create, session, actor, chunk, origin))
        _mark(
            session,
            batch,
            [(key, row.number) for key, row in zip(made, chunk, strict=True)],
            "CREATED",
        )
        keys += made
    for at in range(0, len(changed), CHUNK):
        sort.change(session, actor, changed[at : at + CHUNK], origin)
    if batch.kind == "incidents":
        every = [str(key) for key in [*keys, *(key for key, _ in changed)]]
        session.execute(
            text("select app.link_imported(:batch, cast(:keys as uuid[]))"),
            {"batch": batch.id, "keys": every},
        )
    session.execute(text("select app.import_noted(:batch, 'after')"), {"batch": batch.id})


def _create(session: Session, create: Callable[[], Sequence[UUID]]) -> Sequence[UUID]:
    """Again with other references where one was drawn that is taken.

    Of 5,000 new ones beside 10,000 that are there, one is in every fifteenth import.
    """
    for _ in range(TRIES):
        try:
            with session.begin_nested():
                return create()
        except IntegrityError as refused:
            told = getattr(refused.orig, "diag", None)
            if not str(getattr(told, "constraint_name", None)).endswith("_ref_key"):
                raise
    return create()


MARKED = text("""
    update app.import_row as i set record_id = made.key, done = :done
    from unnest(cast(:keys as uuid[]), cast(:rows as int[])) as made (key, row)
    where i.batch_id = :batch and i.run = :run and i.row = made.row
""")


def _mark(session: Session, batch: Batch, made: Sequence[tuple[UUID, int]], done: str) -> None:
    given = {
        "keys": [str(key) for key, _ in made],
        "rows": [row for _, row in made],
        "batch": batch.id,
        "run": batch.run,
        "done": done,
    }
    session.execute(MARKED, given)


def settle(session: Session, batch: Batch, found: Trial, created: int, changed: int) -> None:
    """What the receipt says, in the words of the wizard and in those of the command line."""
    tallies = found.tallies()
    skipped = sum(m.decision == SKIP for m in found.rows)
    merged = sum(m.decision == MERGE for m in found.rows)
    known = tallies["update"] + tallies["ignored"] + skipped + merged
    now = clock.now()
    batch.tallies = tallies | {
        "imported": created,
        "updated": changed,
        "already_known": known,
        "rejected": tallies["error"],
        "skipped": skipped,
    }
    batch.state, batch.work = "APPLIED", None
    batch.applied_at = batch.finished_at = now
    batch.undo_until = now + UNDO_FOR
    staging.forget_rows(session, batch)
    audit.record(
        session,
        "import.applied",
        "import_batch",
        batch.ref,
        rows=created + changed,
        kind=batch.kind,
        created=created,
        changed=changed,
        rejected=tallies["error"],
    )
    if created + changed == 0:
        raise RuleBrokenError(NOTHING)
