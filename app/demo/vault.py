"""Synthetic identities, visibly marked, two custodians, and one request that waits for a decision.

No child stands behind any of them.
"""

from datetime import date, timedelta
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.audit import service as audit
from app.core import clock
from app.core.actor import NOBODY, job_actor
from app.core.db import Database
from app.core.ids import new_id, new_reference
from app.core.settings import Settings
from app.vault.keys import Vault
from app.vault.rules import Identity

JOB = job_actor("demo:load")
CUSTODIANS = ("demo-lead", "demo-custodian")
SURNAMES = ("Alder", "Birch", "Cedar", "Elm", "Hazel", "Rowan")
FORENAMES = ("Robin", "Kyle", "Ash", "Sasha", "Noor", "Alex")
LASTS = timedelta(days=89)

THERE = text("select exists (select from vault.identity)")
CHILDREN = text("""
    select id from app.child where is_synthetic and deleted_at is null and state = 'OPEN'
    order by ref limit :n
""")
WHO = text('select id, agency_code from app."user" where username = :name and is_synthetic')
PUT = text("""
    insert into vault.identity (child_id, sealed, key_id, key_version, blind, blind_version,
        created_by, is_synthetic)
    values (:child, :box, :key, :version, :mac, :mac_version, :nobody, true)
""")
GRANT = text("""
    insert into app.access_grant (id, ref, user_id, agency_code, kind, object_type, object_id,
        purpose, reason, until_at, created_by, approved_at, approved_by)
    values (:id, :ref, :user, :agency, :kind, :type, :object, :purpose, :reason, :until, :by,
        :approved_at, :approved_by)
""")


def load_once(db: Database, settings: Settings) -> int:
    """How many identities were made; on later starts none."""
    vault = Vault.of(settings)
    with db.begin(JOB) as session:
        if session.scalar(THERE):
            return 0
        children = list(session.scalars(CHILDREN, {"n": len(SURNAMES)}))
        for number, child_id in enumerate(children):
            _put(session, vault, child_id, _identity(number))
        for name in CUSTODIANS:
            _appoint(session, name)
        if children:
            _ask(session, children[0])
        audit.record(session, "demo.identities", "child_identity", None, rows=len(children))
    return len(children)


def _identity(number: int) -> Identity:
    born = date(clock.today().year - 13, 1 + number, 10 + number)
    return Identity(f"Synthetic-{SURNAMES[number]}", f"Synthetic {FORENAMES[number]}", born)


def _put(session: Session, vault: Vault, child_id: UUID, identity: Identity) -> None:
    sealed = vault.seal(child_id, identity)
    given = {
        "child": child_id,
        "box": sealed.box,
        "key": sealed.key_id,
        "version": sealed.key_version,
        "mac": sealed.blind,
        "mac_version": sealed.blind_version,
        "nobody": NOBODY,
    }
    session.execute(PUT, given)


def _appoint(session: Session, name: str) -> None:
    who = session.execute(WHO, {"name": name}).one_or_none()
    if who is not None:
        _grant(session, who.id, who.agency_code, "CUSTODIAN", "duty", who.id)


def _ask(session: Session, child_id: UUID) -> None:
    who = session.execute(WHO, {"name": "demo-lead"}).one_or_none()
    if who is not None:
        _grant(session, who.id, who.agency_code, "IDENTITY", "child_identity", child_id)


def _grant(
    session: Session, user: UUID, agency: str, kind: str, thing: str, object_id: UUID
) -> None:
    duty, now = kind == "CUSTODIAN", clock.now()
    given = {
        "id": new_id(),
        "ref": new_reference("GR"),
        "user": user,
        "agency": agency,
        "kind": kind,
        "type": thing,
        "object": object_id,
        "purpose": "CONTEXT_ASSESSMENT",
        "reason": "Synthetic: found at a place of concern at night; the family must be told today.",
        "until": now + (LASTS if duty else timedelta(days=6)),
        "by": NOBODY if duty else user,
        "approved_at": now if duty else None,
        "approved_by": UUID(int=1) if duty else None,
    }
    session.execute(GRANT, given)
