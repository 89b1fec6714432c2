"""People with a live session, made straight in the database for tests that are not of sign-in."""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import psycopg
from sqlalchemy import text
from starlette.testclient import TestClient

from app.accounts.identity import identify, token_hash
from app.accounts.permissions import ROLES
from app.children.rules import trace
from app.core import clock
from app.core.actor import NOBODY, Actor, job_actor
from app.core.ids import new_id, new_reference
from app.core.pages import SESSION_COOKIE

SYSTEM = job_actor("accounts:sign-in", db_role="cs_app")
KINGSTON, RICHMOND = "E09000021", "E09000027"
HTML = {"Accept": "text/html"}
HERE = ("127.0.0.1", 50_000)  # a client of this machine itself, by no proxy

USER = text("""
    insert into app."user" (id, ref, username, name, agency_code, role, borough_codes, state,
                            ends_on, created_by, updated_by, approved_at, approved_by,
                            is_synthetic)
    values (:id, :ref, :username, :name, :agency, :role, :boroughs, 'ACTIVE', :ends_on, :nobody,
            :nobody, now(), :nobody, true)
""")
SESSION = text("""
    insert into app.session (id, token_hash, user_id, stage, idle_min, absolute_until, stepped_at)
    values (:id, :token_hash, :user_id, 'FULL', :idle_min, :until, :stepped_at)
""")


# A lead for tests that need no session: both boroughs, partnership and police tiers.
LEAD = Actor(
    id=UUID("00000000-0000-4000-8000-00000000d350"),
    role="cs_lead",
    label="Test lead, contextual safeguarding lead",
    agency="AFC",
    all_boroughs=True,
    tiers=("H0", "H1", "P"),
)


@dataclass(frozen=True)
class Person:
    """A synthetic person who is signed in."""

    user_id: UUID
    username: str
    cookie: str
    actor: Actor


def sign_in_as(
    db, role, *, boroughs=(KINGSTON,), agency="LA_KINGSTON", stepped=True, user_id=None
) -> Person:
    """A user of this role and a full session; costs about 5 ms."""
    user_id, cookie = user_id or new_id(), secrets.token_urlsafe(32)
    now = clock.now()
    known = ROLES[role]
    username = f"test-{role.replace('_', '-')}-{secrets.token_hex(4)}"
    user = {
        "id": user_id,
        "ref": new_reference("US"),
        "username": username,
        "name": f"Test {known.label}",
        "agency": agency,
        "role": role,
        "boroughs": list(boroughs) if known.boroughs == "assigned" else [],
        "ends_on": clock.today() + timedelta(days=90),
        "nobody": NOBODY,
    }
    session = {
        "id": new_id(),
        "token_hash": token_hash(cookie),
        "user_id": user_id,
        "idle_min": known.idle_min,
        "until": now + timedelta(hours=known.abs_h),
        "stepped_at": now if stepped else None,
    }
    with db.begin(SYSTEM) as transaction:
        transaction.execute(USER, user)
        transaction.execute(SESSION, session)
    found = identify(db, cookie)
    assert found is not None
    return Person(user_id, username, cookie, found.actor)


def browser(db, settings, person=None, **options) -> TestClient:
    """A client of the whole application, with this person's cookie."""
    from app.main import create_app

    client = TestClient(
        create_app(db, settings),
        # The cookie is for secure connections only. This machine asks for itself by its address.
        base_url="https://127.0.0.1" if options.get("client") == HERE else "https://testserver",
        follow_redirects=False,
        **options,
    )
    if person is not None:
        client.cookies.set(SESSION_COOKIE, person.cookie)
    return client


def csrf(client) -> str:
    """The token that a page would give this client for its forms."""
    session = client.cookies.get(SESSION_COOKIE, "")
    return hmac.new(client.app.state.csrf_key, session.encode(), hashlib.sha256).hexdigest()


def send(client, path, **answers):
    """A form as a browser sends it, with the token of the page."""
    return client.post(path, data={"csrf": csrf(client)} | answers, headers=HTML)


def ref_of(db, person) -> str:
    """The reference of this person's account."""
    with db.read(SYSTEM) as session:
        return session.scalar(
            text('select ref from app."user" where id = :id'), {"id": person.user_id}
        )


def in_days(days: int) -> str:
    """A day as a form sends it; never asked for while tests are collected: midnight may pass."""
    return (clock.today() + timedelta(days=days)).isoformat()


def trace_of(db: Any, ref: str) -> str:
    """What the audit calls the child with this reference."""
    with psycopg.connect(db.logins.cluster.dsn("postgres", db.logins.dbname)) as admin:
        (key,) = admin.execute("select id from app.child where ref = %s", (ref,)).fetchone()
    return trace(key)
