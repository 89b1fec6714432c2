"""Bootstrap and migrate the configured database, and give its roles their passwords."""

import json
import secrets

import psycopg
from psycopg import sql

from app.core.migrate import Finish, bootstrap_and_migrate
from app.core.pgconf import LOGINS
from app.core.settings import Settings


def prepare(settings: Settings, finish: Finish) -> bool:
    """Idempotent; True when something was changed."""
    if settings.database_url is None:
        return bootstrap_and_migrate(
            settings.admin_dsn(),
            settings.dsn("cs_migrate"),
            claims_key=settings.claims_key(),
            finish=finish,
        )
    passwords, are_new = _passwords(settings)
    changed = bootstrap_and_migrate(
        settings.admin_dsn(),
        settings.dsn("cs_migrate"),
        claims_key=settings.claims_key(),
        finish=finish,
        after_bootstrap=lambda admin: _set_passwords(admin, passwords),
    )
    if are_new and not changed:  # the file was lost, the database was not
        with psycopg.connect(settings.admin_dsn(), autocommit=True) as admin:
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
