"""A served partnership for clients of OGC API - Features, with a token of each role."""

from contextlib import contextmanager
from datetime import timedelta

import psycopg
import pyogrio
from owslib.ogcapi.features import Features

from app.accounts.identity import token_hash
from app.core import clock
from app.core.ids import new_id
from tests.people import browser, sign_in_as
from tests.sql import world
from tests.sql.oracle import allowed
from tests.sql.world import ME, OWN_AGENCY

ROLES = ("partner", "practitioner", "police_analyst", "cs_lead", "vca_member", "administrator")
TABLES = {"places": "app.place", "incidents": "app.incident", "online_spaces": "app.online_space"}


class Ground:
    """A served partnership, and a token of a person of each role."""

    def __init__(self, db, settings, url):
        self.db, self.settings, self.url = db, settings, url
        self.things = world.records()
        with psycopg.connect(db.logins.dsn("postgres")) as admin:
            for thing in self.things:
                world.write(thing, admin)
        self.people = {role: sign_in_as(db, role, agency=OWN_AGENCY) for role in ROLES}
        self.tokens = {role: self._token(person) for role, person in self.people.items()}

    def _token(self, person):
        secret = f"token of the tests of {person.username}"
        until = clock.now() + timedelta(hours=1)
        with psycopg.connect(self.db.logins.dsn("postgres")) as admin:
            admin.execute(
                "insert into app.api_token (id, user_id, token_hash, scope, created_by, expires_at)"
                " values (%s, %s, %s, 'read', %s, %s)",
                (new_id(), person.user_id, token_hash(secret), ME, until),
            )
        return secret

    def owslib(self, role):
        return Features(self.url, headers={"Authorization": f"Bearer {self.tokens[role]}"})

    def gdal(self, role, layer, **options):
        with as_token(self.tokens[role]):
            return pyogrio.read_dataframe(f"OAPIF:{self.url}", layer=layer, **options)

    def client(self, role):
        return browser(self.db, self.settings, self.people[role])

    def wanted(self, role, name):
        """The references that the oracle lets this person see."""
        table = TABLES[name]
        rows = ((t, r) for t in self.things if hasattr(t, "ref") for r in t.rows())
        return {
            thing.ref
            for thing, row in rows
            if row.table == table and allowed(self.people[role].actor, "select", row)
        }


@contextmanager
def as_token(secret):
    options = {"GDAL_HTTP_AUTH": "BEARER", "GDAL_HTTP_BEARER": secret}
    pyogrio.set_gdal_config_options(options)
    try:
        yield
    finally:
        forget_token()


def forget_token():
    names = ("GDAL_HTTP_AUTH", "GDAL_HTTP_BEARER")
    pyogrio.set_gdal_config_options(dict.fromkeys(names))
