"""Incidents and missing episodes: every version that was, and states.

Running code does not know what is added, and keeps working: columns have defaults, triggers write
the history of whoever changes an incident. Reversible: the history is lost.
"""

from alembic import op

revision = "0014"
down_revision = "0013"

SCOPE = """
    borough_codes text[] not null default '{}',
    tier text not null default 'H1',
"""
WHO = """
    at timestamptz not null default now(),
    by uuid not null,
    role text,
    agency_code text,
    reason text,
"""
TABLES = {
    "incident_version": f"""
        incident_id uuid not null references app.incident (id) on delete cascade,
        version int not null,
        {SCOPE} {WHO}
        content jsonb not null,
        constraint incident_version_pkey primary key (incident_id, version)
    """,
    "incident_state_change": f"""
        id bigint generated always as identity,
        incident_id uuid not null references app.incident (id) on delete cascade,
        {SCOPE}
        from_state text,
        to_state text not null,
        at timestamptz not null default now(),
        by uuid not null,
        reason text,
        constraint incident_state_change_pkey primary key (id)
    """,
    "missing_episode": f"""
        incident_id uuid not null references app.incident (id) on delete cascade,
        {SCOPE}
        agency_code text not null,
        created_at timestamptz not null default now(),
        created_by uuid not null,
        updated_at timestamptz not null default now(),
        updated_by uuid not null,
        version int not null default 1,
        is_synthetic boolean not null default false,
        kind text not null,
        missing_from_at timestamptz not null,
        returned_at timestamptz,
        rhi_offered_at timestamptz,
        rhi_held_at timestamptz,
        rhi_declined boolean,
        manager_decision_at timestamptz,
        location_captured boolean not null default false,
        repeat_of_id uuid references app.incident (id) on delete set null,
        constraint missing_episode_pkey primary key (incident_id),
        constraint missing_episode_kind_check check (kind in ('HOME', 'CARE', 'EDUCATION')),
        constraint missing_episode_returned_check check (returned_at >= missing_from_at),
        constraint missing_episode_repeat_check check (repeat_of_id <> incident_id)
    """,
    "missing_episode_version": f"""
        incident_id uuid not null references app.missing_episode (incident_id) on delete cascade,
        version int not null,
        {SCOPE} {WHO}
        content jsonb not null,
        constraint missing_episode_version_pkey primary key (incident_id, version)
    """,
}
# Written by triggers alone: people read them.
KEPT = ("incident_version", "incident_state_change", "missing_episode_version")
INDEXES = (
    "create index incident_state_change_incident_idx on app.incident_state_change (incident_id)",
    "create index incident_also_places_idx on app.incident using gin (also_place_ids)",
    "create index missing_episode_repeat_idx on app.missing_episode (repeat_of_id)",
)

CONTENT = """
create function app.incident_content(one app.incident) returns jsonb
    language sql stable set search_path = pg_catalog, public, pg_temp as $$
    select jsonb_build_object(
        'occurred_from', one.occurred_from, 'occurred_to', one.occurred_to,
        'time_precision', one.time_precision, 'time_about', one.time_about,
        'place_id', one.place_id, 'also_place_ids', to_jsonb(one.also_place_ids),
        'without_place_ids', to_jsonb(one.without_place_ids),
        'point', case when one.geom is not null
                 then jsonb_build_array(ST_X(one.geom), ST_Y(one.geom)) end,
        'uncertainty_m', one.uncertainty_m, 'harm_code', one.harm_code,
        'other_harm_codes', to_jsonb(one.other_harm_codes), 'line_linked', one.line_linked,
        'confidence', one.confidence, 'discovered_by', one.discovered_by,
        'source_agency', one.source_agency, 'child_count_band', one.child_count_band,
        'outcome_band', one.outcome_band, 'summary', one.summary, 'state', one.state)
$$
"""
# Before incident_before by its name, which then works out the borough of the place.
AT_HOME = """
create function app.incident_at_home() returns trigger
    language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
    if new.place_id is not null and exists (
        select from app.place where id = any (new.also_place_ids) and sensitivity = 'RESIDENTIAL'
    ) then
        new.geom := null;  -- the point would be the address
        new.tier := 'H1';
    end if;
    return new;
end $$
"""
# Nothing changes without a version of its own, whoever changes it.
VERSIONS = """
create function app.incident_new_version() returns trigger
    language plpgsql set search_path = pg_catalog, public, pg_temp as $$
begin
    if new.version = old.version
       and app.incident_content(new) - 'point' <> app.incident_content(old) - 'point' then
        new.version := old.version + 1;
        new.updated_at := now();
    end if;
    return new;
end $$
"""
HISTORY = """
create function app.incident_history() returns trigger
    language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
    why text := nullif(current_setting('cs.reason', true), '');
    is_person boolean := sec.role() is not null and sec.job() is null;
begin
    -- What no statement of a person may do, whichever page it came from; after the policies, which
    -- decide about the row itself.
    if is_person and tg_op = 'INSERT' and new.state <> 'RECORDED' then
        raise check_violation using message = 'an incident begins as recorded';
    elsif is_person and tg_op = 'UPDATE' and new.state <> old.state and not (
        sec.role() = 'cs_lead' and (old.state, new.state) in
        (('RECORDED', 'CONFIRMED'), ('RECORDED', 'WITHDRAWN'), ('CONFIRMED', 'WITHDRAWN'))
    ) then
        raise check_violation using message = 'this state cannot follow';
    end if;
    if tg_op = 'INSERT' or new.version <> old.version then
        insert into app.incident_version (incident_id, version, borough_codes, tier, by, role,
                                          agency_code, reason, content)
        values (new.id, new.version, new.borough_codes, new.tier, new.updated_by, sec.role(),
                coalesce(sec.agency(), new.agency_code), why, app.incident_content(new));
    end if;
    if tg_op = 'INSERT' or new.state <> old.state then
        insert into app.incident_state_change (incident_id, borough_codes, tier, from_state,
                                               to_state, by, reason)
        values (new.id, new.borough_codes, new.tier, case tg_op when 'UPDATE' then old.state end,
                new.state, new.updated_by, why);
    end if;
    if tg_op = 'UPDATE' and (new.borough_codes, new.tier) is distinct from
                            (old.borough_codes, old.tier) then
        update app.incident_version set borough_codes = new.borough_codes, tier = new.tier
        where incident_id = new.id;
        update app.incident_state_change set borough_codes = new.borough_codes, tier = new.tier
        where incident_id = new.id;
        update app.missing_episode set tier = tier where incident_id = new.id;
        update app.missing_episode_version set tier = tier where incident_id = new.id;
    end if;
    -- It turned out to be at a home: the points of before are the address as well.
    if tg_op = 'UPDATE' and new.geom is null and exists (
        select from app.place where sensitivity = 'RESIDENTIAL'
          and id = any (array_append(new.also_place_ids, new.place_id))
    ) then
        update app.incident_version set content = content || '{"point": null}'
        where incident_id = new.id and content -> 'point' <> 'null';
    end if;
    return null;
end $$
"""
EPISODE_BEFORE = """
create function app.missing_episode_before() returns trigger
    language plpgsql set search_path = pg_catalog, public, pg_temp as $$
begin
    if new.version <> old.version then
        new.updated_at := now();
    end if;
    return new;
end $$
"""
EPISODE_HISTORY = """
create function app.missing_episode_history() returns trigger
    language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
    if tg_op = 'INSERT' or new.version <> old.version then
        insert into app.missing_episode_version (incident_id, version, by, role, agency_code,
                                                 reason, content)
        values (new.incident_id, new.version, new.updated_by, sec.role(),
                coalesce(sec.agency(), new.agency_code),
                nullif(current_setting('cs.reason', true), ''),
                jsonb_build_object(
                    'kind', new.kind, 'missing_from_at', new.missing_from_at,
                    'returned_at', new.returned_at, 'rhi_offered_at', new.rhi_offered_at,
                    'rhi_held_at', new.rhi_held_at, 'rhi_declined', new.rhi_declined,
                    'manager_decision_at', new.manager_decision_at,
                    'location_captured', new.location_captured,
                    'repeat_of_id', new.repeat_of_id));
    end if;
    return null;
end $$
"""
TRIGGERS = (
    ("incident", "incident_at_home", "before insert or update", "incident_at_home"),
    ("incident", "incident_new_version", "before update", "incident_new_version"),
    ("incident", "incident_history", "after insert or update", "incident_history"),
    ("missing_episode", "missing_episode_before", "before update", "missing_episode_before"),
    ("missing_episode", "missing_episode_changed_by", "before insert or update", "changed_by"),
    ("missing_episode", "missing_episode_scope", "before insert or update", "scope_from_incident"),
    ("missing_episode", "missing_episode_history", "after insert or update",
     "missing_episode_history"),
    ("missing_episode_version", "missing_episode_version_scope", "before insert or update",
     "scope_from_incident"),
)  # fmt: skip
FUNCTIONS = (
    "incident_content(app.incident)",
    "incident_at_home()",
    "incident_new_version()",
    "incident_history()",
    "missing_episode_before()",
    "missing_episode_history()",
)

# A function as it stands, with some of its words replaced; what is not there any more is an error.
PATCH = """
do $patch$
declare
    said text := pg_get_functiondef('{function}'::regprocedure);
begin
    if strpos(said, $old${old}$old$) = 0 then
        raise exception '{function} is not as it was';
    end if;
    execute replace(said, $old${old}$old$, $new${new}$new$);
end $patch$
"""
RELINK = "app.relink(uuid[], uuid[])"
CHOSEN = "          and incident.place_id is not null"
CHOSEN_TOO = f"""{CHOSEN}
        union all
        select incident.id, place.id, 'CHOSEN'
        from app.incident cross join unnest(incident.also_place_ids) as also (id)
        join app.place on place.id = also.id and place.deleted_at is null
        where incident.id = any (of_incidents)
        union all
        select incident.id, place.id, 'CHOSEN'
        from app.incident cross join unnest(incident.also_place_ids) as also (id)
        join app.place on place.id = also.id and place.deleted_at is null
        where incident.also_place_ids && of_places and place.id = any (of_places)"""
ALL = "where incident.deleted_at is null and incident.state <> 'WITHDRAWN'"
NOT_REMOVED = f"""{ALL}
      and (pair.how = 'CHOSEN' or pair.place_id <> all (incident.without_place_ids))"""
# Who was missing from where is H1, however open the place is.
CLOSED = "'child_incident_link'"
CLOSED_TOO = f"{CLOSED}, 'missing_episode', 'missing_episode_version'"
PATCHES = (
    (RELINK, CHOSEN, CHOSEN_TOO),
    (RELINK, ALL, NOT_REMOVED),
    ("app.scope_from_incident()", CLOSED, CLOSED_TOO),
)


def upgrade() -> None:
    op.execute("""
        alter table app.incident
            add column time_about boolean not null default false,
            add column also_place_ids uuid[] not null default '{}',
            add column without_place_ids uuid[] not null default '{}'
    """)
    op.execute(
        "comment on column app.incident.also_place_ids is 'Chosen by a person, besides place_id'"
    )
    op.execute(
        "comment on column app.incident.without_place_ids is 'Taken out by a person, though inside'"
    )
    for name, columns in TABLES.items():
        op.execute(f"create table app.{name} ({columns})")
        _protect(name)
    for statement in INDEXES:
        op.execute(statement)
    functions = (CONTENT, AT_HOME, VERSIONS, HISTORY, EPISODE_BEFORE, EPISODE_HISTORY)
    for function in functions:
        op.execute(function)
    for function, old, new in PATCHES:
        op.execute(PATCH.format(function=function, old=old, new=new))
    op.execute("""
        insert into app.incident_version (incident_id, version, borough_codes, tier, at, by,
                                          agency_code, content)
        select id, version, borough_codes, tier, updated_at, updated_by, agency_code,
               app.incident_content(incident)
        from app.incident
    """)
    op.execute("""
        insert into app.incident_state_change (incident_id, borough_codes, tier, to_state, at, by)
        select id, borough_codes, tier, state, updated_at, updated_by from app.incident
    """)
    for table, name, when, function in TRIGGERS:
        op.execute(
            f"create trigger {name} {when} on app.{table} "
            f"for each row execute function app.{function}()"
        )
    for function in FUNCTIONS:
        op.execute(f"revoke execute on function app.{function} from public")
    op.execute("grant execute on function app.incident_content to cs_app, cs_job")


def _protect(name: str) -> None:
    op.execute(f"alter table app.{name} enable row level security")
    op.execute(f"alter table app.{name} force row level security")
    # Triggers run as the owner, which FORCE subjects to policies too.
    op.execute(f"create policy {name}_owner on app.{name} for all to cs_owner using (true)")
    verbs = "select" if name in KEPT else "select, insert, update"
    op.execute(f"grant {verbs} on app.{name} to cs_app")
    op.execute(f"grant select, insert, update, delete on app.{name} to cs_job")


def downgrade() -> None:
    for _, name, _, _ in (one for one in TRIGGERS if one[0] == "incident"):
        op.execute(f"drop trigger {name} on app.incident")
    for function, old, new in reversed(PATCHES):
        op.execute(PATCH.format(function=function, old=new, new=old))
    for name in reversed(TABLES):
        op.execute(f"drop table app.{name}")
    for function in reversed(FUNCTIONS):
        op.execute(f"drop function app.{function}")
    op.execute("""
        alter table app.incident drop column time_about, drop column also_place_ids,
            drop column without_place_ids
    """)
