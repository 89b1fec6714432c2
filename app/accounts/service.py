"""Changes to accounts. Every function runs inside the caller's transaction."""

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.accounts import queries
from app.accounts.identity import token_hash
from app.accounts.models import User
from app.accounts.rules import INVITATION_TIME
from app.accounts.secrets import new_token
from app.audit import service as audit
from app.core import clock
from app.core.ids import new_id

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
