"""Keys whose identity is gone: their files follow, each hour and when one was replaced."""

from uuid import UUID

from procrastinate import JobContext
from procrastinate.blueprints import Blueprint
from sqlalchemy import text

from app.audit import service as audit
from app.core import log
from app.core.actor import job_actor
from app.core.db import Database
from app.core.mail import mailer_of, send_all
from app.vault import letters, queries
from app.vault.keys import Vault

blueprint = Blueprint()

JOB = job_actor("vault:keys")
SPENT = text("select key_id from vault.spent_key order by key_id")
GONE = text("delete from vault.spent_key where key_id = any (:keys)")
TIDY = text("delete from vault.question where at < now() - interval '1 day'")


@blueprint.periodic(cron="41 * * * *")
@blueprint.task(name="hourly", pass_context=True)
def hourly(context: JobContext, timestamp: int) -> None:
    shred_now(context)


@blueprint.task(name="shred", pass_context=True)
def shred_now(context: JobContext) -> None:
    given = context.additional_context
    shred(given["db"], Vault.of(given["settings"]))


@blueprint.task(name="decoy", pass_context=True)
def decoy_opened(context: JobContext) -> None:
    """Auditors and custodians are told within seconds; who it was is in the audit."""
    given = context.additional_context
    with given["db"].read(JOB) as session:
        told = letters.decoy_read(queries.watchers(session))
    send_all(mailer_of(given["settings"]), told)


def shred(db: Database, vault: Vault) -> int:
    """How many keys were destroyed. The row goes after the file, so that a crash forgets none.

    A file that cannot be deleted keeps its row, and no other key from going.
    """
    with db.begin(JOB) as session:
        spent = [key_id for key_id in session.scalars(SPENT) if _destroyed(vault, key_id)]
        session.execute(GONE, {"keys": spent})
        session.execute(TIDY)
        if spent:
            audit.record(session, "vault.shred", "child_identity", None, rows=len(spent))
    return len(spent)


def _destroyed(vault: Vault, key_id: UUID) -> bool:
    try:
        vault.destroy(key_id)
    except OSError as error:
        log.error("vault.shred", error=error)
        return False
    return True
