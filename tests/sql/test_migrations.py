"""The schema down and up again, with the policies of the permission file in it."""

import psycopg
import pytest

from app.core.migrate import downgrade
from tests.conftest import create_database, migrate

POLICIES = """
    select polrelid::regclass::text, polname, pg_get_expr(polqual, polrelid),
           pg_get_expr(polwithcheck, polrelid)
    from pg_policy order by 1, 2
"""
COLUMNS = """
    select table_schema, table_name, column_name, data_type from information_schema.columns
    where table_schema in ('app', 'vault', 'audit', 'sec', 'reference', 'queue') order by 1, 2, 3
"""


@pytest.fixture
def name(cluster):
    create_database(cluster, "up_and_down")
    migrate(cluster, "up_and_down")
    yield "up_and_down"
    with psycopg.connect(cluster.dsn("postgres", "postgres"), autocommit=True) as admin:
        admin.execute("drop database up_and_down with (force)")


def seen(cluster, name):
    with psycopg.connect(cluster.dsn("postgres", name)) as admin:
        return admin.execute(POLICIES).fetchall(), admin.execute(COLUMNS).fetchall()


@pytest.mark.parametrize("revision", ["0007", "0005"])
def test_down_and_up_again_is_what_it_was(cluster, name, revision):
    before = seen(cluster, name)

    downgrade(cluster.dsn("cs_migrate", name), revision)
    between = seen(cluster, name)
    with psycopg.connect(cluster.dsn("postgres", name), autocommit=True) as admin:
        admin.execute("comment on schema sec is 'of an earlier version'")
    migrate(cluster, name)

    assert between != before
    assert seen(cluster, name) == before
