"""Bootstrap and migrate the configured database, and give its roles their passwords."""

import json
import secrets
from pathlib import Path
from urllib.parse import quote, urlsplit, urlunsplit

import psycopg
from psycopg import sql

from app.core.errors import InvalidError
from app.core.migrate import Finish, bootstrap_and_migrate
from app.core.pgconf import LOGINS
from app.core.settings import Settings


def within(dsn: str, dbname: str | None) -> str:
    """The same login of the same server, in another database."""
    return dsn if dbname is None else urlunsplit(urlsplit(dsn)._replace(path=f"/{quote(dbname)}"))


NO_LOGIN = (
    "DATABASE_URL names no login: with it a process can serve, and prepare no database. Run this "
    "where the login that may bootstrap is known (docs/operator/install.md)."
)
# Who serves needs no more than these; each file goes to one kind of process alone.
OF_PROCESSES = {
    "web": ("cs_app", "cs_public", "cs_job", "cs_audit"),
    "worker": ("cs_app", "cs_job", "cs_audit", "cs_backup"),  # files with the rights of who asked
}


def prepare(settings: Settings, finish: Finish, dbname: str | None = None) -> bool:
    """Idempotent; True when something was changed."""
    admin_dsn = within(settings.admin_dsn(), dbname)
    if settings.database_url is None:
        return bootstrap_and_migrate(
            admin_dsn,
            within(settings.dsn("cs_migrate"), dbname),
            claims_key=settings.claims_key(),
            finish=finish,
        )
    if urlsplit(admin_dsn).hostname and not urlsplit(admin_dsn).username:
        raise InvalidError(NO_LOGIN)
    passwords, are_new = _passwords(settings)
    changed = bootstrap_and_migrate(
        admin_dsn,
        within(settings.dsn("cs_migrate"), dbname),
        claims_key=settings.claims_key(),
        finish=finish,
        after_bootstrap=lambda admin: _set_passwords(admin, passwords),
    )
    _share(settings.roles_file, passwords)
    if are_new and not changed:  # the file was lost, the database was not
        with psycopg.connect(admin_dsn, autocommit=True) as admin:
            _set_passwords(admin, passwords)
    return changed


def _passwords(settings: Settings) -> tuple[dict[str, str], bool]:
    """Of each login but the bootstrapping one; made once, readable by this user only."""
    path = settings.roles_file
    if path.exists():
        known: dict[str, str] = json.loads(path.read_text())
        return known, False
    made = {role: secrets.token_urlsafe(32) for role in LOGINS if role != "postgres"}
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.touch(mode=0o600)
    path.write_text(json.dumps(made))
    return made, True


def _share(path: Path, passwords: dict[str, str]) -> None:
    """Where there is a folder for a kind of process beside the file, its roles alone."""
    for kind, roles in OF_PROCESSES.items():
        folder = path.parent / kind
        if folder.is_dir():
            fresh = folder / f"{path.name}.new"
            fresh.unlink(missing_ok=True)
            fresh.touch(mode=0o600)
            fresh.write_text(json.dumps({role: passwords[role] for role in roles}))
            fresh.rename(folder / path.name)


def _set_passwords(admin: psycopg.Connection, passwords: dict[str, str]) -> None:
    """Sent as SCRAM verifiers: a server that logs statements does not learn them."""
    for role, password in passwords.items():
        verifier = admin.pgconn.encrypt_password(
            password.encode(), role.encode(), b"scram-sha-256"
        ).decode()
        admin.execute(
            sql.SQL("alter role {} password {}").format(sql.Identifier(role), sql.Literal(verifier))
        )
