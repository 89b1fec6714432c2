"""What the worker does for an import: as the person who asked, with the rights they have then."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy import insert, text, update
from sqlalchemy.orm import Session

from app.accounts.permissions import ROLES
from app.accounts.requesters import requester
from app.audit import service as audit
from app.core.actor import Actor, job_actor
from app.core.db import Database
from app.core.errors import PASSING, AppError, RuleBrokenError
from app.core.files import Shelf
from app.imports import batches, preview
from app.imports.incident_rows import Incidents
from app.imports.intel_rows import Items
from app.imports.kinds import KINDS, Kind
from app.imports.mapping import Mapping as Columns
from app.imports.models import Batch, Upload, Verdict
from app.imports.place_rows import Places
from app.imports.sorts import DUPLICATE, Made, Sort
from app.imports.steps import barrier
from app.imports.trial import Asked, Note, Trial, tried
from app.imports.undo import OPEN_DATA
from app.imports.writing import CHUNK, settle, sorted_out, write
from app.reading import service as reading
from app.reading.schemas import Choices, Sheet

JOB = job_actor("imports:work")
CHANGED = "The records here have changed since the dry run. Look at the result again."
SORTS: dict[str, Callable[[Path], Sort]] = {
    "incidents": Incidents,
    "places-of-concern": Places,
    "intelligence": Items,
}


class Tools(Protocol):
    """Of the settings."""

    @property
    def data_dir(self) -> Path: ...

    @property
    def partnership(self) -> Path: ...


@dataclass(frozen=True, slots=True)
class Bench:
    """What the worker works with."""

    db: Database
    shelf: Shelf
    partnership: Path

    @classmethod
    def of(cls, db: Database, tools: Tools) -> "Bench":
        return cls(db, shelf_of(tools), tools.partnership)


def shelf_of(tools: Tools) -> Shelf:
    return Shelf(tools.data_dir / "uploads")


def dry_run(bench: Bench, batch_id: UUID) -> None:
    """Compare the file with what is there; nothing of it is kept."""
    _worked(bench, batch_id, "DRY_RUN", _dry_run)


def apply(bench: Bench, batch_id: UUID) -> None:
    """Bring it in: all of it in one transaction, so that a killed worker has done nothing."""
    _worked(bench, batch_id, "APPLY", _apply)


def undo(bench: Bench, batch_id: UUID) -> None:
    _worked(bench, batch_id, "UNDO", _undo)


def of_role(actor: Actor) -> Actor:
    """With every tier of the role: one batch holds rows of several."""
    return replace(actor, tiers=ROLES[actor.role].tiers)


Work = Callable[[Bench, Session, Actor, Batch], None]


def _worked(bench: Bench, batch_id: UUID, work: str, do: Work) -> None:
    """A job that comes twice, or for work that is done, does nothing; a refusal is told."""
    with bench.db.read(JOB) as session:
        batch = batches.by_id(session, batch_id)
    if batch is None or batch.work != work or batch.asked_by is None:
        return
    try:
        kind = KINDS.get(batch.kind)
        needed = "import_batch.undo" if work == "UNDO" or kind is None else kind.permission
        actor = of_role(requester(bench.db, batch.asked_by, needed))
        if batch.kind in OPEN_DATA:
            _open_data(bench, batch, actor)
            return
        with bench.db.begin(actor) as session:
            held = batches.by_id(session, batch_id, lock=True)
            if held is not None and held.work == work:
                do(bench, session, actor, held)
    except PASSING:
        raise  # the queue tries again
    except AppError as refused:
        with bench.db.begin(JOB) as session:
            session.execute(
                update(Batch)
                .where(Batch.id == batch_id, Batch.work == work)
                .values(work=None, problem=refused.detail)
            )


def _open_data(bench: Bench, batch: Batch, actor: Actor) -> None:
    """Open data is written by its own job alone, in a transaction of its own."""
    from app.imports import police_work  # pyarrow: for the worker, not for pages

    police_work.DO[batch.work or ""](bench, batch, actor)


def _dry_run(bench: Bench, session: Session, actor: Actor, batch: Batch) -> None:
    upload = batches.upload(session, batch)
    kind, note = KINDS[batch.kind], noting(bench, actor, batch)
    asked, sheet = _asked(bench, session, batch, upload, kind)
    found = tried(session, actor, asked, sheet, note)
    _keep_verdicts(session, batch, found, kind)
    upload.preview = preview.of(session, found, kind)
    batch.state, batch.work = "DRY_RUN", None
    audit.record(session, "import.tried", "import_batch", batch.ref, counts=found.tallies())


def _asked(
    bench: Bench, session: Session, batch: Batch, upload: Upload, kind: Kind
) -> tuple[Asked, Sheet]:
    body = bench.shelf.open(upload.stored_name, upload.key)
    sheet = reading.read(batch.file_name, body, Choices(**upload.choices))
    columns = Columns.model_validate(batch.mapping)
    return Asked(kind, columns, SORTS[kind.name](bench.partnership)), sheet


def noting(bench: Bench, actor: Actor, batch: Batch) -> Note:
    """How far it is, told in transactions of their own: the work itself shows nothing till done."""

    def note(done: int, total: int) -> None:
        with bench.db.begin(actor) as session:
            session.execute(
                update(Upload).where(Upload.batch_id == batch.id).values(done=done, total=total)
            )

    return note


def _keep_verdicts(session: Session, batch: Batch, found: Trial, kind: Kind) -> None:
    batch.run += 1
    batch.tallies = found.tallies()
    session.flush()
    rows = [_verdict(batch, made, kind) for made in found.rows]
    for at in range(0, len(rows), CHUNK):
        session.execute(insert(Verdict), rows[at : at + CHUNK])


def _verdict(batch: Batch, made: Made, kind: Kind) -> dict[str, Any]:
    alike, shown = made.alike, None
    why = list(alike.why) if alike else []
    if made.like_row is not None:
        why = [f"The same as row {made.like_row} of this file"]
    if made.verdict == DUPLICATE:
        shown = {q.label: made.answers[q.name] for q in kind.questions if q.name in made.answers}
    return {
        "batch_id": batch.id,
        "run": batch.run,
        "row": made.number,
        "by": batch.by,
        "verdict": made.verdict,
        "problem": " ".join(dict.fromkeys(words for _, words, _ in made.problems))[:500] or None,
        "how_to_fix": " ".join(dict.fromkeys(how for _, _, how in made.problems))[:500] or None,
        "record_id": made.record_id,
        "score": alike.score if alike else (1 if made.like_row is not None else None),
        "why": why,
        "alike": alike.ref if alike else None,
        "shown": shown,
        "decision": None,
        "done": None,
    }


def _apply(bench: Bench, session: Session, actor: Actor, batch: Batch) -> None:
    upload = batches.upload(session, batch)
    kind, note = KINDS[batch.kind], noting(bench, actor, batch)
    asked, sheet = _asked(bench, session, batch, upload, kind)
    found = tried(session, actor, asked, sheet, lambda done, _: note(done // 2, batch.n_rows or 0))
    said = {row.row: row.decision for row in batches.rows(session, batch, DUPLICATE)}
    for made in found.rows:
        made.decision = said.get(made.number) if made.verdict == DUPLICATE else None
    created, changed = sorted_out(found.rows)
    if len(created) + len(changed) != batch.n_rows or any(
        made.verdict == DUPLICATE and made.decision is None for made in found.rows
    ):
        raise RuleBrokenError(CHANGED)
    stops = barrier(
        errors=found.tallies()["error"],
        rows=len(found.rows),
        undecided=0,
        to_write=len(created) + len(changed),
    )
    if stops:
        raise RuleBrokenError(stops)
    write(session, actor, batch, asked.sort, (created, changed))
    settle(session, batch, found, len(created), len(changed))
    upload.preview, upload.done = None, len(created) + len(changed)


def _undo(_: Bench, session: Session, __: Actor, batch: Batch) -> None:
    done = session.scalar(text("select app.undo_import(:batch)"), {"batch": batch.id})
    audit.record(session, "import.undone", "import_batch", batch.ref, kind=batch.kind, **done)
