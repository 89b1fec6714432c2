"""Objections to a label, what became of an online space, and the journey of a route.

Running code does not know what is added. Reversible: objections and the new answers are lost.
"""

from alembic import op

revision = "0024"
down_revision = "0022"

OBJECTION = """
    create table app.objection (
        id uuid not null,
        ref text not null,
        place_id uuid not null references app.place (id),
        borough_codes text[] not null default '{}',
        tier text not null default 'H1',
        agency_code text not null,
        raised_by text not null,
        body text not null,
        state text not null default 'RECEIVED',
        decision text,
        decided_at timestamptz,
        decided_by uuid,
        created_at timestamptz not null default now(),
        created_by uuid not null,
        is_synthetic boolean not null default false,
        constraint objection_pkey primary key (id),
        constraint objection_ref_key unique (ref),
        constraint objection_raised_by_check
            check (raised_by in ('MANAGER', 'RESIDENT', 'PARENT_CARER', 'CHILD', 'OTHER')),
        constraint objection_body_check check (length(body) between 20 and 500),
        constraint objection_state_check
            check (state in ('RECEIVED', 'CONSIDERED', 'UPHELD', 'PARTLY', 'NOT_UPHELD')),
        constraint objection_decision_check check (length(decision) between 20 and 1000),
        constraint objection_decided_check check (
            (state in ('UPHELD', 'PARTLY', 'NOT_UPHELD'))
            = (decision is not null and decided_at is not null and decided_by is not null))
    )
"""
# Who set the label: whoever identified the place last, or proposed it where nobody has yet.
LABELLED = """
create function app.labelled_by_me(wanted uuid) returns boolean
    language sql stable security definer set search_path = pg_catalog, public, pg_temp as $$
    select coalesce(
        (select change.by from app.place_state_change as change
         where change.place_id = wanted and change.to_state = 'IDENTIFIED'
         order by change.at desc, change.id desc limit 1),
        (select created_by from app.place where id = wanted)) = sec.actor()
$$
"""
# What was said stays as it was said; an answer is given once, by somebody else than it is about.
GUARD = """
create function app.objection_guard() returns trigger
    language plpgsql set search_path = pg_catalog, public, pg_temp as $$
begin
    if current_user not in ('cs_app', 'cs_audit') then
        return null;
    end if;
    if tg_op = 'INSERT' then
        if new.state <> 'RECEIVED' then
            raise check_violation using message = 'an objection begins as received';
        end if;
        return null;
    end if;
    if (new.id, new.ref, new.place_id, new.agency_code, new.raised_by, new.body, new.created_at,
        new.created_by) is distinct from
       (old.id, old.ref, old.place_id, old.agency_code, old.raised_by, old.body, old.created_at,
        old.created_by) then
        raise check_violation using message = 'what an objection says is not changed';
    end if;
    if new.state <> old.state then
        if (old.state, new.state) not in (('RECEIVED', 'CONSIDERED'), ('CONSIDERED', 'UPHELD'),
                                          ('CONSIDERED', 'PARTLY'), ('CONSIDERED', 'NOT_UPHELD'))
        then
            raise check_violation using message = 'this move of an objection is not allowed';
        end if;
        if new.state <> 'CONSIDERED' and (new.decided_by is distinct from sec.actor()
                or new.created_by = sec.actor() or app.labelled_by_me(new.place_id)) then
            raise check_violation using message = 'somebody else decides about this objection';
        end if;
    end if;
    return null;
end $$
"""
FOLLOWS = """
create function app.objection_follows() returns trigger
    language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
    update app.objection set tier = tier where place_id = new.id;
    return null;
end $$
"""
# Somebody at a suspected cuckooed address may be a victim, also when that is found out later.
WARNS = """
create function app.place_warns() returns trigger
    language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
    update app.place_exact set victim_warning = true where place_id = new.id;
    return null;
end $$
"""
SPACE = """
    alter table app.online_space
        add column takedown_requested_at timestamptz,
        add column removed_at timestamptz
"""
SPACE_CHECKS = {
    "takedown": "takedown_state in ('NONE', 'REQUESTED', 'REMOVED', 'RETURNED', 'REFUSED')",
    "seen": "first_seen_on <= last_seen_on",
}
ROUTE = """
    alter table app.place
        add column route_mode text,
        add column route_line text,
        add column route_from text,
        add column route_to text
"""
ROUTE_CHECKS = {
    "route_mode": "route_mode in ('BUS', 'TRAIN', 'TRAM', 'WALK', 'CYCLE', 'CAR', 'OTHER')",
    "route_line": "length(route_line) <= 40",
    "route_ends": "length(route_from) <= 100 and length(route_to) <= 100",
}
# A version keeps the journey too; the rest of the function stays as it stands.
CONTENT_ENDS = "'next_review_on', place.next_review_on"
JOURNEY = f"""{CONTENT_ENDS}, 'route_mode', place.route_mode,
        'route_line', place.route_line, 'route_from', place.route_from,
        'route_to', place.route_to"""
REPLACE = """
do $$
declare
    body text := pg_get_functiondef('app.place_content(app.place)'::regprocedure);
begin
    if position($was${was}$was$ in body) = 0 then
        raise exception 'app.place_content is not what it was';
    end if;
    execute replace(body, $was${was}$was$, $now${now}$now$);
end $$
"""
COMMENTS = {
    "table app.objection": "Somebody asks for a label to be looked at again; right of reply",
    "column app.online_space.takedown_requested_at": "When the platform was last asked",
    "column app.place.route_mode": "Of routes: how people travel",
}


def upgrade() -> None:
    op.execute(OBJECTION)
    for function in (LABELLED, GUARD, FOLLOWS, WARNS):
        op.execute(function)
    op.execute("create index objection_place_idx on app.objection (place_id)")
    op.execute("""
        create index objection_open_idx on app.objection (created_at)
            where state in ('RECEIVED', 'CONSIDERED')
    """)
    op.execute("alter table app.objection enable row level security")
    op.execute("alter table app.objection force row level security")
    op.execute("create policy objection_owner on app.objection for all to cs_owner using (true)")
    op.execute("grant select, insert, update on app.objection to cs_app")
    op.execute("grant select, insert, update, delete on app.objection to cs_job")
    op.execute("""
        create trigger objection_scope before insert or update on app.objection
            for each row execute function app.scope_from_place()
    """)
    op.execute("""
        create trigger objection_guard after insert or update on app.objection
            for each row execute function app.objection_guard()
    """)
    op.execute("""
        create trigger place_objections after update on app.place for each row
            when (old.borough_codes is distinct from new.borough_codes or old.tier <> new.tier)
            execute function app.objection_follows()
    """)
    op.execute("""
        create trigger place_warns after update of type_code on app.place for each row
            when (new.type_code = 'CUCKOOED' and old.type_code <> 'CUCKOOED')
            execute function app.place_warns()
    """)
    op.execute("revoke execute on all functions in schema app from public")
    op.execute("grant execute on function app.labelled_by_me(uuid) to cs_app, cs_audit")
    op.execute(SPACE)
    op.execute(ROUTE)
    op.execute(REPLACE.format(was=CONTENT_ENDS, now=JOURNEY))
    for table, checks in (("online_space", SPACE_CHECKS), ("place", ROUTE_CHECKS)):
        for name, rule in checks.items():
            op.execute(
                f"alter table app.{table} add constraint {table}_{name}_check check ({rule})"
            )
    for target, comment in COMMENTS.items():
        op.execute(f"comment on {target} is '{comment}'")


def downgrade() -> None:
    op.execute(REPLACE.format(was=JOURNEY, now=CONTENT_ENDS))
    for table, checks in (("online_space", SPACE_CHECKS), ("place", ROUTE_CHECKS)):
        for name in checks:
            op.execute(f"alter table app.{table} drop constraint {table}_{name}_check")
    op.execute("""
        alter table app.place drop column route_mode, drop column route_line,
            drop column route_from, drop column route_to
    """)
    op.execute("""
        alter table app.online_space drop column takedown_requested_at, drop column removed_at
    """)
    op.execute("drop trigger place_objections on app.place")
    op.execute("drop trigger place_warns on app.place")
    op.execute("drop table app.objection")
    op.execute("""
        drop function app.objection_follows, app.objection_guard, app.labelled_by_me,
            app.place_warns
    """)
