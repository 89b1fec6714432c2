"""Whose account a proven sign-on is, and the passkeys of a person.

Every function runs as the system, before anybody is known or beside a session that only the system
may write; so each takes the visit or the account it is about.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.accounts import passkeys, queries
from app.accounts.issuer import SignOnRefusedError, Why
from app.accounts.models import Credential, Passkey, User, Visit
from app.accounts.oidc import Proven
from app.accounts.passkeys import Key, Party, PasskeyRefusedError, Use
from app.accounts.permissions import ROLES
from app.accounts.rules import State, state_after_setup
from app.audit import service as audit
from app.core import clock
from app.core.errors import NotFoundError

MOST_PASSKEYS = 10
TOO_MANY = "You have 10 passkeys. Remove one first."
NOT_ADDED = "The passkey was not added. Try again."


def owner(session: Session, proven: Proven, *, now: datetime) -> User:
    """The account this sign-on is of, which may be signed in to or waits for a second person.

    Raises
    ------
    SignOnRefusedError
        No such account, one that is over or disabled, or no second factor anywhere.
    """
    found = _linked(session, proven) or _by_address(session, proven)
    if found is None or found.state == State.DISABLED:
        raise SignOnRefusedError(Why.ACCOUNT)
    if found.ends_on < now.astimezone(clock.LONDON).date():
        raise SignOnRefusedError(Why.ACCOUNT)
    if not proven.second_factor and not has_factor(session, found.id):
        raise SignOnRefusedError(Why.FACTOR)
    if found.oidc_subject is None:
        found.oidc_issuer, found.oidc_subject = proven.issuer, proven.subject
        audit.record(session, "user.link", "user", found.ref)
    if found.state == State.INVITED:
        _set_up(found, now)
    return found


def has_factor(session: Session, user_id: UUID) -> bool:
    """Whether we can ask for a code or a passkey ourselves."""
    sealed = session.scalar(select(Credential.totp_secret).where(Credential.user_id == user_id))
    return sealed is not None or bool(queries.passkeys(session, user_id))


def _linked(session: Session, proven: Proven) -> User | None:
    return session.scalar(
        select(User)
        .where(User.oidc_issuer == proven.issuer, User.oidc_subject == proven.subject)
        .with_for_update()
    )


def _by_address(session: Session, proven: Proven) -> User | None:
    """At the first sign-on. Two accounts of one address: an administrator says which."""
    if proven.email is None:
        return None
    found = session.scalars(
        select(User)
        .where(func.lower(User.email) == proven.email.lower(), User.oidc_subject.is_(None))
        .where(User.state != State.DISABLED)
        .with_for_update()
    ).all()
    return found[0] if len(found) == 1 else None


def _set_up(user: User, now: datetime) -> None:
    """The work account shows two factors: nothing of ours has to be set up first."""
    user.state = state_after_setup(
        waits_for_second=bool(ROLES[user.role].second_person),
        confirmed=user.approved_at is not None,
    )
    user.updated_at, user.version = now, user.version + 1


def options(session: Session, visit: Visit, party: Party, use: Use, *, now: datetime) -> str:
    """A new challenge for this browser, in the words a browser wants."""
    visit.challenge = passkeys.new_challenge(use, now)
    known = [each.credential_id for each in queries.passkeys(session, visit.user_id)]
    if use is Use.SHOW:
        return passkeys.to_show(party, visit.challenge, known)
    user = queries.user_by_id(session, visit.user_id)
    return passkeys.to_add(
        party, visit.challenge, user_id=user.id, username=user.username, known=known
    )


def add(
    session: Session, visit: Visit, party: Party, answer: str, label: str, *, now: datetime
) -> str | None:
    """A passkey for the person of this session; what is wrong, in words, if it was not added."""
    if len(queries.passkeys(session, visit.user_id)) >= MOST_PASSKEYS:
        return TOO_MANY
    key = _added(party, answer, _spent(visit, Use.ADD, now))
    if key is None or _known(session, key.credential_id) is not None:
        return NOT_ADDED
    session.add(
        Passkey(
            user_id=visit.user_id,
            credential_id=key.credential_id,
            public_key=key.public_key,
            sign_count=key.sign_count,
            label=label,
        )
    )
    audit.record(session, "passkey.create", "user", _ref(session, visit))
    return None


def shows_passkey(
    session: Session, visit: Visit, party: Party, *, answer: str, now: datetime
) -> bool:
    """Whether the person of this browser holds one of their passkeys. The challenge is spent."""
    challenge = _spent(visit, Use.SHOW, now)
    try:
        passkey = _known(session, passkeys.named_in(answer))
        if challenge is None or passkey is None or passkey.user_id != visit.user_id:
            return False
        held = Key(passkey.credential_id, passkey.public_key, passkey.sign_count)
        passkey.sign_count = passkeys.shown(party, answer, challenge, held)
    except PasskeyRefusedError:
        return False
    passkey.last_used_at = now
    return True


def remove(session: Session, visit: Visit, passkey_id: UUID, *, now: datetime) -> None:
    """Of one's own only."""
    held = {each.id: each for each in queries.passkeys(session, visit.user_id)}
    if passkey_id not in held:
        raise NotFoundError("There is no such passkey.")
    held[passkey_id].removed_at = now
    audit.record(session, "passkey.delete", "user", _ref(session, visit))


def _ref(session: Session, visit: Visit) -> str:
    return queries.user_by_id(session, visit.user_id).ref


def _spent(visit: Visit, use: Use, now: datetime) -> bytes | None:
    """The challenge, once."""
    challenge, visit.challenge = visit.challenge, None
    return challenge if passkeys.is_fresh(challenge, use, now) else None


def _added(party: Party, answer: str, challenge: bytes | None) -> Key | None:
    try:
        return None if challenge is None else passkeys.added(party, answer, challenge)
    except PasskeyRefusedError:
        return None


def _known(session: Session, credential_id: bytes) -> Passkey | None:
    """Locked: of two uses at once the second sees the count of the first."""
    return session.scalar(
        select(Passkey)
        .where(Passkey.credential_id == credential_id, Passkey.removed_at.is_(None))
        .with_for_update()
    )
