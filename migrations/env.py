"""Alembic environment: login cs_migrate, owner cs_owner, one transaction per migration."""

import time

from alembic import context
from sqlalchemy import Connection, create_engine, pool, text

from app.core.migrate import LOCK_TIMEOUT

LOCK = 72_110_419  # any number, the same for every migrator
config = context.config


def wait_for_other_migrators(connection: Connection, *, timeout_s: float = 60) -> None:
    """Poll, since waiting inside pg_advisory_lock deadlocks with `create index concurrently`."""
    until = time.monotonic() + timeout_s
    while not connection.scalar(text("select pg_try_advisory_lock(:key)"), {"key": LOCK}):
        if time.monotonic() > until:
            raise TimeoutError("Another migration has been running for a minute. Try again later.")
        time.sleep(0.2)


def configure(**options: object) -> None:
    context.configure(
        version_table="schema_version",
        version_table_schema="reference",
        transaction_per_migration=True,
        **options,  # type: ignore[arg-type]  # alembic types each option, not the union
    )


def run_offline() -> None:
    configure(dialect_name="postgresql", literal_binds=True)
    with context.begin_transaction():
        context.run_migrations()


def run_online() -> None:
    engine = create_engine(config.get_main_option("sqlalchemy.url") or "", poolclass=pool.NullPool)
    with engine.connect() as connection:
        connection.execute(
            text(f"set lock_timeout = '{LOCK_TIMEOUT}'; set statement_timeout = '60s'")
        )
        connection.execute(text("set role cs_owner; create schema if not exists reference"))
        wait_for_other_migrators(connection)
        connection.commit()
        configure(connection=connection)
        with context.begin_transaction():
            context.run_migrations()
        connection.execute(text("select pg_advisory_unlock(:key)"), {"key": LOCK})
        connection.commit()


if context.is_offline_mode():
    run_offline()
else:
    run_online()
