"""Reads of identities: sealed boxes one by one, and requests. There is no list of identities."""

from typing import NamedTuple
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.core.errors import NotFoundError
from app.vault.schemas import Request

BOX = text("select sealed, key_id, key_version from vault.identity where child_id = :child")
HELD = text("select vault.held(:child)")
CHILD_OF = text("select vault.child_of(:id)")
CUSTODIAN = text("select vault.custodian()")
WATCHERS = text("select vault.watchers()")
DECOY = text("select vault.is_decoy(:child)")
MINE = text(
    "select g.id, g.ref, g.user_id, '' as person, '' as role, g.object_id as child_id, g.purpose, "
    "g.reason, g.from_at, g.until_at, g.created_at, g.approved_at, g.revoked_at "
    "from app.access_grant as g where g.kind = 'IDENTITY' and g.object_id = :child "
    "and g.user_id = sec.actor() order by g.created_at desc, g.id limit 1"
)
OWN = text(
    "select g.id, g.ref, g.user_id, '' as person, '' as role, g.object_id as child_id, g.purpose, "
    "g.reason, g.from_at, g.until_at, g.created_at, g.approved_at, g.revoked_at "
    "from app.access_grant as g where g.kind = 'IDENTITY' and g.ref = :ref "
    "and g.user_id = sec.actor()"
)
# Row-level security: a lead and an auditor see all grants, others their own.
ALL = text("""
    select g.id, g.ref, g.user_id, u.name as person, u.role, g.object_id as child_id, g.purpose,
           g.reason, g.from_at, g.until_at, g.created_at, g.approved_at, g.revoked_at
    from app.access_grant as g join app."user" as u on u.id = g.user_id
    where g.kind = 'IDENTITY' and (cast(:ref as text) is null or g.ref = :ref)
    order by g.created_at desc, g.id limit 100
""")


class Box(NamedTuple):
    sealed: bytes
    key_id: UUID
    key_version: int


def box(session: Session, child_id: UUID) -> Box:
    """Of the one child whose identity is open to this person now."""
    found = session.execute(BOX, {"child": child_id}).one_or_none()
    if found is None:
        raise NotFoundError("Page not found. Check the address.")
    return Box(bytes(found.sealed), found.key_id, found.key_version)


def held(session: Session, child_id: UUID) -> bool | None:
    """Whether an identity is held; None for whoever may not ask for it."""
    found: bool | None = session.scalar(HELD, {"child": child_id})
    return found


def custodian(session: Session) -> bool:
    return bool(session.scalar(CUSTODIAN))


def watchers(session: Session) -> list[str]:
    """Addresses of auditors and custodians."""
    return list(session.scalar(WATCHERS) or ())


def is_decoy(session: Session, child_id: UUID) -> bool:
    return bool(session.scalar(DECOY, {"child": child_id}))


def child_of(session: Session, asked: Request) -> str | None:
    """The reference of the child, for a custodian."""
    found: str | None = session.scalar(CHILD_OF, {"id": asked.id})
    return found


def mine(session: Session, child_id: UUID) -> Request | None:
    """The newest request of this person for this child."""
    found = session.execute(MINE, {"child": child_id}).one_or_none()
    return None if found is None else Request._make(found)


def requests(session: Session) -> list[Request]:
    """Newest first. Which child is not said: whoever decides gives a reason to see that."""
    return [Request._make(row) for row in session.execute(ALL, {"ref": None})]


def request(session: Session, ref: str) -> Request:
    found = session.execute(ALL, {"ref": ref}).one_or_none()
    if found is None:
        raise NotFoundError("Page not found. Check the address.")
    return Request._make(found)


def own_request(session: Session, ref: str) -> Request:
    found = session.execute(OWN, {"ref": ref}).one_or_none()
    if found is None:
        raise NotFoundError("Page not found. Check the address.")
    return Request._make(found)
