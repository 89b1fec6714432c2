"""Decisions about clusters: they hang on the lineage, so the next run still knows them.

Running code does not know the table, and goes on writing clusters: their state, name and lead
agency come from the decisions of their lineage. Reversible: decisions and given names are lost.
"""

from alembic import op

revision = "0020"
down_revision = "0019"

COLUMNS = """
    alter table app.cluster
        add column found_name text,
        add column lead_agency text,
        add column watch_until date,
        add column place_id uuid
"""
DECISION = """
    create table app.cluster_decision (
        id uuid not null,
        lineage_id uuid not null references app.cluster_lineage (id),
        number int not null,
        kind text not null,
        content_id char(10) not null,
        run_id uuid not null,
        reason text,
        name text,
        lead_agency text,
        watch_until date,
        place_id uuid,
        created_at timestamptz not null default now(),
        created_by uuid not null,
        undone_at timestamptz,
        undone_by uuid,
        constraint cluster_decision_pkey primary key (id),
        constraint cluster_decision_number_key unique (lineage_id, number),
        constraint cluster_decision_kind_check
            check (kind in ('ADOPTED', 'WATCH', 'DISMISSED', 'NAMED', 'AGENCY')),
        constraint cluster_decision_reason_check check (length(reason) between 20 and 500),
        constraint cluster_decision_said_check check (
            case kind when 'NAMED' then name is not null and length(name) between 1 and 80
                      when 'AGENCY' then lead_agency is not null
                      when 'WATCH' then reason is not null and watch_until is not null
                      when 'ADOPTED' then reason is not null and place_id is not null
                      else reason is not null end),
        constraint cluster_decision_undone_check check ((undone_at is null) = (undone_by is null))
    )
"""
STANDING = """
create function app.cluster_standing(wanted uuid) returns table (
    state text, name text, lead_agency text, watch_until date, place_id uuid)
    language sql stable set search_path = pg_catalog, public, pg_temp as $$
    with said as (
        select * from app.cluster_decision where lineage_id = wanted
    ),
    latest as (
        select * from said
        where kind in ('ADOPTED', 'WATCH', 'DISMISSED') and undone_at is null
        order by number desc limit 1
    )
    select coalesce((select kind from latest),
                    case when exists (select from said where kind in ('ADOPTED', 'WATCH',
                                                                      'DISMISSED'))
                         then 'REVIEWED' else 'CANDIDATE' end),
           (select said.name from said where kind = 'NAMED' and undone_at is null
            order by number desc limit 1),
           (select said.lead_agency from said where kind = 'AGENCY' and undone_at is null
            order by number desc limit 1),
           (select latest.watch_until from latest),
           (select latest.place_id from latest)
$$
"""
# A cluster of the next run begins with what was decided about its lineage.
CARRY = """
create function app.cluster_carries() returns trigger
    language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
    now_is record;
begin
    select * into now_is from app.cluster_standing(new.lineage_id);
    new.found_name := new.name;
    new.name := coalesce(now_is.name, new.name);
    new.state := now_is.state;
    new.lead_agency := now_is.lead_agency;
    new.watch_until := now_is.watch_until;
    new.place_id := now_is.place_id;
    return new;
end $$
"""
FOLLOW = """
create function app.cluster_follows() returns trigger
    language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
    update app.cluster as cluster
    set state = now_is.state, name = coalesce(now_is.name, cluster.found_name, cluster.name),
        lead_agency = now_is.lead_agency, watch_until = now_is.watch_until,
        place_id = now_is.place_id
    from app.cluster_standing(new.lineage_id) as now_is
    where cluster.lineage_id = new.lineage_id;
    return null;
end $$
"""
# What was decided stays as it was said; it can be taken back, once.
GUARD = """
create function app.guard_cluster_decision() returns trigger
    language plpgsql set search_path = pg_catalog, public, pg_temp as $$
begin
    if old.undone_at is not null and new is distinct from old then
        raise check_violation using message = 'this decision was taken back already';
    end if;
    return new;
end $$
"""
COMMENTS = {
    "table app.cluster_decision": "What a lead decided about a pattern, through all its runs",
    "column app.cluster_decision.number": "1, 2, 3 of the lineage: two leads never both decide",
    "column app.cluster_decision.content_id": "The cluster that was looked at",
    "column app.cluster.found_name": "The name the run gave; name is what a lead called it",
    "column app.cluster.place_id": "The place of concern it was adopted as",
}


def upgrade() -> None:
    op.execute(COLUMNS)
    op.execute("update app.cluster set found_name = name")
    op.execute(DECISION)
    for function in (STANDING, CARRY, FOLLOW, GUARD):
        op.execute(function)
    op.execute("revoke execute on all functions in schema app from public")
    op.execute(
        "create trigger cluster_carries before insert on app.cluster "
        "for each row execute function app.cluster_carries()"
    )
    op.execute(
        "create trigger cluster_decision_follows after insert or update on app.cluster_decision "
        "for each row execute function app.cluster_follows()"
    )
    op.execute(
        "create trigger cluster_decision_guard before update on app.cluster_decision "
        "for each row execute function app.guard_cluster_decision()"
    )
    op.execute("alter table app.cluster_decision enable row level security")
    op.execute("alter table app.cluster_decision force row level security")
    op.execute(
        "create policy cluster_decision_owner on app.cluster_decision "
        "for all to cs_owner using (true)"
    )
    op.execute("grant select, insert on app.cluster_decision to cs_app")
    op.execute("grant update (undone_at, undone_by) on app.cluster_decision to cs_app")
    op.execute("grant select, insert, update, delete on app.cluster_decision to cs_job")
    for target, comment in COMMENTS.items():
        op.execute(f"comment on {target} is '{comment}'")


def downgrade() -> None:
    op.execute("drop trigger cluster_carries on app.cluster")
    op.execute("drop table app.cluster_decision")
    op.execute("drop function app.cluster_carries, app.cluster_follows")
    op.execute("drop function app.guard_cluster_decision, app.cluster_standing")
    op.execute(
        "alter table app.cluster drop column found_name, drop column lead_agency, "
        "drop column watch_until, drop column place_id"
    )
