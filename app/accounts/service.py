"""Changes to accounts. Every function runs inside the caller's transaction."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.accounts import letters, queries
from app.accounts.identity import token_hash
from app.accounts.models import Credential, Grant, User
from app.accounts.permissions import PERMISSIONS
from app.accounts.rules import (
    BREAK_GLASS,
    CODES_SHOWN,
    FAILURES_KEPT,
    INVITATION_TIME,
    UNUSED,
    State,
)
from app.accounts.secrets import Factors, new_token
from app.audit import service as audit
from app.core import clock
from app.core.actor import Actor
from app.core.errors import NotFoundError
from app.core.ids import new_id, new_reference
from app.core.mail import Mail

INVITE = text("select app.invite(:invited, :id, :hash, :until)")


def invite(session: Session, user: User, *, now: datetime) -> str:
    """A link for setting this account up again, once; whatever proved who it was is taken back.

    The token goes into `/sign-in/invitation/<token>` and is nowhere else. Sessions and programs of
    the account end now. The database refuses everybody but an administrator who has shown a second
    factor, and an administrator's own account.
    """
    token = new_token()
    session.flush()
    given = {"invited": user.id, "id": new_id(), "hash": token_hash(token)}
    session.execute(INVITE, given | {"until": now + INVITATION_TIME})
    session.refresh(user)
    audit.record(session, "user.invite", "user", user.ref)
    return token


def end_sessions(session: Session, user: User) -> int:
    """Signed out everywhere, programs too; how many browsers and programs that were."""
    now = clock.now()
    browsers = queries.open_visits(session, user.id)
    programs = queries.live_tokens(session, user.id, now=now)
    for visit in browsers:
        visit.ended_at = now
    for program in programs:
        program.revoked_at = now
    ended = len(browsers) + len(programs)
    audit.record(session, "user.revoke", "user", user.ref, rows=ended)
    return ended


def end_session(session: Session, user: User, session_id: UUID, *, now: datetime) -> None:
    """One browser of this person, and no other's."""
    found = {visit.id: visit for visit in queries.open_visits(session, user.id)}
    if session_id not in found:
        raise NotFoundError("There is no such session.")
    found[session_id].ended_at = now
    audit.record(session, "user.revoke", "user", user.ref)


def change_password(
    session: Session, user: User, *, password_hash: str, keep: UUID, now: datetime
) -> list[Mail]:
    """Every other browser is signed out: one of them may be why the password is changed."""
    held = _credential(session, user)
    held.password_hash = password_hash
    for visit in queries.open_visits(session, user.id):
        if visit.id != keep:
            visit.ended_at = now
    audit.record(session, "user.password", "user", user.ref)
    return [letters.password_changed(user.email)] if user.email else []


def new_recovery_codes(
    session: Session, factors: Factors, user: User, token: str, *, now: datetime
) -> list[Mail]:
    """The codes before them stop working."""
    held = _credential(session, user)
    held.changed_at = now
    made = factors.recovery_codes(_of_now(token, now))
    held.recovery_hashes = [factors.recovery_hash(code, user.id) for code in made]
    audit.record(session, "user.recovery_codes", "user", user.ref)
    words = "New recovery codes were made for your account. Earlier ones no longer work."
    return [letters.factor_changed(user.email, words)] if user.email else []


def fresh_recovery_codes(
    session: Session, factors: Factors, user: User, token: str, *, now: datetime
) -> list[str]:
    """What this browser had made within ten minutes; none otherwise. No code is stored."""
    held = queries.credential(session, user.id)
    if held is None or now - held.changed_at > CODES_SHOWN:
        return []
    made = factors.recovery_codes(_of_now(token, held.changed_at))
    hashes = {factors.recovery_hash(code, user.id) for code in made}
    return made if hashes == set(held.recovery_hashes) else []


def open_emergency(session: Session, actor: Actor, *, now: datetime) -> Grant | None:
    found = queries.live_grants(session, actor.id, now=now)
    return next((grant for grant in found if grant.kind == BREAK_GLASS), None)


def open_glass(session: Session, actor: Actor, *, reason: str, hours: int, now: datetime) -> Grant:
    """Wider than the own boroughs, at once: the one grant that nobody has to confirm."""
    grant = Grant(
        ref=new_reference("GR"),
        user_id=actor.id,
        agency_code=actor.agency,
        kind=BREAK_GLASS,
        reason=reason,
        from_at=now,
        until_at=now + timedelta(hours=hours),
        created_by=actor.id,
    )
    session.add(grant)
    audit.record(session, "grant.create", "grant", grant.ref, kind=BREAK_GLASS, hours=hours)
    return grant


def emergency_letters(session: Session, actor: Actor, grant: Grant) -> list[Mail]:
    """To those whom the permission file names; read as the system, since others' are not shown."""
    user = queries.user_by_id(session, actor.id)
    to = queries.addresses_of(session, PERMISSIONS.emergency["tell"])
    return [
        letters.emergency_opened(each, ref=grant.ref, user_ref=user.ref, until=grant.until_at)
        for each in to
    ]


def tidy(session: Session, *, now: datetime) -> int:
    """What the worker does each hour; how many accounts were disabled."""
    queries.forget_failures(session, before=now - FAILURES_KEPT)
    return disable_unused(session, now=now)


def disable_unused(session: Session, *, now: datetime) -> int:
    """Accounts past their end or unused for 90 days; how many were disabled."""
    today = now.astimezone(clock.LONDON).date()
    unused = {user.id for user in queries.unused_since(session, now - UNUSED)}
    n_disabled = 0
    for user in queries.users(session):
        over = user.ends_on < today and user.state != State.DISABLED
        if over or user.id in unused:
            disable(session, user, why="over" if over else "unused", now=now)
            n_disabled += 1
    return n_disabled


def disable(session: Session, user: User, *, why: str, now: datetime) -> None:
    """By the service itself, not by a person: `updated_by` stays who it was."""
    user.state, user.updated_at, user.version = State.DISABLED, now, user.version + 1
    for visit in queries.open_visits(session, user.id):
        visit.ended_at = now
    audit.record(session, "user.disable", "user", user.ref, why=why)


def _credential(session: Session, user: User) -> Credential:
    held = queries.credential(session, user.id)
    if held is None:
        raise NotFoundError("There is no password to change.")
    return held


def _of_now(token: str, at: datetime) -> str:
    """Codes of a browser and a moment: the next time they are others."""
    return f"{token} {int(at.timestamp() * 1000)}"
