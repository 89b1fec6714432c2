"""Browsers on their way in and signed in: opened, found, renewed. A new token at each stage."""

from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from fastapi import Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts import queries
from app.accounts.identity import token_hash
from app.accounts.models import User, Visit
from app.accounts.permissions import ROLES
from app.accounts.rules import PAUSE, STAGE_TIME, Stage
from app.accounts.secrets import new_token
from app.audit import service as audit
from app.core import pages
from app.core.actor import Actor, job_actor
from app.core.errors import SignInNeededError

# Sign-in works before anybody is known, with the rows of accounts and no others.
SYSTEM = job_actor("accounts:sign-in", db_role="cs_app")


def system_for(user_id: UUID) -> Actor:
    """The same, beside a person who is known: the audit says who it was."""
    return replace(SYSTEM, id=user_id)


def asked_for_code(session: Session, user: User, *, now: datetime, return_to: str) -> str:
    """The first factor was right; the second is asked for next. The token for the cookie."""
    return _opened(session, user, Stage.CODE, now=now, return_to=return_to)


def setting_up(session: Session, user: User, challenge: bytes, *, now: datetime) -> str:
    """An invitation was spent; `challenge` holds the sealed secret that is shown meanwhile."""
    token = _opened(session, user, Stage.SETUP, now=now, return_to="/")
    visit = queries.visit(session, token_hash(token), Stage.SETUP, now=now)
    if visit is not None:
        visit.challenge = challenge
    return token


def signed_in(session: Session, user: User, *, now: datetime, return_to: str, way: str) -> str:
    """Both factors were right just now. The token for the cookie."""
    return signed_in_elsewhere(session, user, now=now, return_to=return_to, way=way, shown_at=now)


def signed_in_elsewhere(
    session: Session,
    user: User,
    *,
    now: datetime,
    return_to: str,
    way: str,
    shown_at: datetime | None,
) -> str:
    """As well; but the factors may have been shown there hours ago, or nobody knows when."""
    token = _opened(session, user, Stage.FULL, now=now, return_to=return_to, shown_at=shown_at)
    user.last_sign_in_at = now
    audit.record(session, "sign_in", "user", user.ref, way=way)
    return token


def renewed(visit: Visit, *, now: datetime) -> str:
    """The second factor was shown again. Old cookies of this session end with it."""
    token = new_token()
    visit.token_hash, visit.stepped_at = token_hash(token), now
    return token


def full(session: Session, session_id: UUID | None) -> Visit:
    """The session of a person who is signed in; programs with a token have none."""
    found = session.scalar(
        select(Visit)
        .where(Visit.id == session_id, Visit.stage == Stage.FULL, Visit.ended_at.is_(None))
        .with_for_update()
    )
    if found is None:
        raise SignInNeededError("Sign in first.")
    return found


def signed_in_at(answer: Response, token: str) -> Response:
    """The cookie of a session: for this host only, over TLS only, out of reach of scripts."""
    answer.set_cookie(
        pages.SESSION_COOKIE, token, path="/", secure=True, httponly=True, samesite="strict"
    )
    return answer


def signed_out(answer: Response) -> Response:
    """The browser forgets the cookie and what it keeps of pages; the session has ended already.

    Not its other cookie: that one spares a letter about a browser that is known.
    """
    answer.headers["clear-site-data"] = '"cache", "storage"'
    answer.delete_cookie(
        pages.SESSION_COOKIE, path="/", secure=True, httponly=True, samesite="strict"
    )
    return answer


def patient(answer: Response) -> Response:
    """Says to programs, too, how long to wait after too many tries."""
    if answer.status_code == 429:
        answer.headers["retry-after"] = str(int(PAUSE.total_seconds()))
    return answer


def _opened(
    session: Session,
    user: User,
    stage: Stage,
    *,
    now: datetime,
    return_to: str,
    shown_at: datetime | None = None,
) -> str:
    role, token = ROLES[user.role], new_token()
    lasts = STAGE_TIME.get(stage, timedelta(hours=role.abs_h))
    session.add(
        Visit(
            token_hash=token_hash(token),
            user_id=user.id,
            stage=stage,
            return_to=return_to,
            created_at=now,
            last_seen_at=now,
            idle_min=role.idle_min,
            absolute_until=now + lasts,
            stepped_at=shown_at,
        )
    )
    return token
