"""The job queue of procrastinate in a schema of its own.

The library's own schema of the locked version; an upgrade of the library adds a migration with
its numbered steps. First release, so no running code. Reversible: waiting jobs are lost.
"""

from alembic import op
from procrastinate.schema import SchemaManager

revision = "0005"
down_revision = "0004"

TABLES = (
    "procrastinate_workers",
    "procrastinate_jobs",
    "procrastinate_periodic_defers",
    "procrastinate_events",
)


def upgrade() -> None:
    op.execute("set local search_path = queue")
    op.execute(SchemaManager.get_schema())
    op.execute("set local search_path = public")
    for table in TABLES:
        op.execute(f"alter table queue.{table} enable row level security")
        op.execute(f"alter table queue.{table} force row level security")
        # Job arguments are ids only, so that a queue row tells nothing of a record.
        op.execute(
            f"create policy {table}_logins on queue.{table} for all to cs_app, cs_job "
            "using (true) with check (true)"
        )
    op.execute("grant select, insert on all tables in schema queue to cs_app")
    op.execute("grant select, insert, update, delete on all tables in schema queue to cs_job")
    op.execute("grant usage on all sequences in schema queue to cs_app, cs_job")
    op.execute("revoke execute on all functions in schema queue from public")
    op.execute("grant execute on all functions in schema queue to cs_app, cs_job")


def downgrade() -> None:
    op.execute("drop schema queue cascade")
    op.execute("create schema queue")
    op.execute("grant usage on schema queue to cs_app, cs_job, cs_audit")
