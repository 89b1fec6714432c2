"""Reads of batches, uploads, rows and saved mappings; whoever may see them is decided below."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, func, or_, select, text
from sqlalchemy.orm import Session

from app.core.actor import Actor
from app.core.errors import NotFoundError
from app.core.ids import read_reference
from app.imports.kinds import KINDS
from app.imports.models import Batch, SavedMapping, Upload, Verdict

GONE = "The file is not kept any more. Upload it again."


def find(session: Session, ref: str) -> Batch:
    return _one(session, ref, lock=False)


def lock(session: Session, ref: str) -> Batch:
    """Two people press at once: the second waits here and then meets the new state."""
    return _one(session, ref, lock=True)


def _one(session: Session, ref: str, *, lock: bool) -> Batch:
    wanted = select(Batch).where(Batch.ref == read_reference(ref, "IB"))
    batch = session.scalar(wanted.with_for_update() if lock else wanted)
    if batch is None:
        raise NotFoundError("There is no such import.")
    return batch


def by_id(session: Session, key: UUID, *, lock: bool = False) -> Batch | None:
    wanted = select(Batch).where(Batch.id == key)
    return session.scalar(wanted.with_for_update() if lock else wanted)


def upload(session: Session, batch: Batch) -> Upload:
    found = session.get(Upload, batch.id)
    if found is None:
        raise NotFoundError(GONE)
    return found


def has_file(session: Session, batch: Batch) -> bool:
    return session.get(Upload, batch.id) is not None


def with_file(session: Session, keys: Sequence[UUID]) -> set[UUID]:
    return set(session.scalars(select(Upload.batch_id).where(Upload.batch_id.in_(keys))))


def earlier(session: Session, batch: Batch) -> Batch | None:
    """The same bytes, imported before."""
    return session.scalar(
        select(Batch)
        .where(
            Batch.file_sha256 == batch.file_sha256, Batch.id != batch.id, Batch.state == "APPLIED"
        )
        .order_by(Batch.applied_at.desc().nulls_last(), Batch.finished_at.desc())
        .limit(1)
    )


def rows(session: Session, batch: Batch, verdict: str) -> Sequence[Verdict]:
    """Of the dry run that counts, in the order of the file."""
    return session.scalars(
        select(Verdict)
        .where(Verdict.batch_id == batch.id, Verdict.run == batch.run, Verdict.verdict == verdict)
        .order_by(Verdict.row)
    ).all()


def wrong(session: Session, batch: Batch) -> dict[int, tuple[str, str]]:
    """What is wrong with which row, and how to fix it."""
    found = rows(session, batch, "ERROR")
    return {row.row: (row.problem or "", row.how_to_fix or "") for row in found}


def undecided(session: Session, batch: Batch) -> int:
    return _count(session, batch, Verdict.verdict == "DUPLICATE", Verdict.decision.is_(None))


def to_write(session: Session, batch: Batch) -> int:
    """How many rows an import would make or change records of. Of open data no rows are kept."""
    if batch.kind in KINDS and KINDS[batch.kind].police:
        return int(batch.tallies.get("new", 0)) + int(batch.tallies.get("update", 0))
    return _count(
        session,
        batch,
        or_(
            Verdict.verdict.in_(("NEW", "UPDATE")),
            Verdict.decision.in_(("KEEP", "MERGE")),
        ),
    )


def _count(session: Session, batch: Batch, *which: object) -> int:
    wanted = select(func.count()).select_from(Verdict)
    wanted = wanted.where(Verdict.batch_id == batch.id, Verdict.run == batch.run, *which)  # type: ignore[arg-type]  # conditions of any column
    return session.scalar(wanted) or 0


def mappings(session: Session, actor: Actor, kind: str | None = None) -> Sequence[SavedMapping]:
    """Of one's own, and those that colleagues share."""
    wanted = select(SavedMapping).where(
        SavedMapping.deleted_at.is_(None),
        or_(SavedMapping.created_by == actor.id, SavedMapping.shared),
    )
    if kind is not None:
        wanted = wanted.where(SavedMapping.kind == kind)
    return session.scalars(wanted.order_by(SavedMapping.name, SavedMapping.id)).all()


def mapping(session: Session, key: UUID) -> SavedMapping:
    found = session.get(SavedMapping, key)
    if found is None or found.deleted_at is not None:
        raise NotFoundError("There is no such mapping.")
    return found


def changed_since(session: Session, batch: Batch) -> list[tuple[str, str]]:
    """Records of a batch that somebody changed or linked since: an undo keeps these.

    Open data is changed by nobody: of it the database knows no record.
    """
    if batch.kind not in KINDS or KINDS[batch.kind].police:
        return []
    found = session.execute(
        text("select ref, why from app.import_kept(:batch)"), {"batch": batch.id}
    )
    return [(row.ref, row.why) for row in found]


def listed(
    session: Session, *, unfinished_of: UUID | None = None, limit: int = 100
) -> Sequence[Batch]:
    """Newest first; all, or those that one person began and can go on with."""
    found = select(Batch).order_by(Batch.started_at.desc(), Batch.ref).limit(limit)
    if unfinished_of is not None:
        found = found.where(unfinished(unfinished_of))
    return session.scalars(found).all()


def unfinished(person: UUID) -> ColumnElement[bool]:
    """Begun by this person and not imported, while the file is kept."""
    kept = exists().where(Upload.batch_id == Batch.id)
    return and_(Batch.by == person, Batch.state.in_(("STAGED", "DRY_RUN")), kept)


def waiting(session: Session, person: UUID) -> tuple[int, datetime | None]:
    """How many of those, and when the oldest was begun."""
    found = select(func.count(), func.min(Batch.started_at)).where(unfinished(person))
    n, at = session.execute(found).one()
    return int(n), at
