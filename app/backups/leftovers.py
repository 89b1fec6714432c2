"""Readable copies that a killed restore, recovery or check left behind: found, told, dropped."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import unquote, urlsplit

import psycopg
from psycopg import sql
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.core import folders
from app.core.folders import ClusterError
from app.core.postgres import PrivateCluster
from app.core.prepare import within
from app.core.settings import Settings

FRESH, OLD = "{}_restoring", "{}_replaced"
CHECKS = "backup-check-"
RECOVERING = "recovering"
CHECK_LOCK, RESTORE_LOCK = "backup-check.lock", "restore.lock"
DATABASES = text("""
    select count(*) from pg_database
    where datname in (current_database() || '_restoring', current_database() || '_replaced')
""")
ANOTHER = "Another restore or recovery is running. Wait for its end, or stop it."


@contextmanager
def only_restore(settings: Settings) -> Iterator[None]:
    """One at a time, none while what broken ones left is dropped, and none while people are let in.

    Raises
    ------
    ClusterError
        Another one is at work.
    """
    settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    with folders.alone_at_once(settings.data_dir / RESTORE_LOCK) as free:
        if not free:
            raise ClusterError(ANOTHER)
        yield


def database_of(settings: Settings) -> str:
    """The name of the database that serves."""
    return unquote(urlsplit(settings.admin_dsn()).path.strip("/"))


def are_there(settings: Settings, session: Session) -> bool:
    """Whether a copy stands there that nobody is at work at."""
    if session.scalar(DATABASES):
        return True
    data_dir = settings.data_dir
    copies = {
        CHECK_LOCK: list(data_dir.glob(f"{CHECKS}*/")),
        RESTORE_LOCK: [path for path in _recoveries(data_dir) if path.exists()],
    }
    return any(found and not _held(data_dir / lock) for lock, found in copies.items())


def drop(settings: Settings) -> int:
    """What is there of killed ones, by whoever is `only_restore`; how many copies."""
    gone = _drop_databases(settings) + _drop_recoveries(settings.data_dir)
    with folders.alone_at_once(settings.data_dir / CHECK_LOCK) as free:
        return gone + (drop_checks(settings.data_dir) if free else 0)


def drop_checks(data_dir: Path) -> int:
    """Clusters of `backup verify`, by whoever holds its lock."""
    found = list(data_dir.glob(f"{CHECKS}*/"))
    for folder in found:
        drop_cluster(folder)
    return len(found)


def drop_cluster(folder: Path) -> None:
    PrivateCluster(folder).stop()
    shutil.rmtree(folder, ignore_errors=True)


def drop_database(admin: psycopg.Connection, name: str) -> None:
    admin.execute(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name)))


def _drop_databases(settings: Settings) -> int:
    """Where the login may not, or the server is away, /readyz goes on telling of them."""
    name = database_of(settings)
    copies = [FRESH.format(name), OLD.format(name)]
    try:
        with psycopg.connect(within(settings.admin_dsn(), "postgres"), autocommit=True) as admin:
            asked = "select datname from pg_database where datname = any (%s)"
            found = [found for (found,) in admin.execute(asked, (copies,))]
            for each in found:
                drop_database(admin, each)
            return len(found)
    except psycopg.Error:
        return 0


def _drop_recoveries(data_dir: Path) -> int:
    """The one that was replaced stays while no other has taken its place."""
    beside, replaced = _recoveries(data_dir)
    gone = 0
    if beside.exists():
        drop_cluster(beside)
        gone += 1
    if replaced.exists() and PrivateCluster(data_dir).pgdata.exists():
        shutil.rmtree(replaced, ignore_errors=True)
        gone += 1
    return gone


def _recoveries(data_dir: Path) -> tuple[Path, Path]:
    return data_dir / RECOVERING, PrivateCluster(data_dir).replaced


def _held(lock: Path) -> bool:
    try:
        with folders.alone_at_once(lock) as free:
            return not free
    except OSError:  # a full disk, or a folder that is read only
        return False
