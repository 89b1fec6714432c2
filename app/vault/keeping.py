"""What an operator does with the vault: look, rotate, lay decoys. Nobody's identity is shown."""

from typing import Any

from sqlalchemy import text

from app.audit import service as audit
from app.core import clock
from app.core.actor import NOBODY, job_actor
from app.core.db import Database
from app.core.ids import new_reference, random_id
from app.vault.keys import BLIND, MASTER, Vault

JOB = job_actor("vault:keys")
KEYS = text("select key_id from vault.identity")
ROWS = text("""
    select child_id, sealed, key_id, key_version from vault.identity
    where blind_next_version is distinct from :version and blind_version <> :version
    order by child_id
""")
NEXT = text("""
    update vault.identity set blind_next = :mac, blind_next_version = :version
    where child_id = :child
""")
SWAP = text("""
    update vault.identity set blind = blind_next, blind_version = blind_next_version,
        blind_next = null, blind_next_version = null
    where blind_next is not null
""")
DECOY = text("""
    with made as (
        insert into app.child (id, ref, agency_code, borough_codes, tier, purpose_code, created_by,
            updated_by, home_lad_code, age_band, age_band_as_of)
        values (:id, :ref, :agency, array[cast(:borough as text)], 'H1', 'CONTEXT_ASSESSMENT',
            :nobody, :nobody, :borough, 'A13_15', :today)
        returning id
    )
    insert into vault.decoy (child_id) select id from made
""")


def status(db: Database, vault: Vault) -> dict[str, Any]:
    """`verified` is false when an identity has no key: it cannot be opened by anybody."""
    with db.read(JOB) as session:
        wanted = set(session.scalars(KEYS))
    held = vault.held()
    return {
        "identities": len(wanted),
        "keys": len(held),
        "without_key": len(wanted - held),
        "without_identity": len(held - wanted),
        "verified": wanted <= held,
    }


def rotate(db: Database, vault: Vault, *, blind: bool) -> dict[str, Any]:
    """Keys are wrapped anew; a run that was broken off is finished by the next."""
    version = vault.rotate(MASTER)
    rewrapped = vault.rewrap()
    vault.forget(MASTER)
    result: dict[str, Any] = {"master_version": version, "rewrapped": rewrapped}
    if blind:
        result |= _blind_anew(db, vault)
    with db.begin(JOB) as session:
        audit.record(session, "vault.rotate", "child_identity", None, rows=rewrapped, blind=blind)
    return result


def _blind_anew(db: Database, vault: Vault) -> dict[str, Any]:
    """Each row has both for a while, so that questions find it by either."""
    version = vault.rotate(BLIND)
    with db.begin(JOB) as session:
        rows = session.execute(ROWS, {"version": version}).all()
        for row in rows:
            identity = vault.open(row.child_id, bytes(row.sealed), row.key_id, row.key_version)
            _, mac = vault.newest_blind(identity)
            session.execute(NEXT, {"mac": mac, "version": version, "child": row.child_id})
    with db.begin(JOB) as session:
        session.execute(SWAP)
    vault.forget(BLIND)
    return {"blind_version": version, "blinded": len(rows)}


def decoys(db: Database, borough: str, number: int, *, agency: str) -> int:
    """References of nobody, never linked to work: whoever opens one is looked at."""
    with db.begin(JOB) as session:
        for _ in range(number):
            given = {"id": random_id(), "ref": new_reference("CH"), "borough": borough}
            given |= {"agency": agency, "nobody": NOBODY, "today": clock.today()}
            session.execute(DECOY, given)
        audit.record(session, "vault.decoys", "child", None, rows=number)
    return number
