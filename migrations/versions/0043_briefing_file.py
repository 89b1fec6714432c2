"""The printed file of a briefing: made by a job from what was frozen, kept beside it.

Running code does not know the table, so it keeps working; a file that is lost is printed again.
Reversible.
"""

from alembic import op

revision = "0043"
down_revision = "0036"

TABLE = """
    create table app.briefing_file (
        briefing_id uuid not null references app.briefing (id) on delete cascade,
        state text not null default 'DRAFT',
        format text not null,
        printed_as text not null,
        document_sha256 text not null,
        body bytea not null,
        body_sha256 text not null,
        made_at timestamptz not null default now(),
        constraint briefing_file_pkey primary key (briefing_id, format),
        constraint briefing_file_format_check check (format = 'PDF'),
        constraint briefing_file_printed_check
            check (printed_as in ('FROZEN', 'TABLED', 'RECALLED')),
        constraint briefing_file_body_check check (body_sha256 = encode(sha256(body), 'hex'))
    )
"""
FOLLOWS = """
    create or replace function app.briefing_follows() returns trigger
        language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
    begin
        update app.briefing_entry set state = new.state where briefing_id = new.id;
        {files}
        return null;
    end $$
"""
FILES = "update app.briefing_file set state = new.state where briefing_id = new.id;"
# The state of a file is the state of its briefing: what may be read of one, may be of the other.
GUARD = """
    create function app.briefing_file_guard() returns trigger
        language plpgsql set search_path = pg_catalog, public, pg_temp as $$
    begin
        new.state := coalesce((select state from app.briefing where id = new.briefing_id),
                              new.state);
        return new;
    end $$
"""
COMMENTS = {
    "table app.briefing_file": "A briefing as a file, printed from its snapshot by a job",
    "column app.briefing_file.printed_as": "State of the briefing when it was printed",
}


def upgrade() -> None:
    op.execute(TABLE)
    op.execute("alter table app.briefing_file enable row level security")
    op.execute("alter table app.briefing_file force row level security")
    op.execute(
        "create policy briefing_file_owner on app.briefing_file for all to cs_owner using (true)"
    )
    op.execute("grant select on app.briefing_file to cs_app")
    op.execute("grant select, insert, update on app.briefing_file to cs_job")
    op.execute(FOLLOWS.format(files=FILES))
    op.execute(GUARD)
    op.execute("revoke execute on function app.briefing_file_guard from public")
    op.execute(
        "create trigger briefing_file_guard before insert or update on app.briefing_file "
        "for each row execute function app.briefing_file_guard()"
    )
    for target, comment in COMMENTS.items():
        op.execute(f"comment on {target} is '{comment}'")


def downgrade() -> None:
    op.execute("drop table app.briefing_file")
    op.execute("drop function app.briefing_file_guard")
    op.execute(FOLLOWS.format(files=""))
