"""Local sign-in: a password, then a code. Every try is counted before it is made.

Runs as the system, before anybody is known or beside a session that only the system may write.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.accounts import letters, queries, visits
from app.accounts.models import SignInFailure, User, Visit
from app.accounts.passwords import LONGEST
from app.accounts.queries import Known
from app.accounts.rules import (
    NOT_CURRENT,
    PAUSE,
    USERNAME,
    WAIT,
    WINDOW,
    State,
    folded,
    must_wait,
)
from app.accounts.secrets import Factors, totp_step
from app.audit import service as audit
from app.core import clock
from app.core.db import Database
from app.core.ids import new_id
from app.core.mail import Mail

TELL_AT = 5  # failures, then the person hears of it
NOBODYS = "-"  # what cannot be a username; counted and looked up all the same
TOTP, RECOVERY = "totp", "recovery"

# Of two tries at once, in whatever processes, the second sees the first.
LOCK = text("select pg_advisory_xact_lock(hashtextextended(encode(:key, 'hex'), 0))")


@dataclass(frozen=True, slots=True)
class Try:
    """One counted guess, and how many of this account there were within five minutes."""

    id: UUID
    of_account: int


def spelt(username: str) -> str:
    """As it is stored; one and the same for everything that cannot be a username."""
    name = folded(username)
    return name if USERNAME.fullmatch(name) else NOBODYS


def counted(
    session: Session, factors: Factors, *, account: str, source: str, now: datetime
) -> Try | None:
    """A failure until a success takes it back; None when account or source must wait."""
    keys = factors.failure_keys(account, source)
    for key in sorted(keys):
        session.execute(LOCK, {"key": key})
    tries = [queries.failures(session, key, since=now - WINDOW - PAUSE) for key in keys]
    if any(must_wait(each, now) for each in tries):
        return None
    attempt = new_id()
    session.add_all(SignInFailure(attempt_id=attempt, key=key, at=now) for key in keys)
    return Try(attempt, 1 + sum(at > now - WINDOW for at in tries[0]))


def known(session: Session, username: str, *, now: datetime) -> Known | None:
    return queries.may_sign_in(session, username, today=now.astimezone(clock.LONDON).date())


def passed_password(
    session: Session, tried: Try, found: Known, *, now: datetime, return_to: str
) -> str:
    """The token of a browser that is asked for a code next."""
    queries.take_back(session, tried.id)
    user = queries.user_by_id(session, found.user_id)
    return visits.asked_for_code(session, user, now=now, return_to=return_to)


def failed(
    session: Session, tried: Try, *, ref: str | None, email: str | None, action: str, why: str
) -> list[Mail]:
    """Kept in the audit; letters to send, the same work whether or not anybody was meant."""
    audit.record(session, action, "user", ref, outcome="refused", why=why)
    return [letters.failures(email)] if email and tried.of_account == TELL_AT else []


@dataclass(frozen=True, slots=True)
class Refused:
    """Why a password is not changed, and whom it is told."""

    words: str
    status: int
    letters: list[Mail]


def not_the_current(
    db: Database, factors: Factors, user: User, stored: str | None, *, given: str, source: str
) -> Refused | None:
    """None for the password one has, and for who has none yet. Guesses count as at the door."""
    if stored is None:
        return None
    with db.begin(visits.SYSTEM) as session:
        tried = counted(session, factors, account=user.username, source=source, now=clock.now())
    if tried is None:
        return Refused(WAIT, 429, [])
    right = factors.password_matches(stored, given[: LONGEST + 1])
    with db.begin(visits.system_for(user.id)) as session:
        if right:
            queries.take_back(session, tried.id)
            return None
        letters = failed(
            session,
            tried,
            ref=user.ref,
            email=user.email,
            action="user.password",
            why="password",
        )
    return Refused(NOT_CURRENT, 422, letters)


def passed_code(
    session: Session, tried: Try, visit: Visit, user: User, *, way: str, now: datetime
) -> str:
    """Signed in; the token before it ends here."""
    queries.take_back(session, tried.id)
    visit.ended_at = now
    return visits.signed_in(session, user, now=now, return_to=visit.return_to or "/", way=way)


def shows_code(
    session: Session, factors: Factors, user_id: UUID, code: str, *, now: datetime
) -> str | None:
    """How this person's second factor was shown, now used up; None when it was not."""
    held = queries.credential(session, user_id)
    if held is None:
        return None
    secret = factors.unseal(held.totp_secret, user_id) if held.totp_secret else None
    step = totp_step(secret, code, now, after=held.totp_last_step) if secret else None
    if step is not None:
        held.totp_last_step = step
        return TOTP
    asked = factors.recovery_hash(code, user_id)
    if asked not in held.recovery_hashes:
        return None
    held.recovery_hashes = [each for each in held.recovery_hashes if each != asked]
    return RECOVERY


def code_letters(session: Session, user: User, way: str) -> list[Mail]:
    """Somebody who finds a list of recovery codes can use it: the person hears of each."""
    if way != RECOVERY or user.email is None:
        return []
    held = queries.credential(session, user.id)
    return [letters.recovery_code_used(user.email, left=len(held.recovery_hashes) if held else 0)]


def browser_letters(user: User, *, new: bool) -> list[Mail]:
    return [letters.new_browser(user.email)] if new and user.email else []


def is_open(user: User, now: datetime) -> bool:
    """Whether the account may be signed in to: it may have ended between two pages."""
    return user.state == State.ACTIVE and user.ends_on >= now.astimezone(clock.LONDON).date()
