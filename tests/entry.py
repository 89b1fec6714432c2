"""People who sign in themselves: an account with a password and an authenticator, for tests."""

import time
from dataclasses import dataclass, field
from datetime import timedelta

import psycopg
import pyotp
from argon2 import PasswordHasher
from psycopg.rows import dict_row
from sqlalchemy import text

from app.accounts.models import Credential
from app.accounts.secrets import STEP_S, factors_of
from app.core import clock
from app.core.mail import RecordedMail
from tests.people import HTML, SYSTEM, browser, send, sign_in_as

CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
PASSWORD = "otter lantern gravel 7"
SLOW_S = 10


def step_now() -> tuple[int, float]:
    """The step of codes that the clock is in, and how many seconds of it are gone."""
    step, into = divmod(clock.now().timestamp(), STEP_S)
    return int(step), into


@dataclass
class Account:
    """What one person knows and holds."""

    user_id: object
    username: str
    secret: str = field(repr=False)
    recovery: list[str] = field(repr=False)
    email: str
    used: int = 0

    def code(self) -> str:
        """The next code that has not been used; at most one step ahead of the clock.

        The code of the last step is good until this step ends: near its end it is left out, or
        a slow request would bring it too late.
        """
        now, into = step_now()
        self.used = max(self.used + 1, now if into > STEP_S - SLOW_S else now - 1)
        while self.used > now + 1 and into > STEP_S - SLOW_S:
            time.sleep(0.2)
            now, into = step_now()
        assert self.used <= now + 1, "three codes in half a minute are all there are"
        return pyotp.TOTP(self.secret).at(self.used * STEP_S)


def account(db, settings, role="practitioner", *, hasher=CHEAP, **options) -> Account:
    person = sign_in_as(db, role, **options)
    factors = factors_of(settings, hasher)
    secret = pyotp.random_base32()
    codes = factors.recovery_codes(person.username)
    email = f"{person.username}@example.test"
    with db.begin(SYSTEM) as session:
        session.execute(
            text("update app.session set ended_at = now() where user_id = :id"),
            {"id": person.user_id},
        )
        session.execute(
            text('update app."user" set email = :email where id = :id'),
            {"email": email, "id": person.user_id},
        )
        session.add(
            Credential(
                user_id=person.user_id,
                password_hash=factors.hashed(PASSWORD),
                totp_secret=factors.seal(secret, person.user_id),
                recovery_hashes=[factors.recovery_hash(code, person.user_id) for code in codes],
            )
        )
    return Account(person.user_id, person.username, secret, codes, email)


def visitor(db, settings, *, hasher=CHEAP):
    """A browser that nobody has signed in with; letters are kept at `client.letters`."""
    client = browser(db, settings)
    client.app.state.factors = factors_of(settings, hasher)
    client.app.state.mailer = RecordedMail()
    client.letters = client.app.state.mailer.sent
    return client


def see(client, path):
    return client.get(path, headers=HTML)


def give_password(client, username, password=PASSWORD, **more):
    return send(client, "/sign-in", username=username, password=password, **more)


def sign_in(client, who: Account, **more):
    """Both factors; where it leads."""
    first = give_password(client, who.username, **more)
    assert first.headers.get("location") == "/sign-in/code", first.text
    return send(client, "/sign-in/code", code=who.code())


def later(db, table, column, by: timedelta, where="true"):
    """As if so much time had gone by since."""
    statement = f"update app.{table} set {column} = {column} - :by where {where}"
    with db.begin(SYSTEM) as session:
        session.execute(text(statement), {"by": by})


def events(cluster, db) -> list[dict]:
    """The audit so far, as its owner reads it."""
    with psycopg.connect(cluster.dsn("postgres", db.logins.dbname), row_factory=dict_row) as admin:
        return admin.execute("select * from audit.event order by id").fetchall()
