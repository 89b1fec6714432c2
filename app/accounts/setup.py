"""An account set up from an invitation: a password, an authenticator app, recovery codes.

Runs as the system: nobody is signed in yet.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from app.accounts import letters, passwords, queries, visits
from app.accounts.identity import token_hash
from app.accounts.models import Credential, User, Visit
from app.accounts.permissions import ROLES
from app.accounts.rules import Stage, State, state_after_setup
from app.accounts.secrets import Factors, new_totp_secret, totp_step
from app.audit import service as audit
from app.core.errors import SignInNeededError
from app.core.mail import Mail

NO_CODE = "Enter the 6 digits that your app shows now."


@dataclass(frozen=True, slots=True)
class Checked:
    """A password that may be used and a code that was right."""

    password: str
    secret: str
    step: int


def link_is_open(session: Session, token: str, *, now: datetime) -> bool:
    return queries.invitation(session, token_hash(token), now=now) is not None


def spend(session: Session, factors: Factors, token: str, *, now: datetime) -> str | None:
    """The token of a browser that sets up the account; None when the link is over."""
    found = queries.invitation(session, token_hash(token), now=now)
    if found is None:
        return None
    found.used_at = now
    user = queries.user_by_id(session, found.user_id)
    if user.state == State.DISABLED:
        return None
    audit.record(session, "user.open_invitation", "user", user.ref)
    sealed = factors.seal(new_totp_secret(), user.id)
    return visits.setting_up(session, user, sealed, now=now)


def under_way(session: Session, token: str, *, now: datetime) -> tuple[Visit, User]:
    """The browser that spent an invitation within the hour, and whose account it sets up."""
    visit = queries.visit(session, token_hash(token), Stage.SETUP, now=now)
    if visit is None:
        raise SignInNeededError("Open the link of your invitation.")
    return visit, queries.user_by_id(session, visit.user_id)


def secret_of(factors: Factors, visit: Visit) -> str | None:
    """The secret that is being shown; None once it has been confirmed."""
    return factors.unseal(visit.challenge, visit.user_id) if visit.challenge else None


def checked(
    user: User, secret: str, *, password: str, code: str, now: datetime
) -> tuple[Checked | None, dict[str, str]]:
    """What was typed, or one sentence for each field."""
    step = totp_step(secret, code, now, after=0)
    found = {
        "password": passwords.problem(password, username=user.username, name=user.name),
        "code": NO_CODE if step is None else None,
    }
    errors = {name: words for name, words in found.items() if words}
    return (Checked(password, secret, step), {}) if step and not errors else (None, errors)


def finish(
    session: Session,
    factors: Factors,
    visit: Visit,
    *,
    token: str,
    password_hash: str,
    given: Checked,
    now: datetime,
) -> list[Mail]:
    """Both factors are kept; the account opens, or waits for its second person."""
    user = queries.user_by_id(session, visit.user_id)
    held = queries.credential(session, user.id)
    if held is None:
        held = Credential(user_id=user.id)
        session.add(held)
    held.password_hash, held.changed_at = password_hash, now
    held.totp_secret, held.totp_last_step = factors.seal(given.secret, user.id), given.step
    codes = factors.recovery_codes(token)
    held.recovery_hashes = [factors.recovery_hash(code, user.id) for code in codes]
    visit.challenge = None
    user.state = state_after_setup(
        waits_for_second=bool(ROLES[user.role].second_person),
        confirmed=user.approved_at is not None,
    )
    user.updated_at, user.version = now, user.version + 1
    audit.record(session, "user.set_up", "user", user.ref)
    return [letters.set_up(user.email)] if user.email else []


def enter(session: Session, visit: Visit, user: User, *, now: datetime) -> str | None:
    """The recovery codes were kept: signed in; None while a second person is waited for."""
    visit.ended_at = now
    if user.state != State.ACTIVE:
        return None
    return visits.signed_in(session, user, now=now, return_to="/", way="setup")
