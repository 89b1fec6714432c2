"""What a restored database must not bring back: what was erased, and rights that were taken away.

Sessions and tokens end. Accounts that were closed since, and grants that were revoked since, cannot
be told from others: they are listed, for an administrator to confirm.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import LiteralString

import psycopg

from app.audit import service as audit
from app.backups import rules
from app.backups.filling import Within
from app.core.actor import job_actor
from app.core.db import Database
from app.core.errors import InvalidError
from app.core.prepare import within
from app.core.settings import Settings

JOB = job_actor("backup:restore")
Replay = Callable[[Database, Settings], int]

ENDED: dict[str, LiteralString] = {
    "sessions": "update app.session set ended_at = clock_timestamp() where ended_at is null",
    "tokens": "update app.api_token set revoked_at = clock_timestamp() where revoked_at is null",
    "invitations": "update app.invitation set used_at = clock_timestamp() where used_at is null",
}
ACCOUNTS: LiteralString = """
    select username, role, agency_code from app."user"
    where state = 'ACTIVE' and ends_on >= (now() at time zone 'Europe/London')::date
    order by username
"""
GRANTS: LiteralString = """
    select ref, kind, until_at from app.access_grant
    where revoked_at is null and until_at > now()
      and (approved_at is not null or kind = 'BREAK_GLASS')
    order by ref
"""
ERASED: LiteralString = "select count(*) from app.retention_event"


@dataclass(frozen=True, slots=True)
class Returned:
    """What is to be looked at before people are let in again."""

    erased_again: int
    ended: dict[str, int]
    accounts: list[dict[str, str]] = field(default_factory=list)
    grants: list[dict[str, str]] = field(default_factory=list)


def refuse_unlisted(settings: Settings, erased: int, *, nothing_was_erased: bool) -> None:
    """Where something was ever erased there is a list, which a lost data folder takes along.

    That nothing was erased since is kept as an empty list, for each start that asks for it.

    Raises
    ------
    InvalidError
        Without the list, what was erased since the backup would be served again.
    """
    if not erased or settings.erased_list.is_file():
        return
    if not nothing_was_erased:
        raise InvalidError(rules.UNLISTED.format(path=settings.erased_list))
    settings.erased_list.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    settings.erased_list.touch(mode=0o600)


def erased_before(settings: Settings, dbname: str) -> int:
    """How often something was erased in this database, as it says itself."""
    with psycopg.connect(within(settings.admin_dsn(), dbname)) as admin:
        (count,) = admin.execute(ERASED).fetchone() or (0,)
    return int(count)


def take_back(settings: Settings, dbname: str, replay: Replay) -> Returned:
    """Before anybody is served; the audit says so."""
    ended, accounts, grants = _close(settings, dbname)
    db = Database(Within(settings, dbname), settings.claims_key(), pool_size=2)
    try:
        erased = replay(db, settings)
        with db.begin(JOB) as session:
            audit.record(session, "backup.restore", "backup", None, rows=erased, of=ended)
    finally:
        db.dispose()
    return Returned(erased, ended, accounts, grants)


def _close(
    settings: Settings, dbname: str
) -> tuple[dict[str, int], list[dict[str, str]], list[dict[str, str]]]:
    with psycopg.connect(within(settings.admin_dsn(), dbname)) as admin:
        ended = {name: admin.execute(end).rowcount for name, end in ENDED.items()}
        accounts = [
            {"username": name, "role": role, "agency": agency}
            for name, role, agency in admin.execute(ACCOUNTS)
        ]
        grants = [
            {"ref": ref, "kind": kind, "until": until.isoformat(timespec="minutes")}
            for ref, kind, until in admin.execute(GRANTS)
        ]
    return ended, accounts, grants
