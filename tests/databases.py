"""Databases of the tests: cloned from a template, and one that is emptied between tests."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg

from app.accounts.install import finish
from app.core.db import Database
from app.core.migrate import bootstrap_and_migrate
from app.core.postgres import PrivateCluster

CLAIMS_KEY = b"key of the tests, of no other use"
TEMPLATE = "template_contextmap"


@dataclass(frozen=True)
class Logins:
    """Logins of one database of the test cluster."""

    cluster: PrivateCluster
    dbname: str

    def dsn(self, role: str) -> str:
        return self.cluster.dsn(role, self.dbname)


def create_database(cluster: PrivateCluster, name: str, template: str = "template1") -> None:
    with psycopg.connect(cluster.dsn("postgres", "postgres"), autocommit=True) as admin:
        admin.execute(f'create database "{name}" template "{template}" strategy file_copy'.encode())


def migrate(cluster: PrivateCluster, name: str) -> None:
    bootstrap_and_migrate(
        cluster.dsn("postgres", name),
        cluster.dsn("cs_migrate", name),
        claims_key=CLAIMS_KEY,
        finish=finish(),
    )


@contextmanager
def cloned(cluster: PrivateCluster, template: str, name: str) -> Iterator[Database]:
    create_database(cluster, name, template)
    database = Database(Logins(cluster, name), CLAIMS_KEY)
    try:
        yield database
    finally:
        database.dispose()
        with psycopg.connect(cluster.dsn("postgres", "postgres"), autocommit=True) as admin:
            admin.execute(f'drop database "{name}" with (force)'.encode())


# What ships with the service and the schema itself: a test that changes these spoils its database.
SHIPPED = """
    select concat_ws(' ',
        (select count(*) || ' ' || max(id) from reference.area),
        (select count(*) || ' ' || coalesce(max(xmin::text::bigint), 0) from reference.postcode),
        (select count(*) || ' ' || coalesce(max(xmin::text::bigint), 0) from reference.lookup),
        (select count(*) || ' ' || max(id) from reference.street),
        (select count(*) || ' ' || max(id) from reference.site),
        (select count(*) from reference.stop),
        (select count(*) || ' ' || coalesce(max(xmin::text::bigint), 0) from reference.place_type),
        (select count(*) || ' ' || coalesce(max(xmin::text::bigint), 0) from reference.harm),
        (select count(*) || ' ' || max(xmin::text::bigint) from pg_proc),
        (select count(*) || ' ' || max(xmin::text::bigint) from pg_policy),
        (select count(*) || ' ' || count(*) filter (where retired_at is null) from sec.key),
        (select count(*) from pg_class where relkind in ('r', 'i', 'v')))
"""
FILLED = """
    select string_agg(format('%I.%I', n.nspname, c.relname), ', ')
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relkind = 'r' and pg_relation_size(c.oid) > 0
      and (n.nspname in ('app', 'vault', 'audit', 'queue', 'intake')
           or n.nspname = 'reference' and c.relname in
           ('place_point', 'police_event', 'police_label', 'point_grid', 'month_grid',
            'police_search', 'area_count', 'line', 'route_stop', 'import_claim'))
"""


class Bench:
    """One database for test after test: emptied in between, cloned anew when a test spoilt it.

    A clone costs 0.4 s, emptying what a test filled a tenth of that.
    """

    def __init__(self, cluster: PrivateCluster, template: str) -> None:
        self.cluster, self.template = cluster, template
        self.number, self.shipped = 0, None

    @property
    def name(self) -> str:
        return f"bench{self.number}"

    def ready(self) -> Database:
        if self.shipped is None:
            self.number += 1
            create_database(self.cluster, self.name, self.template)
            with self._admin() as admin:
                self.shipped = admin.execute(SHIPPED).fetchone()
        return Database(Logins(self.cluster, self.name), CLAIMS_KEY)

    def emptied(self) -> None:
        with self._admin() as admin:
            admin.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity "
                "where datname = current_database() and pid <> pg_backend_pid()"
            )
            if admin.execute(SHIPPED).fetchone() != self.shipped:
                self.shipped = None
                return
            (filled,) = admin.execute(FILLED).fetchone()
            if filled:
                admin.execute(f"truncate {filled} restart identity cascade".encode())

    def _admin(self) -> psycopg.Connection:
        return psycopg.connect(self.cluster.dsn("postgres", self.name), autocommit=True)
