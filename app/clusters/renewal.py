"""Runs that nobody asked for: each night, and soon after records changed."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.clusters import queries, service
from app.clusters.rules import Settings, Source
from app.clusters.schemas import RunIn
from app.core import clock
from app.core.db import Database
from geo.crossborough import Memory

Known = dict[str, Memory] | None

LAST = text("""
    select snapshot_hash, upper(data_window) - 1 as last_on from app.cluster_run
    where series = :series and state = 'DONE' order by finished_at desc, id limit 1
""")
UNFINISHED = text("""
    select exists (select from app.cluster_run
                   where series = :series and state in ('QUEUED', 'RUNNING'))
""")


def nightly(db: Database, partners: Sequence[str], known: Known = None) -> list[UUID]:
    """The window moves with the day, so records are searched anew; police when months came in."""
    return [
        _renewed(db, settings, partners, known)
        for settings in _standing(db, partners)
        if settings.source is Source.PARTNERSHIP or _last(db, settings)[1] != settings.last_on
    ]


def after_changes(db: Database, partners: Sequence[str], known: Known = None) -> list[UUID]:
    """Called every ten minutes: many changes are one run, and none is none.

    What was read is compared, not when it was written: a correction and its correction are no
    change.
    """
    return [
        _renewed(db, settings, partners, known)
        for settings in _standing(db, partners)
        if settings.source is Source.PARTNERSHIP and _changed(db, settings)
    ]


def _standing(db: Database, partners: Sequence[str]) -> list[Settings]:
    """Settings of a run that is asked for without any."""
    with db.read(service.JOB) as session:
        loaded = queries.loaded_window(session)
    sources = [Source.PARTNERSHIP, *([Source.POLICE] if loaded else [])]
    return [RunIn().settings(source, loaded, tuple(partners), clock.today()) for source in sources]


def _changed(db: Database, settings: Settings) -> bool:
    before, last_on = _last(db, settings)
    with db.read(service.JOB) as session:
        if session.scalar(UNFINISHED, {"series": settings.series()}):
            return False
    if last_on != settings.last_on:
        return False  # the first run, and that of a new day, is the night's
    return service.read(db, settings)[0].snapshot_hash != before


def _last(db: Database, settings: Settings) -> tuple[object, object]:
    """Hash of what the last run read, and the last day of its window."""
    with db.read(service.JOB) as session:
        row = session.execute(LAST, {"series": settings.series()}).one_or_none()
    return (None, None) if row is None else (row.snapshot_hash, row.last_on)


def _renewed(db: Database, settings: Settings, partners: Sequence[str], known: Known) -> UUID:
    with db.begin(service.JOB) as session:
        run_id = _asked(session, settings, partners)
    service.recompute(db, run_id, known=known)
    return run_id


def _asked(session: Session, settings: Settings, partners: Sequence[str]) -> UUID:
    wanted = RunIn(source=settings.source.value)
    (run,) = service.ask(session, service.JOB, wanted, partners)
    return run.id
