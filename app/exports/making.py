"""The worker's side: make a file as the person who asked, and delete it a day later."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from app.accounts.deps import for_record
from app.accounts.requesters import requester
from app.audit import service as audit
from app.core import clock, log
from app.core.actor import Actor, job_actor
from app.core.db import Database
from app.core.errors import AppError, AuditFailedError, BusyError, ReadOnlyError
from app.core.files import Kept, Shelf
from app.core.partnership import partnership
from app.core.settings import Settings
from app.exports import as_geojson, as_gpkg, as_map, as_table, queries, rights, rules
from app.exports.models import Export
from app.exports.rules import Format, Stamp, State
from app.exports.service import facts
from app.exports.sheet import Sheet
from app.exports.source import Around
from app.exports.sources import source
from app.reference import queries as reference

MAKE = job_actor("exports:make")
TIDY = job_actor("exports:tidy")
Writer = Callable[[Sheet, Stamp], bytes]
WRITERS: dict[Format, Writer] = {
    Format.CSV: as_table.csv,
    Format.XLSX: as_table.xlsx,
    Format.GEOJSON: as_geojson.geojson,
    Format.GPKG: as_gpkg.gpkg,
    Format.MAP: as_map.html,
}


def shelf(settings: Settings) -> Shelf:
    return Shelf(settings.data_dir / "exports")


def make(db: Database, settings: Settings, export_id: UUID) -> None:
    """Make one file. Started again after a kill it begins anew; made already it does nothing."""
    export = _taken(db, export_id)
    if export is None:
        return
    kept: Kept | None = None
    sheet: Sheet | None = None
    failure = None
    try:
        actor = _actor(db, export)
        sheet, purpose = _rows(db, settings, export, actor)
        stamp = _stamp(settings, export, actor, purpose)
        kept = shelf(settings).keep(WRITERS[Format(export.format)](sheet, stamp))
    except (BusyError, ReadOnlyError, AuditFailedError, OSError):
        raise  # the queue tries again: the database was away, or the disk was full
    except AppError as refused:
        failure = refused.detail
    except Exception as error:
        log.error("export.failed", ref=export.ref, error=error)
        failure = rules.COULD_NOT
    with db.begin(MAKE) as session:
        _finish(session, export_id, kept, sheet, failure)


def _taken(db: Database, export_id: UUID) -> Export | None:
    with db.begin(MAKE) as session:
        export = queries.lock(session, export_id)
        if export is None or export.state not in {State.QUEUED, State.MAKING}:
            return None
        export.state = State.MAKING
        return export


def _actor(db: Database, export: Export) -> Actor:
    """The person by role and boroughs, with the reason they gave; no grant, no alarm."""
    person = rights.bare(requester(db, export.created_by, "export.create"))
    return for_record(person, "*", export.purpose)


def _rows(db: Database, settings: Settings, export: Export, actor: Actor) -> tuple[Sheet, str]:
    """Read as the person, and told to the audit in the same transaction."""
    able = rights.of(actor.role)
    if export.purpose not in able.purposes:
        raise AppError(rules.NOT_ANY_MORE)
    with db.begin(actor) as session:
        kind = source(export.dataset, able)
        partners = tuple(sorted(partnership(settings.partnership).codes))
        around = Around(clock.today(), partners, asker=export.created_by)
        filters = kind.read(export.filters, around)
        most = export.rows_asked if export.decided_by else able.alone
        sheet = kind.rows(session, filters, able, limit=most + 1)
        if not sheet.ids:
            raise AppError(rules.NO_ROWS)
        if len(sheet.ids) > most:
            raise AppError(rules.MORE_NOW)
        audit.record(
            session,
            "export.make",
            "export",
            export.ref,
            rows=len(sheet.ids),
            refs=list(sheet.refs[:500]),
            **facts(export),
        )
        purposes = dict(reference.codes(session, "purpose"))
        words = kind.words(session, filters)
        return replace(sheet, filters=words), purposes[export.purpose]


def _moment(at: datetime) -> str:
    return f"{clock.london(at):%-d %B %Y, %H:%M}"


def _stamp(settings: Settings, export: Export, actor: Actor, purpose: str) -> Stamp:
    now = clock.now()
    return Stamp(
        marking=settings.marking,
        ref=export.ref,
        person=actor.label,
        recipient=export.recipient or "",
        purpose=purpose,
        made_at=_moment(now),
        deleted_at=_moment(now + rules.KEEP),
        synthetic=settings.demo,
    )


def _finish(
    session: Session, export_id: UUID, kept: Kept | None, sheet: Sheet | None, failure: str | None
) -> None:
    export = queries.lock(session, export_id)
    if export is None or export.state != State.MAKING:
        return
    if kept is None or sheet is None:
        export.state, export.failure = State.FAILED, failure
        return
    now = clock.now()
    export.state, export.made_at, export.expires_at = State.READY, now, now + rules.KEEP
    export.rows_made, export.row_ids = len(sheet.ids), list(sheet.ids)
    export.file_name, export.file_key, export.file_size = kept.name, kept.key, kept.size


def sweep(db: Database) -> list[UUID]:
    """Those that wait and that no job is coming for; what was begun and never ended has failed."""
    now = clock.now()
    with db.begin(TIDY) as session:
        session.execute(
            update(Export)
            .where(Export.state == State.MAKING, Export.created_at < now - rules.GIVEN_UP)
            .values(state=State.FAILED, failure=rules.COULD_NOT)
        )
        return list(queries.lost(session, now))


def tidy(db: Database, settings: Settings) -> None:
    """A day later the file, its key and its words are gone; later the line, too."""
    now, kept = clock.now(), shelf(settings)
    with db.begin(TIDY) as session:
        over = select(Export).where(Export.expires_at <= now, Export.state == State.READY)
        for export in session.scalars(over.with_for_update(skip_locked=True)):
            if export.file_name:
                kept.drop(export.file_name)
            _forget(export)
            audit.record(session, "export.expire", "export", export.ref)
        session.execute(delete(Export).where(Export.created_at < now - rules.KEEP_LINE))
    kept.sweep(now)


def _forget(export: Export) -> None:
    export.state, export.row_ids, export.filters = State.EXPIRED, [], {}
    export.file_name = export.file_key = export.recipient = export.reason = None
