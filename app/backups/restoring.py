"""Restore beside the database that serves, and change places with it at the very end.

Whatever breaks off before leaves the old database as it was, and drops the one beside it.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

from app.audit import verification
from app.backups import box, filling, leftovers, opening, returning
from app.backups.opening import Progress
from app.backups.returning import Replay, Returned
from app.backups.rules import Manifest
from app.core import folders
from app.core.db import Database
from app.core.errors import AppError, InvalidError
from app.core.prepare import within
from app.core.replica import Logins
from app.core.settings import Settings

FULL = (
    "The database holds a Contextmap already. To put the backup in its place, and lose what it "
    "holds, add --replace."
)
IN_USE = "The database is in use. Stop Contextmap and its worker first."


@dataclass(frozen=True, slots=True)
class Consent:
    """What an operator agreed to lose, or to do without."""

    replace: bool = False
    other_secret: bool = False
    nothing_was_erased: bool = False


NO_CONSENT = Consent()


@dataclass(frozen=True, slots=True)
class Restored:
    """A database that serves again. `anchored` is None where no file of anchors is set."""

    manifest: Manifest
    era: int
    returned: Returned
    anchored: bool | None


def restore(
    settings: Settings,
    path: Path,
    identity: Path,
    replay: Replay,
    *,
    consent: Consent = NO_CONSENT,
    progress: Progress = lambda *_: None,
) -> Restored:
    """The file is read through first: a wrong one changes nothing at all."""
    by = box.identity(identity)
    serving, other = leftovers.database_of(settings), consent.other_secret
    with (
        leftovers.only_restore(settings),
        opening.opened(settings, path, by, other_secret=other, progress=progress) as dump,
    ):
        manifest, sure = dump.manifest, consent.nothing_was_erased
        returning.refuse_unlisted(settings, manifest.erasures, nothing_was_erased=sure)
        _refuse_in_use(settings, replace=consent.replace)
        with (
            psycopg.connect(within(settings.admin_dsn(), "postgres"), autocommit=True) as admin,
            _beside(admin, leftovers.FRESH.format(serving)) as fresh,
        ):
            filling.fill(settings, fresh, dump, progress)
            era = filling.make_safe(settings, fresh)
            returned = returning.take_back(settings, fresh, replay)
            _change_places(admin, serving, fresh)
        return Restored(manifest, era, returned, anchored(settings, settings))


def anchored(settings: Settings, logins: Logins) -> bool | None:
    """Say to whoever compares anchors which seals are lost; a file that is away can wait."""
    if settings.anchor_file is None:
        return None
    db = Database(logins, settings.claims_key(), pool_size=1)
    try:
        return verification.anchor_restore(db, settings, settings.anchor_file)
    except (OSError, AppError):
        return False
    finally:
        db.dispose()


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


@contextmanager
def _beside(admin: psycopg.Connection, fresh: str) -> Iterator[str]:
    """Readable by nobody who serves, and by nobody at all when the restore fails."""
    leftovers.drop_database(admin, fresh)  # of a killed one
    try:
        admin.execute(
            sql.SQL("create database {} template template0").format(sql.Identifier(fresh))
        )
        yield fresh
    except BaseException:
        with suppress(psycopg.Error):
            leftovers.drop_database(admin, fresh)
        raise


def _change_places(admin: psycopg.Connection, serving: str, fresh: str) -> None:
    """Both names in one transaction: at each moment one whole database has the name."""
    old = leftovers.OLD.format(serving)
    rename = sql.SQL("alter database {} rename to {}")
    leftovers.drop_database(admin, old)
    try:
        with admin.transaction():
            admin.execute(rename.format(sql.Identifier(serving), sql.Identifier(old)))
            admin.execute(rename.format(sql.Identifier(fresh), sql.Identifier(serving)))
    except psycopg.errors.ObjectInUse as used:
        raise InvalidError(IN_USE) from used
    leftovers.drop_database(admin, old)
