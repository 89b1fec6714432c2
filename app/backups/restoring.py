"""Restore beside the database that serves, and change places with it at the very end.

Whatever breaks off before leaves the old database as it was, and one beside it that nothing opens.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

import psycopg
from psycopg import sql

from app.audit import service as audit
from app.backups import box, filling
from app.backups.filling import Within
from app.backups.rules import Manifest
from app.core import folders
from app.core.actor import job_actor
from app.core.db import Database
from app.core.errors import InvalidError
from app.core.prepare import within
from app.core.settings import Settings

JOB = job_actor("backup:restore")
Progress = Callable[[int, int, str], None]
Replay = Callable[[Database, Settings], int]
FULL = (
    "The database holds a Contextmap already. To put the backup in its place, and lose what it "
    "holds, add --replace."
)
IN_USE = "The database is in use. Stop Contextmap and its worker first."


@dataclass(frozen=True, slots=True)
class Restored:
    """A database that serves again."""

    manifest: Manifest
    era: int
    erased_again: int


def restore(
    settings: Settings,
    path: Path,
    identity: Path,
    replay: Replay,
    *,
    replace: bool = False,
    other_secret: bool = False,
    progress: Progress = lambda *_: None,
) -> Restored:
    """The file is read through first: a wrong one changes nothing at all."""
    by = box.identity(identity)
    manifest = filling.checked(settings, path, by, other_secret=other_secret, progress=progress)
    serving = unquote(urlsplit(settings.admin_dsn()).path.strip("/"))
    fresh = f"{serving}_restoring"
    _refuse_in_use(settings, replace=replace)
    with psycopg.connect(within(settings.admin_dsn(), "postgres"), autocommit=True) as admin:
        _create(admin, fresh)
        filling.fill(settings, fresh, path, by, progress)
        era = filling.make_safe(settings, fresh)
        erased = erase_again(settings, fresh, replay)
        _change_places(admin, serving, fresh)
    return Restored(manifest, era, erased)


def _refuse_in_use(settings: Settings, *, replace: bool) -> None:
    address = folders.launcher_at(settings.data_dir) if settings.database_url is None else None
    if address is not None:
        raise InvalidError(f"Contextmap is running at {address}. Stop it first.")
    with psycopg.connect(settings.admin_dsn()) as admin:
        (full, used) = admin.execute(
            "select to_regnamespace('app') is not null, exists (select from pg_stat_activity "
            "where datname = current_database() and usename like 'cs\\_%')"
        ).fetchone() or (True, True)
    if full and not replace:
        raise InvalidError(FULL)
    if used:
        raise InvalidError(IN_USE)


def _create(admin: psycopg.Connection, fresh: str) -> None:
    """One that a broken restore left is dropped."""
    name = sql.Identifier(fresh)
    admin.execute(sql.SQL("drop database if exists {} with (force)").format(name))
    admin.execute(sql.SQL("create database {} template template0").format(name))


def erase_again(settings: Settings, fresh: str, replay: Replay) -> int:
    """What had been erased since is erased before anybody is served, and the audit says so."""
    db = Database(Within(settings, fresh), settings.claims_key(), pool_size=2)
    try:
        erased = replay(db, settings)
        with db.begin(JOB) as session:
            audit.record(session, "backup.restore", "backup", None, rows=erased)
    finally:
        db.dispose()
    return erased


def _change_places(admin: psycopg.Connection, serving: str, fresh: str) -> None:
    """Both names in one transaction: at each moment one whole database has the name."""
    old = f"{serving}_replaced"
    rename = sql.SQL("alter database {} rename to {}")
    admin.execute(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(old)))
    try:
        with admin.transaction():
            admin.execute(rename.format(sql.Identifier(serving), sql.Identifier(old)))
            admin.execute(rename.format(sql.Identifier(fresh), sql.Identifier(serving)))
    except psycopg.errors.ObjectInUse as used:
        raise InvalidError(IN_USE) from used
    admin.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(old)))
