"""Fill an empty database from a backup, and show that it is the one that was backed up."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psycopg

from app.accounts import catalogue, install
from app.backups import box, programs, rules
from app.backups.box import Key
from app.backups.measuring import measured
from app.backups.rules import Manifest
from app.core.db import Database
from app.core.errors import InvalidError
from app.core.migrate import BOOTSTRAP
from app.core.prepare import within
from app.core.settings import Settings

Progress = Callable[[int, int, str], None]
LOGINS = ("cs_app", "cs_public")  # half a second each


@dataclass(frozen=True, slots=True)
class Within:
    """The logins of one database beside the one that serves."""

    settings: Settings
    dbname: str

    def dsn(self, role: str) -> str:
        return within(self.settings.dsn(role), self.dbname)


def checked(
    settings: Settings,
    path: Path,
    by: Key,
    *,
    other_secret: bool,
    progress: Progress,
) -> Manifest:
    """Read the whole file before anything is touched; its manifest.

    Raises
    ------
    InvalidError
        Another key, a damaged or cut file, another file, or one of another installation.
    """
    opened = box.Opened(box.key(settings), read=box.manifest_of)
    manifest = box.open_into(path, by, opened, _counting(path, progress, "Checking the file"))
    if not (opened.is_vouched_for or other_secret):
        raise InvalidError(rules.NOT_OURS)
    return manifest


def fill(
    settings: Settings,
    dbname: str,
    path: Path,
    by: Key,
    progress: Progress,
) -> None:
    """Everything of the file into an empty database, in one transaction; then compared with it."""
    admin_dsn = within(settings.admin_dsn(), dbname)
    with psycopg.connect(admin_dsn, autocommit=True) as admin:
        admin.execute(BOOTSTRAP.read_text().encode())  # roles must be there before their grants
    arguments = ["--exit-on-error", "--single-transaction"]
    with programs.running(settings, "pg_restore", admin_dsn, arguments, reads=True) as sink:
        opened = box.Opened(b"", sink, read=box.manifest_of)
        promised = box.open_into(path, by, opened, _counting(path, progress, "Restoring"))
    with psycopg.connect(admin_dsn) as admin:
        found = measured(admin, progress)
    told = rules.differences(promised, found)
    if told:
        raise InvalidError(rules.in_words(told))


def make_safe(settings: Settings, dbname: str) -> int:
    """Bootstrap, migrate, keys, policies; a new era of the audit; its number.

    Raises
    ------
    InvalidError
        The database would show rows that it must not.
    """
    with psycopg.connect(within(settings.admin_dsn(), dbname), autocommit=True) as admin:
        admin.execute("comment on schema sec is null")  # it says that nothing is to be done
    install.prepare(settings, dbname)
    with psycopg.connect(within(settings.dsn("cs_migrate"), dbname)) as connection:
        connection.execute("set role cs_sec")
        (era,) = connection.execute("select audit.begin_era()").fetchone() or (0,)
    refuse_unsafe(settings, dbname)
    return int(era)


def refuse_unsafe(settings: Settings, dbname: str) -> None:
    """As each process asks when it starts, for each login that serves."""
    db = Database(Within(settings, dbname), settings.claims_key(), pool_size=1)
    try:
        for login in LOGINS:
            catalogue.refuse_unsafe(db, login)
    except catalogue.UnsafeDatabaseError as unsafe:
        raise InvalidError(str(unsafe)) from unsafe
    finally:
        db.dispose()


def _counting(path: Path, progress: Progress, words: str) -> Callable[[int], None]:
    total, done = path.stat().st_size if path.is_file() else 0, 0

    def told(count: int) -> None:
        nonlocal done
        done += count
        if count or done:
            progress(done, total, words)

    return told
