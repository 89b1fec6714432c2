"""Changes and audited reads of identities, inside the caller's transaction.

The database asks everything again: who is custodian, who asked, how new the second factor is.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.audit import service as audit
from app.children.models import Child
from app.children.rules import trace
from app.core import clock
from app.core.actor import Actor
from app.core.errors import (
    ForbiddenError,
    InvalidError,
    NotFoundError,
    RuleBrokenError,
    StepUpNeededError,
    TooManyError,
)
from app.core.ids import new_id, new_reference
from app.core.jobs import enqueue
from app.vault import queries, rules
from app.vault.keys import Vault
from app.vault.rules import Identity
from app.vault.schemas import IdentityIn, Request

PUT = text("select vault.put(:child, :box, :key, :version, :mac, :mac_version)")
KNOWN = text("select vault.known(:macs, :child)")
REQUEST = text("select vault.request(:id, :ref, :child, :reason)")
APPROVE = text("select vault.approve(:id)")
CLOSE = text("select vault.close(:id)")
NOTE_READING = text("select vault.note_reading(:child)")


def enter(session: Session, vault: Vault, child: Child, wanted: IdentityIn) -> None:
    """Say who a reference stands for. What was said before is closed for good."""
    identity = wanted.identity()
    if problems := rules.problems(identity.born_on, clock.today()):
        raise InvalidError("Change the fields named below.", problems)
    if not queries.custodian(session):
        raise ForbiddenError(rules.NOT_CUSTODIAN)
    if wanted.another is None and known(session, vault, identity, but=child.id):
        raise InvalidError("Change the fields named below.", {"another": rules.HELD_TWICE})
    sealed = vault.seal(child.id, identity)
    given = {
        "child": child.id,
        "box": sealed.box,
        "key": sealed.key_id,
        "version": sealed.key_version,
        "mac": sealed.blind,
        "mac_version": sealed.blind_version,
    }
    session.execute(PUT, given)
    audit.record(session, "child_identity.create", "child", trace(child.id))
    enqueue(session, "vault:shred", once=True)


def known(session: Session, vault: Vault, identity: Identity, *, but: UUID | None = None) -> bool:
    """Whether somebody of this surname and date of birth is held: yes or no, never whom."""
    answer = session.scalar(KNOWN, {"macs": vault.blinds(identity), "child": but})
    if answer is None:
        raise TooManyError(rules.TOO_OFTEN, 3600)
    audit.record(session, "child_identity.count", "child_identity", None, rows=0)
    return bool(answer)


def ask(session: Session, actor: Actor, child: Child, reason: str) -> str:
    """Ask a custodian; nothing is open before one approves. The reference of the request."""
    standing = queries.mine(session, child.id)
    if not queries.held(session, child.id):
        raise RuleBrokenError(rules.NO_IDENTITY)
    if standing is not None and standing.state(clock.now()) in ("ASKED", "OPEN"):
        raise RuleBrokenError(rules.ASKED_ALREADY)
    ref = new_reference("GR")
    given = {"id": new_id(), "ref": ref, "child": child.id, "reason": reason}
    try:
        session.execute(REQUEST, given)
    except IntegrityError as twice:
        raise RuleBrokenError(rules.ASKED_ALREADY) from twice
    audit.record(session, "child_identity.request", "grant", ref)
    return ref


def approve(session: Session, actor: Actor, asked: Request) -> None:
    """Open for a day from now on, by a custodian who did not ask."""
    if asked.user_id == actor.id:
        raise RuleBrokenError(rules.NOT_YOURS)
    if not queries.custodian(session):
        raise ForbiddenError(rules.NOT_CUSTODIAN)
    if not session.scalar(APPROVE, {"id": asked.id}):
        raise RuleBrokenError("This request does not wait for anybody.")
    audit.record(session, "child_identity.approve", "grant", asked.ref)


def note_looked_at(session: Session, child: Child) -> None:
    """Somebody looked whether an identity is held, and how their request stands."""
    audit.record(session, "child_identity.state", "child", trace(child.id))


def note_looked(session: Session, rows: int, asked: Request | None = None) -> None:
    """Somebody looked at requests: what people give as reasons is not for everybody."""
    ref = None if asked is None else asked.ref
    about = {} if asked is None else {"child": trace(asked.child_id)}
    audit.record(session, "child_identity.requests", "grant", ref, rows=rows, **about)


def close(session: Session, asked: Request) -> None:
    """Declined, withdrawn, or ended before its day is over."""
    if not session.scalar(CLOSE, {"id": asked.id}):
        raise RuleBrokenError("This request is over already, or is not yours to end.")
    audit.record(session, "child_identity.revoke", "grant", asked.ref)


def read(session: Session, vault: Vault, child: Child) -> tuple[str, Identity]:
    """(request, who it is): one reading for each second factor, each one told to the watchers."""
    noted = session.scalar(NOTE_READING, {"child": child.id})
    if noted == "closed":
        raise NotFoundError("Page not found. Check the address.")
    if noted == "again":
        raise StepUpNeededError("Confirm that it is you: enter a code again.")
    box = queries.box(session, child.id)
    audit.record(session, "child_identity.read", "child", trace(child.id), request=noted)
    return str(noted), vault.open(child.id, *box)


def open_until(asked: Request | None, now: datetime) -> datetime | None:
    return asked.until_at if asked is not None and asked.state(now) == "OPEN" else None
