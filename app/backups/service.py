"""Backups that are noted: by the command, and each day by the worker."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from app.audit import service as audit
from app.backups import creating, queries, rules, wal
from app.backups.creating import Made, Progress
from app.backups.rules import Manifest
from app.core import clock, log
from app.core.actor import job_actor
from app.core.db import Database
from app.core.errors import AppError
from app.core.postgis import PostgisError
from app.core.postgres import PrivateCluster
from app.core.settings import Settings

JOB = job_actor("backup:create")
NAME = re.compile(r"contextmap-(\d{8}T\d{6}Z)\.age(\.partial)?")
STAMP = "%Y%m%dT%H%M%SZ"
DUE = timedelta(hours=23, minutes=30)  # asked each hour: once a day, at the hour of the first
EXPECTED = (AppError, PostgisError, OSError, psycopg.Error)


def make(
    db: Database, settings: Settings, path: Path, progress: Progress = lambda *_: None
) -> Made:
    """A backup, and that there is one; or why there is none."""
    began = clock.now()
    try:
        made = creating.create(settings, path, progress)
    except EXPECTED as failed:
        note_failure(db, began, words_of(failed))
        raise
    with db.begin(JOB) as session:
        queries.note(session, "dump", began, size_bytes=made.size_bytes)
        audit.record(session, "backup.create", "backup", None, rows=made.manifest.rows)
    return made


def note_failure(db: Database, began: datetime, problem: str) -> None:
    with db.begin(JOB) as session:
        queries.note(session, "dump", began, problem=problem)


def note_drill(settings: Settings, path: Path, manifest: Manifest) -> bool:
    """Whether it could be noted that a backup was shown to restore: where a database serves here.

    A drill on another machine, which is the better one, is for its people to write down.
    """
    if settings.database_url is None and PrivateCluster(settings.data_dir).pid() is None:
        return False
    db = Database(settings, settings.claims_key(), pool_size=1)
    try:
        with db.begin(JOB) as session:
            queries.note(session, "verify", clock.now(), size_bytes=path.stat().st_size)
            audit.record(session, "backup.verify", "backup", None, rows=manifest.rows)
    except (*EXPECTED, SQLAlchemyError):  # nothing serves there, or what does is of before
        return False
    finally:
        db.dispose()
    return True


def daily(db: Database, settings: Settings) -> Made | None:
    """The one of today, when it is due; what is older than 35 days goes.

    It goes first: a disk that is full of old ones must not keep the new one from being made.
    """
    folder = settings.backup_dir
    if folder is None or not settings.backup_recipient or not _is_due(db):
        return None
    prune(folder, clock.now())
    made = make(db, settings, folder / f"contextmap-{clock.now().strftime(STAMP)}.age")
    log.info("backup.made", rows=made.manifest.rows)
    return made


def are_made(settings: Settings) -> bool:
    """Whether the worker makes any by itself: of the database each day, or of its changes."""
    return bool(_made(settings))


def are_late(session: Session, settings: Settings, now: datetime) -> bool:
    """Whether one that the worker is to make each day is not of the last 26 hours."""
    return any(queries.last(session, kind).is_late(now) for kind in _made(settings))


def are_shipped(settings: Settings) -> bool:
    """Whether changes are, too."""
    return wal.is_wanted(settings)


def shipped_at(session: Session) -> datetime | None:
    return queries.last(session, "wal").done_at


def prune(folder: Path, now: datetime) -> int:
    """Delete our files that are kept no longer, and what was broken off before today.

    The newest whole one stays however old it is: it may be all there is.
    """
    found = {path: named for path in folder.iterdir() if (named := NAME.fullmatch(path.name))}
    newest = max((named[1] for named in found.values() if not named[2]), default="")
    gone = 0
    for path, named in found.items():
        made_at = datetime.strptime(named[1], STAMP).replace(tzinfo=UTC)
        kept = timedelta(days=1) if named[2] else rules.KEPT
        if now - made_at > kept and (named[2] or named[1] != newest):
            path.unlink(missing_ok=True)
            gone += 1
    return gone


def words_of(failed: Exception) -> str:
    """Ours, or the system's; never those of a database, which may be of a row."""
    if isinstance(failed, AppError):
        return failed.detail
    if isinstance(failed, OSError) and failed.strerror:
        return failed.strerror
    return str(failed) if isinstance(failed, PostgisError) else "The database refused it."


def _made(settings: Settings) -> list[str]:
    by_day = settings.backup_dir is not None and bool(settings.backup_recipient)
    return ["dump"] * by_day + ["base"] * are_shipped(settings)


def _is_due(db: Database) -> bool:
    with db.read(JOB) as session:
        last_at = queries.last(session).done_at
    return last_at is None or clock.now() - last_at > DUE
