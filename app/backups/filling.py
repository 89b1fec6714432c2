"""Fill an empty database from a backup, and show that it is the one that was backed up."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import LiteralString

import psycopg

from app.accounts import catalogue, install
from app.backups import programs, rules
from app.backups.measuring import measured
from app.backups.opening import Dump, Progress
from app.backups.rules import Manifest
from app.core.db import Database
from app.core.errors import InvalidError
from app.core.migrate import BOOTSTRAP
from app.core.prepare import within
from app.core.settings import Settings

LOGINS = ("cs_app", "cs_public")  # half a second each
# As migration 0001 makes it, and empty: no backup has this table.
KEYS: LiteralString = """
    create table sec.key (
        id int generated always as identity primary key,
        k_ipad bytea not null,
        k_opad bytea not null,
        created_at timestamptz not null default now(),
        retired_at timestamptz
    );
    comment on table sec.key is 'HMAC pads of the claims key; read by sec.claims only';
    alter table sec.key enable row level security;
    alter table sec.key force row level security;
    create policy key_owner on sec.key for all to cs_sec using (true) with check (true);
"""


@dataclass(frozen=True, slots=True)
class Within:
    """The logins of one database beside the one that serves."""

    settings: Settings
    dbname: str

    def dsn(self, role: str) -> str:
        return within(self.settings.dsn(role), self.dbname)


def fill(settings: Settings, dbname: str, dump: Dump, progress: Progress) -> None:
    """Everything of the file into an empty database; then compared with what the file says."""
    admin_dsn = within(settings.admin_dsn(), dbname)
    with psycopg.connect(admin_dsn, autocommit=True) as admin:
        admin.execute(BOOTSTRAP.read_text().encode())  # roles must be there before their grants
    progress(0, 1, "Restoring")
    programs.restore(settings, admin_dsn, dump.file)
    _make_table_of_keys(admin_dsn)
    progress(1, 1, "Restoring")
    compare(settings, dbname, dump.manifest, progress)


def compare(settings: Settings, dbname: str, promised: Manifest, progress: Progress) -> None:
    """Hashed by one processor while another one gathers what plans are made of.

    Raises
    ------
    InvalidError
        With what is otherwise than the file says.
    """
    admin_dsn = within(settings.admin_dsn(), dbname)
    with ThreadPoolExecutor(max_workers=1) as beside:
        analysed = beside.submit(_analyse, admin_dsn)
        with psycopg.connect(admin_dsn) as admin:
            found = measured(admin, progress)
        analysed.result()
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


def _make_table_of_keys(admin_dsn: str) -> None:
    """Backups of the first release have it."""
    with psycopg.connect(admin_dsn) as admin:
        if admin.execute("select to_regclass('sec.key')").fetchone() == (None,):
            admin.execute("set role cs_sec")
            admin.execute(KEYS)


def _analyse(admin_dsn: str) -> None:
    """A dump has no statistics: the first pages would wait for autovacuum with bad plans."""
    with psycopg.connect(admin_dsn, autocommit=True) as admin:
        admin.execute("analyze")
