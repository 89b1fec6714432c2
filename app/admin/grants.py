"""Grants: one record for one person beyond their role and boroughs, asked, approved, ended."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from app.accounts import queries as accounts
from app.accounts.models import Grant, User
from app.accounts.permissions import ROLES
from app.accounts.rules import State
from app.admin import queries, rules
from app.admin.queries import GrantRow
from app.admin.rules import OBJECTS, OPENS_TO, GrantState, Kind
from app.admin.schemas import GrantForm
from app.audit import service as audit
from app.children import queries as children
from app.children.rules import trace
from app.core import clock
from app.core.actor import Actor
from app.core.errors import NotFoundError, RuleBrokenError
from app.core.ids import new_reference
from app.places import queries as places


def problems(
    actor: Actor, wanted: GrantForm, person: User | None, record: UUID | None
) -> dict[str, str]:
    """One sentence for each answer that cannot be used."""
    kind = next((known for known in Kind if known == wanted.kind), None)
    thing = {Kind.CHILD_LINK: "child", Kind.CUSTODIAN: "account"}.get(kind or Kind.CASE, "place")
    purposes = ROLES[actor.role].purposes
    found: Mapping[str, str | None] = {
        "person": _person_problem(person, kind),
        "kind": None if kind else rules.NO_KIND,
        "record": _record_problem(kind, person, record) or None
        if record
        else f"There is no such {thing}. Enter its reference.",
        "purpose": None if wanted.purpose in purposes else rules.NO_PURPOSE,
        "reason": rules.reason_problem(wanted.reason),
        "until_on": rules.BAD_END
        if wanted.until_on is None
        else rules.grant_end_problem(wanted.until_on, clock.today()),
    }
    return {name: words for name, words in found.items() if words}


def record_id(session: Session, kind: str, ref: str) -> UUID | None:
    """The record a grant is to open, if the person who asks may see it themselves.

    Looking for a child's reference is reading it: the audit has it, with the reason.
    """
    try:
        if kind == Kind.CUSTODIAN:
            return accounts.user(session, ref).id
        if kind == Kind.CASE:
            return places.find(session, ref).id
        if kind == Kind.CHILD_LINK:
            child = children.find(session, ref)
            audit.record(session, "child.read", "child", trace(child.id))
            return child.id
    except NotFoundError:
        return None
    return None


def ask(
    session: Session, actor: Actor, wanted: GrantForm, *, person: User, record: UUID, now: datetime
) -> Grant:
    """Ask for a grant; nothing is open before somebody else approved it."""
    thing, _ = OBJECTS[Kind(wanted.kind)]
    if wanted.until_on is None:
        raise RuleBrokenError(rules.BAD_END)
    grant = Grant(
        ref=new_reference("GR"),
        user_id=person.id,
        agency_code=actor.agency or person.agency_code,
        kind=wanted.kind,
        object_type=thing,
        object_id=record,
        purpose=wanted.purpose,
        reason=wanted.reason,
        from_at=now,
        until_at=rules.end_of(wanted.until_on),
        created_by=actor.id,
    )
    session.add(grant)
    audit.record(session, "grant.create", "grant", grant.ref, kind=grant.kind, to=person.ref)
    return grant


def shown(session: Session, ref: str) -> GrantRow:
    """One grant. A child's reference that is shown with it is a read of the child."""
    row = queries.grant(session, ref)
    if row.grant.object_type != "child":
        return row
    record = queries.child_ref(session, row.grant.object_id)
    if record and row.grant.object_id:
        audit.record(session, "child.read", "child", trace(row.grant.object_id))
    return row._replace(record=record)


def approve(session: Session, actor: Actor, ref: str, *, now: datetime) -> None:
    """From the next request on the record is open. The database refuses one's own request, too."""
    grant = queries.lock_grant(session, ref)
    barrier = rules.barrier_to_approve(grant, by=actor.id, role=actor.role, now=now)
    if barrier:
        raise RuleBrokenError(barrier)
    grant.approved_at, grant.approved_by = now, actor.id
    audit.record(session, "grant.approve", "grant", grant.ref, kind=grant.kind)


def revoke(session: Session, actor: Actor, ref: str, *, now: datetime) -> None:
    """From the next request on the record is closed."""
    grant = queries.lock_grant(session, ref)
    if rules.grant_state(grant, now) in (GrantState.OVER, GrantState.REVOKED):
        raise RuleBrokenError("This grant is over already.")
    grant.revoked_at, grant.revoked_by = now, actor.id
    audit.record(session, "grant.revoke", "grant", grant.ref, kind=grant.kind)


def _record_problem(kind: Kind | None, person: User | None, record: UUID | None) -> str | None:
    """A duty is of the person: the record is their own account."""
    if kind is Kind.CUSTODIAN and person is not None and record != person.id:
        return f"Enter the reference of the account: {person.ref}."
    return None


def _person_problem(person: User | None, kind: Kind | None) -> str | None:
    if person is None or person.state != State.ACTIVE or person.ends_on < clock.today():
        return rules.NO_PERSON
    if kind is not None and person.role not in OPENS_TO[kind]:
        return rules.NO_NEED
    return None
