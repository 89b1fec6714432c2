"""Reads of accounts. For people, row-level security limits them; sign-in reads as the system."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, and_, delete, func, select, text
from sqlalchemy.orm import Session

from app.accounts.models import (
    ApiToken,
    Credential,
    Grant,
    Invitation,
    Passkey,
    SignInFailure,
    User,
    Visit,
)
from app.accounts.rules import Stage, State, folded
from app.core.errors import NotFoundError, StaleError
from app.core.ids import read_reference

NO_SUCH = "There is no such account."
AGENCIES = text("select code, label from reference.lookup where list = 'agency' order by sort")
BOROUGHS = text("""
    select distinct on (code) code, name from reference.area
    where kind = 'borough' order by code, vintage desc
""")
ACTIVITY = text("""
    select at, action, object_type, object_ref, purpose, outcome from audit.event
    where actor = :actor and at > :since order by at desc, id desc limit :limit
""")


class Known(NamedTuple):
    """Who a username belongs to, as far as a password is concerned."""

    user_id: UUID
    ref: str
    email: str | None
    password_hash: str | None


class Activity(NamedTuple):
    """One event of the audit, of the person who reads it."""

    at: datetime
    action: str
    object_type: str
    object_ref: str | None
    purpose: str | None
    outcome: str


def may_sign_in(session: Session, username: str, *, today: date) -> Known | None:
    """An account that may be signed in to; None for every other reason alike."""
    found = session.execute(
        select(User.id, User.ref, User.email, Credential.password_hash)
        .join(Credential, Credential.user_id == User.id)
        .where(User.username == folded(username), User.state == State.ACTIVE)
        .where(User.ends_on >= today)
    ).one_or_none()
    return None if found is None else Known._make(found)


def visit(session: Session, token_hash: bytes, *stages: Stage, now: datetime) -> Visit | None:
    """A browser that is in one of these stages, unless it has been left too long."""
    return session.scalar(
        select(Visit)
        .where(Visit.token_hash == token_hash, Visit.stage.in_(stages))
        .where(Visit.ended_at.is_(None), Visit.absolute_until > now)
        .where(
            Visit.last_seen_at > now - func.make_interval(0, 0, 0, 0, 0, Visit.idle_min),
        )
        .with_for_update()
    )


def idled(session: Session, token_hash: bytes, *, now: datetime) -> int | None:
    """After how many minutes this browser was signed out for not being used; None if it was not."""
    return session.scalar(
        select(Visit.idle_min)
        .where(Visit.token_hash == token_hash, Visit.stage == Stage.FULL)
        .where(Visit.ended_at.is_(None))
        .where(Visit.last_seen_at <= now - func.make_interval(0, 0, 0, 0, 0, Visit.idle_min))
    )


def visits(session: Session, user_id: UUID, *, now: datetime) -> Sequence[Visit]:
    """Where a person is signed in, newest first."""
    return session.scalars(
        select(Visit)
        .where(Visit.user_id == user_id, Visit.stage == Stage.FULL)
        .where(Visit.ended_at.is_(None), Visit.absolute_until > now)
        .where(Visit.last_seen_at > now - func.make_interval(0, 0, 0, 0, 0, Visit.idle_min))
        .order_by(Visit.created_at.desc())
    ).all()


def open_visits(session: Session, user_id: UUID) -> Sequence[Visit]:
    """Every session that has not been ended, however old."""
    return session.scalars(
        select(Visit).where(Visit.user_id == user_id, Visit.ended_at.is_(None))
    ).all()


def last_visit(session: Session, session_id: UUID | None) -> datetime | None:
    """When the person of this session was last here before it began; None at a first visit.

    Nothing is kept for it: sessions are rows anyway, and each is its person's alone to read.
    """
    this = select(Visit.user_id, Visit.created_at).where(Visit.id == session_id).subquery()
    return session.scalar(
        select(func.max(Visit.last_seen_at))
        .join(this, this.c.user_id == Visit.user_id)
        .where(Visit.stage == Stage.FULL, Visit.created_at < this.c.created_at)
    )


def credential(session: Session, user_id: UUID) -> Credential | None:
    """Locked: of two uses of one code the second waits here and then finds it used."""
    return session.scalar(select(Credential).where(Credential.user_id == user_id).with_for_update())


def password_hash(session: Session, user_id: UUID) -> str | None:
    return session.scalar(select(Credential.password_hash).where(Credential.user_id == user_id))


def invitation(session: Session, token_hash: bytes, *, now: datetime) -> Invitation | None:
    return session.scalar(
        select(Invitation)
        .where(Invitation.token_hash == token_hash, Invitation.used_at.is_(None))
        .where(Invitation.expires_at > now)
        .with_for_update()
    )


def failures(session: Session, key: bytes, *, since: datetime) -> list[datetime]:
    found = session.scalars(
        select(SignInFailure.at).where(SignInFailure.key == key, SignInFailure.at > since)
    )
    return list(found)


def has_passkeys(session: Session, user_id: UUID) -> bool:
    return bool(passkeys(session, user_id))


def addresses_of(session: Session, roles: Sequence[str]) -> Sequence[str]:
    """Where people of these roles read mail."""
    return session.scalars(
        select(User.email)
        .where(User.role.in_(roles), User.state == State.ACTIVE, User.email.is_not(None))
        .order_by(User.email)
        .distinct()
    ).all()  # type: ignore[return-value]  # the condition leaves no null


def forget_failures(session: Session, *, before: datetime) -> int:
    """How many counts of tries were forgotten."""
    found = session.execute(
        delete(SignInFailure).where(SignInFailure.at < before).returning(SignInFailure.attempt_id)
    )
    return len(found.all())


def take_back(session: Session, attempt_id: UUID) -> None:
    session.execute(delete(SignInFailure).where(SignInFailure.attempt_id == attempt_id))


def user(session: Session, ref: str) -> User:
    """By reference; absent and out of scope are the same."""
    known = read_reference(ref, "US")
    found = session.scalar(select(User).where(User.ref == known)) if known else None
    if found is None:
        raise NotFoundError(NO_SUCH)
    return found


def user_by_name(session: Session, username: str) -> User:
    found = session.scalar(select(User).where(User.username == folded(username)))
    if found is None:
        raise NotFoundError(NO_SUCH)
    return found


def user_by_id(session: Session, user_id: UUID) -> User:
    found = session.get(User, user_id)
    if found is None:
        raise NotFoundError(NO_SUCH)
    return found


def lock_user(session: Session, ref: str, version: int | None = None) -> User:
    """For a change; `version` is the one that was looked at."""
    found = user(session, ref)
    session.refresh(found, with_for_update=True)
    if version is not None and version != found.version:
        raise StaleError("Somebody changed this account first. Compare and save again.")
    return found


def users(session: Session) -> Sequence[User]:
    return session.scalars(select(User).order_by(User.username)).all()


def unused_since(session: Session, before: datetime) -> Sequence[User]:
    """Active accounts that nobody has signed in to since."""
    found = select(User).where(unused(before)).order_by(User.username)
    return session.scalars(found).all()


def unused(before: datetime) -> ColumnElement[bool]:
    """The same, of the rows of a list."""
    last = func.coalesce(User.last_sign_in_at, User.approved_at, User.created_at)
    return and_(User.state == State.ACTIVE, last < before)


def username_taken(session: Session, username: str) -> bool:
    return session.scalar(select(User.id).where(User.username == folded(username))) is not None


def live_tokens(session: Session, user_id: UUID, *, now: datetime) -> Sequence[ApiToken]:
    return session.scalars(
        select(ApiToken)
        .where(ApiToken.user_id == user_id, ApiToken.revoked_at.is_(None))
        .where(ApiToken.expires_at > now)
        .order_by(ApiToken.created_at.desc())
    ).all()


def live_grants(session: Session, user_id: UUID, *, now: datetime) -> Sequence[Grant]:
    return session.scalars(
        select(Grant)
        .where(Grant.user_id == user_id, Grant.revoked_at.is_(None), Grant.until_at > now)
        .order_by(Grant.until_at, Grant.ref)
    ).all()


def passkeys(session: Session, user_id: UUID) -> Sequence[Passkey]:
    return session.scalars(
        select(Passkey)
        .where(Passkey.user_id == user_id, Passkey.removed_at.is_(None))
        .order_by(Passkey.created_at)
    ).all()


def activity(
    session: Session, user_id: UUID, *, since: datetime, limit: int = 50
) -> list[Activity]:
    """What this person did and read, newest first."""
    given = {"actor": user_id, "since": since, "limit": limit}
    return [Activity._make(row) for row in session.execute(ACTIVITY, given)]


def agencies(session: Session) -> dict[str, str]:
    return {row.code: row.label for row in session.execute(AGENCIES)}


def boroughs(session: Session) -> dict[str, str]:
    return {row.code: row.name for row in session.execute(BOROUGHS)}
