"""The own keys of a report go with its words, and that of a contact with the contact.

Whoever deletes them, in whatever way, leaves the name of the key's file to be destroyed. Running
code does not know it. Reversible.
"""

from alembic import op

revision = "0051"
down_revision = "0050"

# The names of the files are made in app/reports/own_keys.py, too.
SPENT = """
create function app.report_key_spent() returns trigger
    language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
    insert into vault.spent_key (key_id)
    values (case tg_table_name when 'report_contact'
            then substr(encode(sha256(convert_to('contact ' || old.report_id, 'UTF8')), 'hex'),
                        1, 32)::uuid
            else old.report_id end)
    on conflict do nothing;
    return null;
end $$
"""


def upgrade() -> None:
    op.execute(SPENT)
    op.execute("revoke execute on function app.report_key_spent() from public")
    for table in ("report_original", "report_contact"):
        op.execute(
            f"create trigger {table}_key_spent after delete on app.{table} "
            "for each row execute function app.report_key_spent()"
        )


def downgrade() -> None:
    for table in ("report_original", "report_contact"):
        op.execute(f"drop trigger {table}_key_spent on app.{table}")
    op.execute("drop function app.report_key_spent")
