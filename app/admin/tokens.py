"""Tokens for programs, made in somebody's name for at most a day."""

from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from app.accounts.identity import token_hash
from app.accounts.models import ApiToken, User
from app.accounts.permissions import ROLES
from app.accounts.rules import State, TokenScope
from app.accounts.secrets import new_token
from app.audit import service as audit
from app.core import clock
from app.core.actor import Actor, job_actor
from app.core.errors import RuleBrokenError

# Only the system may write a token: a policy cannot say for whom, how long and with what right.
SYSTEM = job_actor("accounts:admin", db_role="cs_app")
ON_THE_HOST = (
    "A token of this role is made on the command line of the host: whoever holds it acts as the "
    "person, and a second person has confirmed nobody else for this role."
)


def system_for(actor: Actor) -> Actor:
    """The same, beside a person who is known: the audit says who it was."""
    return replace(SYSTEM, id=actor.id)


def barrier(user: User) -> str | None:
    """Why an administrator makes no token for this account; None when they may.

    With a lead's token an administrator would read what only a confirmed lead may.
    """
    if user.state != State.ACTIVE or user.ends_on < clock.today():
        return "This account is not active."
    return ON_THE_HOST if ROLES[user.role].second_person else None


def make(
    session: Session,
    by: UUID,
    user: User,
    *,
    scope: TokenScope,
    lives: timedelta,
    label: str | None,
) -> tuple[str, datetime]:
    """The token, which nothing can show again, and when it ends."""
    if user.state != State.ACTIVE or user.ends_on < clock.today():
        raise RuleBrokenError("This account is not active.")
    token, now = new_token(), clock.now()
    session.add(
        ApiToken(
            user_id=user.id,
            token_hash=token_hash(token),
            scope=scope,
            label=label,
            created_at=now,
            created_by=by,
            expires_at=now + lives,
        )
    )
    minutes = int(lives.total_seconds() // 60)
    audit.record(session, "token.create", "user", user.ref, scope=scope, minutes=minutes)
    return token, now + lives
