"""When the last backup ended, and why the last one that failed did: for the status page and alerts.

One line for each kind. The worker writes it by a function, whoever is signed in may ask; the table
itself is nobody's. Running code does not know it. Reversible: what it says is lost.
"""

from alembic import op

revision = "0047"
down_revision = "0046"

NOTE = """
create function sec.note_backup(
    of_kind text, began timestamptz, bytes bigint, failure text
) returns void
    language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    if sec.job() is distinct from 'backup:create' then
        raise insufficient_privilege using message = 'only a backup says that it was made';
    end if;
    insert into sec.backup as standing (kind) values (of_kind) on conflict (kind) do nothing;
    if failure is null then
        update sec.backup set began_at = began, done_at = clock_timestamp(), size_bytes = bytes,
            failed_at = null, problem = null
        where kind = of_kind;
    else
        update sec.backup set failed_at = clock_timestamp(), problem = left(failure, 300)
        where kind = of_kind;
    end if;
end $$
"""
LAST = """
create function sec.last_backups()
    returns table (kind text, began_at timestamptz, done_at timestamptz, size_bytes bigint,
                   failed_at timestamptz, problem text)
    language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select b.kind, b.began_at, b.done_at, b.size_bytes, b.failed_at, b.problem
    from sec.backup as b
    where sec.claims() is not null
$$
"""


def upgrade() -> None:
    op.execute("set local role cs_sec")
    op.execute("""
        create table sec.backup (
            kind text not null,
            began_at timestamptz,
            done_at timestamptz,
            size_bytes bigint,
            failed_at timestamptz,
            problem text,
            constraint backup_pkey primary key (kind),
            constraint backup_kind_check check (kind in ('dump', 'base', 'wal'))
        )
    """)
    op.execute("comment on table sec.backup is 'The newest backup of each kind'")
    op.execute("alter table sec.backup enable row level security")
    op.execute("alter table sec.backup force row level security")
    op.execute(
        "create policy backup_owner on sec.backup for all to cs_sec using (true) with check (true)"
    )
    for function in (NOTE, LAST):
        op.execute(function)
    op.execute("revoke execute on function sec.note_backup, sec.last_backups from public")
    op.execute("grant execute on function sec.note_backup to cs_job")
    op.execute("grant execute on function sec.last_backups to cs_app, cs_job, cs_audit")
    op.execute("set local role cs_owner")


def downgrade() -> None:
    op.execute("set local role cs_sec")
    op.execute("drop function sec.last_backups, sec.note_backup")
    op.execute("drop table sec.backup")
    op.execute("set local role cs_owner")
