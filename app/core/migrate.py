"""Bring a database to the newest schema: bootstrap as superuser, then Alembic as cs_migrate."""

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg

if TYPE_CHECKING:  # loaded where it is used: every start would pay for it, few migrate
    from alembic.config import Config

ROOT = Path(__file__).resolve().parents[2]
VERSION = "select max(version_num) from reference.schema_version"
BOOTSTRAP = ROOT / "migrations" / "bootstrap.sql"
# Less than deadlock_timeout, so that whoever serves is never the one that is given up, and a
# fifth of what the public form has for a statement: everybody else queues behind who waits.
LOCK_TIMEOUT = "400ms"
IN_THE_WAY = (psycopg.errors.LockNotAvailable, psycopg.errors.DeadlockDetected)
ATTEMPTS = 120
AGAIN_S = 0.25


@dataclass(frozen=True, slots=True)
class Finish:
    """What a slice does after the migrations; again whenever its `mark` is another."""

    mark: bytes
    apply: Callable[[psycopg.Connection], None]


def head() -> str:
    """The newest migration, without importing any of them."""
    return (ROOT / "migrations" / "HEAD").read_text().strip()


@cache
def known() -> frozenset[str]:
    """Every migration of this release, without importing any of them."""
    return frozenset(path.name[:4] for path in (ROOT / "migrations" / "versions").glob("[0-9]*.py"))


def is_newer(version: str | None) -> bool:
    """Whether a schema is of a release after this one, which serves on over it and leaves it.

    The chain has no branches: what is not known here came after everything that is.
    """
    return version is not None and version not in known()


class OlderSchemaError(RuntimeError):
    """The migrations of this release have not run."""


def refuse_older(version: str | None) -> None:
    """For whoever would fail at work that another can do: the next start finds it migrated.

    Raises
    ------
    OlderSchemaError
        With what to run.
    """
    if version != head() and not is_newer(version):
        raise OlderSchemaError(
            f"The database has migration {version or 'none'}, this release needs {head()}. "
            "Run `scripts/contextmap db migrate`."
        )


def bootstrap_and_migrate(
    admin_dsn: str,
    migrate_dsn: str,
    *,
    claims_key: bytes,
    finish: Finish,
    after_bootstrap: Callable[[psycopg.Connection], None] | None = None,
) -> bool:
    """Idempotent; True when something was changed. Costs one connection when up to date.

    What a newer release made is left as it is: that is how this one is gone back to.
    """
    mark = _mark(claims_key, finish.mark)
    with psycopg.connect(admin_dsn, autocommit=True) as admin:
        if _is_current(admin, mark) or is_newer(_version(admin)):
            return False
        admin.execute(BOOTSTRAP.read_text().encode())
        if after_bootstrap is not None:
            after_bootstrap(admin)
    upgrade(migrate_dsn)

    def finished() -> None:
        with psycopg.connect(migrate_dsn) as connection:
            connection.execute(f"set local lock_timeout = '{LOCK_TIMEOUT}'".encode())
            finish.apply(connection)
            connection.execute("set role cs_sec")
            _install_key(connection, claims_key)
            connection.execute(f"comment on schema sec is '{mark}'".encode())  # the mark is hex

    _giving_way(finished)
    return True


def upgrade(migrate_dsn: str, revision: str = "head") -> None:
    """A transaction for each migration: what is tried again begins with the first not done."""
    from alembic import command

    _giving_way(lambda: command.upgrade(alembic_config(migrate_dsn), revision))


def _giving_way(step: Callable[[], None]) -> None:
    """Until nobody who serves is in the way; each attempt is taken back whole."""
    for attempt in range(1, ATTEMPTS + 1):
        try:
            step()
        except Exception as late:
            # Alembic's are SQLAlchemy's, which keep the driver's own.
            if attempt == ATTEMPTS or not isinstance(getattr(late, "orig", late), IN_THE_WAY):
                raise
            time.sleep(AGAIN_S)
        else:
            return


def downgrade(migrate_dsn: str, revision: str) -> None:
    from alembic import command

    command.downgrade(alembic_config(migrate_dsn), revision)


def alembic_config(migrate_dsn: str) -> "Config":
    from alembic.config import Config

    config = Config(toml_file=ROOT / "pyproject.toml")
    url = migrate_dsn.replace("postgresql://", "postgresql+psycopg://", 1)
    config.set_main_option("sqlalchemy.url", url.replace("%", "%%"))
    config.set_main_option("script_location", str(ROOT / "migrations"))
    return config


def pads(key: bytes) -> tuple[bytes, bytes]:
    """Inner and outer HMAC-SHA256 pads, so that the database needs no extension to verify."""
    block = (hashlib.sha256(key).digest() if len(key) > 64 else key).ljust(64, b"\0")
    return bytes(b ^ 0x36 for b in block), bytes(b ^ 0x5C for b in block)


def _mark(claims_key: bytes, finish: bytes) -> str:
    """Changes whenever bootstrap, schema head, claims key or what comes after them do."""
    parts = (BOOTSTRAP.read_bytes(), head().encode(), claims_key, finish)
    return hashlib.sha256(b"\0".join(hashlib.sha256(p).digest() for p in parts)).hexdigest()


def _version(admin: psycopg.Connection) -> str | None:
    known = "select to_regclass('reference.schema_version')"
    if admin.execute(known).fetchone() == (None,):
        return None
    row = admin.execute(VERSION).fetchone()
    return None if row is None else row[0]


def _is_current(admin: psycopg.Connection, mark: str) -> bool:
    """A restored dump brings our comment with it and leaves out the LEAKPROOF mark."""
    row = admin.execute(
        "select obj_description(oid, 'pg_namespace'), exists (select from pg_proc "
        "where proname = 'geometry_overlaps' and proleakproof) "
        "from pg_namespace where nspname = 'sec'"
    ).fetchone()
    return row == (mark, True)


def _install_key(connection: psycopg.Connection, claims_key: bytes) -> None:
    inner, outer = pads(claims_key)
    connection.execute("revoke all on sec.key from cs_backup")  # whoever reads it forges claims
    connection.execute(
        "update sec.key set retired_at = now() where retired_at is null and k_ipad <> %s", (inner,)
    )
    connection.execute(
        "insert into sec.key (k_ipad, k_opad) select %s, %s "
        "where not exists (select from sec.key where k_ipad = %s and retired_at is null)",
        (inner, outer, inner),
    )
