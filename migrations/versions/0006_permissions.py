"""What the policies of the permission file ask: more claims, and whether partners may see a place.

Running code keeps working: columns have defaults. Reversible.
"""

from alembic import op

revision = "0006"
down_revision = "0005"

# Written in PL/pgSQL, whose plans a connection keeps: a function in SQL that cannot be inlined is
# parsed anew by each query that mentions it, which cost more than to verify the claims.
READER = (
    "create or replace function sec.{} language plpgsql stable parallel restricted "
    "security definer set search_path = pg_catalog, pg_temp as $$ begin return {}; end $$"
)
# Those of the first migration, once more.
FIRST_READERS = {
    "role() returns text": "sec.claims() ->> 'role'",
    "job() returns text": "sec.claims() ->> 'job'",
    "purpose() returns text": "sec.claims() ->> 'purpose'",
    "actor() returns uuid": "(sec.claims() ->> 'u')::uuid",
    "all_boroughs() returns boolean": "coalesce((sec.claims() ->> 'all_boroughs')::boolean, false)",
    "boroughs() returns text[]": (
        "array(select jsonb_array_elements_text(sec.claims() -> 'boroughs'))"
    ),
    "tiers() returns text[]": "array(select jsonb_array_elements_text(sec.claims() -> 'tiers'))",
}
READERS = {
    "agency() returns text": "sec.claims() ->> 'agency'",
    "purpose_for() returns text": "sec.claims() ->> 'purpose_for'",
    "emergency() returns boolean": "coalesce((sec.claims() ->> 'emergency')::boolean, false)",
    # A second factor shown within the last ten minutes.
    "stepped() returns boolean": (
        "coalesce((sec.claims() ->> 'stepped_at')::float8 "
        "> extract(epoch from clock_timestamp()) - 600, false)"
    ),
    "named(object text) returns uuid[]": (
        "array(select jsonb_array_elements_text(sec.claims() -> 'named' -> object)::uuid)"
    ),
}

# The record a purpose was given for; links to it carry its key and not its reference.
PURPOSE_RECORD = """
create function app.purpose_record() returns uuid
    language plpgsql stable security definer set search_path = pg_catalog, public, pg_temp as $$
declare
    wanted text := sec.purpose_for();
begin
    return case left(wanted, 3)
        when 'CH-' then (select id from app.child where ref = wanted)
        when 'PL-' then (select id from app.place where ref = wanted)
        when 'IC-' then (select id from app.incident where ref = wanted)
    end;
end $$
"""

# Who made and who changed a record, which its history keeps and rules ask for: whoever it was,
# whatever the statement says. Marked as synthetic it would be deleted with the demonstration.
CHANGED_BY = """
create function app.changed_by() returns trigger
    language plpgsql set search_path = pg_catalog, public, pg_temp as $$
begin
    if current_user = 'cs_app' and sec.job() is null then
        new.updated_by := sec.actor();
        if tg_op = 'UPDATE' then
            new.created_by := old.created_by;
            new.created_at := old.created_at;
            new.is_synthetic := old.is_synthetic;
        end if;
    end if;
    return new;
end $$
"""
CHANGED_BY_PEOPLE = ("place", "incident", "child")

# Whoever enters a record has it linked to what they may not see, and must not learn how much that
# is: the function of before told the number, to anybody and without claims.
COPY_FUNCTION = """
do $$ begin
    execute replace(pg_get_functiondef('app.{0}'::regproc), 'app.{0}(', 'app.{1}(');
end $$
"""
LINK_INCIDENTS = """
create or replace function app.link_incidents(of_incidents uuid[], of_places uuid[]) returns int
    language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
    if sec.claims() is null then
        raise insufficient_privilege using message = 'nobody to link for';
    end if;
    perform app.relink(of_incidents, of_places);
    return 0;
end $$
"""

LISTED_OF_PLACE = """
create function app.place_listed_before() returns trigger
    language plpgsql set search_path = pg_catalog, public, pg_temp as $$
begin
    new.listed := new.state not in ('PROPOSED', 'DORMANT', 'CLOSED')
        and new.sensitivity in ('PUBLIC_REALM', 'MANAGED', 'ONLINE');
    return new;
end $$
"""

# What partners may see of a place decides what they may see of its boroughs and its address.
LISTED_AFTER = """
create function app.place_listed_after() returns trigger
    language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
    update app.place_area set listed = new.listed where place_id = new.id and listed <> new.listed;
    update app.online_space set listed = new.listed
    where place_id = new.id and listed <> new.listed;
    return null;
end $$
"""
LISTED_BEFORE = """
create function app.listed_from_place() returns trigger
    language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
    new.listed := coalesce((select listed from app.place where id = new.place_id), false);
    return new;
end $$
"""

# Who was where is H1, however open the place is.
SCOPE_FROM = """
create or replace function app.scope_from_{parent}() returns trigger
    language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
    select borough_codes, tier into new.borough_codes, new.tier
    from app.{parent} where id = new.{parent}_id;
    if new.tier = 'H0' and tg_table_name in ({closed}) then
        new.tier := 'H1';
    end if;
    return new;
end $$
"""
AT_LEAST_H1 = {"place": ("place_exact", "child_place_link"), "incident": ("child_incident_link",)}


def upgrade() -> None:
    op.execute("set local role cs_sec")
    for signature, body in (FIRST_READERS | READERS).items():
        op.execute(READER.format(signature, body))
    op.execute("revoke execute on all functions in schema sec from public")
    op.execute("grant execute on all functions in schema sec to cs_app, cs_job, cs_audit, cs_owner")
    op.execute("set local role cs_owner")
    op.execute(PURPOSE_RECORD)
    op.execute(COPY_FUNCTION.format("link_incidents", "relink"))
    op.execute(LINK_INCIDENTS)
    op.execute(CHANGED_BY)
    for table in CHANGED_BY_PEOPLE:
        op.execute(
            f"create trigger {table}_changed_by before insert or update on app.{table} "
            "for each row execute function app.changed_by()"
        )
    op.execute("alter table app.import_batch add column agency_code text")
    for function in (LISTED_OF_PLACE, LISTED_AFTER, LISTED_BEFORE):
        op.execute(function)
    op.execute("alter table app.place add column listed boolean not null default false")
    op.execute(
        "create trigger place_listed_before before insert or update on app.place "
        "for each row execute function app.place_listed_before()"
    )
    op.execute("update app.place set listed = listed")
    # The list begins with the newest change: a page of it must not sort everything.
    op.execute("create index place_recent_idx on app.place (updated_at desc, ref)")
    # Points are found by their key: this holds what is found by its box.
    op.execute(
        "create index place_shape_idx on app.place using gist (geom) where geom_kind in ('L', 'A')"
    )
    op.execute(
        "create trigger place_listed_after after update on app.place for each row "
        "when (new.listed <> old.listed) execute function app.place_listed_after()"
    )
    for parent, tables in AT_LEAST_H1.items():
        closed = ", ".join(f"'{table}'" for table in tables)
        op.execute(SCOPE_FROM.format(parent=parent, closed=closed))
        for table in tables:
            op.execute(f"update app.{table} set tier = tier where tier = 'H0'")
    for table in ("place_area", "online_space"):
        op.execute(f"alter table app.{table} add column listed boolean not null default false")
        op.execute(
            f"update app.{table} set listed = place.listed from app.place where place.id = place_id"
        )
        op.execute(
            f"create trigger {table}_listed before insert on app.{table} "
            "for each row execute function app.listed_from_place()"
        )
    op.execute("revoke execute on all functions in schema app from public")
    op.execute("grant execute on function app.purpose_record to cs_app, cs_job, cs_audit")


def downgrade() -> None:
    for table in ("place_area", "online_space"):
        op.execute(f"drop trigger {table}_listed on app.{table}")
        # With it go the policies of the permission file that read it; the next migration ends by
        # installing those that its version knows.
        op.execute(f"alter table app.{table} drop column listed cascade")
    op.execute("drop trigger place_listed_after on app.place")
    op.execute("drop index app.place_shape_idx, app.place_recent_idx")
    op.execute("drop trigger place_listed_before on app.place")
    op.execute("alter table app.place drop column listed cascade")
    op.execute("drop function app.changed_by cascade")
    op.execute(COPY_FUNCTION.format("relink", "link_incidents"))
    op.execute("drop function app.relink")
    op.execute("alter table app.import_batch drop column agency_code cascade")
    op.execute(
        "drop function app.purpose_record, app.place_listed_before, app.place_listed_after, "
        "app.listed_from_place cascade"
    )
    op.execute("set local role cs_sec")
    for signature in READERS:
        op.execute(f"drop function sec.{signature.split('(')[0]} cascade")
    op.execute("set local role cs_owner")
