"""Steps of an import that a person takes; every function runs inside the caller's transaction."""

import re
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.orm import Session

from app.audit import service as audit
from app.core import clock
from app.core.actor import Actor
from app.core.errors import ForbiddenError, InvalidError, NotFoundError, RuleBrokenError
from app.core.files import Shelf
from app.core.ids import new_id, new_reference
from app.core.jobs import enqueue
from app.core.types import clean_text
from app.imports import batches, native
from app.imports.kinds import KINDS, UNSAID
from app.imports.mapping import Mapping as Columns
from app.imports.models import Batch, SavedMapping, Upload, Verdict
from app.imports.steps import MOVES, barrier
from app.reading.schemas import Choices, Found

BUSY = "This import is being worked on. Wait until that has ended."
DECISIONS = ("KEEP", "MERGE", "SKIP")


def stage(
    session: Session, actor: Actor, shelf: Shelf, *, name: str, body: bytes, found: Found
) -> Batch:
    """Keep an upload that could be read, sealed, for a day."""
    kept = shelf.keep(body)
    now = clock.now()
    batch = Batch(
        id=new_id(),
        ref=new_reference("IB"),
        kind=UNSAID,
        file_name=file_name(name),
        file_sha256=kept.sha256,
        tallies={"rows": found.rows},
        state="STAGED",
        started_at=now,
        by=actor.id,
        agency_code=actor.agency,
    )
    session.add(batch)
    session.flush()
    session.add(
        Upload(
            batch_id=batch.id,
            by=actor.id,
            stored_name=kept.name,
            key=kept.key,
            size_bytes=kept.size,
            found=native.kept_of(found),
            uploaded_at=now,
        )
    )
    audit.record(session, "import.upload", "import_batch", batch.ref, bytes=kept.size)
    return batch


def file_name(name: str) -> str:
    """The last part, of characters that show; a name is words of a stranger."""
    last = PurePosixPath(name.replace("\\", "/")).name
    try:
        plain = clean_text(re.sub(r"[\x00-\x1f\x7f]", "", last))
    except ValueError:
        plain = ""
    return plain.lstrip("=+-@")[:120] or "file"


def choose(
    session: Session, actor: Actor, ref: str, kind: str, choices: Choices, found: Found
) -> Batch:
    """Say what a file is. Its own permission is asked too: only analysts grade intelligence."""
    batch = _mine(session, actor, ref)
    if kind not in KINDS:
        raise InvalidError("Change the fields named below.", {"kind": "Choose what it is."})
    if wrong := native.missing(kind, [column.name for column in found.columns]):
        raise InvalidError("Change the fields named below.", {"kind": wrong})
    upload = batches.upload(session, batch)
    if batch.kind != kind or choices != Choices(**upload.choices):
        batch.mapping, batch.state, batch.tallies = {}, "STAGED", {"rows": found.rows}
        batch.run += 1
    batch.kind, batch.problem = kind, None
    upload.choices, upload.found, upload.preview = choices._asdict(), native.kept_of(found), None
    audit.record(session, "import.choose", "import_batch", batch.ref, kind=kind)
    return batch


def keep(session: Session, actor: Actor, ref: str, columns: Columns) -> Batch:
    """Keep which column is what; what is missing or is not there is said by question."""
    batch = _mine(session, actor, ref)
    kind = KINDS.get(batch.kind)
    if kind is None:
        raise RuleBrokenError("Say first what the file is.")
    names = [name for name, _ in found_columns(batches.upload(session, batch))]
    if problems := columns.problems(kind, names):
        raise InvalidError("Change the fields named below.", problems)
    batch.mapping = columns.model_dump()
    return batch


def try_out(session: Session, actor: Actor, ref: str, columns: Columns | None) -> Batch:
    """Keep the mapping and have the dry run done; without one, the same once more."""
    if columns is not None:
        keep(session, actor, ref, columns)
    batch = _mine(session, actor, ref)
    upload = batches.upload(session, batch)
    if not batch.mapping and not (batch.kind in KINDS and KINDS[batch.kind].police):
        raise RuleBrokenError("Say first which columns are what.")
    upload.done, upload.total = 0, int(batch.tallies.get("rows", 0))
    _ask(session, actor, batch, "DRY_RUN")
    return batch


def decide(
    session: Session, actor: Actor, ref: str, decisions: Mapping[int, str], rest: str | None = None
) -> Batch:
    """What becomes of possible duplicates; `rest` is for all that nobody has decided."""
    batch = _mine(session, actor, ref, state="DRY_RUN")
    if not {*decisions.values(), *([rest] if rest else [])} <= set(DECISIONS):
        raise InvalidError("Change the fields named below.", {"decision": "Choose one of three."})
    decided = 0
    for verdict in batches.rows(session, batch, "DUPLICATE"):
        said = decisions.get(verdict.row) or (rest if verdict.decision is None else None)
        if said == "MERGE" and verdict.record_id is None:
            said = "SKIP"  # the row above it in the same file says the same
        if said is not None:
            verdict.decision, decided = said, decided + 1
    audit.record(session, "import.decide", "import_batch", batch.ref, rows=decided)
    return batch


def confirm(session: Session, actor: Actor, ref: str, typed: str) -> Batch:
    """Have it imported, when the number of rows was typed: once, however often it is pressed."""
    batch = _mine(session, actor, ref, state="DRY_RUN")
    if problem := hindrance(session, batch):
        raise RuleBrokenError(problem)
    if wrong := number_problem(session, batch, typed):
        raise InvalidError("Change the fields named below.", {"rows": wrong})
    number = batches.to_write(session, batch)
    batch.n_rows = number
    upload = batches.upload(session, batch)
    upload.done, upload.total = 0, number
    _ask(session, actor, batch, "APPLY")
    return batch


def number_problem(session: Session, batch: Batch, typed: str) -> str | None:
    """An import is confirmed by its number, so that nobody presses without looking."""
    number = batches.to_write(session, batch)
    same = re.sub(r"[\s,]", "", typed) == str(number)
    return None if same else f"Type the number of rows: {number:,}."


def hindrance(session: Session, batch: Batch) -> str | None:
    """Why a dry run cannot be imported yet, in words; None when it can."""
    tallies = batch.tallies
    return barrier(
        errors=tallies.get("error", 0),
        rows=tallies.get("rows", 0),
        undecided=batches.undecided(session, batch),
        to_write=batches.to_write(session, batch),
    )


def take_back(session: Session, actor: Actor, ref: str) -> Batch:
    """Have a batch undone by the worker: up to 30 days after it was imported."""
    batch = batches.lock(session, ref)
    if batch.work is not None:
        raise RuleBrokenError(BUSY)
    if "UNDONE" not in MOVES.get(batch.state, ()):
        raise RuleBrokenError("Only an import that was applied can be undone.")
    if batch.undo_until is None or batch.undo_until < clock.now():
        raise RuleBrokenError("This import can no longer be undone: 30 days have passed.")
    if actor.role != "cs_lead" and batch.by != actor.id:
        raise ForbiddenError("Only the person who imported this, or a lead, can undo it.")
    _ask(session, actor, batch, "UNDO")
    return batch


def save_mapping(
    session: Session, actor: Actor, batch: Batch, *, name: str, shared: bool
) -> SavedMapping:
    kept = SavedMapping(
        created_by=actor.id,
        agency_code=actor.agency or "OTHER",
        kind=batch.kind,
        name=name[:80],
        shared=shared,
        mapping=batch.mapping,
    )
    session.add(kept)
    audit.record(session, "import_mapping.create", "import_mapping", None, kind=batch.kind)
    return kept


def change_mapping(
    session: Session, actor: Actor, key: UUID, *, name: str | None = None, delete: bool = False
) -> None:
    """One's own only; a shared one of somebody else is theirs."""
    kept = batches.mapping(session, key)
    if kept.created_by != actor.id:
        raise ForbiddenError("Only the person who saved this mapping can change it.")
    if name is not None:
        kept.name = name
    if delete:
        kept.deleted_at = clock.now()
    action = "import_mapping.delete" if delete else "import_mapping.update"
    audit.record(session, action, "import_mapping", None, kind=kept.kind)


def found_columns(upload: Upload) -> list[tuple[str, Sequence[str]]]:
    """Columns of the file with their first values, as they were kept."""
    columns: list[Any] = (upload.found or {}).get("columns", [])
    return [(str(name), [str(value) for value in values]) for name, values in columns]


def forget_rows(session: Session, batch: Batch) -> None:
    """What a possible duplicate showed of the file is not needed any more."""
    session.execute(
        update(Verdict).where(Verdict.batch_id == batch.id).values(shown=None, alike=None)
    )


def _mine(session: Session, actor: Actor, ref: str, state: str | None = None) -> Batch:
    batch = batches.lock(session, ref)
    if batch.by != actor.id:
        raise NotFoundError("There is no such import.")
    if batch.work is not None:
        raise RuleBrokenError(BUSY)
    if batch.state not in (("STAGED", "DRY_RUN") if state is None else (state,)):
        raise RuleBrokenError("This import is past that step.")
    return batch


def _ask(session: Session, actor: Actor, batch: Batch, work: str) -> None:
    batch.work, batch.asked_by, batch.problem = work, actor.id, None
    action = {"DRY_RUN": "import.try", "APPLY": "import.confirm", "UNDO": "import.take_back"}[work]
    audit.record(session, action, "import_batch", batch.ref, kind=batch.kind)
    task = {"DRY_RUN": "imports:dry_run", "APPLY": "imports:apply", "UNDO": "imports:undo"}[work]
    enqueue(session, task, lock=f"imports:{batch.id}", batch_id=str(batch.id))
