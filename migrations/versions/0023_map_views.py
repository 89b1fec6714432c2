"""Saved views of the map: a name and the address of its filters, for oneself or for one's role.

Running code does not know the table. Reversible: saved views are lost.
"""

from alembic import op

revision = "0023"
down_revision = "0024"

VIEW = """
    create table app.map_view (
        id uuid not null,
        created_by uuid not null,
        borough_codes text[] not null default '{}',
        name text not null,
        query text not null,
        shared_role text,
        created_at timestamptz not null default now(),
        deleted_at timestamptz,
        constraint map_view_pkey primary key (id),
        constraint map_view_name_check check (length(name) between 1 and 60),
        constraint map_view_query_check check (length(query) <= 1000)
    )
"""
# With the account its views go; who changes the role shares nothing with the old one.
FOLLOW = """
create function app.map_views_follow() returns trigger
    language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
    if tg_op = 'DELETE' or new.state = 'DISABLED' then
        delete from app.map_view where created_by = old.id;
    elsif new.role is distinct from old.role
          or new.borough_codes is distinct from old.borough_codes then
        update app.map_view set shared_role = null where created_by = old.id;
    end if;
    return null;
end $$
"""
COMMENTS = {
    "table app.map_view": "Filters of the map under a name; they open with the rights of who opens",
    "column app.map_view.query": "As the filters write their own address; never text of anybody",
    "column app.map_view.shared_role": "Also shown to this role in the boroughs; null: own only",
}


def upgrade() -> None:
    op.execute(VIEW)
    op.execute("create index map_view_created_by_idx on app.map_view (created_by)")
    op.execute(FOLLOW)
    op.execute("revoke execute on function app.map_views_follow() from public")
    op.execute(
        "create trigger map_views_follow after update of state, role, borough_codes or delete "
        'on app."user" for each row execute function app.map_views_follow()'
    )
    op.execute("alter table app.map_view enable row level security")
    op.execute("alter table app.map_view force row level security")
    op.execute("create policy map_view_owner on app.map_view for all to cs_owner using (true)")
    op.execute("grant select, insert, update on app.map_view to cs_app")
    for target, comment in COMMENTS.items():
        op.execute(f"comment on {target} is '{comment}'")


def downgrade() -> None:
    op.execute('drop trigger map_views_follow on app."user"')
    op.execute("drop function app.map_views_follow")
    op.execute("drop table app.map_view")
