"""Bootstrap and migrate the configured database, and give its roles their passwords."""

import json
import secrets
from urllib.parse import quote, urlsplit, urlunsplit

import psycopg
from psycopg import sql

from app.core.migrate import Finish, bootstrap_and_migrate
from app.core.pgconf import LOGINS
from app.core.settings import Settings


def within(dsn: str, dbname: str | None) -> str:
    """The same login of the same server, in another database."""
    return dsn if dbname is None else urlunsplit(urlsplit(dsn)._replace(path=f"/{quote(dbname)}"))


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
    passwords, are_new = _passwords(settings)
    changed = bootstrap_and_migrate(
        admin_dsn,
        within(settings.dsn("cs_migrate"), dbname),
        claims_key=settings.claims_key(),
        finish=finish,
        after_bootstrap=lambda admin: _set_passwords(admin, passwords),
    )
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


def _set_passwords(admin: psycopg.Connection, passwords: dict[str, str]) -> None:
    """Sent as SCRAM verifiers: a server that logs statements does not learn them."""
    for role, password in passwords.items():
        verifier = admin.pgconn.encrypt_password(
            password.encode(), role.encode(), b"scram-sha-256"
        ).decode()
        admin.execute(
            sql.SQL("alter role {} password {}").format(sql.Identifier(role), sql.Literal(verifier))
        )
