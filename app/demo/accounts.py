"""Demonstration accounts: one a role and a second lead, with secrets in a file.

Made at the first start in demo mode and kept; made anew when the file or the accounts are not what
they were. Outside demo mode they are disabled, since somebody may have read the file.
"""

import json
import os
import secrets
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app.accounts import passwords, queries, service
from app.accounts.models import Credential, User
from app.accounts.permissions import ROLES
from app.accounts.rules import LONGEST_ACCOUNT, State
from app.accounts.secrets import Factors, factors_of, new_totp_secret
from app.audit import service as audit
from app.core import clock, log
from app.core.actor import NOBODY, job_actor
from app.core.db import Database
from app.core.errors import BusyError, ReadOnlyError
from app.core.ids import new_reference
from app.core.settings import Settings

JOB = job_actor("demo:load")
CLOSER = job_actor("demo:load", db_role="cs_app")  # by the web process, too
FILE = "demo-accounts.json"
LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # none that looks like another


class Demo(NamedTuple):
    """Who there is. Kingston for those who have one borough."""

    role: str
    username: str
    agency_code: str


PEOPLE = (
    Demo("partner", "demo-partner", "EDU"),
    Demo("practitioner", "demo-practitioner", "LA_KINGSTON"),
    Demo("police_analyst", "demo-police", "MPS_SWBCU"),
    Demo("cs_lead", "demo-lead", "AFC"),
    Demo("vca_member", "demo-vca", "VRU"),
    Demo("auditor", "demo-auditor", "AFC"),
    Demo("administrator", "demo-administrator", "AFC"),
    Demo("cs_lead", "demo-custodian", "AFC"),  # decides on what the other lead asks
)
BOROUGH = "E09000021"

Told = Mapping[str, str]

# The demonstration accounts, and whatever they or those made by them changed or confirmed last.
BEHIND = text("""
    with recursive behind (id) as (
        select id from app."user" where username = any (:names) and is_synthetic
        union
        select made.id from app."user" as made
        join behind on behind.id in (made.updated_by, made.approved_by)
    )
    select id from behind
""")
TOKENS = text("""
    update app.api_token set revoked_at = now()
    where created_by = any (:ids) and revoked_at is null
""")
GRANTS = text("""
    update app.access_grant set revoked_at = now(), revoked_by = :nobody
    where revoked_at is null and (created_by = any (:ids) or approved_by = any (:ids))
""")


def ensure(db: Database, settings: Settings, factors: Factors | None = None) -> bool:
    """Accounts and file, as they were or both anew; True when they were made."""
    proofs, path = factors or factors_of(settings), settings.data_dir / FILE
    with db.begin(JOB) as session:
        if _stand(session, proofs, _told(path)):
            return False
        made = [_made(session, person, proofs) for person in PEOPLE]
        audit.record(session, "demo.accounts", "user", None, rows=len(made))
        waiting = _written_beside(path, made)
    waiting.replace(path)  # after the commit: a crash before it leaves no file, so all is made anew
    return True


def close(db: Database) -> int:
    """Outside demo mode nobody signs in with them; how many accounts were still open.

    Whoever had the file could make further accounts, confirm them, give tokens and grants: these
    end, too. An account that somebody else has changed since, and confirmed, is theirs.
    """
    with db.begin(CLOSER) as session:
        ids = list(session.scalars(BEHIND, {"names": [person.username for person in PEOPLE]}))
        found = session.scalars(
            select(User).where(User.id.in_(ids), User.state != State.DISABLED).with_for_update()
        ).all()
        for user in found:
            service.disable(session, user, why="not demo", now=clock.now())
        for statement in (TOKENS, GRANTS) if ids else ():
            session.execute(statement, {"ids": ids, "nobody": NOBODY})
    return len(found)


def close_outside(db: Database, settings: Settings) -> None:
    """At the start of each web process: where the launcher is not used, nothing else would.

    Without an answer nobody signs in either; the next start asks again.
    """
    if settings.demo:
        return
    try:
        close(db)
    except (BusyError, ReadOnlyError):
        log.info("demo.not-closed")


def _existing(session: Session) -> dict[str, User]:
    names = [person.username for person in PEOPLE]
    found = session.scalars(
        select(User).where(User.username.in_(names), User.is_synthetic).with_for_update()
    )
    return {user.username: user for user in found}


def _told(path: Path) -> dict[str, Told]:
    """What the file says, by username; nothing when it is missing or spoilt."""
    try:
        return {each["username"]: each for each in json.loads(path.read_text())}
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def _stand(session: Session, factors: Factors, told: Mapping[str, Told]) -> bool:
    """Whether every account is open and has the secret of the file."""
    users = _existing(session)
    return all(
        person.username in told
        and person.username in users
        and _stands(session, users[person.username], factors, told[person.username])
        for person in PEOPLE
    )


def _stands(session: Session, user: User, factors: Factors, told: Told) -> bool:
    held = queries.credential(session, user.id)
    secret = factors.unseal(held.totp_secret, user.id) if held and held.totp_secret else None
    is_open = user.state == State.ACTIVE and user.ends_on >= clock.today()
    return is_open and secret is not None and secret == told.get("totp_secret")


def _made(session: Session, person: Demo, factors: Factors) -> Told:
    now, password, secret = clock.now(), _password(), new_totp_secret()
    user = _existing(session).get(person.username) or _new(session, person)
    user.state, user.ends_on = State.ACTIVE, clock.today() + LONGEST_ACCOUNT
    user.approved_at, user.approved_by = now, NOBODY
    user.updated_at, user.last_sign_in_at = now, None
    session.flush()
    for visit in queries.open_visits(session, user.id):
        visit.ended_at = now
    held = queries.credential(session, user.id) or Credential(user_id=user.id)
    held.password_hash, held.changed_at = factors.hashed(password), now
    held.totp_secret, held.totp_last_step = factors.seal(secret, user.id), 0
    held.recovery_hashes = []
    session.add(held)
    return {
        "role": person.role,
        "username": person.username,
        "password": password,
        "totp_secret": secret,
    }


def _new(session: Session, person: Demo) -> User:
    one_borough = ROLES[person.role].boroughs == "assigned"
    user = User(
        ref=new_reference("US"),
        username=person.username,
        name="Demo person",
        agency_code=person.agency_code,
        role=person.role,
        borough_codes=[BOROUGH] if one_borough else [],
        created_by=NOBODY,
        updated_by=NOBODY,
        is_synthetic=True,
    )
    session.add(user)
    return user


def _password() -> str:
    """80 random bits, in groups that can be typed."""
    while True:
        groups = ("".join(secrets.choice(LETTERS) for _ in range(4)) for _ in range(4))
        made = "-".join(groups)
        if passwords.problem(made) is None:
            return made


def _written_beside(path: Path, made: Sequence[Told]) -> Path:
    """Open to this user only from its first byte on."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{FILE}-")
    with os.fdopen(handle, "w") as file:
        json.dump(made, file, indent=1)
        file.write("\n")
    return Path(name)
